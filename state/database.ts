/**
 * Opens the key-value store underneath: `level` in a folder, `memory-level` without one. The only
 * file that knows either; table-files.ts knows what level writes. Refuses what is not ours to open with
 * a sentence that says what to do, and never makes a new database over the remains of another.
 */
import { readdir } from 'node:fs/promises'
import type { AbstractBatchOptions, AbstractLevel } from 'abstract-level'
import { Level } from 'level'
import { MemoryLevel } from 'memory-level'
import { NodeError, toHex, type Hex, type KeyValue } from '../primitives/index.ts'
import { findTableDamage } from './table-files.ts'
import { countBytes, databaseVersion, fromCount, keys, toCount } from './tables.ts'

export interface Database extends KeyValue {
  /** For messages: the folder, or "memory". */
  readonly name: string
  /** Bytes that gte <= key < lt take on disk, compressed, by the engine's estimate; 0 in memory. */
  approximateBytes(bounds: { readonly gte: Uint8Array; readonly lt: Uint8Array }): Promise<number>
}

/** Entries of one step through a range: some tens of KiB, as the large values stand elsewhere. */
const rangeStep = 256

export interface DatabaseOptions {
  readonly path?: string
  /** Share of the memory budget for the engine's block cache, in bytes. */
  readonly cacheBytes: number
  /** Compares every block of the tables with its checksum before the engine opens them. */
  readonly verifyTables?: boolean
}

const bytes = { keyEncoding: 'view', valueEncoding: 'view' } as const
/** 16 MiB: several blocks fit before one is flushed; memory use is at most twice this. */
const writeBufferSize = 16 * 2 ** 20

/** Opens, checks the version, marks a new database as ours. Throws NodeError with the codes that `openStore` names. */
export async function openDatabase(options: DatabaseOptions): Promise<Database> {
  const db = await (options.path === undefined ? openMemory() : openDisk(options.path, options))
  try {
    await checkVersion(db)
    return db
  } catch (error) {
    await db.close()
    throw error
  }
}

type AnyLevel = AbstractLevel<Uint8Array | Buffer | string, Uint8Array, Uint8Array>

async function openMemory(): Promise<Database> {
  const level = new MemoryLevel<Uint8Array, Uint8Array>({ ...bytes, storeEncoding: 'view' })
  await level.open()
  return wrap(level, 'memory')
}

async function openDisk(
  path: string,
  { cacheBytes, verifyTables = false }: DatabaseOptions,
): Promise<Database> {
  await refuseForeignFolder(path)
  if (verifyTables) await refuseDamage(path)
  const level = new Level<Uint8Array, Uint8Array>(path, {
    ...bytes,
    cacheSize: cacheBytes,
    writeBufferSize,
  })
  try {
    await level.open()
  } catch (error) {
    throw openError(path, error)
  }
  return wrap(level, path, (bounds) =>
    isEstimator(level) ? level.approximateSize(bounds.gte, bounds.lt) : Promise.resolve(0),
  )
}

/** `level` is typed for browsers too; under Node it is classic-level, which can estimate. */
const isEstimator = (
  level: object,
): level is { approximateSize(start: Uint8Array, end: Uint8Array): Promise<number> } =>
  'approximateSize' in level

/** Level would start an empty database in a folder whose CURRENT file is lost, hiding the data. */
async function refuseForeignFolder(path: string): Promise<void> {
  const names = await readdir(path).catch((error: unknown): string[] => {
    if (isCode(error, 'ENOENT')) return []
    throw new NodeError('DB_FAILED', `cannot read the database folder ${path}`, { path }, error)
  })
  if (names.includes('CURRENT')) return
  if (names.some((name) => /^MANIFEST-|\.(ldb|log|sst)$/.test(name)))
    throw corrupt(path, 'its CURRENT file is missing')
  const others = names.filter((name) => !/^(LOCK|LOG|LOG\.old)$/.test(name))
  if (others.length > 0)
    throw new NodeError(
      'DB_FOREIGN',
      `${path} holds other files and no database; choose an empty folder`,
      { path, found: others.slice(0, 5) },
    )
}

async function refuseDamage(path: string): Promise<void> {
  const damage = await findTableDamage(path)
  if (damage !== undefined) throw corrupt(path, damage)
}

