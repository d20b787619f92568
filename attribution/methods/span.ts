/**
 * Span provenance (method A1): the longest stretches of an answer that stand in the corpus, and the
 * documents that get credit for them. Exact, integers only. It says where words stand, not why a
 * model wrote them: provenance, never influence.
 */
import { createRangeMinimum, type RangeMinimum } from './range-minimum.ts'
import { suffixArray } from './suffix-array.ts'
import type { Corpus } from './tokens.ts'

export interface SpanIndex {
  readonly corpus: Corpus
  readonly order: Int32Array
  /** By token id, in units of 1/256 bit. */
  readonly rarity: Int32Array
  /** Smallest position over ranges of `order`. */
  readonly firstPositions: RangeMinimum
}

/** A maximal match: longer neither to the left nor to the right. */
export interface Span {
  /** First token of the answer. */
  readonly start: number
  /** Tokens. */
  readonly length: number
  /** Occurrences are order[low] .. order[high - 1] of the index. */
  readonly low: number
  readonly high: number
}

export function buildSpanIndex(corpus: Corpus): SpanIndex {
  const order = suffixArray(corpus.tokens, corpus.vocabulary.size + 1)
  return {
    corpus,
    order,
    rarity: rarityTable(corpus.counts),
    firstPositions: createRangeMinimum(order),
  }
}

/**
 * floor(256 * log2(N / c)) for c occurrences among N tokens, exact by definition as
 * bitLength(floor(N^256 / c^256)) - 1.
 */
export function rarityTable(counts: Int32Array): Int32Array {
  const rarity = rarityOf(sumOf(counts))
  const byCount = new Map<number, number>()
  return counts.map((count) => {
    const known = byCount.get(count) ?? rarity(count)
    byCount.set(count, known)
    return known
  })
}

/** Rarity of a token that occurs `count` times among `total`. */
export function rarityOf(total: number): (count: number) => number {
  const power = BigInt(total) ** 256n
  return (count) => (power / BigInt(count) ** 256n).toString(2).length - 1
}

export function sumOf(counts: Int32Array): number {
  let total = 0
  for (const count of counts) total += count
  return total
}

/** All maximal spans of at least `minLength` tokens, by start. Unknown tokens match nothing. */
export function findSpans(index: SpanIndex, query: Int32Array, minLength: number): Span[] {
  const spans: Span[] = []
  let lastEnd = -1
  for (let start = 0; start < query.length; start++) {
    const length = longestMatch(index, query, start)
    const end = start + length
    if (length >= minLength && end > lastEnd) {
      const low = boundOf(index, query, start, length, false)
      spans.push({ start, length, low, high: boundOf(index, query, start, length, true) })
    }
    lastEnd = Math.max(lastEnd, end)
  }
  return spans
}

/** Sum of the tokens' rarities. */
export function spanWeight(index: SpanIndex, query: Int32Array, span: Span): number {
  let weight = 0
  for (let i = 0; i < span.length; i++) weight += index.rarity[query[span.start + i]!] ?? 0
  return weight
}

/** The document registered first among those the span stands in: documents lie in that order. */
export const firstDocument = ({ corpus, firstPositions }: SpanIndex, span: Span): number =>
  documentAt(corpus, firstPositions.minimum(span.low, span.high))

/** The document that a position belongs to. */
export const documentAt = ({ starts }: Corpus, position: number): number =>
  lowerBound(starts.length, (document) => starts[document]! <= position) - 1

export interface Credit {
  readonly document: number
  /** Sum of the weights of the spans the document came first with. */
  readonly weight: number
}

/** First-come credit by document, ascending. Documents without credit are left out. */
export function creditSpans(index: SpanIndex, query: Int32Array, minLength: number): Credit[] {
  const weights = new Map<number, number>()
  for (const span of findSpans(index, query, minLength)) {
    const document = firstDocument(index, span)
    weights.set(document, (weights.get(document) ?? 0) + spanWeight(index, query, span))
  }
  return Array.from(weights, ([document, weight]) => ({ document, weight })).toSorted(
    (a, b) => a.document - b.document,
  )
}

/** The insertion point's neighbours carry the longest common prefix with query[start..). */
function longestMatch(index: SpanIndex, query: Int32Array, start: number): number {
  const at = boundOf(index, query, start, query.length - start, false)
  return Math.max(matchLength(index, query, start, at - 1), matchLength(index, query, start, at))
}

export function matchLength(
  index: SpanIndex,
  query: Int32Array,
  start: number,
  rank: number,
): number {
  const position = index.order[rank]
  if (position === undefined) return 0
  const { tokens } = index.corpus
  let length = 0
  while (
    start + length < query.length &&
    position + length < tokens.length &&
    query[start + length] === tokens[position + length]
  )
    length++
  return length
}

/**
 * Number of suffixes smaller than the `length` tokens at `start`; with `isUpper`, of those that are
 * smaller or begin with them.
 */
export function boundOf(
  index: SpanIndex,
  query: Int32Array,
  start: number,
  length: number,
  isUpper: boolean,
): number {
  return lowerBound(index.order.length, (rank) => {
    const difference = compareSuffix(index, index.order[rank]!, query, start, length)
    return difference < 0 || (isUpper && difference === 0)
  })
}

/** How many of 0 .. size - 1 are `isBelow`, which holds up to some number and not beyond. */
export function lowerBound(size: number, isBelow: (index: number) => boolean): number {
  let [low, high] = [0, size]
  while (low < high) {
    const middle = (low + high) >>> 1
    if (isBelow(middle)) low = middle + 1
    else high = middle
  }
  return low
}

/** Suffix against pattern: negative when smaller, 0 when it begins with the pattern. */
function compareSuffix(
  { corpus: { tokens } }: SpanIndex,
  position: number,
  query: Int32Array,
  start: number,
  length: number,
): number {
  for (let i = 0; i < length; i++) {
    if (position + i >= tokens.length) return -1
    const difference = tokens[position + i]! - query[start + i]!
    if (difference !== 0) return difference
  }
  return 0
}
