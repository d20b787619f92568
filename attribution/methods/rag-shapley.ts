/**
 * RAG Shapley (method A3): the exact Shapley value of each retrieved candidate in the game "sum of the
 * k largest relevances" in closed form over integers. Attribution notes, 2.6. That the list is the right
 * one is the business of whoever ranks; here only its division is proven.
 */
import { gcd } from './fraction.ts'

/** Each value is its numerator over the one denominator. */
export interface RationalValues {
  readonly numerators: readonly bigint[]
  readonly denominator: bigint
}

/**
 * Values of candidates whose relevances descend (ties: by registration), over the common denominator
 * lcm(1..n). They sum to the k largest relevances.
 */
export function ragShapley(relevances: readonly bigint[], k: number): RationalValues {
  const count = relevances.length
  let denominator = 1n
  for (let i = 2n; i <= BigInt(count); i++) denominator = (denominator / gcd(denominator, i)) * i
  const numerators = relevances.map(() => 0n)
  let value = 0n
  for (let i = count; i >= 1; i--) {
    const [here, below] = [relevances[i - 1]!, relevances[i] ?? 0n]
    if (here < below) throw new RangeError('relevances descend')
    value += ((here - below) * BigInt(Math.min(k, i)) * denominator) / BigInt(i)
    numerators[i - 1] = value
  }
  return { numerators, denominator }
}
