/**
 * A version and its span index as one flat piece of memory, which a thread can hand to another and a
 * file can hold: what the version states, lengths, then the lists end to end. Opening it copies nothing.
 * Whether the bytes are whole is for whoever keeps them.
 *
 *   root ‖ corpus root ‖ index root (32 bytes each), bytes of rows u64; u32 positions, documents, words,
 *   bytes of words, 0, 0; then u32 or i32 lists (byte order of the machine): text, suffix array, minima,
 *   document starts, counts, rarities, ends, sorted ids, hashes; then the words
 */
import { fromHex, toHex } from '../../primitives/index.ts'
import { createRangeMinimum, minimaLength } from './range-minimum.ts'
import { createVocabulary } from './vocabulary.ts'
import type { BuiltVersion } from './version.ts'

/** Changes with the order or meaning of anything in an image. */
export const versionImageVersion = 1

const sizeAt = 96
const lengthsAt = 104
const headBytes = 128

interface Lengths {
  readonly positions: number
  readonly documents: number
  readonly words: number
  readonly wordBytes: number
}

/** The lists over a buffer of `sizeOf(lengths)` bytes. */
function viewsOf(buffer: ArrayBufferLike, { positions, documents, words, wordBytes }: Lengths) {
  let at = headBytes
  const next = (length: number): Int32Array => {
    const view = new Int32Array(buffer, at, length)
    at += 4 * length
    return view
  }
  return {
    tokens: next(positions),
    order: next(positions),
    minima: next(minimaLength(positions)),
    starts: next(documents),
    counts: next(words),
    rarity: next(words),
    ends: next(words),
    sorted: next(words),
    hashes: new Uint32Array(buffer, next(words).byteOffset, words),
    bytes: new Uint8Array(buffer, at, wordBytes),
  }
}

const sizeOf = ({ positions, documents, words, wordBytes }: Lengths): number =>
  headBytes + 4 * (2 * positions + minimaLength(positions) + documents + 5 * words) + wordBytes

/** In shared memory. */
export function versionImage({ index, ...facts }: BuiltVersion): SharedArrayBuffer {
  const { corpus, order, rarity, firstPositions } = index
  const { tokens, starts, counts, vocabulary } = corpus
  const { bytes, ends, sorted, hashes } = vocabulary.parts
  const [positions, documents] = [tokens.length, starts.length]
  const lengths = { positions, documents, words: counts.length, wordBytes: bytes.length }
  const image = new SharedArrayBuffer(sizeOf(lengths))
  const roots = [facts.root, facts.corpusRoot, facts.indexRoot]
  for (const [i, root] of roots.entries()) new Uint8Array(image).set(fromHex(root), 32 * i)
  new BigUint64Array(image, sizeAt, 1)[0] = facts.sizeBytes
  new Uint32Array(image, lengthsAt, 4).set([positions, documents, counts.length, bytes.length])
  const views = viewsOf(image, lengths)
  views.tokens.set(tokens)
  views.order.set(order)
  views.minima.set(firstPositions.tree)
  views.starts.set(starts)
  views.counts.set(counts)
  views.rarity.set(rarity)
  views.ends.set(ends)
  views.sorted.set(sorted)
  views.hashes.set(hashes)
  views.bytes.set(bytes)
  return image
}

/** undefined when the lengths are not those of the lists (another machine's byte order). */
export function openVersionImage(image: SharedArrayBuffer): BuiltVersion | undefined {
  if (image.byteLength < headBytes) return undefined
  const given = new Uint32Array(image, lengthsAt, 4)
  const [positions = 0, documents = 0, words = 0, wordBytes = 0] = given
  const lengths = { positions, documents, words, wordBytes }
  if (sizeOf(lengths) !== image.byteLength) return undefined
  const rootAt = (i: number) => toHex(new Uint8Array(image).slice(32 * i, 32 * i + 32))
  const { tokens, order, minima, starts, counts, rarity, ...parts } = viewsOf(image, lengths)
  return {
    root: rootAt(0),
    corpusRoot: rootAt(1),
    indexRoot: rootAt(2),
    tokens: BigInt(positions),
    rows: documents,
    sizeBytes: new BigUint64Array(image, sizeAt, 1)[0] ?? 0n,
    index: {
      corpus: { tokens, starts, counts, vocabulary: createVocabulary(parts) },
      order,
      rarity,
      firstPositions: createRangeMinimum(order, minima),
    },
  }
}
