/**
 * What an epoch owes each data point (attribution notes 4.1): scores are summed signed over all paid
 * answers, near-duplicates hand theirs to whoever came first, what is left below nothing is taken from the
 * point's deposit, the rest divides the pool to the wei. Exact integers. Knows points, not people, so a
 * name split in ten gains nothing.
 */
import { orderByDistance, type VectorIndex } from './distances.ts'
import type { Matches } from './knn-shapley.ts'
import { splitByWeight } from './split.ts'

export interface PointNet {
  /** Fee-weighted signed scores of the epoch, summed. */
  readonly net: bigint
  /** The earliest point within the novelty radius; itself when there is none. */
  readonly earliest: number
  /** Most that its weight may be; none: as it is. */
  readonly cap?: bigint
}

export interface EpochPayout {
  /** Wei by point; they sum to the pool, less the treasury's. */
  readonly paid: readonly bigint[]
  /** What each point's deposit owes, in units of net: 0 for points not below nothing. */
  readonly owed: readonly bigint[]
  /** What is nobody's; the whole pool when nobody's net is above nothing. */
  readonly treasury: bigint
}

/**
 * A loss weighs more than a gain of its size, by `lossBps`: influence is a first-order estimate, and a row that is as
 * often wrong as right, but loudly, would earn by chance.
 */
export const weighLoss = (score: bigint, lossBps: bigint): bigint =>
  score < 0n ? (score * lossBps) / 10_000n : score

export interface Backing {
  /** Weight that is nobody's, such as of points too far away to be named. */
  readonly base: bigint
  /** What all weights together are at least: what they lack is nobody's too. */
  readonly least: bigint
}

/** Points in the order of registration. */
export function payEpoch(
  pool: bigint,
  points: readonly PointNet[],
  { base, least }: Backing = { base: 0n, least: 0n },
): EpochPayout {
  const nets = points.map(() => 0n)
  for (const [i, { net, earliest }] of points.entries()) {
    if (earliest > i) throw new RangeError('a point cannot be earlier than itself')
    nets[earliest] = nets[earliest]! + net
  }
  const weights = points.map(({ earliest, cap }, i) => {
    const net = nets[i]!
    if (earliest !== i || net <= 0n) return 0n
    return cap !== undefined && cap < net ? (cap > 0n ? cap : 0n) : net
  })
  const weight = weights.reduce((sum, one) => sum + one, base)
  const nobodys = base + (weight < least ? least - weight : 0n)
  const paid = splitByWeight(pool, [...weights, nobodys]).slice(0, -1)
  const whole = paid.reduce((sum, part) => sum + part, 0n)
  return {
    paid,
    owed: nets.map((net) => (net < 0n ? -net : 0n)),
    treasury: pool - whole,
  }
}

/**
 * By point: the earliest point of its label within squared distance `radius` of it, itself when it is the first of its
 * kind. A chain of near ones does not join: only points that stand for themselves are compared with.
 */
export function earliestWithin(
  vectors: VectorIndex,
  labels: ArrayLike<number>,
  radius: number,
): Int32Array {
  const earliest = Int32Array.from({ length: vectors.count }, (_, i) => i)
  for (let i = 1; i < vectors.count; i++) {
    const distances = vectors.distancesTo(vectors.vectorAt(i))
    for (let j = 0; j < i; j++)
      if (earliest[j] === j && labels[j] === labels[i] && distances[j]! <= radius) {
        earliest[i] = j
        break
      }
  }
  return earliest
}

/**
 * Order-marginal value of each point for one question, in votes: what the vote of the `k` nearest so far
 * gained when the point was registered (notes 4.4). `matches` by point; ties stay with the earlier one.
 */
export function marginalValues(distances: Int32Array, matches: Matches, k: number): Int8Array {
  const values = new Int8Array(distances.length)
  const ranks = new Int32Array(distances.length)
  for (const [rank, point] of orderByDistance(distances).entries()) ranks[point] = rank
  /** The nearest so far, farthest last. */
  const nearest: number[] = []
  for (let point = 0; point < distances.length; point++) {
    const farthest = nearest.at(-1)
    if (nearest.length < k) values[point] = matches[point]!
    else if (farthest !== undefined && ranks[point]! < ranks[farthest]!) {
      values[point] = matches[point]! - matches[farthest]!
      nearest.pop()
    } else continue
    const at = nearest.findIndex((other) => ranks[other]! > ranks[point]!)
    nearest.splice(at < 0 ? nearest.length : at, 0, point)
  }
  return values
}
