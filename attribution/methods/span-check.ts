/**
 * What makes a claim about the spans of an answer true, as a walk over an index that only answers
 * questions. The prover walks it with the whole index and notes what was read; the verifier walks it
 * with nothing but the opened leaves. One walk, so neither can know less than the other.
 *
 * The end of the longest match never moves back from one position to the next (L(i+1) >= L(i) - 1).
 * So both ends of each run of positions with the same end suffice to know them all, and with them
 * every maximal span: none can be left out, none be made longer to the left.
 */
import { unknownToken } from './tokens.ts'

/** Each throws `BadWitness` when it cannot tell. */
export interface SpanReader {
  readonly length: number
  readonly documents: number
  /** Token id at a text position. */
  token(position: number): number
  /** Text position of the suffix of that rank. */
  order(rank: number): number
  /** Smallest of order(low) .. order(high - 1). */
  minimum(low: number, high: number): number
  /** First position of a document. */
  start(document: number): number
  /** Told of every comparison of two tokens, so that somebody can count. */
  step(): void
}

export class BadWitness extends Error {}

function refuseUnless(condition: boolean, what: string): asserts condition {
  if (!condition) throw new BadWitness(what)
}

/** Number of suffixes smaller than the answer from `start` on. */
export interface Insertion {
  readonly start: number
  readonly rank: number
}

/** Ranks low .. high - 1 begin with the span; its first document. */
export interface Interval {
  readonly low: number
  readonly high: number
  readonly document: number
}

export interface SpanClaim {
  readonly insertions: readonly Insertion[]
  /** One for each maximal span, by start. */
  readonly intervals: readonly Interval[]
}

export interface ProvenSpan {
  readonly start: number
  readonly length: number
  readonly document: number
}

/** Every maximal span of at least `minLength` tokens; throws BadWitness unless the claim is true. */
export function checkSpans(
  reader: SpanReader,
  query: Int32Array,
  minLength: number,
  claim: SpanClaim,
): ProvenSpan[] {
  const spans = maximalSpans(endsOf(reader, query, claim.insertions), minLength)
  refuseUnless(spans.length === claim.intervals.length, 'not one interval a span')
  return spans.map(({ start, length }, i) => {
    const interval = claim.intervals[i]
    refuseUnless(interval !== undefined, 'an interval')
    checkInterval(reader, query.subarray(start, start + length), interval)
    return { start, length, document: interval.document }
  })
}

/** By the ends of the longest match at each position. */
export function maximalSpans(
  ends: readonly number[],
  minLength: number,
): { readonly start: number; readonly length: number }[] {
  return ends.flatMap((end, start) => {
    const length = end - start
    return length >= minLength && end > (ends[start - 1] ?? -1) ? [{ start, length }] : []
  })
}

/** Where insertions are needed: the ends of each run of equal `ends`; unknown tokens speak for themselves. */
export const neededStarts = (ends: readonly number[], query: Int32Array): number[] =>
  Array.from(ends.keys()).filter(
    (i) => query[i] !== unknownToken && (ends[i - 1] !== ends[i] || ends[i + 1] !== ends[i]),
  )

function endsOf(reader: SpanReader, query: Int32Array, insertions: readonly Insertion[]): number[] {
  const known = Array.from(query, (token, i) => (token === unknownToken ? i : undefined))
  for (const [i, { start, rank }] of insertions.entries()) {
    refuseUnless(start > (insertions[i - 1]?.start ?? -1), 'insertions out of order')
    refuseUnless(start < query.length && query[start] !== unknownToken, 'an insertion of nothing')
    known[start] = start + longestAt(reader, query.subarray(start), rank)
  }
  const ends: number[] = []
  for (let i = 0, next = 0; i < query.length; i++) {
    while (next < i || (next < query.length && known[next] === undefined)) next++
    const end = known[next]
    refuseUnless(end !== undefined, 'the last position is not spoken for')
    refuseUnless(next === i || end === ends[i - 1], 'a position that nothing speaks for')
    ends.push(end)
  }
  refuseUnless(neededStarts(ends, query).length === insertions.length, 'an insertion too many')
  return ends
}

/** The neighbours of the insertion point carry the longest common prefix. */
function longestAt(reader: SpanReader, query: Int32Array, rank: number): number {
  refuseUnless(rank <= reader.length, 'a rank beyond the last')
  let longest = 0
  if (rank > 0) {
    const { common, order } = compareAt(reader, rank - 1, query)
    refuseUnless(order < 0, 'the suffix before is not smaller')
    longest = common
  }
  if (rank < reader.length) {
    const { common, order } = compareAt(reader, rank, query)
    refuseUnless(order >= 0, 'the suffix after is smaller')
    longest = Math.max(longest, common)
  }
  return longest
}

function checkInterval(reader: SpanReader, span: Int32Array, interval: Interval): void {
  const { low, high, document } = interval
  refuseUnless(low < high && high <= reader.length, 'an empty interval')
  refuseUnless(compareAt(reader, low, span).order === 0, 'the first of the interval is no match')
  refuseUnless(compareAt(reader, high - 1, span).order === 0, 'the last is no match')
  refuseUnless(low === 0 || compareAt(reader, low - 1, span).order < 0, 'one before it matches')
  refuseUnless(
    high === reader.length || compareAt(reader, high, span).order > 0,
    'one after it matches',
  )
  const first = reader.minimum(low, high)
  refuseUnless(document < reader.documents, 'a document beyond the last')
  refuseUnless(reader.start(document) <= first, 'the first match is in an earlier document')
  refuseUnless(
    document + 1 === reader.documents || first < reader.start(document + 1),
    'the first match is in a later document',
  )
}

/** Suffix against pattern: order is negative when smaller, 0 when it begins with the pattern. */
function compareAt(
  reader: SpanReader,
  rank: number,
  pattern: Int32Array,
): { readonly order: number; readonly common: number } {
  const position = reader.order(rank)
  for (let i = 0; i < pattern.length; i++) {
    reader.step()
    if (position + i >= reader.length) return { order: -1, common: i }
    const difference = reader.token(position + i) - pattern[i]!
    if (difference !== 0) return { order: difference, common: i }
  }
  return { order: 0, common: pattern.length }
}
