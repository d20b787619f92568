/**
 * The novelty gate (attribution notes 4.2): how much of a new document stands, in long matches, in what was
 * registered before it. Exact, integers; a copy with up to a tenth of its words changed is seen, a
 * paraphrase is not. Says how much; the rule that refuses is the datanet's.
 */
import { findSpans, type SpanIndex } from './span.ts'

/** Shorter matches are how English is written. */
export const longMatchTokens = 8

/** Marks with 1 the tokens of the document inside some match of at least `minLength` with the index. */
export function coveredBy(
  index: SpanIndex,
  document: Int32Array,
  minLength: number,
  covered: Uint8Array,
): void {
  for (const { start, length } of findSpans(index, document, minLength))
    covered.fill(1, start, start + length)
}

/** How many those are. */
export function coveredTokens(
  index: SpanIndex,
  document: Int32Array,
  minLength = longMatchTokens,
): number {
  const covered = new Uint8Array(document.length)
  coveredBy(index, document, minLength, covered)
  return covered.reduce((sum, one) => sum + one, 0)
}

/** Whether half of it or more was there before. */
export const isCopy = (index: SpanIndex, document: Int32Array): boolean =>
  document.length > 0 && 2 * coveredTokens(index, document) >= document.length
