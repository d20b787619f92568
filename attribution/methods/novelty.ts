/**
 * The novelty gate (attribution notes 4.2): how much of a new document stands, in long matches, in what was
 * registered before it. Exact, integers; a copy with up to a tenth of its words changed is seen, a
 * paraphrase is not. Says how much; the rule that refuses is the datanet's.
 */
import { boundOf, matchLength, type SpanIndex } from './span.ts'

/** Shorter matches are how English is written. */
export const longMatchTokens = 8

/**
 * Marks with 1 the tokens of the document inside some match of at least `minLength` with the first `before` positions
 * of the index; without, with all of them. A longer match is one of that length from each of its tokens on.
 */
export function coveredBy(
  index: SpanIndex,
  document: Int32Array,
  {
    minLength,
    before = index.order.length,
  }: { readonly minLength: number; readonly before?: number },
  covered: Uint8Array,
): void {
  for (let start = 0; start + minLength <= document.length; start++) {
    const low = boundOf(index, document, start, minLength, false)
    if (matchLength(index, document.subarray(0, start + minLength), start, low) < minLength)
      continue
    const high = boundOf(index, document, start, minLength, true)
    if (index.firstPositions.minimum(low, high) < before) covered.fill(1, start, start + minLength)
  }
}

/** How many those are. */
export function coveredTokens(
  index: SpanIndex,
  document: Int32Array,
  minLength = longMatchTokens,
): number {
  const covered = new Uint8Array(document.length)
  coveredBy(index, document, { minLength }, covered)
  return covered.reduce((sum, one) => sum + one, 0)
}

/** Whether half of it or more was there before. */
export const isCopy = (index: SpanIndex, document: Int32Array): boolean =>
  document.length > 0 && 2 * coveredTokens(index, document) >= document.length
