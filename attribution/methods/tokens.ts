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
  const tokens = createList()
  const owners = createList()
  const recall = createRecall(documents.reduce((sum, { length }) => sum + length, 0))
  for (const [document, text] of documents.entries()) {
    const bounds = tokenBounds(text)
    for (let i = 0; i < bounds.length; i += 2) {
      const [start, end] = [bounds[i]!, bounds[i + 1]!]
      const id = recall(text, start, end, () => {
        const token = tokenText(text, start, end)
        const known = ids.get(token) ?? ids.size
        ids.set(token, known)
        return known
      })
      counts[id] = (counts[id] ?? 0) + 1
      tokens.push(id)
      owners.push(document)
    }
    tokens.push(separatorPlaceholder)
    owners.push(document)
  }
  return {
    tokens: tokens.take().map((id) => (id === separatorPlaceholder ? ids.size : id)),
    documents: owners.take(),
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

/** Tokens remembered by the hash of their bytes, so that a frequent one makes no string. */
const maxRecallSlots = 2 ** 16
/** Longer tokens are rare, and not remembered. */
const recallBytes = 24

/** Says the id of the bytes when they were the last of their slot, and asks `find` otherwise. */
function createRecall(sizeBytes: number) {
  let recallSlots = 16
  while (recallSlots < maxRecallSlots && recallSlots * 16 < sizeBytes) recallSlots *= 2
  const ids = new Int32Array(recallSlots)
  const lengths = new Uint8Array(recallSlots)
  const kept = new Uint8Array(recallSlots * recallBytes)
  const isKept = (slot: number, text: Uint8Array, start: number, length: number): boolean => {
    if (lengths[slot] !== length) return false
    for (let i = 0; i < length; i++)
      if (kept[slot * recallBytes + i] !== text[start + i]) return false
    return true
  }
  return (text: Uint8Array, start: number, end: number, find: () => number): number => {
    const length = end - start
    if (length > recallBytes) return find()
    let hash = 0x811c9dc5 // FNV-1a
    for (let i = start; i < end; i++) hash = Math.imul(hash ^ text[i]!, 0x01000193)
    const slot = (hash ^ (hash >>> 16)) & (recallSlots - 1)
    if (isKept(slot, text, start, length)) return ids[slot]!
    const id = find()
    ids[slot] = id
    lengths[slot] = length
    for (let i = 0; i < length; i++) kept[slot * recallBytes + i] = text[start + i]!
    return id
  }
}

/** A growing list of 32-bit integers: a fraction of what an array of numbers takes. */
function createList() {
  let values = new Int32Array(1_024)
  let length = 0
  return {
    push(value: number): void {
      if (length === values.length) {
        const longer = new Int32Array(2 * length)
        longer.set(values)
        values = longer
      }
      values[length++] = value
    },
    take: (): Int32Array => values.slice(0, length),
  }
}
