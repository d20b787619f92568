/**
 * One node of a Merkle-Patricia trie (Yellow Paper, appendix D) and its bytes. What is stored is the
 * node's own RLP, so a record is also a proof element and its hash is what the parent refers to.
 * Values inside branches do not exist here: all keys have one length. Reads and writes nothing.
 */
import { fromHex, keccak256, NodeError, toHex } from '../primitives/index.ts'

/**
 * Place of a node: the nibbles from the root to it, one lower-case hex digit each, '' for the root.
 * Unlike packed bytes it cannot confuse `1` with `01`, and text order is key order.
 */
export type TriePath = string

/**
 * How a parent names a child, as the RLP item that stands in the parent: the child itself when its
 * RLP is shorter than 32 bytes, else 0xa0 and its keccak256.
 */
export type Reference = Uint8Array

export type Leaf = {
  readonly type: 'leaf'
  /** Nibbles from the leaf's place to the end of the key. */
  readonly path: TriePath
  readonly value: Uint8Array
}
export type Extension = {
  readonly type: 'extension'
  /** At least one nibble; the child, always a branch, stands behind them. */
  readonly path: TriePath
  readonly child: Reference
}
export type Branch = {
  readonly type: 'branch'
  /** 16, by next nibble; at least two are there. */
  readonly children: readonly (Reference | undefined)[]
}
export type TrieNode = Leaf | Extension | Branch

const hashBytes = 32
const digits = '0123456789abcdef'

/** The next nibble as text. */
export const digitOf = (nibble: number): TriePath => digits.charAt(nibble)

/** The nibble at `index` of a path or key. */
export function nibbleAt(path: TriePath, index: number): number {
  const code = path.charCodeAt(index)
  return code < 58 ? code - 48 : code - 87
}

export const bytesToPath = (key: Uint8Array): TriePath => toHex(key).slice(2)
/** The opposite of `bytesToPath`; an even number of nibbles only. */
export const pathToBytes = (path: TriePath): Uint8Array => fromHex(`0x${path}`)

/**
 * A path as a compact database key: the count of nibbles, then two nibbles a byte, an odd last one
 * followed by 0. Sorted by depth first, so the much-read top of the trie lies together on disk.
 */
export function packPath(path: TriePath): Uint8Array {
  const odd = path.length % 2 === 0 ? '' : '0'
  return fromHex(`0x${path.length.toString(16).padStart(2, '0')}${path}${odd}`)
}

/** The opposite of `packPath`. Throws NodeError TRIE_CORRUPT for a key that `packPath` never makes. */
export function unpackPath(key: Uint8Array): TriePath {
  const path = bytesToPath(key.subarray(1)).slice(0, key[0])
  const packed = packPath(path)
  if (packed.length !== key.length || packed.some((byte, i) => byte !== key[i]))
    throw new NodeError('TRIE_CORRUPT', 'a trie key is not a packed path', { key: toHex(key) })
  return path
}

/** What a parent writes for a child with this RLP. */
export function referTo(encoded: Uint8Array): Reference {
  if (encoded.length < hashBytes) return encoded
  const reference = new Uint8Array(1 + hashBytes)
  reference[0] = 0x80 + hashBytes
  reference.set(keccak256(encoded), 1)
  return reference
}

/** Whether the child stands inside its parent, so that a proof does not list it again. */
export const isInlined = (reference: Reference): boolean => reference.length < 1 + hashBytes

/** The node's RLP, in one array of the exact size. */
export function encodeNode(node: TrieNode): Uint8Array {
  if (node.type === 'branch') return encodeList(node.children, 1)
  const path = encodeItem(packFlagged(node.path, node.type === 'leaf'))
  return encodeList([path, node.type === 'leaf' ? encodeItem(node.value) : node.child], 0)
}

