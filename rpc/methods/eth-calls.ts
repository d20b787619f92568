/** eth_call and eth_estimateGas: running calls on states that are thrown away. */
import { type CallView, estimateGas, simulateCall } from '../../execution/index.ts'
import { type Refusal, toHex } from '../../primitives/index.ts'
import type { TransactionOutcome } from '../../execution/index.ts'
import { type BlockRef, blockNumberOrHash, latest } from '../block-ref.ts'
import { createBreather } from '../breathe.ts'
import { blockForState, isPending, pendingHeader } from '../blocks.ts'
import { callArgs, completeCall } from '../call-args.ts'
import { executionReverted, type RpcError, serverError } from '../errors.ts'
import { quantity } from '../format.ts'
import { type Context, method, type MethodTable } from '../method.ts'
import { blockOverride, stateOverride, toBlockOverride, toStateOverride } from '../overrides.ts'
import { type Decoded, optional, required } from '../params.ts'
import { revertReason } from '../revert.ts'

/** geth's --rpc.gascap: what a call may use, and what it gets when it asks for nothing. */
const gasCap = 50_000_000n

function viewOf(
  { api, fees }: Context,
  ref: BlockRef = latest,
  states: Decoded<typeof stateOverride> | undefined,
  block: Decoded<typeof blockOverride> | undefined,
): CallView {
  const found = blockForState(api.chain, ref)
  const header = isPending(ref)
    ? pendingHeader(found, api.clock.nowMs(), fees.nextBaseFee())
    : found.header
  return {
    state: api.chain.stateAt(found.header.number),
    context: api.chain.contextOf(header),
    breathe: createBreather(api.clock),
    ...(states && { stateOverride: toStateOverride(states) }),
    ...(block && { blockOverride: toBlockOverride(block) }),
  }
}

/** Throws for anything but success. */
function returnDataOf(outcome: TransactionOutcome): Uint8Array {
  if (outcome.status === 'success') return outcome.returnData
  throw failure(outcome)
}

const failure = ({ status, error, returnData }: TransactionOutcome): RpcError =>
  status === 'revert'
    ? executionReverted(revertReason(returnData), toHex(returnData))
    : serverError(error ?? 'execution failed')

const refused = ({ code, message }: Refusal, gas: bigint): RpcError =>
  serverError(code === 'OVERRIDE_CONFLICT' ? message : `err: ${message} (supplied gas ${gas})`)

const params = [
  required('transaction', callArgs),
  optional('block', blockNumberOrHash),
  optional('stateOverrides', stateOverride),
  optional('blockOverrides', blockOverride),
] as const

export const ethCalls: MethodTable = {
  eth_call: method(params, async (context, args, ref, states, block) => {
    const { chain } = context.api
    const call = completeCall(args, chain.spec.chainId)
    const gas = args.gas === undefined || args.gas > gasCap ? gasCap : args.gas
    const view = viewOf(context, ref, states, block)
    const verdict = await simulateCall(chain.engine, view, { ...call, gas })
    if (verdict.type !== 'accept') throw refused(verdict, gas)
    return toHex(returnDataOf(verdict.value))
  }),
  eth_estimateGas: method(params, async (context, args, ref, states, block) => {
    const { chain } = context.api
    const call = completeCall(args, chain.spec.chainId)
    const view = viewOf(context, ref, states, block)
    const limits = { spec: chain.spec, gasCap, gas: args.gas }
    const verdict = await estimateGas(chain.engine, view, call, limits)
    if (verdict.type !== 'accept') throw serverError(verdict.message)
    if (verdict.value.type === 'failed') throw failure(verdict.value.outcome)
    return quantity(verdict.value.gas)
  }),
}
