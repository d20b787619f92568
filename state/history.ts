/**
 * Earlier versions of accounts and slots. A block that changes a key moves the version before it
 * here, under the version's own count, so the state at any height is found by a search over counts
 * with single reads. Knows bytes only; `flat.ts` knows what they mean.
 */
import { toHex, type KeyValue, type Write } from '../primitives/index.ts'
import { corrupt, type Database } from './database.ts'
import {
  countOf,
  decodeChangedKeys,
  encodeVersion,
  heightOf,
  keys,
  valueOf,
  type Version,
} from './tables.ts'

/** What a key held at a height. `lost`: its version should be here and is not. */
export type Found =
  | { readonly type: 'found'; readonly value: Uint8Array }
  | { readonly type: 'lost' }

const nothing: Found = { type: 'found', value: new Uint8Array(0) }

/**
 * The value of `flatKey` after block `height`, given that its newest version, the `newest`-th, is
 * younger. Pruned versions are all older than those that are kept, so an absent one counts as old.
 */
export function earlierValue(
  db: KeyValue,
  flatKey: Uint8Array,
  newest: number,
  height: number,
): Found {
  /** Highest count known to be old enough; 0 is the time before the first version. */
  let old = 0
  let oldVersion: Uint8Array | undefined
  /** Lowest count known to be too young. */
  let young = newest
  /** Recent heights are asked for most: look back in doubling steps before halving. */
  let step = 1
  while (young - old > 1) {
    const probe = Math.max(young - step, step > newest ? (old + young) >> 1 : old + 1)
    const version = db.get(keys.version(flatKey, probe))
    if (version === undefined || heightOf(version) <= height) {
      old = probe
      oldVersion = version
      step = newest + 1
    } else {
      young = probe
      step *= 2
    }
  }
  if (old === 0) return nothing
  return oldVersion ? { type: 'found', value: valueOf(oldVersion) } : { type: 'lost' }
}

/** Writes that make `next` the newest version of `flatKey` and keep `before` for the past. */
export function advance(
  flatKey: Uint8Array,
  before: Version<Uint8Array>,
  next: Version<Uint8Array>,
): Write[] {
  const write = { key: flatKey, value: encodeVersion(next) }
  if (before.count === 0) return [write]
  return [write, { key: keys.version(flatKey, before.count), value: encodeVersion(before) }]
}

/** What a key held before a block, and the writes that bring it back. */
export interface Retreat {
  readonly flatKey: Uint8Array
  /** No bytes: nothing. */
  readonly value: Uint8Array
  readonly writes: readonly Write[]
}

/** Every key that block `height` changed. Throws NodeError DB_CORRUPT when its past is missing. */
export function* retreat(db: Database, height: number): Generator<Retreat> {
  const changed = db.get(keys.byHeight('d', height))
  if (changed === undefined) throw corrupt(db.name, `the changes of block ${height} are missing`)
  for (const { key, count } of decodeChangedKeys(changed)) {
    if (count === 1) {
      yield { flatKey: key, value: new Uint8Array(0), writes: [{ key }] }
      continue
    }
    const place = keys.version(key, count - 1)
    const before = db.get(place)
    if (before === undefined) throw corrupt(db.name, `the past of ${toHex(key)} is missing`)
    yield { flatKey: key, value: valueOf(before), writes: [{ key, value: before }, { key: place }] }
  }
}

/**
 * Writes that forget the state before block `height`: the versions it replaced, and newest versions
 * that hold nothing since. `isChanging` says which keys the running batch writes anyway.
 */
export function forget(
  db: KeyValue,
  height: number,
  isChanging: (flatKey: Uint8Array) => boolean,
): Write[] {
  const changed = db.get(keys.byHeight('d', height))
  if (changed === undefined) return []
  const writes: Write[] = [{ key: keys.byHeight('d', height) }]
  for (const { key, count, isEmpty } of decodeChangedKeys(changed)) {
    if (count > 1) writes.push({ key: keys.version(key, count - 1) })
    const newest = isEmpty && !isChanging(key) ? db.get(key) : undefined
    if (newest && countOf(newest) === count) writes.push({ key })
  }
  return writes
}