async function checkVersion(db: Database): Promise<void> {
  const stored = db.get(keys.fact('version'))
  if (stored === undefined) {
    const all = { gte: new Uint8Array(0), lt: Uint8Array.of(0xff) }
    for await (const [key] of db.range(all, { limit: 1 }))
      throw new NodeError(
        'DB_FOREIGN',
        `the database in ${db.name} was not written by tributary; choose another folder`,
        { path: db.name, firstKey: toHex(key) },
      )
    await db.write([{ key: keys.fact('version'), value: fromCount(databaseVersion, countBytes) }])
    return
  }
  const version = toCount(stored, 0, countBytes)
  if (stored.length !== countBytes) throw corrupt(db.name, 'its version record is unreadable')
  if (version === databaseVersion) return
  const facts = { path: db.name, version, supported: databaseVersion }
  throw new NodeError(
    'DB_VERSION',
    version > databaseVersion
      ? `the database in ${db.name} has version ${version}, newer than the ${databaseVersion} this program knows; update tributary, or choose another folder`
      : `the database in ${db.name} has version ${version}, older than the ${databaseVersion} this program needs; open it with the program that wrote it, or choose another folder`,
    facts,
  )
}

/** Refuses a database that began with another genesis block. */
export function checkGenesis(db: Database, stored: Hex, expected: Hex): void {
  if (stored === expected) return
  throw new NodeError(
    'DB_GENESIS',
    `the database in ${db.name} belongs to the chain with genesis ${stored}, not ${expected}; choose another folder, or start with the genesis it was made with`,
    { path: db.name, stored, expected },
  )
}

/** Damage that makes going on unsafe. */
export const corrupt = (name: string, detail: string, cause?: unknown): NodeError =>
  new NodeError(
    'DB_CORRUPT',
    `the database in ${name} is damaged: ${detail}; restore a copy of it, or remove it and start again`,
    { path: name, detail },
    cause,
  )

function wrap(
  level: AnyLevel,
  name: string,
  approximateBytes: Database['approximateBytes'] = () => Promise.resolve(0),
): Database {
  return {
    name,
    approximateBytes,
    get: (key) => {
      try {
        return level.getSync(key)
      } catch (error) {
        throw useError(name, error)
      }
    },
    write: async (writes, { sync = false } = {}) => {
      try {
        // Op by op into one native batch: five times faster than handing level an array.
        const batch = level.batch()
        for (const { key, value } of writes) {
          if (value === undefined) batch.del(key)
          else batch.put(key, value)
        }
        // memory-level has no `sync`, and does not mind it.
        await batch.write({ sync } as AbstractBatchOptions<Uint8Array, Uint8Array>)
      } catch (error) {
        throw useError(name, error)
      }
    },
    range: async function* (bounds, { reverse = false, limit = -1 } = {}) {
      try {
        const iterator = level.iterator({ ...bounds, reverse, limit })
        try {
          // Some hundred at a time: a call of the engine for each costs more than the entry.
          for (;;) {
            const entries = await iterator.nextv(rangeStep)
            if (entries.length === 0) return
            for (const entry of entries) yield entry
          }
        } finally {
          await iterator.close()
        }
      } catch (error) {
        throw useError(name, error)
      }
    },
    close: () => level.close(),
  }
}

/** By shape: an error of another realm (a worker, a test's sandbox) is no `instanceof Error` here. */
const isCode = (error: unknown, code: string): boolean =>
  typeof error === 'object' && error !== null && 'code' in error && error.code === code

const messageOf = (error: unknown): string | undefined =>
  typeof error === 'object' && error !== null && 'message' in error
    ? String(error.message)
    : undefined

const causeOf = (error: unknown): unknown =>
  typeof error === 'object' && error !== null && 'cause' in error ? error.cause : error

/** Level says "not open" and keeps the reason in `cause`. */
function openError(path: string, error: unknown): NodeError {
  const cause = causeOf(error)
  if (isCode(cause, 'LEVEL_LOCKED'))
    return new NodeError(
      'DB_LOCKED',
      `the database in ${path} is in use by another process; stop it, or choose another folder`,
      { path },
      cause,
    )
  const detail = messageOf(cause) ?? 'level cannot open it'
  if (isCode(cause, 'LEVEL_CORRUPTION') || /corruption|does not exist|no such file/i.test(detail))
    return corrupt(path, detail, cause)
  return new NodeError(
    'DB_FAILED',
    `cannot open the database in ${path}: ${detail}`,
    { path },
    cause,
  )
}

/** A table that was cut short is EINVAL to level: it reads beyond the end of its mapping. */
const isDamage = (error: unknown): boolean =>
  isCode(error, 'LEVEL_CORRUPTION') ||
  /^IO error: .*\.ldb: Invalid argument$/.test(messageOf(error) ?? '')

function useError(name: string, error: unknown): unknown {
  if (error instanceof NodeError) return error
  if (isDamage(error)) return corrupt(name, messageOf(error) ?? 'unreadable entry', error)
  if (isCode(error, 'LEVEL_DATABASE_NOT_OPEN'))
    return new NodeError('DB_FAILED', `the database in ${name} is closed`, { path: name }, error)
  return new NodeError(
    'DB_FAILED',
    `the database in ${name} failed: ${messageOf(error) ?? 'unknown cause'}`,
    { path: name },
    error,
  )
}
