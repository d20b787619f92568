/**
 * The state tries over the flat state: the root after a block's changes, proofs for recent heights,
 * the way back. Nodes are stored by path and overwritten; those a block replaces are kept for the
 * last `proofWindow` blocks. Reads always show the head, even while the next block is being written.
 */
import { LRUCache } from 'lru-cache'
import {
  asBytes,
  asList,
  decodeRlp,
  emptyTrieRoot,
  encodeAccount,
  encodeRlp,
  fromBigInt,
  fromHex,
  invariant,
  NodeError,
  toHex,
  type AccountChange,
  type Address,
  type Hex,
  type StateChanges,
  type StateReader,
  type Write,
} from '../primitives/index.ts'
import type { Database } from './database.ts'
import type { Flat } from './flat.ts'
import type { QuietRuns } from './quiet-runs.ts'
import type { Retreat } from './history.ts'
import { keys } from './tables.ts'
import { packPath, rootOf, updateTrie, walkTrie, type TrieNodes, type TrieWrites } from './trie.ts'
import type { ScratchRoots, StateUpdate } from './types.ts'

/** Blocks whose state can be proven: as many as geth's default, and 21 minutes at 10 s. */
export const proofWindow = 128

/** An update with what committing it needs; only `computeUpdate` makes one. */
export interface PreparedUpdate extends StateUpdate {
  readonly nodes: NodeWrites
  /** New storage root of every changed account. */
  readonly roots: ReadonlyMap<Address, Hex>
  /** Hashed slots that a wipe or deletion empties and nothing fills again. */
  readonly wipedSlots: ReadonlyMap<Address, readonly Uint8Array[]>
}

/** Trie and path as text: `/` and the path, before it the owner's hashed address in storage tries. */
type NodeName = string
type NodeWrites = Map<NodeName, Uint8Array | undefined>

export interface World {
  computeUpdate(changes: StateChanges, parent: Hex, head: StateReader): PreparedUpdate
  /** Roots above the state of a recent height, which `at` reads. */
  scratchRoots(at: StateReader, height: number, head: () => number): ScratchRoots
  /** Writes for the nodes, and for those they replace in block `height`. */
  commitWrites(update: PreparedUpdate, height: number): Write[]
  /** Node writes that undo a block, and the root they lead to. */
  /** Writes that drop what proofs no longer need once `count` blocks without changes begin at `from`. */
  forgetBefore(from: number, count: number): Write[]
  retreatUpdate(list: readonly Retreat[]): { readonly root: Hex; readonly nodes: NodeWrites }
  retreatWrites(nodes: NodeWrites, height: number): Write[]
  /** Shows `nodes` from now on; the disk gets them next. */
  begin(nodes: NodeWrites, shows: 'old' | 'new'): void
  /** The disk has the nodes. */
  end(nodes: NodeWrites): void
  /** The account trie, or one storage trie, at `height`, which `head` has left behind by n blocks. */
  triesAt(height: number, head: number, wanted: readonly NodeName[]): (owner: string) => TrieNodes
  root(): Hex
}

/** Blocks in a run of empty ones replace no node; `quiet` knows them. */
export function createWorld(
  db: Database,
  flat: Flat,
  cacheBytes: number,
  quiet: Pick<QuietRuns, 'at'>,
): World {
  const cache = new LRUCache<NodeName, Uint8Array>({
    maxSize: Math.max(1, Math.floor(cacheBytes)),
    sizeCalculation: (record, name) => record.length + name.length + 250,
  })
  /** What the head has at the nodes that a running batch writes. */
  const running: NodeWrites = new Map()

  const read = (name: NodeName): Uint8Array | undefined => {
    if (running.has(name)) return running.get(name)
    const known = cache.get(name)
    if (known) return known
    const record = db.get(nodeKey(name))
    if (record) cache.set(name, record)
    return record
  }
  const trie = (owner: string): TrieNodes => ({ get: (path) => read(`${owner}/${path}`) })

  return {
    computeUpdate: (changes, parent, head) => computeUpdate(changes, parent, head, flat, trie),
    scratchRoots: (at, height, head) => {
      const replacedAt = createReplaced({ db, quiet }, height, head)
      return createScratch(at, (changes, reader, kept) => {
        const replaced = replacedAt()
        const old = (name: NodeName) => (replaced.has(name) ? replaced.get(name) : read(name))
        const tries = (owner: string) => trieOver(kept, owner, old)
        return computeUpdate(changes, emptyTrieRoot, reader, flat, tries)
      })
    },
    commitWrites: ({ nodes }, height) => [
      ...nodeWrites(nodes),
      ...(height === 0 ? [] : [replacedWrite(nodes, height, read)]),
      ...(height < proofWindow ? [] : [{ key: keys.byHeight('u', height - proofWindow) }]),
    ],
    forgetBefore: (from, count) =>
      Array.from({ length: proofWindow }, (_, i) => from - proofWindow + i)
        .filter((height) => height > 0 && height < from + count - proofWindow)
        .map((height) => ({ key: keys.byHeight('u', height) })),
    retreatUpdate: (list) => retreatUpdate(list, trie),
    retreatWrites: (nodes, height) => [...nodeWrites(nodes), { key: keys.byHeight('u', height) }],
    begin: (nodes, shows) => {
      for (const [name, record] of nodes) running.set(name, shows === 'new' ? record : read(name))
    },
    end: (nodes) => {
      running.clear()
      for (const [name, record] of nodes) {
        if (record) cache.set(name, record)
        else cache.delete(name)
      }
    },
    triesAt: (height, head, wanted) => {
      const replaced = replacedNodes({ db, quiet }, height, head, wanted)
      return (owner) => trieOver(replaced, owner, read)
    },
    root: () => rootOf(trie('')),
  }
}

