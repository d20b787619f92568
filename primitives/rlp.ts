/**
 * RLP (Yellow Paper, appendix B): encoding, and decoding that accepts only the one canonical form.
 * Decoding is @ethereumjs/rlp's, narrowed to bytes and to a thrown `RlpError`, which decoders of larger
 * things turn into a verdict; encoding is our own, several times faster: votes are encoded all day.
 */
import { RLP, type Decoded } from '@ethereumjs/rlp'
import { fromBigInt, type Hex, passingBytes, toBigInt, writeHex } from './bytes.ts'
import { invariant } from './errors.ts'

export type RlpItem = Uint8Array | readonly RlpItem[]
/**
 * What is to be encoded; hex and integers, which are not negative, go where they belong without being
 * bytes of their own before.
 */
export type RlpInput = Uint8Array | Hex | number | bigint | readonly RlpInput[]

export const encodeRlp = (item: RlpInput): Uint8Array => encodeBehind(0, item, newBytes)

/** What is sent or logged and then forgotten (`passingBytes`), behind so many zeros. */
export const encodePassingRlp = (item: RlpInput, zeros = 0): Uint8Array =>
  encodeBehind(zeros, item, passingBytes)

const newBytes = (length: number): Uint8Array => new Uint8Array(length)

/** Two passes, sizes and then bytes, so that a list in a list is copied once. */
function encodeBehind(
  at: number,
  item: RlpInput,
  make: (length: number) => Uint8Array,
): Uint8Array {
  const sizes: number[] = []
  const bytes = make(at + measure(item, sizes))
  write(item, { bytes, at, sizes, list: 0 })
  return bytes
}

/** Bytes of an item with its header; notes the content's size of each list, outer before inner. */
function measure(item: RlpInput, sizes: number[]): number {
  if (typeof item === 'string')
    return isShort(item) ? 1 : hexBytes(item) + headerBytes(hexBytes(item))
  if (item instanceof Uint8Array)
    return item.length === 1 && (item[0] ?? 0) < 0x80 ? 1 : headerBytes(item.length) + item.length
  if (typeof item === 'number') {
    invariant(Number.isSafeInteger(item) && item >= 0, 'RLP has natural numbers')
    return item < 0x80 ? 1 : 1 + integerBytes(item)
  }
  if (typeof item === 'bigint')
    return isSafe(item) ? measure(Number(item), sizes) : measure(fromBigInt(item), sizes)
  const list = sizes.push(0) - 1
  let size = 0
  for (const each of item) size += measure(each, sizes)
  sizes[list] = size
  return headerBytes(size) + size
}

const hexBytes = (hex: Hex): number => hex.length / 2 - 1
/** A byte that is its own header. */
const isShort = (hex: Hex): boolean => hex.length === 4 && hex < '0x8'

const isSafe = (value: bigint): boolean => value <= maxSafe
const maxSafe = BigInt(Number.MAX_SAFE_INTEGER)

/** Of a number without leading zeros. */
function integerBytes(value: number): number {
  let length = 0
  for (let rest = value; rest >= 1; rest /= 256) length++
  return length
}

const headerBytes = (size: number): number => (size < 56 ? 1 : 1 + lengthBytes(size))

/** Of a size as a number without leading zeros. */
const lengthBytes = (size: number): number => Math.ceil((32 - Math.clz32(size)) / 8)

interface Writing {
  readonly bytes: Uint8Array
  readonly sizes: readonly number[]
  at: number
  /** The next list's place in `sizes`. */
  list: number
}

function write(item: RlpInput, to: Writing): void {
  if (typeof item === 'string') {
    if (!isShort(item)) writeHeader(0x80, hexBytes(item), to)
    to.at = writeHex(item, to.bytes, to.at)
    return
  }
  if (item instanceof Uint8Array) {
    const isItsOwnHeader = item.length === 1 && (item[0] ?? 0) < 0x80
    if (!isItsOwnHeader) writeHeader(0x80, item.length, to)
    to.bytes.set(item, to.at)
    to.at += item.length
    return
  }
  if (typeof item === 'number') return writeInteger(item, to)
  if (typeof item === 'bigint')
    return isSafe(item) ? writeInteger(Number(item), to) : write(fromBigInt(item), to)
  writeHeader(0xc0, to.sizes[to.list++] ?? 0, to)
  for (const each of item) write(each, to)
}

function writeInteger(value: number, to: Writing): void {
  const length = integerBytes(value)
  if (value === 0 || value >= 0x80) writeHeader(0x80, length, to)
  for (let rest = value, i = to.at + length - 1; i >= to.at; i--) {
    to.bytes[i] = rest % 256
    rest = Math.floor(rest / 256)
  }
  to.at += length
}

function writeHeader(first: number, size: number, to: Writing): void {
  if (size < 56) {
    to.bytes[to.at++] = first + size
    return
  }
  const length = lengthBytes(size)
  to.bytes[to.at++] = first + 55 + length
  for (let shift = 8 * (length - 1); shift >= 0; shift -= 8) to.bytes[to.at++] = size >>> shift
}

/** Deepest nesting read: a storage key in a block's access list stands in six lists. */
const maxDepth = 8

