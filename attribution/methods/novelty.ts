/**
 * The novelty gate (attribution notes 4.2): how much of a new document stands, in long matches, in what was
 * registered before it. Exact, integers; a copy with up to a tenth of its words changed is seen, a
 * paraphrase is not. Says how much; the rule that refuses is the datanet's.
 */
import { findSpans, type SpanIndex } from './span.ts'

/** Shorter matches are how English is written. */
export const longMatchTokens = 8

/** Tokens of the document inside some match of at least `minLength` with the index. */
export function coveredTokens(
  index: SpanIndex,
  document: Int32Array,
  minLength = longMatchTokens,
): number {
  let [covered, end] = [0, 0]
  for (const span of findSpans(index, document, minLength)) {
    // Spans come by start, and their ends never go back.
    covered += span.start + span.length - Math.max(span.start, end)
    end = span.start + span.length
  }
  return covered
}

/** Whether half of it or more was there before. */
export const isCopy = (index: SpanIndex, document: Int32Array): boolean =>
  document.length > 0 && 2 * coveredTokens(index, document) >= document.length
