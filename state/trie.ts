/**
 * The Merkle-Patricia trie, stored by path: every node, inlined ones too, has one record at its
 * place, overwritten when it changes and deleted when it goes, so there is never garbage. A pure
 * function from stored records and changed entries to the new root and the records to write; keeps
 * no cache (the port does) and writes nothing (the caller's batch does).
 */
import {
  assertNever,
  emptyTrieRoot,
  equalBytes,
  type Hex,
  invariant,
  keccakHex,
  NodeError,
} from '../primitives/index.ts'
import {
  type Branch,
  bytesToPath,
  decodeNode,
  digitOf,
  encodeNode,
  type Extension,
  type Leaf,
  nibbleAt,
  pathToBytes,
  type Reference,
  referTo,
  type TrieNode,
  type TriePath,
} from './trie-node.ts'

export { packPath, type TriePath, unpackPath } from './trie-node.ts'

/** The stored records of one trie. Records are only read: handing out cached arrays is fine. */
export interface TrieNodes {
  get(path: TriePath): Uint8Array | undefined
}

/** Records to write; undefined deletes. At most one write a path, none that changes nothing. */
export type TrieWrites = ReadonlyMap<TriePath, Uint8Array | undefined>

export interface TrieUpdate {
  readonly root: Hex
  readonly writes: TrieWrites
}

/** Bytes of every key: a keccak256. */
const keyBytes = 32

/**
 * The trie after `entries` (32-byte key, value; undefined deletes) are laid over the stored one.
 * The last entry of a key counts; deleting what is absent does nothing. Loads each node on the way
 * to a changed key once, and hashes each changed node once. Throws NodeError TRIE_CORRUPT when a
 * record is missing or unreadable; an empty value or a key of another length breaks an invariant.
 */
export function updateTrie(
  nodes: TrieNodes,
  entries: Iterable<readonly [Uint8Array, Uint8Array | undefined]>,
): TrieUpdate {
  const work: Work = { nodes, writes: new Map() }
  const record = nodes.get('')
  const old = record && decodeNode(record, '')
  const next = updateNode(work, '', old, sortEntries(entries))
  if (next === old) return { root: record ? keccakHex(record) : emptyTrieRoot, writes: work.writes }
  if (!next) {
    erase(work, '')
    return { root: emptyTrieRoot, writes: work.writes }
  }
  const encoded = encodeNode(next)
  work.writes.set('', encoded)
  return { root: keccakHex(encoded), writes: work.writes }
}

/** Root of the stored trie. */
export function rootOf(nodes: TrieNodes): Hex {
  const record = nodes.get('')
  return record ? keccakHex(record) : emptyTrieRoot
}

/** Every [key, value] in key order. Do not write between two steps. Throws NodeError TRIE_CORRUPT. */
export function* walkTrie(nodes: TrieNodes): Generator<readonly [Uint8Array, Uint8Array]> {
  for (const [at, node] of walkNodes(nodes))
    if (node.type === 'leaf') yield [pathToBytes(at + node.path), node.value]
}

/** Every node with its place, a parent before its children, in key order. */
export function* walkNodes(nodes: TrieNodes): Generator<readonly [TriePath, TrieNode]> {
  const open: TriePath[] = nodes.get('') ? [''] : []
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    const node = loadNode(nodes, at)
    yield [at, node]
    if (node.type === 'extension') open.push(at + node.path)
    if (node.type === 'branch')
      for (let nibble = 15; nibble >= 0; nibble--)
        if (node.children[nibble]) open.push(at + digitOf(nibble))
  }
}

/** The record at a place where one must be. Throws NodeError TRIE_CORRUPT. */
export function loadRecord(nodes: TrieNodes, at: TriePath): Uint8Array {
  const record = nodes.get(at)
  if (record) return record
  throw new NodeError('TRIE_CORRUPT', 'a node of the trie is missing', { path: at })
}

const loadNode = (nodes: TrieNodes, at: TriePath): TrieNode => decodeNode(loadRecord(nodes, at), at)

interface Entry {
  readonly key: TriePath
  readonly value: Uint8Array | undefined
}
interface Put extends Entry {
  readonly value: Uint8Array
}

/** What one update reads from and writes to. */
interface Work {
  readonly nodes: TrieNodes
  readonly writes: Map<TriePath, Uint8Array | undefined>
}