interface Parts {
  readonly db: Database
  readonly quiet: Pick<QuietRuns, 'at'>
}

/** All nodes replaced since `height`, read again when the head has moved. */
function createReplaced(parts: Parts, height: number, head: () => number): () => NodeWrites {
  let known: { readonly head: number; readonly nodes: NodeWrites } | undefined
  return () => {
    const now = head()
    if (now - height > proofWindow) throw proofTooOld(height, now)
    if (known?.head !== now) known = { head: now, nodes: replacedNodes(parts, height, now) }
    return known.nodes
  }
}

/** Keeps the nodes and storage roots of each step for the next. */
function createScratch(
  base: StateReader,
  compute: (changes: StateChanges, at: StateReader, kept: NodeWrites) => PreparedUpdate,
): ScratchRoots {
  const kept: NodeWrites = new Map()
  const roots = new Map<Address, Hex>()
  const at: StateReader = {
    ...base,
    account: (address) => {
      const account = base.account(address)
      const storageRoot = roots.get(address)
      if (storageRoot === undefined) return account
      return { nonce: 0n, balance: 0n, codeHash: emptyTrieRoot, ...account, storageRoot }
    },
  }
  return {
    rootAfter: (changes) => compute(changes, at, kept).root,
    keep: (changes) => {
      const update = compute(changes, at, kept)
      for (const [name, record] of update.nodes) kept.set(name, record)
      for (const [address, change] of changes.accounts)
        roots.set(address, change ? (update.roots.get(address) ?? emptyTrieRoot) : emptyTrieRoot)
      return update.root
    },
  }
}

const trieOver = (
  replaced: NodeWrites,
  owner: string,
  read: (name: NodeName) => Uint8Array | undefined,
): TrieNodes => ({
  get: (path) => {
    const name = `${owner}/${path}`
    return replaced.has(name) ? replaced.get(name) : read(name)
  },
})

const nodeWrites = (nodes: NodeWrites): Write[] =>
  Array.from(nodes, ([name, value]) => ({ key: nodeKey(name), value }))

function nodeKey(name: NodeName): Uint8Array {
  const slash = name.indexOf('/')
  const path = packPath(name.slice(slash + 1))
  return slash === 0
    ? keys.accountNode(path)
    : keys.storageNode(fromHex(`0x${name.slice(0, slash)}`), path)
}

type TrieOf = (owner: string) => TrieNodes

/** Storage tries first, for their roots stand in the accounts. Pure over the head. */
function computeUpdate(
  changes: StateChanges,
  parent: Hex,
  head: StateReader,
  flat: Flat,
  trie: TrieOf,
): PreparedUpdate {
  const nodes: NodeWrites = new Map()
  const roots = new Map<Address, Hex>()
  const wipedSlots = new Map<Address, readonly Uint8Array[]>()
  const entries: [Uint8Array, Uint8Array | undefined][] = []
  for (const [address, change] of changes.accounts) {
    const owner = toHex(flat.hashOf(address)).slice(2)
    const before = head.account(address)?.storageRoot ?? emptyTrieRoot
    const storage = storageEntries(change, before, trie(owner), flat)
    if (storage.wiped.length > 0) wipedSlots.set(address, storage.wiped)
    let root = before
    if (storage.entries.size > 0) {
      const update = updateTrie(
        before === emptyTrieRoot ? noNodes : trie(owner),
        storage.entries.values(),
      )
      root = update.root
      collect(nodes, owner, update.writes)
    }
    if (change) roots.set(address, root)
    entries.push([
      flat.hashOf(address),
      change && encodeAccount({ ...fieldsOf(change), storageRoot: root }),
    ])
  }
  const { root, writes } = updateTrie(trie(''), entries)
  collect(nodes, '', writes)
  return { root, parent, changes, nodes, roots, wipedSlots }
}

const noNodes: TrieNodes = { get: () => undefined }

