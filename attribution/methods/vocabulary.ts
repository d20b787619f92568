/**
 * The distinct tokens of a corpus: ids in order of first occurrence, which is committed with the index.
 * Everything is flat lists of numbers, so that a vocabulary can be written to a file and used where it
 * lies. Looks tokens up by bytes; decides nothing about what a token is (`tokens.ts`).
 */
import { compareBytes } from '../../primitives/index.ts'

/** What a vocabulary consists of. */
export interface VocabularyParts {
  /** The tokens end to end, by id. */
  readonly bytes: Uint8Array
  /** By id: where the token ends in `bytes`. */
  readonly ends: Int32Array
  /** Ids in the order of (hash, bytes), which nobody's choice of words makes slow to search. */
  readonly sorted: Int32Array
  /** Hashes in that order. */
  readonly hashes: Uint32Array
}

/** Ids 0, 1, 2, ... in order of first occurrence. */
export interface Vocabulary {
  readonly size: number
  readonly parts: VocabularyParts
  /** Of text[start] .. text[end - 1]; undefined for a token never seen. */
  idAt(text: Uint8Array, start: number, end: number): number | undefined
  /** A view of its bytes. */
  bytesOf(id: number): Uint8Array
}

export function createVocabulary(parts: VocabularyParts): Vocabulary {
  const { bytes, ends, sorted, hashes } = parts
  const bytesOf = (id: number): Uint8Array => bytes.subarray(id === 0 ? 0 : ends[id - 1], ends[id])
  return {
    size: ends.length,
    parts,
    bytesOf,
    idAt(text, start, end) {
      const hash = hashBytes(text, start, end)
      const token = text.subarray(start, end)
      let [low, high] = [0, sorted.length]
      while (low < high) {
        const middle = (low + high) >>> 1
        const other = hashes[middle]!
        const isBelow =
          other === hash ? compareBytes(bytesOf(sorted[middle]!), token) < 0 : other < hash
        if (isBelow) low = middle + 1
        else high = middle
      }
      const id = sorted[low]
      return id !== undefined && compareBytes(bytesOf(id), token) === 0 ? id : undefined
    },
  }
}

/** FNV-1a, 32 bits: from the offset, (hash ^ byte) * prime for each byte. */
export const [fnvOffset, fnvPrime] = [0x811c9dc5, 0x01000193]

function hashBytes(text: Uint8Array, start: number, end: number): number {
  let hash = fnvOffset
  for (let i = start; i < end; i++) hash = Math.imul(hash ^ text[i]!, fnvPrime)
  return hash >>> 0
}

/**
 * Gives ids to tokens as they come. Who walks a token's bytes hands over what the walk gives for nothing:
 * its FNV-1a, and its last eight bytes as two big-endian numbers, zeros before a shorter one: with the
 * length that is all there is of most words.
 */
export interface Words {
  /** Of text[start] .. text[end - 1], known or new. */
  idOf(
    text: Uint8Array,
    start: number,
    end: number,
    hash: number,
    low: number,
    high: number,
  ): number
  finish(): Vocabulary
}

/** Slots tried for one token; words made to collide go to a map, which hashes in secret. */
const maxProbes = 32
/** Numbers a slot: id + 1 (0: empty), the last eight bytes as `low` and `high`, the length. */
const slotSize = 4

export function createWords(): Words {
  const kept = createKept()
  const crowded = new Map<string, number>()
  /** At most half full. */
  let slots = new Int32Array(slotSize * 1_024)
  let lastSlot = slots.length - slotSize

  const slotOf = (hash: number): number => ((hash ^ (hash >>> 15)) * slotSize) & lastSlot

  function enlarge(): void {
    slots = new Int32Array(2 * slots.length)
    lastSlot = slots.length - slotSize
    for (let id = 0; id < kept.size(); id++) put(id)
  }
  function put(id: number): void {
    let slot = slotOf(kept.hashOf(id))
    for (let probes = 0; probes < maxProbes; probes++) {
      if (slots[slot] === 0) return fill(slot, id)
      slot = (slot + slotSize) & lastSlot
    }
    crowded.set(textOf(kept.bytesOf(id)), id)
  }
  function fill(slot: number, id: number): void {
    const token = kept.bytesOf(id)
    let [low, high] = [0, 0]
    for (const byte of token) {
      high = (high << 8) | (low >>> 24)
      low = (low << 8) | byte
    }
    slots.set([id + 1, low, high, token.length], slot)
  }
  function add(hash: number, text: Uint8Array, start: number, end: number): number {
    const id = kept.add(hash, text, start, end)
    if (2 * slotSize * kept.size() > slots.length) enlarge()
    else put(id)
    return id
  }

  return {
    idOf(text, start, end, hash, low, high) {
      const length = end - start
      let slot = slotOf(hash)
      for (let probes = 0; probes < maxProbes; probes++) {
        const id = slots[slot]! - 1
        if (id < 0) return add(hash, text, start, end)
        const isAlike =
          slots[slot + 1] === low && slots[slot + 2] === high && slots[slot + 3] === length
        if (isAlike && (length <= 8 || kept.isAt(id, text, start))) return id
        slot = (slot + slotSize) & lastSlot
      }
      return crowded.get(textOf(text.subarray(start, end))) ?? add(hash, text, start, end)
    },
    finish: () => kept.finish(),
  }
}

