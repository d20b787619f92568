/**
 * What the chain pays of a token of an n-gram answer (method A5): its 2^32 divided among batches by the
 * exact shares of its probability, first come, each rounded down; what is left is the base's, which is
 * nobody's and goes to the treasury. Integers: the terms' rationals over one denominator.
 */
import { add, type Fraction, gcd } from './fraction.ts'
import type { NgramConstants } from './ngram-constants.ts'
import {
  type AskedToken,
  comerSteps,
  exactTerms,
  type ExactText,
  type Step,
} from './ngram-exact.ts'

/** Every token weighs the same, whatever its probability. */
export const tokenUnit = 2n ** 32n

/** The base among the batches: no batch has it as its id. */
export const baseId = 0n

/** Weights of one token by batch; they sum to `tokenUnit`, the base's included. */
export function tokenWeights(
  text: ExactText,
  constants: NgramConstants,
  asked: AskedToken,
  { batchOf, step }: { readonly batchOf: (document: number) => bigint; readonly step: Step },
): ReadonlyMap<bigint, bigint> {
  const { terms, base } = exactTerms(text, constants, asked, step)
  const probability = terms.reduce<Fraction>((sum, { weight }) => add(sum, weight), base)
  const denominators = terms.map(({ weight, groups }) => weight.d * BigInt(groups.size))
  const common = denominators.reduce((all, d) => (all / gcd(all, d)) * d, 1n)
  /** By batch, over `common`. */
  const shares = new Map<bigint, bigint>()
  for (const [i, { weight, groups }] of terms.entries()) {
    const part = weight.n * (common / denominators[i]!)
    step(comerSteps * groups.comers.size)
    for (const [document, count] of groups.comers) {
      const batch = batchOf(document)
      shares.set(batch, (shares.get(batch) ?? 0n) + part * BigInt(count))
    }
  }
  const weights = new Map<bigint, bigint>()
  let left = tokenUnit
  for (const [batch, share] of shares) {
    const weight = (share * tokenUnit * probability.d) / (common * probability.n)
    if (weight === 0n) continue
    weights.set(batch, weight)
    left -= weight
  }
  if (left > 0n) weights.set(baseId, left)
  return weights
}
