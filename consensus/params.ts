/**
 * Chain parameters of consensus: timeouts and the window for a proposer's clock. All validators of a
 * chain use the same. Timeouts grow linearly with the round, to a cap: exponential growth has left
 * chains with hour-long rounds.
 */
import type { TimeoutKind } from './types.ts'

export type ConsensusParams = {
  /** Timeout of round 0 and growth for each further round, in milliseconds. */
  readonly proposeMs: number
  readonly proposeDeltaMs: number
  readonly prevoteMs: number
  readonly prevoteDeltaMs: number
  readonly precommitMs: number
  readonly precommitDeltaMs: number
  /** No timeout is longer than this. */
  readonly maxTimeoutMs: number
  /** While a round hangs, what was said is said again after this long. */
  readonly rebroadcastMs: number
  /** How far the clocks of honest validators are apart at most (PRECISION). */
  readonly precisionMs: number
  /** How long a proposal takes to arrive at most (MESSAGEDELAY). */
  readonly messageDelayMs: number
}

/** CometBFT's defaults for timeouts and timestamps, with a cap. */
export const defaultParams: ConsensusParams = {
  proposeMs: 3_000,
  proposeDeltaMs: 500,
  prevoteMs: 1_000,
  prevoteDeltaMs: 500,
  precommitMs: 1_000,
  precommitDeltaMs: 500,
  maxTimeoutMs: 15_000,
  rebroadcastMs: 2_000,
  precisionMs: 505,
  messageDelayMs: 15_000,
}

/** How long to wait in `round`, in milliseconds. */
export function timeoutMs(params: ConsensusParams, kind: TimeoutKind, round: number): number {
  if (kind === 'rebroadcast') return params.rebroadcastMs
  const grown = params[`${kind}Ms`] + params[`${kind}DeltaMs`] * round
  return Math.min(grown, params.maxTimeoutMs)
}

/**
 * Was a fresh proposal's time near our clock when it came in? (Proposer-based timestamps, CometBFT.)
 * Block times are whole seconds rounded down, hence the second of slack. The delay allowed grows
 * with the round, so that a wrong MESSAGEDELAY costs rounds and not the chain.
 */
export function isTimely(
  params: ConsensusParams,
  round: number,
  timeMs: number,
  receivedAtMs: number,
): boolean {
  const delayMs = params.messageDelayMs * (1 + round)
  return (
    receivedAtMs >= timeMs - params.precisionMs &&
    receivedAtMs <= timeMs + 1_000 + delayMs + params.precisionMs
  )
}
