/**
 * The least gas limit with which a call succeeds: geth's gas estimator (eth/gasestimator), a binary
 * search between what was used and what is allowed, started from a good guess. Needs an engine and a
 * state; runs the call some ten times and keeps nothing.
 */
import {
  accept,
  emptyCodeHash,
  invariant,
  type Refusal,
  reject,
  type Verdict,
} from '../primitives/index.ts'
import { type CallCode, type CallView, prepareView, simulateCall } from './call.ts'
import type { ChainSpec } from './chain-spec.ts'
import { maxTransactionGas, transactionGas } from './transaction-rules.ts'
import type { CallRequest, Engine, TransactionOutcome } from './types.ts'

export type Estimate =
  | { readonly type: 'gas'; readonly gas: bigint }
  /** It reverts or halts with all the gas that is allowed, for a reason other than gas. */
  | { readonly type: 'failed'; readonly outcome: TransactionOutcome }

export interface EstimateLimits {
  readonly spec: ChainSpec
  /** The node's own cap on calls. */
  readonly gasCap: bigint
  /** Gas the caller asked for, if any. */
  readonly gas: bigint | undefined
}

type EstimateCode = CallCode | 'GAS_ALLOWANCE'

/** Gas that comes free with a call that carries value (Yellow Paper, G_callstipend). */
const callStipend = 2_300n
/** The search stops when the answer is within 1.5 % (geth's default). */
const errorRatio = { numerator: 15n, denominator: 1_000n }

/** `call.gas` is ignored; `limits.gas` says what the caller allows. */
export async function estimateGas(
  engine: Engine,
  view: CallView,
  call: Omit<CallRequest, 'gas'>,
  limits: EstimateLimits,
): Promise<Verdict<Estimate, EstimateCode>> {
  const most = mostGas(engine, view, call, limits)
  if (most.type !== 'accept') return most
  const attempt = (gas: bigint) => simulateCall(engine, view, { ...call, gas })
  if (isPlainTransfer(engine, view, call)) {
    const plain = await attempt(transactionGas)
    if (plain.type === 'accept' && plain.value.status === 'success')
      return accept({ type: 'gas', gas: transactionGas })
  }
  const first = await attempt(most.value)
  if (first.type !== 'accept') return isTooLittleGas(first) ? exceedsAllowance(most.value) : first
  const outcome = first.value
  if (outcome.status !== 'success')
    return outcome.error === 'out of gas'
      ? exceedsAllowance(most.value)
      : accept({ type: 'failed', outcome })
  return search(attempt, outcome, most.value)
}

async function search(
  attempt: (gas: bigint) => Promise<Verdict<TransactionOutcome, CallCode>>,
  first: TransactionOutcome,
  most: bigint,
): Promise<Verdict<Estimate, EstimateCode>> {
  let low = first.gasUsed - 1n
  let high = most
  const narrow = async (gas: bigint): Promise<Refusal<CallCode> | undefined> => {
    const tried = await attempt(gas)
    if (tried.type !== 'accept' && !isTooLittleGas(tried)) return tried
    if (tried.type === 'accept' && tried.value.status === 'success') high = gas
    else low = gas
    return undefined
  }
  const isWide = (): boolean =>
    low + 1n < high && (high - low) * errorRatio.denominator >= high * errorRatio.numerator

  // Below the 63/64 that a frame passes on (EIP-150) plus a stipend the call has mostly enough.
  const guess = ((first.gasBeforeRefund + callStipend) * 64n) / 63n
  let refusal = guess < high ? await narrow(guess) : undefined
  while (!refusal && isWide()) refusal = await narrow(middle(low, high))
  return refusal ?? accept({ type: 'gas', gas: high })
}

/** Skewed to the low side: most calls need little more than they used. */
function middle(low: bigint, high: bigint): bigint {
  const half = (low + high) / 2n
  return low > 0n && half > low * 2n ? low * 2n : half
}

/** The smallest of: what the caller allows or the block holds, EIP-7825, the balance, our cap. */
function mostGas(
  engine: Engine,
  view: CallView,
  call: Omit<CallRequest, 'gas'>,
  { spec, gasCap, gas }: EstimateLimits,
): Verdict<bigint, 'INSUFFICIENT_FUNDS' | 'OVERRIDE_CONFLICT'> {
  const prepared = prepareView(engine, view)
  if (prepared.type !== 'accept') return prepared
  const { journal, context } = prepared.value
  const { header } = context
  let most = gas !== undefined && gas >= transactionGas ? gas : header.gasLimit
  if (spec.isActive('osaka', header.number, header.timestamp)) most = least(most, maxTransactionGas)
  if (call.gasPrice > 0n) {
    const balance = journal.account(call.from)?.balance ?? 0n
    if (call.value >= balance)
      return reject('INSUFFICIENT_FUNDS', 'insufficient funds for transfer')
    most = least(most, (balance - call.value) / call.gasPrice)
  }
  return accept(least(most, gasCap))
}

function isPlainTransfer(engine: Engine, view: CallView, call: Omit<CallRequest, 'gas'>): boolean {
  if (call.to === null || call.data.length > 0) return false
  const prepared = prepareView(engine, view)
  invariant(prepared.type === 'accept', 'mostGas has prepared the same view')
  const account = prepared.value.journal.account(call.to)
  return (account?.codeHash ?? emptyCodeHash) === emptyCodeHash
}

const isTooLittleGas = ({ code }: Refusal): boolean =>
  code === 'INTRINSIC_GAS' || code === 'FLOOR_DATA_GAS'

const exceedsAllowance = (most: bigint): Refusal<'GAS_ALLOWANCE'> =>
  reject('GAS_ALLOWANCE', `gas required exceeds allowance (${most})`, { allowance: most })

const least = (a: bigint, b: bigint): bigint => (a < b ? a : b)
