/**
 * Dividing money so that not one wei is lost or made. Two rules, both exact: the largest remainder,
 * where all weights are at hand; and the cut of a line, where a claimant shows only its own piece.
 */
import { invariant } from '../../primitives/index.ts'

/**
 * `amount` in proportion to `weights`, rounded down, the wei left over one each to the largest
 * remainders, ties to the lower index (attribution notes 2.11). The parts sum to `amount`, except
 * when all weights are 0: then nobody gets anything, and the caller says whose it is.
 */
export function splitByWeight(amount: bigint, weights: readonly bigint[]): bigint[] {
  invariant(amount >= 0n && weights.every((weight) => weight >= 0n), 'nothing negative is split')
  const total = weights.reduce((sum, weight) => sum + weight, 0n)
  if (total === 0n) return weights.map(() => 0n)
  const parts = weights.map((weight) => (amount * weight) / total)
  const left = amount - parts.reduce((sum, part) => sum + part, 0n)
  const byRemainder = weights
    .map((weight, index) => ({ index, remainder: (amount * weight) % total }))
    .toSorted((a, b) =>
      a.remainder === b.remainder ? a.index - b.index : a.remainder < b.remainder ? 1 : -1,
    )
  for (const { index } of byRemainder.slice(0, Number(left)))
    parts[index] = (parts[index] ?? 0n) + 1n
  return parts
}

/**
 * What the piece from `offset` to `offset + weight` of a line of length `total` gets when `amount` is
 * spread over it: floor(amount * end / total) - floor(amount * offset / total). Pieces that cover the
 * line sum to `amount`, in whatever order they are claimed and without knowing each other.
 */
export function shareAt(
  amount: bigint,
  {
    offset,
    weight,
    total,
  }: { readonly offset: bigint; readonly weight: bigint; readonly total: bigint },
): bigint {
  invariant(
    total > 0n && offset >= 0n && weight >= 0n && offset + weight <= total,
    'a piece of the line',
  )
  return (amount * (offset + weight)) / total - (amount * offset) / total
}
