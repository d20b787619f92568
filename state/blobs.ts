/**
 * Content-addressed blobs: bytes under an address that follows from them, as whoever puts them has seen.
 * A file each, written aside, synced and renamed before `put` returns, so a killed process leaves a whole
 * blob or none; its name carries a checksum, and what the disk gives is read back only when it fits.
 * Bounded by a quota. Knows nothing of what blobs mean. Deletes only what it is told to.
 */
import { webcrypto } from 'node:crypto'
import { mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { invariant, NodeError, type Hex } from '../primitives/index.ts'

export interface BlobsOptions {
  /** Absent: everything in memory. */
  readonly folder?: string
  /** Of all blobs together. */
  readonly quotaBytes: number
}

export interface Blobs {
  /** On disk when it returns. Throws NodeError BLOBS_FULL, BLOBS_FAILED. */
  put(address: Hex, bytes: Uint8Array): Promise<void>
  /**
   * undefined when there is none, or what there was is damaged: then it is gone. Throws BLOBS_FAILED when
   * the disk does not say (too many open files): then it stays.
   */
  get(address: Hex): Promise<Uint8Array | undefined>
  has(address: Hex): boolean
  remove(address: Hex): Promise<void>
  /** Oldest first. */
  list(): ReadonlyMap<Hex, BlobFacts>
  usage(): { readonly count: number; readonly bytes: number; readonly quotaBytes: number }
}

export interface BlobFacts {
  readonly sizeBytes: number
  readonly writtenMs: number
}

/** What keeps the bytes; `createBlobs` keeps the rules. */
interface Shelf {
  readonly facts: Map<Hex, BlobFacts>
  write(address: Hex, bytes: Uint8Array): Promise<void>
  /** undefined: what is there is damaged, or nothing is. */
  read(address: Hex): Promise<Uint8Array | undefined>
  remove(address: Hex): Promise<void>
}

/** Throws NodeError BLOBS_FAILED when the folder cannot be used, BLOBS_OLD when an older version has written it. */
export async function openBlobs(options: BlobsOptions): Promise<Blobs> {
  const { folder } = options
  const shelf = folder === undefined ? memoryShelf() : await diskShelf(folder)
  return createBlobs(shelf, options)
}

function createBlobs(shelf: Shelf, { quotaBytes }: BlobsOptions): Blobs {
  const { facts } = shelf
  let bytesKept = 0
  for (const { sizeBytes } of facts.values()) bytesKept += sizeBytes
  /** Being written now: a second writer of the same waits for the first. */
  const writing = new Map<Hex, Promise<void>>()

  async function add(address: Hex, bytes: Uint8Array): Promise<void> {
    if (bytesKept + bytes.length > quotaBytes)
      throw new NodeError(
        'BLOBS_FULL',
        `no room for ${bytes.length} bytes: ${bytesKept} of ${quotaBytes} are taken`,
        { sizeBytes: bytes.length, bytesKept, quotaBytes },
      )
    bytesKept += bytes.length
    try {
      await shelf.write(address, bytes)
      facts.set(address, { sizeBytes: bytes.length, writtenMs: Date.now() })
    } catch (error) {
      bytesKept -= bytes.length
      throw error
    }
  }

  async function remove(address: Hex): Promise<void> {
    const size = facts.get(address)?.sizeBytes
    if (size === undefined) return
    facts.delete(address)
    bytesKept -= size
    await shelf.remove(address)
  }

  return {
    async put(address, bytes) {
      invariant(/^0x[0-9a-f]{64}$/.test(address), 'an address is 32 bytes')
      if (facts.has(address)) return
      const begun = writing.get(address) ?? add(address, bytes)
      writing.set(address, begun)
      try {
        await begun
      } finally {
        writing.delete(address)
      }
    },
    async get(address) {
      if (!facts.has(address)) return undefined
      const bytes = await shelf.read(address)
      if (bytes) return bytes
      await remove(address)
      return undefined
    },
    has: (address) => facts.has(address),
    remove,
    list: () => facts,
    usage: () => ({ count: facts.size, bytes: bytesKept, quotaBytes }),
  }
}

function memoryShelf(): Shelf {
  const kept = new Map<Hex, Uint8Array>()
  return {
    facts: new Map(),
    write: (address, bytes) => Promise.resolve(void kept.set(address, bytes.slice())),
    read: (address) => Promise.resolve(kept.get(address) ?? new Uint8Array(0)),
    remove: (address) => Promise.resolve(void kept.delete(address)),
  }
}

/** `folder/ab/abcd... .<checksum>`: 256 folders, so that none grows large. */
async function diskShelf(folder: string): Promise<Shelf> {
  const files = new Map<Hex, BlobFile>()
  await failing(folder, () => mkdir(folder, { recursive: true }))
  for (const part of await failing(folder, () => readdir(folder)))
    if (/^[0-9a-f]{2}$/.test(part)) await scan(join(folder, part), files)
    else if (part.startsWith(unfinished)) await rm(join(folder, part), { force: true })
  const oldestFirst = [...files].toSorted(([, a], [, b]) => a.writtenMs - b.writtenMs)
  let count = 0
  return {
    facts: new Map(oldestFirst),
    write: (address, bytes) =>
      failing(folder, async () => {
        const part = join(folder, address.slice(2, 4))
        const path = join(part, `${address.slice(2)}.${await checksumOf(bytes)}`)
        const aside = join(folder, `${unfinished}${process.pid}-${count++}`)
        try {
          await writeSynced(aside, bytes)
          await mkdir(part, { recursive: true })
          await rename(aside, path)
        } catch (error) {
          await rm(aside, { force: true })
          throw error
        }
        await syncFolder(part)
        await syncFolder(folder)
        files.set(address, { path, sizeBytes: bytes.length, writtenMs: Date.now() })
      }),
    read: (address) =>
      failing(folder, async () => {
        const path = files.get(address)?.path ?? ''
        const bytes = await readFile(path).catch(nothingThere)
        return bytes && path.endsWith(`.${await checksumOf(bytes)}`) ? bytes : undefined
      }),
    remove: (address) =>
      failing(folder, async () => {
        const path = files.get(address)?.path
        files.delete(address)
        if (path !== undefined) await rm(path, { force: true })
      }),
  }
}

interface BlobFile extends BlobFacts {
  readonly path: string
}

const unfinished = 'unfinished-'

function nothingThere(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error
}

/** Half of SHA-256, made beside the event loop. */
async function checksumOf(bytes: Uint8Array): Promise<string> {
  const digest = await webcrypto.subtle.digest('SHA-256', bytes)
  return Buffer.from(digest).subarray(0, 16).toString('hex')
}

async function scan(part: string, files: Map<Hex, BlobFile>): Promise<void> {
  for (const name of await readdir(part)) {
    const [, address] = /^([0-9a-f]{64})\.[0-9a-f]{32}$/.exec(name) ?? []
    if (/^[0-9a-f]{64}$/.test(name)) throw oldLayout(dirname(part))
    if (address === undefined) continue
    const path = join(part, name)
    const { size, mtimeMs } = await stat(path)
    files.set(`0x${address}`, { path, sizeBytes: size, writtenMs: mtimeMs })
  }
}

/** Such a name says nothing about damage, and an unnoticed loss of rows would show in a block. */
const oldLayout = (folder: string): NodeError =>
  new NodeError(
    'BLOBS_OLD',
    `${folder} holds rows as an older version kept them, without checksums: move the folder away, ` +
      'start again and give the rows to the node with attr_putRows (a devnet: start with --reset)',
    { path: folder },
  )

async function writeSynced(path: string, bytes: Uint8Array): Promise<void> {
  const file = await open(path, 'wx')
  try {
    await file.writeFile(bytes)
    await file.sync()
  } finally {
    await file.close()
  }
}

/** A rename is on disk when its folder is. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}

async function failing<result>(folder: string, task: () => Promise<result>): Promise<result> {
  try {
    return await task()
  } catch (cause) {
    const detail = cause instanceof Error ? cause.message : 'unknown cause'
    throw new NodeError(
      'BLOBS_FAILED',
      `the rows in ${folder} cannot be kept or read: ${detail}`,
      { path: folder },
      cause,
    )
  }
}
