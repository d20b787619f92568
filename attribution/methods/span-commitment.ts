/**
 * The commitment of a span index: one hash that fixes its text, its suffix array, its vocabulary and
 * where its documents begin, so that a proof of a few kilobytes replaces the index. Four trees:
 *
 *   text        token ids by position, 32 a leaf, u32 little-endian
 *   order       text positions by rank, 32 a leaf; nodes carry the smallest position below them, which
 *               stands in the earliest document, as documents lie in the order of their registration
 *   vocabulary  keccak(token) ‖ id_u32 ‖ count_u32, one a leaf, by hash, so that absence can be shown
 *   starts      first position of each document, 32 a leaf
 *
 * 32 values are 128 bytes: with its prefix a leaf is one block of keccak. Builds and names; proofs are
 * `span-proof.ts`.
 */
import { compareBytes, concat, invariant, keccak256 } from '../../primitives/index.ts'
import {
  buildTree,
  hashLeaf,
  noMeasure,
  recordOf,
  topOf,
  type Measure,
  type Tree,
} from '../merkle/tree.ts'
import { sumOf, type SpanIndex } from './span.ts'
import type { Corpus } from './tokens.ts'
import { sortByKey } from './vocabulary.ts'

export const chunkValues = 32

export const smallest: Measure = {
  bytes: 4,
  empty: Uint8Array.of(255, 255, 255, 255),
  combine: (left, right) => (compareBytes(left, right) <= 0 ? left : right),
}

/** What corpus and index root are the hashes of. */
export interface SpanHeader {
  /** Positions of the text, separators counted. */
  readonly length: number
  /** Distinct tokens; also the separator's id. */
  readonly vocabularySize: number
  /** Tokens, separators not counted. */
  readonly counted: number
  readonly documents: number
  /** Top records: 32, 36, 32 and 32 bytes. */
  readonly text: Uint8Array
  readonly order: Uint8Array
  readonly vocabulary: Uint8Array
  readonly starts: Uint8Array
}

export interface VocabularyEntry {
  readonly hash: Uint8Array
  readonly id: number
  readonly count: number
}

/** By hash. */
export interface VocabularyEntries {
  readonly size: number
  at(index: number): VocabularyEntry
}

export interface SpanCommitment {
  /** The index root. */
  readonly root: Uint8Array
  readonly corpusRoot: Uint8Array
  readonly header: SpanHeader
  readonly starts: Int32Array
  readonly entries: VocabularyEntries
  readonly trees: {
    readonly text: Tree
    readonly order: Tree
    readonly vocabulary: Tree
    readonly starts: Tree
  }
}

export function commitIndex({ corpus, order }: SpanIndex): SpanCommitment {
  const { starts } = corpus
  const entries = entriesOf(corpus)
  const trees = {
    text: treeOf(corpus.tokens, noMeasure),
    order: treeOf(order, smallest),
    vocabulary: buildTree(noMeasure, entries.size, (i) => hashLeaf(encodeEntry(entries.at(i)))),
    starts: treeOf(starts, noMeasure),
  }
  const header: SpanHeader = {
    length: corpus.tokens.length,
    vocabularySize: corpus.vocabulary.size,
    counted: sumOf(corpus.counts),
    documents: starts.length,
    text: topOf(trees.text),
    order: topOf(trees.order),
    vocabulary: topOf(trees.vocabulary),
    starts: topOf(trees.starts),
  }
  return {
    root: hashHeader(header),
    corpusRoot: hashCorpus(header),
    header,
    starts,
    entries,
    trees,
  }
}

const text = (ascii: string): Uint8Array => new TextEncoder().encode(ascii)

/** Big-endian. */
const u32 = (value: number): Uint8Array =>
  Uint8Array.of(value >>> 24, value >>> 16, value >>> 8, value)

/** What the rows make: tokens, vocabulary, documents. */
export const hashCorpus = (header: SpanHeader): Uint8Array =>
  keccak256(
    concat(
      text('tributary/corpus/1'),
      u32(header.length),
      u32(header.vocabularySize),
      u32(header.counted),
      u32(header.documents),
      header.text,
      header.vocabulary,
      header.starts,
    ),
  )

/** What was built on it: the index root. */
export const hashHeader = (header: SpanHeader): Uint8Array =>
  keccak256(concat(text('tributary/span/1'), hashCorpus(header), header.order))

/** The values of leaf `chunk`. */
export function chunkOf(values: Int32Array, chunk: number): Uint8Array {
  const part = values.subarray(chunk * chunkValues, (chunk + 1) * chunkValues)
  const bytes = new Uint8Array(part.length * 4)
  const view = new DataView(bytes.buffer)
  for (let i = 0; i < part.length; i++) view.setUint32(4 * i, part[i]!, true)
  return bytes
}

export function chunkRecord(chunk: Uint8Array, measure: Measure): Uint8Array {
  if (measure.bytes === 0) return hashLeaf(chunk)
  const view = new DataView(chunk.buffer, chunk.byteOffset, chunk.length)
  let least = 0xffffffff
  for (let i = 0; i < chunk.length; i += 4) least = Math.min(least, view.getUint32(i, true))
  return recordOf(hashLeaf(chunk), u32(least))
}

/** As `chunkRecord` of each chunk, without a byte string for each: an index has millions. */
function treeOf(values: Int32Array, measure: Measure): Tree {
  const input = new Uint8Array(1 + 4 * chunkValues)
  const view = new DataView(input.buffer, 1)
  return buildTree(measure, Math.ceil(values.length / chunkValues), (chunk) => {
    const from = chunk * chunkValues
    const count = Math.min(chunkValues, values.length - from)
    let least = 0xffffffff
    for (let i = 0; i < count; i++) {
      const value = values[from + i]!
      view.setUint32(4 * i, value, true)
      if (value < least) least = value
    }
    const hash = keccak256(count === chunkValues ? input : input.subarray(0, 1 + 4 * count))
    return measure.bytes === 0 ? hash : recordOf(hash, u32(least))
  })
}

export const hashToken = (token: string): Uint8Array =>
  keccak256(Uint8Array.from(token, (character) => character.charCodeAt(0)))

function entriesOf({ vocabulary, counts }: Corpus): VocabularyEntries {
  const { size } = vocabulary
  const hashes = new Uint8Array(32 * size)
  for (let id = 0; id < size; id++) hashes.set(keccak256(vocabulary.bytesOf(id)), 32 * id)
  const hashOf = (id: number): Uint8Array => hashes.subarray(32 * id, 32 * id + 32)
  const view = new DataView(hashes.buffer)
  const sorted = sortByKey(
    Uint32Array.from({ length: size }, (_, id) => view.getUint32(32 * id)),
    (a, b) => compareBytes(hashOf(a), hashOf(b)),
  )
  return {
    size,
    at(index) {
      const id = sorted[index]
      invariant(id !== undefined, 'an entry')
      return { hash: hashOf(id), id, count: counts[id]! }
    },
  }
}

export const encodeEntry = ({ hash, id, count }: VocabularyEntry): Uint8Array =>
  concat(hash, u32(id), u32(count))
