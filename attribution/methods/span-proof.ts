/**
 * Proof mode of span provenance (A1): which maximal spans an answer has in a committed corpus, and
 * which document was first with each, shown to somebody who holds nothing but the index root. The
 * prover needs the index, the verifier this file. A true claim has exactly one proof: whatever is
 * changed in it, left out or added is refused. Proves where words stand, never why they were written;
 * and trusts the root: that it is the root of those rows is for whoever attested it.
 */
import { compareBytes, equalBytes } from '../../primitives/index.ts'
import { proveLeaves } from '../merkle/multiproof.ts'
import type { Tree } from '../merkle/tree.ts'
import {
  BadWitness,
  checkSpans,
  maximalSpans,
  neededStarts,
  type Insertion,
  type Interval,
  type SpanReader,
} from './span-check.ts'
import {
  chunkOf,
  chunkValues,
  encodeEntry,
  hashHeader,
  hashToken,
  type SpanCommitment,
} from './span-commitment.ts'
import {
  boundOf,
  firstDocument,
  lowerBound,
  matchLength,
  rarityOf,
  type Credit,
  type SpanIndex,
} from './span.ts'
import { encodeQuery, tokensOf } from './tokens.ts'
import { openEntries, openReader, type Opened } from './span-opened.ts'
import { decodeWitness, encodeWitness, type Opening } from './span-witness.ts'

/** 2,048: an answer of about ten thousand characters; beyond it the walk is too long for one call. */
export const maxAnswerTokens = 2_048
/** 1 MiB: five times the measured proof of 500 tokens in 100 MB of text. */
export const maxWitnessBytes = 2 ** 20

/** A claim about an answer, and the least number of tokens that makes a span. */
export interface SpanQuestion {
  readonly answer: Uint8Array
  readonly minLength: number
}

export interface SpanCredit {
  readonly start: number
  readonly length: number
  /** The first document it stands in, by registration. */
  readonly document: number
  /** Sum of its tokens' rarities, in 1/256 bit. */
  readonly weight: number
}

/** undefined when the answer is longer than `maxAnswerTokens` or the proof than `maxWitnessBytes`. */
export function proveSpans(
  index: SpanIndex,
  commitment: SpanCommitment,
  { answer, minLength }: SpanQuestion,
): Uint8Array | undefined {
  const tokens = tokensOf(answer)
  if (tokens.length > maxAnswerTokens) return undefined
  const query = encodeQuery(answer, index.corpus.vocabulary)
  const claim = claimOf(index, query, minLength)
  const notes = createNotes(index, commitment)
  checkSpans(notes.reader, query, minLength, claim)
  const { trees, entries, header } = commitment
  const places = placesOf(commitment, tokens)
  const witness = encodeWitness({
    header,
    claim,
    vocabulary: openLeaves(trees.vocabulary, places, (i) => encodeEntry(entries.at(i))),
    text: openLeaves(trees.text, notes.text, (i) => chunkOf(index.corpus.tokens, i)),
    order: openLeaves(trees.order, notes.order, (i) => chunkOf(index.order, i)),
    starts: openLeaves(trees.starts, notes.starts, (i) => chunkOf(commitment.starts, i)),
  })
  return witness.length > maxWitnessBytes ? undefined : witness
}

function openLeaves(
  tree: Tree,
  leaves: ReadonlySet<number>,
  leafAt: (index: number) => Uint8Array,
): Opening {
  const sorted = [...leaves].toSorted((a, b) => a - b)
  return {
    leaves: sorted.map((index) => ({ index, data: leafAt(index) })),
    proof: sorted.length === 0 ? [] : proveLeaves(tree, sorted),
  }
}

