/**
 * Counting the curators' verdicts: who had a quorum, what the majority of the weight says, and the
 * weighted median of the scores, which one curator cannot drag. Integers, no state.
 */
import type { Hex } from '../../primitives/index.ts'

export interface Verdict {
  readonly weight: number
  readonly scoreBps: number
  readonly isRevealed: boolean
  readonly isAccepted: boolean
  readonly reason: Hex
}

export interface Decision {
  /** BatchState: 2 accepted, 3 rejected. */
  readonly state: 2 | 3
  readonly scoreBps: number
  /** Of the heaviest verdict that agrees with the decision, the earlier of equals. */
  readonly reason: Hex
}

/** undefined without quorum. A tie rejects: accepted rows cannot be taken back from those who read them. */
export function tally(
  verdicts: readonly Verdict[],
  quorumBps: bigint,
  curatorWeight: bigint,
): Decision | undefined {
  const revealed = verdicts.filter(({ isRevealed }) => isRevealed)
  const total = weightOf(revealed)
  if (total === 0n || total * 10_000n < quorumBps * curatorWeight) return undefined
  const isAccepted = 2n * weightOf(revealed.filter((verdict) => verdict.isAccepted)) > total
  const agreeing = revealed.filter((verdict) => verdict.isAccepted === isAccepted)
  const heaviest = agreeing.reduce((a, b) => (b.weight > a.weight ? b : a))
  return {
    state: isAccepted ? 2 : 3,
    scoreBps: medianScore(revealed, total),
    reason: heaviest.reason,
  }
}

const weightOf = (verdicts: readonly Verdict[]): bigint =>
  verdicts.reduce((sum, { weight }) => sum + BigInt(weight), 0n)

/** The lowest score that half of the weight or more does not exceed. */
function medianScore(verdicts: readonly Verdict[], total: bigint): number {
  let below = 0n
  for (const { scoreBps, weight } of verdicts.toSorted((a, b) => a.scoreBps - b.scoreBps)) {
    below += BigInt(weight)
    if (2n * below >= total) return scoreBps
  }
  return 0
}