/** By key, one entry each. */
function sortEntries(
  entries: Iterable<readonly [Uint8Array, Uint8Array | undefined]>,
): readonly Entry[] {
  const byKey = new Map<TriePath, Uint8Array | undefined>()
  for (const [key, value] of entries) {
    invariant(key.length === keyBytes, 'a trie key is 32 bytes')
    invariant(value?.length !== 0, 'a trie value is not empty; undefined deletes')
    byKey.set(bytesToPath(key), value)
  }
  const sorted = Array.from(byKey, ([key, value]) => ({ key, value }))
  return sorted.toSorted((a, b) => (a.key < b.key ? -1 : 1))
}

/*
 * The functions below return the node that now belongs at `at`, its descendants written, itself not:
 * only the caller knows whether it stays there or melts into its parent. The same object means
 * nothing changed. So the record at `at` is the caller's to write or to delete.
 */

function updateNode(
  work: Work,
  at: TriePath,
  node: TrieNode | undefined,
  entries: readonly Entry[],
): TrieNode | undefined {
  if (!node) return buildNode(work, at, entries.filter(isPut))
  switch (node.type) {
    case 'leaf':
      return updateLeaf(work, at, node, entries)
    case 'extension':
      return updateExtension(work, at, node, entries)
    case 'branch':
      return updateBranch(work, at, node, entries)
    default:
      return assertNever(node)
  }
}

/** A subtree where nothing was: one leaf, or a branch, behind an extension for what all keys share. */
function buildNode(work: Work, at: TriePath, puts: readonly Put[]): TrieNode | undefined {
  const [first, last] = [puts[0], puts.at(-1)]
  if (!first || !last) return undefined
  if (first === last) return { type: 'leaf', path: first.key.slice(at.length), value: first.value }
  const shared = sharedLength(first.key, last.key, at.length)
  const branchAt = first.key.slice(0, shared)
  const children = emptyChildren()
  for (const [nibble, below] of groupByNibble(puts, shared)) {
    const childAt = branchAt + digitOf(nibble)
    const child = buildNode(work, childAt, below)
    if (child) children[nibble] = saveNode(work, childAt, child)
  }
  return putBehind(work, at, branchAt.slice(at.length), { type: 'branch', children })
}

function updateLeaf(
  work: Work,
  at: TriePath,
  leaf: Leaf,
  entries: readonly Entry[],
): TrieNode | undefined {
  const key = at + leaf.path
  const puts = entries.filter(isPut)
  const own = entries.find((entry) => entry.key === key)
  if (!own) {
    if (puts.length === 0) return leaf
    const after = puts.findIndex((put) => put.key > key)
    puts.splice(after === -1 ? puts.length : after, 0, { key, value: leaf.value })
  } else if (puts.length === 1 && own.value && equalBytes(own.value, leaf.value)) return leaf
  return buildNode(work, at, puts)
}

function updateExtension(
  work: Work,
  at: TriePath,
  node: Extension,
  entries: readonly Entry[],
): TrieNode | undefined {
  const live = entries.filter((entry) => isPut(entry) || entry.key.startsWith(node.path, at.length))
  const [first, last] = [live[0], live.at(-1)]
  if (!first || !last) return node
  const end = at + node.path
  // In sorted entries the first or the last leaves the path earliest.
  const shared = Math.min(
    sharedLength(end, first.key, at.length),
    sharedLength(end, last.key, at.length),
  )
  if (shared < end.length) return splitExtension(work, at, node, live, shared)
  const child = loadNode(work.nodes, end)
  const next = updateNode(work, end, child, live)
  if (next === child) return node
  if (next?.type !== 'branch') erase(work, end)
  return next && putBehind(work, at, node.path, next)
}

/** Some put leaves the extension at `shared`: a branch comes there, what is left moves below it. */
function splitExtension(
  work: Work,
  at: TriePath,
  node: Extension,
  entries: readonly Entry[],
  shared: number,
): TrieNode | undefined {
  const end = at + node.path
  const nibble = nibbleAt(end, shared)
  const rest = end.slice(shared + 1)
  const children = emptyChildren()
  if (rest === '') children[nibble] = node.child
  const moved = rest === '' ? undefined : { nibble, node: { ...node, path: rest } }
  const branchAt = end.slice(0, shared)
  const next = updateBranch(work, branchAt, { type: 'branch', children }, entries, moved)
  return next && putBehind(work, at, branchAt.slice(at.length), next)
}

