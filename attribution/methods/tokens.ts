/**
 * Text to token ids. The rule is on bytes, in three classes, so that no Unicode table and no locale
 * can make two nodes disagree: a token is a run of word bytes or one other byte; spaces only part.
 */
import {
  createGrowing,
  createWords,
  fnvOffset,
  fnvPrime,
  textOf,
  type Vocabulary,
} from './vocabulary.ts'

/** By byte: 1 for 0-9 A-Z a-z ' and every byte of a multi-byte UTF-8 character, 2 for spaces, else 0. */
const kinds = Uint8Array.from({ length: 256 }, (_, byte) => {
  if (byte === 0x20 || (byte >= 0x09 && byte <= 0x0d)) return 2
  const isLetter = (byte >= 0x61 && byte <= 0x7a) || (byte >= 0x41 && byte <= 0x5a)
  return byte >= 0x80 || isLetter || (byte >= 0x30 && byte <= 0x39) || byte === 0x27 ? 1 : 0
})
const word = 1
const space = 2

/** Where tokens stand: start and end byte of each, in order, as pairs. */
export function tokenBounds(text: Uint8Array): readonly number[] {
  const bounds: number[] = []
  for (let at = 0; at < text.length;) {
    const kind = kinds[text[at]!]
    const start = at++
    if (kind === space) continue
    if (kind === word) while (at < text.length && kinds[text[at]!] === word) at++
    bounds.push(start, at)
  }
  return bounds
}

/** Id of a token that the vocabulary lacks; equal to no token of any corpus, nor to a separator. */
export const unknownToken = -1

export function encodeQuery(text: Uint8Array, vocabulary: Vocabulary): Int32Array {
  const bounds = tokenBounds(text)
  return Int32Array.from(
    { length: bounds.length / 2 },
    (_, i) => vocabulary.idAt(text, bounds[2 * i]!, bounds[2 * i + 1]!) ?? unknownToken,
  )
}

/** The tokens as text, one character a byte. */
export function tokensOf(text: Uint8Array): string[] {
  const bounds = tokenBounds(text)
  return Array.from({ length: bounds.length / 2 }, (_, i) =>
    textOf(text.subarray(bounds[2 * i], bounds[2 * i + 1])),
  )
}

/** Documents laid one after the other, as the index reads them. */
export interface Corpus {
  /** Token ids; each document ends with one separator, whose id is the vocabulary's size. */
  readonly tokens: Int32Array
  /** First position of each document, by registration index; the separator ends its document. */
  readonly starts: Int32Array
  /** Occurrences by token id, separators not counted. */
  readonly counts: Int32Array
  readonly vocabulary: Vocabulary
}

/** Documents in registration order. */
export function encodeCorpus(documents: readonly Uint8Array[]): Corpus {
  const builder = createCorpusBuilder()
  for (const text of documents) builder.add(text)
  return builder.finish()
}

export interface CorpusBuilder {
  /** The next document; its bytes are not kept. */
  add(text: Uint8Array): void
  /** Positions so far. */
  length(): number
  finish(): Corpus
}

/** For who has the documents one at a time. */
export function createCorpusBuilder(): CorpusBuilder {
  const words = createWords()
  const tokens = createGrowing((size) => new Int32Array(size))
  const starts = createGrowing((size) => new Int32Array(size))
  return {
    length: () => tokens.length(),
    add(text) {
      starts.push(tokens.length())
      // A document has no more tokens than bytes; all but the separator are found in one walk.
      const room = tokens.room(text.length + 1)
      let count = tokens.length()
      for (let at = 0; at < text.length;) {
        const start = at
        let byte = text[at++]!
        const kind = kinds[byte]
        if (kind === space) continue
        // What the vocabulary knows a token by is gathered on the way: the bytes are walked once.
        let hash = Math.imul(fnvOffset ^ byte, fnvPrime)
        let [low, high] = [byte, 0]
        if (kind === word)
          for (; at < text.length && kinds[(byte = text[at]!)] === word; at++) {
            hash = Math.imul(hash ^ byte, fnvPrime)
            high = (high << 8) | (low >>> 24)
            low = (low << 8) | byte
          }
        room[count++] = words.idOf(text, start, at, hash, low, high)
      }
      room[count++] = separatorPlaceholder
      tokens.setLength(count)
    },
    finish() {
      const vocabulary = words.finish()
      const all = tokens.take()
      const counts = new Int32Array(vocabulary.size)
      for (let i = 0; i < all.length; i++) {
        const id = all[i]!
        if (id === separatorPlaceholder) all[i] = vocabulary.size
        else counts[id]!++
      }
      return { tokens: all, starts: starts.take(), counts, vocabulary }
    },
  }
}

/** Stands for the separator until the vocabulary's size is known. */
const separatorPlaceholder = -1
