/**
 * Every table of the database: its prefix, its keys, its small values. A prefix byte opens each key;
 * numbers are big-endian, so key order is number order. Knows nothing of what reads or writes them.
 */
import { concat, fromHex, invariant, toHex, type Address, type Hex } from '../primitives/index.ts'

/** Raised with every change that older code cannot read or would damage. */
export const databaseVersion = 1

/** Table by prefix: what one entry holds. */
export const tables = {
  m: 'facts of the database: version, genesis hash, head, oldest state',
  a: 'account, newest version: keccak(address) -> version',
  s: 'storage slot, newest version: keccak(address) keccak(slot) -> version',
  h: 'earlier version of an account or slot: its key, count -> version',
  d: 'keys that a block changed: height -> keys with their counts',
  c: 'code: its hash -> bytes',
  t: 'account trie: path -> node',
  o: 'storage tries: keccak(address) path -> node',
  u: 'trie nodes that a block replaced: height -> keys with the nodes before',
  b: 'block: height -> RLP',
  r: 'receipts: height -> RLP list of EIP-2718 bytes',
  k: 'commit certificate, where validators decided: height -> bytes of consensus',
  n: 'senders by transaction: height -> addresses end to end',
  i: 'block number: block hash -> height',
  x: 'place of a transaction: its hash -> height, index',
  e: 'accounts set by hand before a block: height, index -> RLP (devnets)',
  q: 'run of empty blocks: first height -> count, interval, header (devnets)',
  g: 'hash before a group of a run: first height, group -> hash',
  y: 'hashes of a run, to be searched: first height, bucket -> entries',
  p: 'preimage of a hashed address or slot (devnets)',
  l: 'log index: position, item, height -> nothing',
  w: 'address index: appearances, creations, nonces by address (where it is kept)',
} as const
export type TableName = keyof typeof tables

const prefixOf = (table: TableName): Uint8Array => Uint8Array.of(table.charCodeAt(0))

/** Heights take 6 bytes: enough for nine million years of blocks a second. */
export const heightBytes = 6
/** Counts of versions and indexes take 4 bytes. */
export const countBytes = 4

export function fromCount(value: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length)
  writeCount(bytes, value, 0, length)
  return bytes
}

/** Writes a count in its place; big-endian, as `toCount` reads it. */
export function writeCount(bytes: Uint8Array, value: number, at: number, length: number): void {
  // The sentence is made where it is needed only: counts are written all day.
  if (!Number.isSafeInteger(value) || value < 0) invariant(false, `${value} is no count`)
  let rest = value
  for (let i = at + length - 1; i >= at; i--) {
    bytes[i] = rest % 256
    rest = Math.floor(rest / 256)
  }
}

export function toCount(bytes: Uint8Array, at: number, length: number): number {
  let value = 0
  for (let i = at; i < at + length; i++) value = value * 256 + (bytes[i] ?? 0)
  return value
}

export const fromHeight = (height: number): Uint8Array => fromCount(height, heightBytes)

export const keys = {
  fact: (name: 'version' | 'genesis' | 'head' | 'oldest' | 'runs' | 'indexed'): Uint8Array =>
    concat(prefixOf('m'), new TextEncoder().encode(name)),
  account: (addressHash: Uint8Array): Uint8Array => concat(prefixOf('a'), addressHash),
  slot: (addressHash: Uint8Array, slotHash: Uint8Array): Uint8Array =>
    concat(prefixOf('s'), addressHash, slotHash),
  /** `count` is the version's own: 1 for the first the key ever had. */
  version: (flatKey: Uint8Array, count: number): Uint8Array =>
    concat(prefixOf('h'), flatKey, fromCount(count, countBytes)),
  code: (hash: Hex): Uint8Array => concat(prefixOf('c'), fromHex(hash)),
  accountNode: (path: Uint8Array): Uint8Array => concat(prefixOf('t'), path),
  storageNode: (addressHash: Uint8Array, path: Uint8Array): Uint8Array =>
    concat(prefixOf('o'), addressHash, path),
  byHeight: (table: 'd' | 'u' | 'b' | 'r' | 'n' | 'k', height: number): Uint8Array =>
    concat(prefixOf(table), fromHeight(height)),
  /** `height` is that of the block the edits became, or will become, a part of. */
  edit: (height: number, index: number): Uint8Array =>
    concat(prefixOf('e'), fromHeight(height), fromCount(index, countBytes)),
  preimage: (hash: Uint8Array): Uint8Array => concat(prefixOf('p'), hash),
  quietRun: (from: number): Uint8Array => concat(prefixOf('q'), fromHeight(from)),
  quietAnchor: (from: number, group: number): Uint8Array =>
    concat(prefixOf('g'), fromHeight(from), fromCount(group, countBytes)),
  quietBucket: (from: number, bucket: number): Uint8Array =>
    concat(prefixOf('y'), fromHeight(from), Uint8Array.of(bucket)),
  blockNumber: (hash: Hex): Uint8Array => concat(prefixOf('i'), fromHex(hash)),
  transaction: (hash: Hex): Uint8Array => concat(prefixOf('x'), fromHex(hash)),
  log: (position: number, item: Uint8Array, height: number): Uint8Array =>
    concat(prefixOf('l'), Uint8Array.of(position), item, fromHeight(height)),
  /** `place` is an encoded `Place`. */
  appearance: (address: Uint8Array, place: Uint8Array): Uint8Array =>
    concat(prefixOf('w'), Uint8Array.of(0), address, place),
  creation: (contract: Uint8Array): Uint8Array => concat(prefixOf('w'), Uint8Array.of(1), contract),
  sent: (sender: Uint8Array, nonce: Uint8Array): Uint8Array =>
    concat(prefixOf('w'), Uint8Array.of(2), sender, nonce),
}