function claimOf(index: SpanIndex, query: Int32Array, minLength: number) {
  const ranks = Array.from(query.keys(), (i) => boundOf(index, query, i, query.length - i, false))
  const ends = ranks.map(
    (rank, i) =>
      i + Math.max(matchLength(index, query, i, rank - 1), matchLength(index, query, i, rank)),
  )
  const insertions = neededStarts(ends, query).map((start): Insertion => ({
    start,
    rank: ranks[start]!,
  }))
  const intervals = maximalSpans(ends, minLength).map((span): Interval => {
    const low = boundOf(index, query, span.start, span.length, false)
    const high = boundOf(index, query, span.start, span.length, true)
    return { low, high, document: firstDocument(index, { ...span, low, high }) }
  })
  return { insertions, intervals }
}

const chunkAt = (index: number): number => Math.floor(index / chunkValues)

/** A reader over the whole index that notes which leaves were read. */
function createNotes(index: SpanIndex, { header, starts }: SpanCommitment) {
  const notes = { text: new Set<number>(), order: new Set<number>(), starts: new Set<number>() }
  const reader: SpanReader = {
    length: header.length,
    documents: header.documents,
    token(position) {
      notes.text.add(chunkAt(position))
      return index.corpus.tokens[position]!
    },
    order(rank) {
      notes.order.add(chunkAt(rank))
      return index.order[rank]!
    },
    minimum: (low, high) => index.firstPositions.minimum(low, high),
    start(document) {
      notes.starts.add(chunkAt(document))
      return starts[document]!
    },
    step: () => undefined,
  }
  return { ...notes, reader }
}

/** Vocabulary leaves that show each token, or the two between which it would stand. */
function placesOf({ entries }: SpanCommitment, tokens: readonly string[]): Set<number> {
  const places = new Set<number>()
  for (const token of new Set(tokens)) {
    const hash = hashToken(token)
    const at = lowerBound(entries.size, (i) => compareBytes(entries.at(i).hash, hash) < 0)
    if (at < entries.size) places.add(at)
    const isThere = at < entries.size && equalBytes(entries.at(at).hash, hash)
    if (!isThere && at > 0) places.add(at - 1)
  }
  return places
}

/**
 * The spans of the answer under the index root, or undefined: then the witness proves nothing. `step`
 * is called for every comparison and every opened leaf, and may throw to stop (a gas meter does).
 */
export function verifySpans(
  indexRoot: Uint8Array,
  { answer, minLength }: SpanQuestion,
  witness: Uint8Array,
  step: () => void = () => undefined,
): readonly SpanCredit[] | undefined {
  if (witness.length > maxWitnessBytes) return undefined
  const tokens = tokensOf(answer)
  if (tokens.length > maxAnswerTokens) return undefined
  try {
    const { header, claim, vocabulary, ...openings } = decodeWitness(witness)
    if (!equalBytes(hashHeader(header), indexRoot)) return undefined
    const known = openEntries(header, vocabulary, tokens)
    const opened: Opened = openReader(header, openings, step)
    const query = Int32Array.from(known, ({ id }) => id)
    const spans = checkSpans(opened.reader, query, minLength, claim)
    if (!opened.isUsedUp()) return undefined
    const rarity = rarityOf(header.counted)
    const weights = known.map(({ count }) => (count === 0 ? 0 : rarity(count)))
    return spans.map((span) => ({ ...span, weight: sumRange(weights, span.start, span.length) }))
  } catch (error) {
    if (error instanceof BadWitness) return undefined
    throw error
  }
}

function sumRange(weights: readonly number[], start: number, length: number): number {
  let sum = 0
  for (let i = start; i < start + length; i++) sum += weights[i] ?? 0
  return sum
}

/** Sums the credits of each document, ascending. */
export function creditsOf(spans: readonly SpanCredit[]): Credit[] {
  const weights = new Map<number, number>()
  for (const { document, weight } of spans)
    weights.set(document, (weights.get(document) ?? 0) + weight)
  return Array.from(weights, ([document, weight]) => ({ document, weight })).toSorted(
    (a, b) => a.document - b.document,
  )
}
