/** eth_call and eth_estimateGas: running calls on states that are thrown away. */
import { simulateCall, type TransactionOutcome } from '../../execution/index.ts'
import { type Refusal, toHex } from '../../primitives/index.ts'
import { blockNumberOrHash } from '../block-ref.ts'
import { callArgs, completeCall } from '../call-args.ts'
import { callFailure, estimateCall, gasCap, viewOf } from '../calls.ts'
import { type RpcError, serverError } from '../errors.ts'
import { quantity } from '../format.ts'
import { method, type MethodTable } from '../method.ts'
import { blockOverride, stateOverride } from '../overrides.ts'
import { optional, required } from '../params.ts'

/** Throws for anything but success. */
function returnDataOf(outcome: TransactionOutcome): Uint8Array {
  if (outcome.status === 'success') return outcome.returnData
  throw callFailure(outcome)
}

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
    const call = completeCall(args, context.api.chain.spec.chainId)
    const view = viewOf(context, ref, states, block)
    return quantity(await estimateCall(context, view, call, args.gas))
  }),
}