/** Reads a stored record; `at` names it in the error. Throws NodeError TRIE_CORRUPT. */
export function decodeNode(record: Uint8Array, at: TriePath): TrieNode {
  const items = splitList(record)
  const [head, second] = items ?? []
  if (items?.length === 17) return { type: 'branch', children: items.slice(0, 16).map(orAbsent) }
  if (items?.length !== 2 || !head || !second)
    throw new NodeError('TRIE_CORRUPT', 'a record of the trie is not a node', { path: at })
  const flagged = bytesToPath(payloadOf(head))
  const flag = nibbleAt(flagged, 0)
  const path = flagged.slice(flag % 2 === 0 ? 2 : 1)
  return flag < 2
    ? { type: 'extension', path, child: second }
    : { type: 'leaf', path, value: payloadOf(second) }
}

const orAbsent = (item: Uint8Array): Reference | undefined =>
  item.length === 1 && item[0] === 0x80 ? undefined : item

/** Nibbles behind a flag for leaf and odd length (Yellow Paper, appendix C). */
function packFlagged(path: TriePath, isLeaf: boolean): Uint8Array {
  const flag = (isLeaf ? 2 : 0) + (path.length % 2)
  return pathToBytes(path.length % 2 === 0 ? `${flag}0${path}` : `${flag}${path}`)
}

function encodeItem(bytes: Uint8Array): Uint8Array {
  if (bytes.length === 1 && (bytes[0] ?? 0) < 0x80) return bytes
  const headBytes = headLength(bytes.length)
  const item = new Uint8Array(headBytes + bytes.length)
  writeHead(item, 0x80, bytes.length)
  item.set(bytes, headBytes)
  return item
}

/** A list of encoded items, absent ones and `emptyTail` more at the end being empty strings. */
function encodeList(items: readonly (Uint8Array | undefined)[], emptyTail: number): Uint8Array {
  let length = emptyTail
  for (const item of items) length += item ? item.length : 1
  let offset = headLength(length)
  const list = new Uint8Array(offset + length)
  writeHead(list, 0xc0, length)
  for (const item of items) {
    if (item) list.set(item, offset)
    else list[offset] = 0x80
    offset += item ? item.length : 1
  }
  return list.fill(0x80, offset)
}

/** Bytes of an RLP head; payloads here stay under 2^32 bytes. */
const headLength = (length: number): number =>
  length < 56 ? 1 : length < 0x100 ? 2 : length < 0x10000 ? 3 : length < 0x1000000 ? 4 : 5

function writeHead(target: Uint8Array, base: number, length: number): void {
  const lengthBytes = headLength(length) - 1
  target[0] = lengthBytes === 0 ? base + length : base + 55 + lengthBytes
  for (let i = lengthBytes, rest = length; i > 0; i--, rest >>>= 8) target[i] = rest & 0xff
}

/** Where the item at `offset` begins its payload and where it ends. */
function spanOf(bytes: Uint8Array, offset: number): readonly [start: number, end: number] {
  const first = bytes[offset] ?? 0
  if (first < 0x80) return [offset, offset + 1]
  const short = first < 0xc0 ? first - 0x80 : first - 0xc0
  if (short < 56) return [offset + 1, offset + 1 + short]
  const start = offset + 1 + short - 55
  let length = 0
  for (let i = offset + 1; i < start; i++) length = length * 0x100 + (bytes[i] ?? 0)
  return [start, start + length]
}

const payloadOf = (item: Uint8Array): Uint8Array => item.subarray(...spanOf(item, 0))

/** The items of a list, heads included; undefined when the bytes are not exactly one list. */
function splitList(bytes: Uint8Array): Uint8Array[] | undefined {
  if ((bytes[0] ?? 0) < 0xc0) return undefined
  const [start, end] = spanOf(bytes, 0)
  if (end !== bytes.length) return undefined
  const items: Uint8Array[] = []
  let offset = start
  while (offset < end) {
    const next = spanOf(bytes, offset)[1]
    if (next > end) return undefined
    items.push(bytes.subarray(offset, next))
    offset = next
  }
  return items
}