const fieldsOf = ({ nonce, balance, codeHash }: AccountChange) => ({ nonce, balance, codeHash })

function collect(nodes: NodeWrites, owner: string, writes: TrieWrites): void {
  for (const [path, record] of writes) nodes.set(`${owner}/${path}`, record)
}

interface StorageEntries {
  /** By hashed slot in hex. */
  readonly entries: ReadonlyMap<Hex, readonly [Uint8Array, Uint8Array | undefined]>
  readonly wiped: readonly Uint8Array[]
}

/** A wiped storage is emptied slot by slot, since nodes have to go from their places anyway. */
function storageEntries(
  change: AccountChange | undefined,
  before: Hex,
  nodes: TrieNodes,
  flat: Flat,
): StorageEntries {
  const entries = new Map<Hex, readonly [Uint8Array, Uint8Array | undefined]>()
  const isWiped = !change || change.wiped
  if (isWiped && before !== emptyTrieRoot)
    for (const [hash] of walkTrie(nodes)) entries.set(toHex(hash), [hash, undefined])
  const old = new Map(entries)
  for (const [slot, value] of change?.slots ?? []) {
    const hash = flat.hashOf(slot)
    entries.set(toHex(hash), [hash, slotValue(fromBigInt(value))])
    old.delete(toHex(hash))
  }
  return { entries, wiped: Array.from(old.values(), ([hash]) => hash) }
}

/** What a storage trie stores: RLP of the value without leading zeros; 0 is not stored. */
const slotValue = (value: Uint8Array): Uint8Array | undefined =>
  value.length === 0 ? undefined : encodeRlp(value)

/** Works on hashed keys, for the addresses are not known any more. */
function retreatUpdate(
  list: readonly Retreat[],
  trie: TrieOf,
): { readonly root: Hex; readonly nodes: NodeWrites } {
  const accounts: [Uint8Array, Uint8Array | undefined][] = []
  const storage = new Map<string, [Uint8Array, Uint8Array | undefined][]>()
  for (const { flatKey, value } of list) {
    const hash = flatKey.subarray(1, 33)
    if (flatKey.length === 33) {
      accounts.push([hash, value.length === 0 ? undefined : value])
      continue
    }
    const owner = toHex(hash).slice(2)
    const entries = storage.get(owner) ?? []
    storage.set(owner, entries)
    entries.push([flatKey.subarray(33), slotValue(value)])
  }
  const nodes: NodeWrites = new Map()
  for (const [owner, entries] of storage)
    collect(nodes, owner, updateTrie(trie(owner), entries).writes)
  const { root, writes } = updateTrie(trie(''), accounts)
  collect(nodes, '', writes)
  return { root, nodes }
}

/** One record for all nodes that a block replaces: name and old bytes, no bytes where none was. */
function replacedWrite(
  nodes: NodeWrites,
  height: number,
  read: (name: NodeName) => Uint8Array | undefined,
): Write {
  const list = Array.from(nodes.keys(), (name) => [
    new TextEncoder().encode(name),
    read(name) ?? new Uint8Array(0),
  ])
  return { key: keys.byHeight('u', height), value: encodeRlp(list) }
}

/** Nodes as they stood at `height`, all or those on the way to a wanted key; the oldest record counts. */
function replacedNodes(
  { db, quiet }: Parts,
  height: number,
  head: number,
  wanted?: readonly NodeName[],
): NodeWrites {
  const replaced: NodeWrites = new Map()
  const onTheWay = wanted && prefixesOf(wanted)
  for (let later = height + 1; later <= head; later++) {
    const record = db.get(keys.byHeight('u', later))
    if (record === undefined && quiet.at(later)) continue
    if (record === undefined) throw proofTooOld(height, head)
    for (const item of asList(decodeRlp(record), 'replaced nodes')) {
      const [name, old] = asList(item, 'replaced node', 2)
      const text = new TextDecoder().decode(asBytes(name, 'node name'))
      const bytes = asBytes(old, 'node')
      if (!replaced.has(text) && (onTheWay?.has(text) ?? true))
        replaced.set(text, bytes.length === 0 ? undefined : bytes)
    }
  }
  return replaced
}

const prefixesOf = (names: readonly NodeName[]): ReadonlySet<NodeName> =>
  new Set(
    names.flatMap((name) => Array.from({ length: name.length + 1 }, (_, i) => name.slice(0, i))),
  )

export const proofTooOld = (height: number, head: number): NodeError =>
  new NodeError(
    'PROOF_TOO_OLD',
    `proofs are kept for the last ${proofWindow} blocks only; block ${height} is older`,
    { height, head },
  )

/** Updates that somebody else made cannot be committed. */
export function asPrepared(update: StateUpdate): PreparedUpdate {
  invariant('nodes' in update && 'roots' in update, 'an update not made by computeUpdate')
  return update as PreparedUpdate
}
