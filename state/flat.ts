/**
 * Accounts, slots and code by hashed key: the truth that executions read. Each key carries the count
 * and height of its last change, so a reader of an older height sees that it must look further back
 * (history.ts). Decoded values are cached within a bound of bytes. Computes no root.
 */
import { LRUCache } from 'lru-cache'
import {
  asBytes,
  asInteger,
  asList,
  decodeRlp,
  emptyCodeHash,
  encodeAccount,
  fromBigInt,
  fromHex,
  invariant,
  keccak256,
  toBigInt,
  toWord,
  toHex,
  type Account,
  type AccountChange,
  type Address,
  type Hex,
  type StateChanges,
  type Write,
} from '../primitives/index.ts'
import { corrupt, type Database } from './database.ts'
import { advance, earlierValue } from './history.ts'
import {
  countOf,
  encodeChangedKeys,
  heightOf,
  keys,
  valueOf,
  type ChangedKey,
  type Version,
} from './tables.ts'

/** Memory of one cached entry in bytes, measured roughly: keys, objects and the cache's own lists. */
const accountCost = 600
const slotCost = 350
/** 32 bytes, a key and the cache's lists take about 250 bytes an entry: 8 MiB. */
const maxHashes = 32_768

export interface Flat {
  /** As of `height`, whatever newer blocks are being written. */
  account(address: Address, height: number): Account | undefined
  storage(address: Address, slot: bigint, height: number): bigint
  /** Throws NodeError DB_CORRUPT for a hash that no account ever had. */
  code(hash: Hex): Uint8Array
  hashOf(value: Address | bigint): Uint8Array
  plan(change: FlatChange): FlatPlan
  /** Forgets what is cached; needed when the disk changed underneath. */
  clear(): void
}

export interface FlatChange {
  readonly changes: StateChanges
  readonly height: number
  /** New storage roots of the changed accounts. */
  readonly roots: ReadonlyMap<Address, Hex>
  /** Hashed slots that a wipe or deletion empties. */
  readonly wipedSlots: ReadonlyMap<Address, readonly Uint8Array[]>
}

export interface FlatPlan {
  readonly writes: Write[]
  readonly changed: readonly ChangedKey[]
  /** Brings the cache up to date; to be called once the writes are on disk. */
  readonly apply: () => void
}

/** How a kind of value is written; no bytes are its absence. */
interface Kind<value> {
  readonly absent: value
  readonly encode: (value: value) => Uint8Array
  /** Throws RlpError. */
  readonly decode: (bytes: Uint8Array) => value
}

const accountKind: Kind<Account | undefined> = {
  absent: undefined,
  encode: (account) => (account ? encodeAccount(account) : new Uint8Array(0)),
  decode: (bytes) => (bytes.length === 0 ? undefined : decodeAccount(bytes)),
}
const slotKind: Kind<bigint> = { absent: 0n, encode: fromBigInt, decode: toBigInt }

/** Throws RlpError. */
export function decodeAccount(bytes: Uint8Array): Account {
  const fields = asList(decodeRlp(bytes), 'account', 4)
  return {
    nonce: asInteger(fields[0], 'nonce', 8),
    balance: asInteger(fields[1], 'balance'),
    storageRoot: toHex(asBytes(fields[2], 'storageRoot', 32)),
    codeHash: toHex(asBytes(fields[3], 'codeHash', 32)),
  }
}

export function createFlat(db: Database, cacheBytes: number): Flat {
  const newest = createNewest(db, cacheBytes * 0.8)
  const codes = new LRUCache<Hex, Uint8Array>({
    maxSize: Math.max(1, Math.floor(cacheBytes * 0.2)),
    sizeCalculation: (code) => code.length + 300,
  })
  return {
    account: (address, height) => {
      const version = newest.account(address)
      if (version.height <= height) return version.value
      return earlier(db, newest.accountKey(address), version, height, accountKind)
    },
    storage: (address, slot, height) => {
      const version = newest.slot(address, slot)
      if (version.height <= height) return version.value
      return earlier(db, newest.slotKey(address, slot), version, height, slotKind)
    },
    code: (hash) => {
      if (hash === emptyCodeHash) return emptyCode
      const cached = codes.get(hash)
      if (cached) return cached
      const code = db.get(keys.code(hash))
      if (code === undefined) throw corrupt(db.name, `the code ${hash} is missing`)
      codes.set(hash, code)
      return code
    },
    hashOf: (value) => newest.hashOf(value),
    plan: (change) => planChange(db, newest, change),
    clear: () => {
      newest.accounts.clear()
      newest.slots.clear()
    },
  }
}

/** Newest versions behind their caches. */
interface Newest {
  readonly accounts: LRUCache<string, Version<Account | undefined>>
  readonly slots: LRUCache<string, Version<bigint>>
  hashOf(value: Address | bigint): Uint8Array
  accountKey(address: Address): Uint8Array
  slotKey(address: Address, slot: bigint): Uint8Array
  account(address: Address): Version<Account | undefined>
  slot(address: Address, slot: bigint): Version<bigint>
}

