/** eth_call, eth_estimateGas and kin: running calls on states that are thrown away. */
import { findAccessList, simulateCall } from '../../execution/index.ts'
import { type Refusal, toHex } from '../../primitives/index.ts'
import { type BlockRef, blockNumberOrHash } from '../block-ref.ts'
import { type CallArgs, callArgs, completeCall, nobody } from '../call-args.ts'
import { callFailure, estimateCall, gasCap, viewOf } from '../calls.ts'
import { type RpcError, serverError } from '../errors.ts'
import { fillTransaction } from '../fill-transaction.ts'
import { createdAddress, formatUnsigned, type Json, quantity } from '../format.ts'
import { type Context, method, type MethodTable } from '../method.ts'
import { blockOverride, stateOverride } from '../overrides.ts'
import { type Decoded, optional, required } from '../params.ts'

const refused = ({ code, message }: Refusal, gas: bigint): RpcError =>
  serverError(code === 'OVERRIDE_CONFLICT' ? message : `err: ${message} (supplied gas ${gas})`)

const params = [
  required('transaction', callArgs),
  optional('block', blockNumberOrHash),
  optional('stateOverrides', stateOverride),
  optional('blockOverrides', blockOverride),
] as const

async function createAccessList(
  context: Context,
  args: CallArgs,
  ref: BlockRef | undefined,
  states: Decoded<typeof stateOverride> | undefined,
): Promise<Json> {
  const { engine, secp256k1, spec } = context.api.chain
  const view = viewOf(context, ref, states)
  const call = completeCall(args, spec.chainId)
  const gas = args.gas === undefined || args.gas > gasCap ? gasCap : args.gas
  const nonce = args.nonce ?? view.state.account(call.from)?.nonce ?? 0n
  const verdict = await findAccessList(
    { engine, secp256k1, chainId: spec.chainId },
    view,
    { ...call, gas },
    createdAddress(call.from, nonce),
  )
  if (verdict.type !== 'accept')
    throw serverError(
      verdict.code === 'OVERRIDE_CONFLICT'
        ? verdict.message
        : `failed to apply transaction: err: ${verdict.message}`,
    )
  const { accessList, outcome } = verdict.value
  const { status, error, gasUsed } = outcome
  return {
    accessList,
    ...(status !== 'success' && { error: status === 'revert' ? 'execution reverted' : error }),
    gasUsed: quantity(gasUsed),
  }
}

export const ethCalls: MethodTable = {
  eth_call: method(params, async (context, args, ref, states, block) => {
    const { chain, dev } = context.api
    const call = completeCall(args, chain.spec.chainId)
    const gas = args.gas === undefined || args.gas > gasCap ? gasCap : args.gas
    const view = {
      ...viewOf(context, ref, states, block),
      ...(dev?.tracer && { tracer: dev.tracer }),
    }
    const verdict = await simulateCall(chain.engine, view, { ...call, gas })
    if (verdict.type !== 'accept') throw refused(verdict, gas)
    if (verdict.value.status !== 'success') throw callFailure(context, call.to, verdict.value)
    return toHex(verdict.value.returnData)
  }),
  eth_createAccessList: method(
    [
      required('transaction', callArgs),
      optional('block', blockNumberOrHash),
      optional('stateOverrides', stateOverride),
    ],
    createAccessList,
  ),
  eth_fillTransaction: method([required('transaction', callArgs)], async (context, args) => {
    const tx = await fillTransaction(context, { ...args, from: args.from ?? nobody })
    return formatUnsigned(tx)
  }),
  eth_estimateGas: method(params, async (context, args, ref, states, block) => {
    const call = completeCall(args, context.api.chain.spec.chainId)
    const view = viewOf(context, ref, states, block)
    return quantity(await estimateCall(context, view, call, args.gas))
  }),
}