/** The words so far, without a way to find them. */
function createKept() {
  const bytes = createGrowing((size) => new Uint8Array(size))
  const ends = createGrowing((size) => new Int32Array(size))
  const hashes = createGrowing((size) => new Uint32Array(size))
  const startOf = (id: number): number => (id === 0 ? 0 : ends.all()[id - 1]!)
  const bytesOf = (id: number): Uint8Array => bytes.all().subarray(startOf(id), ends.all()[id])
  return {
    size: () => ends.length(),
    hashOf: (id: number): number => hashes.all()[id]!,
    bytesOf,
    /** Whether the word's bytes stand at text[start]. */
    isAt(id: number, text: Uint8Array, start: number): boolean {
      const [from, to, all] = [startOf(id), ends.all()[id]!, bytes.all()]
      for (let i = from, k = start; i < to; i++, k++) if (all[i] !== text[k]) return false
      return true
    },
    add(hash: number, text: Uint8Array, start: number, end: number): number {
      bytes.append(text.subarray(start, end))
      ends.push(bytes.length())
      hashes.push(hash)
      return ends.length() - 1
    },
    finish() {
      const given = hashes.take()
      const sorted = sortByKey(given, (a, b) => compareBytes(bytesOf(a), bytesOf(b)))
      return createVocabulary({
        bytes: bytes.take(),
        ends: ends.take(),
        sorted,
        hashes: Uint32Array.from(sorted, (id) => given[id]!),
      })
    },
  }
}

/** One character a byte: a key that is the same bytes on every platform. */
export function textOf(token: Uint8Array): string {
  let text = ''
  for (const byte of token) text += String.fromCharCode(byte)
  return text
}

/** The indexes of `keys` by key, equal keys by `compare`, which knows no two equal. */
export function sortByKey(
  keys: Uint32Array,
  compare: (a: number, b: number) => number,
): Int32Array {
  const pairs = BigUint64Array.from(keys, (key, i) => (BigInt(key) << 32n) | BigInt(i))
  pairs.sort()
  const halves = new Uint32Array(pairs.buffer)
  const isLittleEndian = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1
  const sorted = Int32Array.from(keys, (_, i) => halves[2 * i + (isLittleEndian ? 0 : 1)]!)
  for (let start = 0; start < sorted.length;) {
    let end = start + 1
    while (end < sorted.length && keys[sorted[end]!] === keys[sorted[start]!]) end++
    if (end - start > 1) sorted.set(sorted.slice(start, end).toSorted(compare), start)
    start = end
  }
  return sorted
}

type Numbers = Uint8Array | Int32Array | Uint32Array

/** A growing list of numbers: a fraction of what an array takes. */
export function createGrowing<list extends Numbers>(make: (size: number) => list) {
  let values = make(1_024)
  let length = 0
  const room = (more: number): list => {
    if (length + more > values.length) {
      const longer = make(Math.max(2 * values.length, length + more))
      longer.set(values.subarray(0, length))
      values = longer
    }
    return values
  }
  return {
    length: () => length,
    /** What is behind `length` means nothing. */
    all: () => values,
    /** The list with place for so many more, to be written directly; then `setLength`. */
    room,
    setLength: (now: number): void => void (length = now),
    push(value: number): void {
      room(1)[length++] = value
    },
    append(more: Uint8Array): void {
      room(more.length).set(more, length)
      length += more.length
    },
    take: (): list => values.slice(0, length) as list,
  }
}