function createNewest(db: Database, cacheBytes: number): Newest {
  const accounts = new LRUCache<string, Version<Account | undefined>>({
    maxSize: Math.max(1, Math.floor(cacheBytes * 0.45)),
    sizeCalculation: () => accountCost,
  })
  const slots = new LRUCache<string, Version<bigint>>({
    maxSize: Math.max(1, Math.floor(cacheBytes * 0.55)),
    sizeCalculation: () => slotCost,
  })
  const hashOf = createHasher()
  const accountKey = (address: Address): Uint8Array => keys.account(hashOf(address))
  const slotKey = (address: Address, slot: bigint): Uint8Array =>
    keys.slot(hashOf(address), hashOf(slot))
  return {
    accounts,
    slots,
    hashOf,
    accountKey,
    slotKey,
    account: (address) => {
      const known = accounts.get(address)
      if (known) return known
      const version = readVersion(db, accountKey(address), accountKind)
      accounts.set(address, version)
      return version
    },
    slot: (address, slot) => {
      const name = slotName(address, slot)
      const known = slots.get(name)
      if (known) return known
      const version = readVersion(db, slotKey(address, slot), slotKind)
      slots.set(name, version)
      return version
    },
  }
}

function planChange(db: Database, newest: Newest, change: FlatChange): FlatPlan {
  const { changes, roots, wipedSlots, height } = change
  const plan: OpenPlan = { height, writes: [], changed: [] }
  const cached: (() => void)[] = []
  for (const [hash, code] of changes.codes) plan.writes.push({ key: keys.code(hash), value: code })
  for (const [address, list] of wipedSlots)
    for (const slotHash of list) wipeSlot(db, keys.slot(newest.hashOf(address), slotHash), plan)
  for (const [address, account] of changes.accounts) {
    for (const [slot, value] of account?.slots ?? []) {
      const key = newest.slotKey(address, slot)
      const next = step(plan, key, newest.slot(address, slot), value, slotKind)
      cached.push(() => void newest.slots.set(slotName(address, slot), next))
    }
    const value = account && changedAccount(address, account, roots)
    const next = step(plan, newest.accountKey(address), newest.account(address), value, accountKind)
    cached.push(() => void newest.accounts.set(address, next))
  }
  // Nothing goes back before genesis, whose list could be large.
  if (height > 0)
    plan.writes.push({ key: keys.byHeight('d', height), value: encodeChangedKeys(plan.changed) })
  return {
    writes: plan.writes,
    changed: plan.changed,
    apply: () => {
      if (wipedSlots.size > 0) newest.slots.clear()
      for (const set of cached) set()
    },
  }
}

function changedAccount(
  address: Address,
  { nonce, balance, codeHash }: AccountChange,
  roots: FlatChange['roots'],
): Account {
  const storageRoot = roots.get(address)
  invariant(storageRoot !== undefined, `no storage root was computed for ${address}`)
  return { nonce, balance, codeHash, storageRoot }
}

const emptyCode = new Uint8Array(0)
const slotName = (address: Address, slot: bigint): string => address + slot.toString(16)

/** keccak256 of addresses and slots, which repeat a lot; the same array for the same value. */
function createHasher(): Flat['hashOf'] {
  const hashes = new LRUCache<Hex, Uint8Array>({ max: maxHashes })
  return (value) => {
    // By text, which differs in length: chosen bigints share a bucket (journal.ts).
    const text = typeof value === 'bigint' ? toWord(value) : value
    const known = hashes.get(text)
    if (known) return known
    const hash = keccak256(fromHex(text))
    hashes.set(text, hash)
    return hash
  }
}

function readVersion<value>(db: Database, key: Uint8Array, kind: Kind<value>): Version<value> {
  const bytes = db.get(key)
  if (bytes === undefined) return { count: 0, height: -1, value: kind.absent }
  const value = decode(db, key, valueOf(bytes), kind)
  return { count: countOf(bytes), height: heightOf(bytes), value }
}

function decode<value>(db: Database, key: Uint8Array, bytes: Uint8Array, kind: Kind<value>): value {
  try {
    return kind.decode(bytes)
  } catch (error) {
    throw corrupt(db.name, `the entry ${toHex(key)} cannot be read`, error)
  }
}

/**
 * The value at `height`, before the newest version. A rollback may have taken versions back after
 * `newest` was cached, so when one is missing the disk is asked anew, once.
 */
function earlier<value>(
  db: Database,
  key: Uint8Array,
  newest: Version<unknown>,
  height: number,
  kind: Kind<value>,
): value {
  const found = earlierValue(db, key, newest.count, height)
  if (found.type === 'found') return decode(db, key, found.value, kind)
  const again = readVersion(db, key, kind)
  if (again.height <= height) return again.value
  const second = earlierValue(db, key, again.count, height)
  if (second.type === 'found') return decode(db, key, second.value, kind)
  throw corrupt(db.name, `an earlier version of ${toHex(key)} is missing`)
}

interface OpenPlan {
  readonly height: number
  readonly writes: Write[]
  readonly changed: ChangedKey[]
}

/** Adds the writes for one changed key; returns its new version. */
function step<value>(
  plan: OpenPlan,
  key: Uint8Array,
  before: Version<value>,
  value: value,
  kind: Kind<value>,
): Version<value> {
  const next = { count: before.count + 1, height: plan.height, value }
  const old = { ...before, value: kind.encode(before.value) }
  plan.writes.push(...advance(key, old, { ...next, value: kind.encode(value) }))
  plan.changed.push({ key, count: next.count, isEmpty: value === kind.absent })
  return next
}

/** A slot known by its hash only, so it cannot be found in the cache: `apply` empties that. */
function wipeSlot(db: Database, key: Uint8Array, plan: OpenPlan): void {
  step(plan, key, readVersion(db, key, slotKind), 0n, slotKind)
}
