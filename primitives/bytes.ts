/**
 * Bytes, hex and integers, and how one becomes the other. Knows no Ethereum structure; strict about
 * nothing but what the types say, so what comes from outside is checked by its decoder first.
 */
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js'

/** Bytes written as text: `0x` and an even number of lower-case digits. */
export type Hex = `0x${string}`
/** 20 bytes, always lower case inside the node. */
export type Address = Hex

export function concat(...arrays: readonly Uint8Array[]): Uint8Array {
  let length = 0
  for (const array of arrays) length += array.length
  const whole = new Uint8Array(length)
  let at = 0
  for (const array of arrays) {
    whole.set(array, at)
    at += array.length
  }
  return whole
}

/** Of this size a buffer is shared, so large that few are made and so small that a forgotten rest is little. */
const sharedBytes = 16_384
/** The one that is being given out, piece by piece, and none twice: the only thing here that changes. */
let shared = new ArrayBuffer(sharedBytes)
let sharedAt = 0

/**
 * Zeros to write what is sent, logged or hashed and then forgotten: short ones share a buffer, since one of
 * its own costs ten times as much to make and to give back. Not for what is kept, or handed to a thread.
 */
export function passingBytes(length: number): Uint8Array {
  if (length > sharedBytes / 8) return new Uint8Array(length)
  if (sharedAt + length > sharedBytes) {
    shared = new ArrayBuffer(sharedBytes)
    sharedAt = 0
  }
  const bytes = new Uint8Array(shared, sharedAt, length)
  sharedAt += length
  return bytes
}

/** Node's own conversion has its price a call and is cheap a byte; a browser has only the loop. */
const hasBuffer = typeof Buffer !== 'undefined'
const longToHex = 20
const longFromHex = 128
/** Hashes and seals are copied here first: a view of each would cost more than its digits. */
const scratch = hasBuffer ? Buffer.alloc(1_024) : undefined

export function toHex(bytes: Uint8Array): Hex {
  if (!scratch || bytes.length < longToHex) return `0x${bytesToHex(bytes)}`
  if (bytes.length > scratch.length)
    return `0x${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex')}`
  scratch.set(bytes)
  return `0x${scratch.toString('hex', 0, bytes.length)}`
}

/** By character code; what is no digit has a bit that no digit has. */
const noDigit = 0x100
const digitValues = Uint16Array.from({ length: 128 }, (_, code) => {
  const digit = '0123456789abcdef'.indexOf(String.fromCharCode(code).toLowerCase())
  return digit < 0 ? noDigit : digit
})

/** Throws for what is no hex. */
export function fromHex(hex: Hex): Uint8Array {
  const length = hex.length / 2 - 1
  if (!Number.isInteger(length) || length < 0) return hexToBytes(hex.slice(2))
  const bytes = new Uint8Array(length)
  if (!hasBuffer || length < longFromHex) writeHex(hex, bytes, 0)
  // Node stops at the first digit that is none; the library's loop says which that is.
  else if (Buffer.from(bytes.buffer).write(hex.slice(2), 'hex') !== length)
    return hexToBytes(hex.slice(2))
  return bytes
}

/** Writes what `hex` stands for in its place, and answers where that ends. Throws for what is no hex. */
export function writeHex(hex: Hex, bytes: Uint8Array, at: number): number {
  const end = at + hex.length / 2 - 1
  let seen = 0
  for (let to = at, from = 2; to < end; to++, from += 2) {
    const value =
      ((digitValues[hex.charCodeAt(from)] ?? noDigit) << 4) |
      (digitValues[hex.charCodeAt(from + 1)] ?? noDigit)
    seen |= value
    bytes[to] = value
  }
  if (seen >= noDigit || !Number.isInteger(end)) hexToBytes(hex.slice(2)) // says what is wrong
  return end
}

/** Integers of so many bytes are exact as numbers, which are ten times quicker than digits. */
const numberBytes = 6

/** Big-endian bytes to integer; no bytes are 0. */
export function toBigInt(bytes: Uint8Array): bigint {
  if (bytes.length === wordBytes) return wordIn(bytes)
  if (bytes.length > numberBytes) return BigInt(toHex(bytes))
  let value = 0
  for (let i = 0; i < bytes.length; i++) value = value * 256 + (bytes[i] ?? 0)
  return BigInt(value)
}

/** Words are what an EVM is made of: theirs go eight bytes at a time, without the detour through text. */
const wordBytes = 32
const word = new Uint8Array(wordBytes)
const wordView = new DataView(word.buffer)

function wordIn({ buffer, byteOffset }: Uint8Array): bigint {
  const view = new DataView(buffer, byteOffset, wordBytes)
  const high = (view.getBigUint64(0) << 64n) | view.getBigUint64(8)
  const low = (view.getBigUint64(16) << 64n) | view.getBigUint64(24)
  return high === 0n ? low : (high << 128n) | low
}

/** Undefined when it does not fit. */
function wordOf(value: bigint): Uint8Array | undefined {
  if (BigInt.asUintN(8 * wordBytes, value) !== value) return undefined
  const high = value >> 128n
  wordView.setBigUint64(0, high >> 64n)
  wordView.setBigUint64(8, high) // the lowest 64 bits
  wordView.setBigUint64(16, value >> 64n)
  wordView.setBigUint64(24, value)
  return word.slice()
}

/** Integer to big-endian bytes without leading zeros, as RLP wants it; 0 is no bytes. */
export function fromBigInt(value: bigint): Uint8Array {
  if (value >= 0n && value < 0x1_0000_0000_0000n) return fromNumber(Number(value))
  const digits = value.toString(16)
  return hexToBytes(digits.length % 2 === 0 ? digits : `0${digits}`)
}

function fromNumber(value: number): Uint8Array {
  let length = 0
  for (let rest = value; rest >= 1; rest /= 256) length++
  const bytes = new Uint8Array(length)
  for (let rest = value, i = length - 1; i >= 0; i--) {
    bytes[i] = rest % 256
    rest = Math.floor(rest / 256)
  }
  return bytes
}

/** Integer to exactly `length` big-endian bytes. Throws RangeError when it does not fit. */
export function toFixedBytes(value: bigint, length: number): Uint8Array {
  const whole = length === wordBytes ? wordOf(value) : undefined
  if (whole) return whole
  const digits = value.toString(16)
  if (value < 0n || digits.length > length * 2)
    throw new RangeError(`${digits} does not fit in ${length} bytes`)
  return fromHex(`0x${digits.padStart(length * 2, '0')}`)
}

/** Integer to 32-byte hex, the spelling of a storage slot or an EVM word. */
export const toWord = (value: bigint): Hex => `0x${value.toString(16).padStart(64, '0')}`

/** Orders byte strings as unsigned numbers of the same length are ordered; a prefix comes first. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const common = Math.min(a.length, b.length)
  for (let i = 0; i < common; i++) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0)
    if (difference !== 0) return difference
  }
  return a.length - b.length
}

export const equalBytes = (a: Uint8Array, b: Uint8Array): boolean =>
  a.length === b.length && compareBytes(a, b) === 0

/** Orders lower-case hex of equal length, and plain ASCII: by code unit, never by locale. */
export const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