/** Bounds of a whole table, or of the part under `prefix`. */
export function tableRange(
  table: TableName,
  prefix: Uint8Array = new Uint8Array(0),
): { readonly gte: Uint8Array; readonly lt: Uint8Array } {
  const gte = concat(prefixOf(table), prefix)
  const lt = gte.slice()
  let last = lt.length - 1
  while (last >= 0 && lt[last] === 0xff) last--
  lt[last] = (lt[last] ?? 0) + 1
  return { gte, lt: lt.subarray(0, last + 1) }
}

/** One version of an account or slot: the `count`-th change of its key, made by block `height`. */
export interface Version<value> {
  /** 0: the key was never written. */
  readonly count: number
  /** -1: the key was never written. */
  readonly height: number
  readonly value: value
}

const versionHead = countBytes + heightBytes

/** count, height, then the value's bytes; no bytes: the key holds nothing. */
export function encodeVersion(version: Version<Uint8Array>): Uint8Array {
  const head = concat(fromCount(version.count, countBytes), fromHeight(version.height))
  return concat(head, version.value)
}

export const countOf = (version: Uint8Array): number => toCount(version, 0, countBytes)
export const heightOf = (version: Uint8Array): number => toCount(version, countBytes, heightBytes)
export const valueOf = (version: Uint8Array): Uint8Array => version.subarray(versionHead)

/** A flat key that a block changed, and the count of the version it made. */
export interface ChangedKey {
  readonly key: Uint8Array
  readonly count: number
  /** The version holds nothing. */
  readonly isEmpty: boolean
}

/** Written in place: a block may change more keys than a call takes arguments. */
export function encodeChangedKeys(list: readonly ChangedKey[]): Uint8Array {
  const bytes = new Uint8Array(
    list.reduce((length, { key }) => length + key.length + countBytes + 1, 0),
  )
  let at = 0
  for (const { key, count, isEmpty } of list) {
    bytes.set(key, at)
    bytes.set(fromCount(count, countBytes), at + key.length)
    at += key.length + countBytes + 1
    bytes[at - 1] = isEmpty ? 1 : 0
  }
  return bytes
}

const accountKeyLength = 33
const slotKeyLength = 65

export function* decodeChangedKeys(bytes: Uint8Array): Generator<ChangedKey> {
  for (let at = 0; at < bytes.length;) {
    const isAccount = bytes[at] === 'a'.charCodeAt(0)
    const end = at + (isAccount ? accountKeyLength : slotKeyLength)
    const next = end + countBytes + 1
    yield {
      key: bytes.slice(at, end),
      count: toCount(bytes, end, countBytes),
      isEmpty: bytes[next - 1] === 1,
    }
    at = next
  }
}

export interface Head {
  readonly height: number
  readonly hash: Hex
}
export const encodeHead = (head: Head): Uint8Array =>
  concat(fromHeight(head.height), fromHex(head.hash))
export const decodeHead = (bytes: Uint8Array): Head => ({
  height: toCount(bytes, 0, heightBytes),
  hash: toHex(bytes.subarray(heightBytes)),
})

export interface Place {
  readonly height: number
  readonly index: number
}
export const encodePlace = (place: Place): Uint8Array =>
  concat(fromHeight(place.height), fromCount(place.index, countBytes))
export const decodePlace = (bytes: Uint8Array): Place => ({
  height: toCount(bytes, 0, heightBytes),
  index: toCount(bytes, heightBytes, countBytes),
})

export const encodeSenders = (senders: readonly Address[]): Uint8Array =>
  concat(...senders.map(fromHex))
export const decodeSenders = (bytes: Uint8Array): Address[] =>
  Array.from({ length: bytes.length / 20 }, (_, i) => toHex(bytes.subarray(20 * i, 20 * i + 20)))
