/**
 * A frame's memory for straight-steps.ts: what it costs to reach further, and words read and written
 * eight bytes at a time. The bytes are the library's own; nothing here fails but for want of gas.
 */
import { setMemoryBytes } from './library-insides.ts'
import type { Stretch } from './straight-steps.ts'

/** Further than any gas reaches: 2^26 words cost 8 * 10^12. Below it doubles count the cost exactly. */
const mostBytes = 1n << 31n

/** Gas of that many words of memory in all (Yellow Paper, appendix H, C_mem). */
export const memoryCost = (words: number): number => words * 3 + Math.floor((words * words) / 512)

/**
 * What is left of `gas` once memory reaches `offset + size` and `perWord` is paid for each word of `size`;
 * negative: it is not enough, and nothing has changed.
 */
export function expand(
  at: Stretch,
  gas: number,
  offset: bigint,
  size: bigint,
  perWord = 0,
): number {
  if (size === 0n) return gas
  const end = offset + size
  if (end > mostBytes) return -1
  const bytes = Number(end)
  const words = Math.ceil(bytes / 32)
  const left = gas - perWord * Math.ceil(Number(size) / 32)
  const more = words > at.words ? memoryCost(words) - memoryCost(at.words) : 0
  if (left < more) return -1
  if (more > 0) at.words = words
  // The library pays for a call's output before there is room for it.
  reach(at, words * 32)
  return left - more
}

/** Doubles: the library adds 8 KiB at a time and copies all of it each time. */
function reach(at: Stretch, sizeBytes: number): void {
  const { bytes } = at
  if (sizeBytes <= bytes.length) return
  at.bytes = new Uint8Array(Math.max(sizeBytes, bytes.length * 2))
  at.bytes.set(bytes)
  at.view = undefined
  setMemoryBytes(at.state, at.bytes)
}

const viewOf = (at: Stretch): DataView => {
  const { buffer, byteOffset, length } = at.bytes
  return (at.view ??= new DataView(buffer, byteOffset, length))
}

export const readWord = (at: Stretch, offset: number): bigint => wordIn(viewOf(at), offset)

const wordIn = (view: DataView, offset: number): bigint => {
  const high = (view.getBigUint64(offset) << 64n) | view.getBigUint64(offset + 8)
  const low = (view.getBigUint64(offset + 16) << 64n) | view.getBigUint64(offset + 24)
  return high === 0n ? low : (high << 128n) | low
}

export function writeWord(at: Stretch, offset: number, value: bigint): void {
  const view = viewOf(at)
  const high = value >> 128n
  view.setBigUint64(offset, high >> 64n)
  view.setBigUint64(offset + 8, high) // the lowest 64 bits
  view.setBigUint64(offset + 16, value >> 64n)
  view.setBigUint64(offset + 24, value)
}

/** 32 bytes as a word. */
export const wordOf = (bytes: Uint8Array): bigint =>
  wordIn(new DataView(bytes.buffer, bytes.byteOffset, 32), 0)

/** The word at `offset` of data that is zero beyond its end. */
export function wordAt(data: Uint8Array, offset: bigint): bigint {
  if (offset >= BigInt(data.length)) return 0n
  const start = Number(offset)
  if (start + 32 <= data.length) return wordOf(data.subarray(start))
  const whole = new Uint8Array(32)
  whole.set(data.subarray(start))
  return wordOf(whole)
}
