/**
 * Bytes, hex and integers, and how one becomes the other. Knows no Ethereum structure; strict about
 * nothing but what the types say, so what comes from outside is checked by its decoder first.
 */
import { bytesToHex, concatBytes, hexToBytes } from '@noble/hashes/utils.js'

/** Bytes written as text: `0x` and an even number of lower-case digits. */
export type Hex = `0x${string}`
/** 20 bytes, always lower case inside the node. */
export type Address = Hex

export { concatBytes as concat }

/** From here on Node's own conversion is quicker than a loop, where there is one (not in a browser). */
const longBytes = 64
const hasBuffer = typeof Buffer !== 'undefined'

export function toHex(bytes: Uint8Array): Hex {
  if (!hasBuffer || bytes.length < longBytes) return `0x${bytesToHex(bytes)}`
  return `0x${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex')}`
}

/** Throws for what is no hex. */
export function fromHex(hex: Hex): Uint8Array {
  const digits = hex.slice(2)
  if (!hasBuffer || digits.length < 2 * longBytes || digits.length % 2 !== 0)
    return hexToBytes(digits)
  const bytes = new Uint8Array(digits.length / 2)
  // Node stops at the first digit that is none; the loop says which.
  const written = Buffer.from(bytes.buffer).write(digits, 'hex')
  return written === bytes.length ? bytes : hexToBytes(digits)
}

/** Big-endian bytes to integer; no bytes are 0. */
export const toBigInt = (bytes: Uint8Array): bigint =>
  bytes.length === 0 ? 0n : BigInt(toHex(bytes))

/** Integer to big-endian bytes without leading zeros, as RLP wants it; 0 is no bytes. */
export function fromBigInt(value: bigint): Uint8Array {
  if (value === 0n) return new Uint8Array(0)
  const digits = value.toString(16)
  return hexToBytes(digits.length % 2 === 0 ? digits : `0${digits}`)
}

/** Integer to exactly `length` big-endian bytes. Throws RangeError when it does not fit. */
export function toFixedBytes(value: bigint, length: number): Uint8Array {
  const digits = value.toString(16)
  if (value < 0n || digits.length > length * 2)
    throw new RangeError(`${digits} does not fit in ${length} bytes`)
  return hexToBytes(digits.padStart(length * 2, '0'))
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