/**
 * Throws RlpError for anything but one canonical item with nothing behind it, in geth's words, and
 * for lists in more than 8 lists: the library copies each level and recurses without bound.
 */
export function decodeRlp(bytes: Uint8Array): RlpItem {
  if (bytes.length === 0) throw new RlpError(tooShort)
  if (scanItem(bytes) < bytes.length) throw new RlpError('input contains more than one value')
  return decodeScanned(bytes).data
}

/** Splits RLP items that stand one after the other, as in geth's `chain.rlp`. */
export function* decodeRlpStream(bytes: Uint8Array): Generator<RlpItem> {
  let rest = bytes
  while (rest.length > 0) {
    const end = scanItem(rest)
    yield decodeScanned(rest.subarray(0, end)).data
    rest = rest.subarray(end)
  }
}

/** Bytes of the first item in all, told by at most its first nine. Throws RlpError. */
export const rlpItemBytes = (first: Uint8Array): number =>
  headerAt(first, 0, Number.MAX_SAFE_INTEGER).end

/** Content of an item whose bytes are known to be canonical: what we stored ourselves. */
export function rlpPayload(item: Uint8Array): Uint8Array {
  const { start, end } = headerAt(item, 0, item.length)
  return item.subarray(start, end)
}

/** The items of a list, each with its header, copied and decoded nowhere. Throws RlpError. */
export function rlpSlices(list: Uint8Array): Uint8Array[] {
  const slices: Uint8Array[] = []
  const { start, end } = headerAt(list, 0, list.length)
  for (let at = start; at < end;) {
    const item = headerAt(list, at, end)
    if (item.end > end) throw new RlpError('element is larger than containing list')
    slices.push(list.subarray(at, item.end))
    at = item.end
  }
  return slices
}

function decodeScanned(bytes: Uint8Array): Decoded {
  try {
    return RLP.decode(bytes, true)
  } catch (cause) {
    throw new RlpError('not canonical', cause)
  }
}

const tooShort = 'value size exceeds available input length'

/** End of the item at the start of `bytes`, all headers in it checked; linear, copies nothing. */
function scanItem(bytes: Uint8Array): number {
  /** Ends of the lists around `at`. */
  const ends: number[] = []
  let at = 0
  do {
    const end = ends.at(-1) ?? bytes.length
    const item = headerAt(bytes, at, end)
    if (item.end > end)
      throw new RlpError(ends.length === 0 ? tooShort : 'element is larger than containing list')
    if (item.isList) {
      if (ends.length === maxDepth) throw new RlpError(`lists nested deeper than ${maxDepth}`)
      ends.push(item.end)
      at = item.start
    } else at = item.end
    while (ends.at(-1) === at) ends.pop()
  } while (ends.length > 0)
  return at
}

/** Where the item at `at` has its content; only a header within `end` is looked at. */
function headerAt(bytes: Uint8Array, at: number, end: number) {
  const first = bytes[at] ?? 0
  const isList = first >= 0xc0
  if (first < 0x80) return { isList, start: at, end: at + 1 }
  const short = first - (isList ? 0xc0 : 0x80)
  if (short < 56) {
    const isByte = !isList && short === 1 && at + 1 < end && (bytes[at + 1] ?? 0) < 0x80
    if (isByte) throw new RlpError(notCanonical)
    return { isList, start: at + 1, end: at + 1 + short }
  }
  const start = at + 1 + short - 55
  if (start > end) return { isList, start, end: start }
  let size = 0
  for (let i = at + 1; i < start; i++) size = size * 256 + (bytes[i] ?? 0)
  if (bytes[at + 1] === 0 || size < 56) throw new RlpError(notCanonical)
  return { isList, start, end: start + size }
}

const notCanonical = 'non-canonical size information'

/** Reads a decoded item as a list of `length` items. */
export function asList(
  item: RlpItem | undefined,
  what: string,
  length?: number,
): readonly RlpItem[] {
  if (item === undefined || item instanceof Uint8Array) throw new RlpError(`${what} is not a list`)
  if (length !== undefined && item.length !== length)
    throw new RlpError(`${what} has ${item.length} items, not ${length}`)
  return item
}

/** Reads a decoded item as bytes, of exactly `length` where given. */
export function asBytes(item: RlpItem | undefined, what: string, length?: number): Uint8Array {
  if (!(item instanceof Uint8Array)) throw new RlpError(`${what} is not bytes`)
  if (length !== undefined && item.length !== length)
    throw new RlpError(`${what} has ${item.length} bytes, not ${length}`)
  return item
}

/** Reads a decoded item as an integer of at most `maxBytes`, without leading zeros. */
export function asInteger(item: RlpItem | undefined, what: string, maxBytes = 32): bigint {
  const bytes = asBytes(item, what)
  if (bytes.length > maxBytes) throw new RlpError(`${what} is longer than ${maxBytes} bytes`)
  if (bytes[0] === 0) throw new RlpError(`${what} has leading zeros`)
  return toBigInt(bytes)
}

/** The bytes are not what the schema says; the message names the field. */
export class RlpError extends Error {
  override readonly name = 'RlpError'
  constructor(message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
  }
}
