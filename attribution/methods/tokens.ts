/**
 * Text to token ids. The rule is on bytes, in three classes, so that no Unicode table and no locale
 * can make two nodes disagree: a token is a run of word bytes or one other byte; spaces only part.
 */

/** 0-9 A-Z a-z ' and every byte of a multi-byte UTF-8 character. */
const isWordByte = (byte: number): boolean =>
  byte >= 0x80 ||
  (byte >= 0x61 && byte <= 0x7a) ||
  (byte >= 0x41 && byte <= 0x5a) ||
  (byte >= 0x30 && byte <= 0x39) ||
  byte === 0x27

/** Space, and 0x09 to 0x0d. */
const isSpaceByte = (byte: number): boolean => byte === 0x20 || (byte >= 0x09 && byte <= 0x0d)

/** Where tokens stand: start and end byte of each, in order, as pairs. */
export function tokenBounds(text: Uint8Array): readonly number[] {
  const bounds: number[] = []
  let at = 0
  while (at < text.length) {
    const byte = text[at] ?? 0
    let end = at + 1
    if (isWordByte(byte)) while (end < text.length && isWordByte(text[end] ?? 0)) end++
    if (!isSpaceByte(byte)) bounds.push(at, end)
    at = end
  }
  return bounds
}

/** The token as one character a byte: a key that is the same bytes on every platform. */
function tokenText(text: Uint8Array, start: number, end: number): string {
  let token = ''
  for (let i = start; i < end; i++) token += String.fromCharCode(text[i] ?? 0)
  return token
}

/** Ids 0, 1, 2, ... in order of first occurrence; the order is committed with the index. */
export interface Vocabulary {
  readonly size: number
  /** undefined for a token never seen. */
  idOf(token: string): number | undefined
  /** In the order of their ids. */
  tokens(): Iterable<string>
}

/** Id of a token that the vocabulary lacks; equal to no token of any corpus, nor to a separator. */
export const unknownToken = -1

export const encodeQuery = (text: Uint8Array, vocabulary: Vocabulary): Int32Array =>
  Int32Array.from(tokensOf(text), (token) => vocabulary.idOf(token) ?? unknownToken)

/** The tokens, one character a byte. */
export function tokensOf(text: Uint8Array): string[] {
  const bounds = tokenBounds(text)
  return Array.from({ length: bounds.length / 2 }, (_, i) =>
    tokenText(text, bounds[2 * i] ?? 0, bounds[2 * i + 1] ?? 0),
  )
}

/** Documents laid one after the other, as the index reads them. */
export interface Corpus {
  /** Token ids; each document ends with one separator, whose id is the vocabulary's size. */
  readonly tokens: Int32Array
  /** Position to document, by registration index; the separator belongs to the document it ends. */
  readonly documents: Int32Array
  /** Occurrences by token id, separators not counted. */
  readonly counts: Int32Array
  readonly vocabulary: Vocabulary
}

/** Documents in registration order. */
export function encodeCorpus(documents: readonly Uint8Array[]): Corpus {
  const ids = new Map<string, number>()
  const counts: number[] = []
  const bounds = documents.map(tokenBounds)
  const length = bounds.reduce((sum, list) => sum + list.length / 2 + 1, 0)
  const tokens = new Int32Array(length)
  const owners = new Int32Array(length)
  let at = 0
  documents.forEach((text, document) => {
    const list = bounds[document] ?? []
    for (let i = 0; i < list.length; i += 2) {
      const token = tokenText(text, list[i] ?? 0, list[i + 1] ?? 0)
      const id = ids.get(token) ?? ids.size
      ids.set(token, id)
      counts[id] = (counts[id] ?? 0) + 1
      owners[at] = document
      tokens[at++] = id
    }
    owners[at] = document
    tokens[at++] = separatorPlaceholder
  })
  for (let i = 0; i < length; i++) if (tokens[i] === separatorPlaceholder) tokens[i] = ids.size
  return {
    tokens,
    documents: owners,
    counts: Int32Array.from(counts),
    vocabulary: {
      size: ids.size,
      idOf: (token) => ids.get(token),
      tokens: () => ids.keys(),
    },
  }
}

/** Stands for the separator until the vocabulary's size is known. */
const separatorPlaceholder = -1
