/**
 * kNN-Shapley (method A2): the exact Shapley value of each committed point in the game of one question,
 * "which share of the k nearest points has the right label" (Jia et al. 2019, arXiv 1908.08619).
 * Vectors are int8, distances int32, values integers in units of 2^-62 that sum to the game's value
 * exactly. Attribution notes, 2.5. Knows nothing of where vectors come from, nor of money.
 */
import { orderByDistance } from './distances.ts'
import { add, type Fraction, fraction, zero } from './fraction.ts'

/** One, in the unit of Shapley values. */
export const shapleyOne = 2n ** 62n

/** By rank from the nearest: 1 where the label is the question's. */
export type Matches = Uint8Array

/** Matches among the k nearest. */
export function hitsOf(matches: Matches, k: number): number {
  let hits = 0
  for (let i = 0; i < Math.min(k, matches.length); i++) hits += matches[i]!
  return hits
}

/**
 * Value of the point at each rank in units of 2^-62. Each errs by less than the number of points; what
 * rounding leaves over is the nearest point's, so that the sum is floor(hits * 2^62 / k). Works on
 * halves of 31 bits, since a bigint a step would cost several times the whole search. With `order`, the
 * points by rank, values are by point instead.
 */
export function shapleyByRank(matches: Matches, k: number, order?: Int32Array): BigInt64Array {
  const count = matches.length
  if (count > maxPoints) throw new RangeError(`at most ${maxPoints} points`)
  const values = new BigInt64Array(count)
  if (count === 0) return values
  const fill = count < k ? fillEqually : fillByRank
  const sum = fill(values, matches, k, order)
  const nearest = order?.[0] ?? 0
  values[nearest] = values[nearest]! + (BigInt(hitsOf(matches, k)) * shapleyOne) / BigInt(k) - sum
  return values
}

type Fill = (
  values: BigInt64Array,
  matches: Matches,
  k: number,
  order: Int32Array | undefined,
) => bigint

/** Fewer points than votes: each match is worth one. The sum of what was filled in. */
const fillEqually: Fill = (values, matches, k, order) => {
  const vote = shapleyOne / BigInt(k)
  for (const [rank, match] of matches.entries())
    values[order?.[rank] ?? rank] = vote * BigInt(match)
  return vote * BigInt(hitsOf(matches, k))
}

/**
 * From the farthest to the nearest, stretch by stretch of equal matches: all its points have one value,
 * and a step lies between two. The sum.
 */
const fillByRank: Fill = (values, matches, k, order) => {
  const count = matches.length
  const words = new Int32Array(values.buffer)
  /** The value's halves, the lower one without its carries: sums of at most 2^22 numbers below 2^31. */
  let [upperSteps, lowerSteps] = [0, 0]
  let [upperSum, lowerSum, farther] = [0, 0, 0]
  for (let end = count; end >= 1;) {
    const match = matches[end - 1]!
    let start = end - 1
    while (start > 0 && matches[start - 1] === match) start--
    if (match !== farther) {
      // floor(2^62 / divisor), in two steps of long division.
      const divisor = end <= k && end < count ? k : end
      const quotient = Math.floor(half / divisor)
      const rest = Math.floor(((half - quotient * divisor) * half) / divisor)
      upperSteps += (match - farther) * quotient
      lowerSteps += (match - farther) * rest
      farther = match
    }
    const carry = Math.floor(lowerSteps / half)
    const upper = upperSteps + carry
    const lower = lowerSteps - carry * half
    const highWord = Math.floor(upper / 2)
    const lowWord = ((upper & 1) << 31) | lower
    for (let rank = start; rank < end; rank++) {
      const at = 2 * (order ? order[rank]! : rank)
      words[at + lowAt] = lowWord
      words[at + 1 - lowAt] = highWord
    }
    upperSum += upper * (end - start)
    lowerSum += lower * (end - start)
    end = start
  }
  return BigInt(upperSum) * BigInt(half) + BigInt(lowerSum)
}

const half = 2 ** 31
/** Where the lower half of a 64-bit integer lies: 0 on little-endian machines. */
const lowAt = new Int32Array(BigInt64Array.of(1n).buffer)[0] === 1 ? 0 : 1
/** Remainder times 2^31 stays an exact double. */
const maxPoints = 2 ** 22

/** The values themselves, of which the others are roundings: over the denominator k lcm(1..n). */
export function exactShapley(matches: Matches, k: number): Fraction[] {
  const count = matches.length
  const step = (i: number): bigint => BigInt(matches[i - 1]! - (i < count ? matches[i]! : 0))
  if (count < k) return Array.from(matches, (match) => fraction(match, k))
  const values: Fraction[] = []
  for (let i = count, value = zero; i >= 1; i--) {
    value = add(value, fraction(step(i) * BigInt(Math.min(k, i)), BigInt(k) * BigInt(i)))
    values.unshift(value)
  }
  return values
}

/** The same in doubles, for who measures and does not pay: within 1e-15 of the exact value. */
export function shapleyDoubles(matches: Matches, k: number): Float64Array {
  const count = matches.length
  const values = new Float64Array(count)
  if (count < k) return values.map((_, i) => matches[i]! / k)
  if (count === 0) return values
  values[count - 1] = matches[count - 1]! / count
  for (let i = count - 1; i >= 1; i--) {
    const step = ((matches[i - 1]! - matches[i]!) / k) * Math.min(k, i)
    values[i - 1] = values[i]! + step / i
  }
  return values
}

export interface Question {
  readonly label: number
  /** Neighbours that vote. */
  readonly k: number
}

/** Values by registration index. `distances` are the points' to the question's vector. */
export function knnShapley(
  distances: Int32Array,
  labels: Int32Array,
  { label, k }: Question,
): BigInt64Array {
  const order = orderByDistance(distances)
  return shapleyByRank(matchesOf(order, labels, label), k, order)
}

export function matchesOf(order: Int32Array, labels: Int32Array, label: number): Matches {
  const matches = new Uint8Array(order.length)
  for (let rank = 0; rank < order.length; rank++)
    matches[rank] = labels[order[rank]!] === label ? 1 : 0
  return matches
}