/** `moved`: a child that belongs to this branch from now on and has no record at its new place. */
function updateBranch(
  work: Work,
  at: TriePath,
  branch: Branch,
  entries: readonly Entry[],
  moved?: { readonly nibble: number; readonly node: TrieNode },
): TrieNode | undefined {
  const changed = new Map<number, TrieNode | undefined>()
  if (moved) changed.set(moved.nibble, moved.node)
  for (const [nibble, below] of groupByNibble(entries, at.length)) {
    const childAt = at + digitOf(nibble)
    const stored = branch.children[nibble] && loadNode(work.nodes, childAt)
    const child = moved?.nibble === nibble ? moved.node : stored
    const next = updateNode(work, childAt, child, below)
    if (next !== child) changed.set(nibble, next)
  }
  return changed.size === 0 ? branch : settleBranch(work, at, branch, changed)
}

/** Writes the changed children, or melts the branch into the one child that is left. */
function settleBranch(
  work: Work,
  at: TriePath,
  branch: Branch,
  changed: ReadonlyMap<number, TrieNode | undefined>,
): TrieNode | undefined {
  const children = [...branch.children]
  for (const [nibble, next] of changed) {
    if (!next && children[nibble]) erase(work, at + digitOf(nibble))
    children[nibble] = next && pending
  }
  const nibbles = children.flatMap((child, nibble) => (child ? [nibble] : []))
  const [only] = nibbles
  if (only === undefined) return undefined
  if (nibbles.length === 1) return meltBranch(work, at, only, branch.children[only], changed)
  for (const [nibble, next] of changed)
    if (next) children[nibble] = saveNode(work, at + digitOf(nibble), next)
  return { type: 'branch', children }
}

/** The node in place of a branch with the single child `nibble`; `stored` refers to its record. */
function meltBranch(
  work: Work,
  at: TriePath,
  nibble: number,
  stored: Reference | undefined,
  changed: ReadonlyMap<number, TrieNode | undefined>,
): TrieNode {
  const path = digitOf(nibble)
  const fresh = changed.get(nibble)
  const child = fresh ?? loadNode(work.nodes, at + path)
  if (child.type === 'branch' && !fresh && stored) return { type: 'extension', path, child: stored }
  if (child.type !== 'branch' && stored) erase(work, at + path)
  return putBehind(work, at, path, child)
}

/** `node`, which stands at `at` + `path`, seen from `at`. */
function putBehind(work: Work, at: TriePath, path: TriePath, node: TrieNode): TrieNode {
  if (path === '') return node
  if (node.type !== 'branch') return { ...node, path: path + node.path }
  return { type: 'extension', path, child: saveNode(work, at + path, node) }
}

function saveNode(work: Work, at: TriePath, node: TrieNode): Reference {
  const encoded = encodeNode(node)
  work.writes.set(at, encoded)
  return referTo(encoded)
}

const erase = (work: Work, at: TriePath): void => void work.writes.set(at, undefined)

/** Stands for the reference of a child that is not encoded yet. */
const pending: Reference = new Uint8Array(0)

const emptyChildren = (): (Reference | undefined)[] => Array.from({ length: 16 }, () => undefined)

const isPut = (entry: Entry): entry is Put => entry.value !== undefined

/** Where two texts, equal before `from`, first differ. */
function sharedLength(a: TriePath, b: TriePath, from: number): number {
  const end = Math.min(a.length, b.length)
  let at = from
  while (at < end && a.charCodeAt(at) === b.charCodeAt(at)) at++
  return at
}

/** Sorted entries by their nibble at `depth`, in order. */
function groupByNibble<entry extends Entry>(
  entries: readonly entry[],
  depth: number,
): (readonly [nibble: number, entries: readonly entry[]])[] {
  const groups: [number, entry[]][] = []
  for (const entry of entries) {
    const nibble = nibbleAt(entry.key, depth)
    const group = groups.at(-1)
    if (group?.[0] === nibble) group[1].push(entry)
    else groups.push([nibble, [entry]])
  }
  return groups
}
