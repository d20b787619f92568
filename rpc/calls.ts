/**
 * The state and block a call runs in, the gas it gets, and what its failures are answered with:
 * shared by every method that runs calls. Changes nothing that lasts.
 */
import {
  type CallRequest,
  type CallView,
  estimateGas,
  type TransactionOutcome,
} from '../execution/index.ts'
import { type Address, toHex } from '../primitives/index.ts'
import { type BlockRef, latest } from './block-ref.ts'
import { blockForState, isPending, pendingHeader } from './blocks.ts'
import { createBreather } from './breathe.ts'
import { executionReverted, type RpcError, serverError } from './errors.ts'
import type { Context } from './method.ts'
import { reasonOf } from './module-words.ts'
import {
  type blockOverride,
  type stateOverride,
  toBlockOverride,
  toStateOverride,
} from './overrides.ts'
import type { Decoded } from './params.ts'

/** geth's --rpc.gascap: what a call may use, and what it gets when it asks for nothing. */
export const gasCap = 50_000_000n

export function viewOf(
  { api }: Context,
  ref: BlockRef = latest,
  states?: Decoded<typeof stateOverride>,
  block?: Decoded<typeof blockOverride>,
): CallView {
  const found = blockForState(api.chain, ref)
  const header = isPending(ref) ? pendingHeader(found, api.nextBlock()) : found.header
  return {
    state: api.chain.stateAt(found.header.number),
    context: api.chain.contextOf(header),
    breathe: createBreather(api.clock),
    ...(states && { stateOverride: toStateOverride(states) }),
    ...(block && { blockOverride: toBlockOverride(block) }),
  }
}

/** The gas limit `call` needs; `gas` is what the caller allows. Throws RpcError when it fails. */
export async function estimateCall(
  context: Context,
  view: CallView,
  call: Omit<CallRequest, 'gas'>,
  gas: bigint | undefined,
): Promise<bigint> {
  const { chain } = context.api
  const limits = { spec: chain.spec, gasCap, gas }
  const verdict = await estimateGas(chain.engine, view, call, limits)
  if (verdict.type !== 'accept') throw serverError(verdict.message)
  if (verdict.value.type === 'failed') throw callFailure(context, call.to, verdict.value.outcome)
  return verdict.value.gas
}

/** The error of a call to `to` that did not succeed. */
export const callFailure = (
  { api }: Context,
  to: Address | null,
  { status, error, returnData }: TransactionOutcome,
): RpcError =>
  status === 'revert'
    ? executionReverted(
        reasonOf({ hasModules: api.rows !== undefined, to }, returnData),
        toHex(returnData),
      )
    : serverError(error ?? 'execution failed')
