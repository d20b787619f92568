/**
 * Files of what can be made again: a name, a payload, and a head that tells a whole file from a damaged
 * one. Written aside, synced and renamed, so a killed process leaves the old file, the new one or none.
 * A file that is not what its head says is removed and reported as missing. When all together pass the
 * quota, those unused for longest go. Many may read a folder while one writes. Synchronous, for a thread
 * of its own: a large file takes seconds.
 *
 *   magic (8 bytes) ‖ format version u32 ‖ 0 u32 ‖ payload length u64 ‖ SHA-256 of the payload
 *   (numbers little-endian), then the payload: its beginning is aligned to eight bytes.
 */
import { createHash } from 'node:crypto'
import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { equalBytes } from '../primitives/index.ts'

export interface DerivedFilesOptions {
  /** Made when it is not there. */
  readonly folder: string
  /** Ends every name; what else lies in the folder is left alone. */
  readonly extension: string
  /** Of the payload's meaning: a file of another version is made again. */
  readonly version: number
  /** Of all files together. */
  readonly quotaBytes: number
}

export interface DerivedFiles {
  /** On disk when it returns; what an ended writer left half written is cleared away. Throws what the disk throws. */
  write(name: string, payload: Uint8Array): void
  /** Shared memory, so that another thread gets it without a copy. */
  read(name: string): SharedArrayBuffer | undefined
}

const magic = new TextEncoder().encode('TRIBDERV')
const headBytes = 56
const digestAt = 24
const unfinished = 'unfinished-'
/** Bytes of one call of the system, which takes no more than 2 GiB. */
const stepBytes = 2 ** 28

export function openDerivedFiles(options: DerivedFilesOptions): DerivedFiles {
  const { folder, extension, quotaBytes } = options
  mkdirSync(folder, { recursive: true })
  const pathOf = (name: string): string => join(folder, `${name}${extension}`)

  /** Not at opening: a reader would take away what the writer is at. */
  function clearUnfinished(): void {
    for (const name of readdirSync(folder))
      if (name.startsWith(unfinished)) rmSync(join(folder, name), { force: true })
  }

  /** Oldest use first; the one just written stays, whatever the quota. */
  function makeRoom(kept: string): void {
    const files = readdirSync(folder)
      .filter((name) => name.endsWith(extension))
      .map((name) => ({ name, ...statOf(join(folder, name)) }))
      .toSorted((a, b) => a.usedMs - b.usedMs)
    let sizeBytes = files.reduce((sum, file) => sum + file.sizeBytes, 0)
    for (const file of files) {
      if (sizeBytes <= quotaBytes) return
      if (file.name === `${kept}${extension}`) continue
      rmSync(join(folder, file.name), { force: true })
      sizeBytes -= file.sizeBytes
    }
  }

  return {
    write(name, payload) {
      const aside = join(folder, `${unfinished}${process.pid}-${name}`)
      clearUnfinished()
      try {
        writeFileTo(aside, headOf(options.version, payload), payload)
        renameSync(aside, pathOf(name))
      } catch (error) {
        rmSync(aside, { force: true })
        throw error
      }
      syncFolder(folder)
      makeRoom(name)
    },
    read(name) {
      const path = pathOf(name)
      const payload = readFileFrom(path, options.version)
      if (payload === 'damaged') rmSync(path, { force: true })
      if (!payload || payload === 'damaged') return undefined
      const now = new Date()
      utimesSync(path, now, now)
      return payload
    },
  }
}

function statOf(path: string): { readonly sizeBytes: number; readonly usedMs: number } {
  const { size, mtimeMs } = statSync(path)
  return { sizeBytes: size, usedMs: mtimeMs }
}

function headOf(version: number, payload: Uint8Array): Uint8Array {
  const head = new Uint8Array(headBytes)
  head.set(magic)
  const view = new DataView(head.buffer)
  view.setUint32(8, version, true)
  view.setBigUint64(16, BigInt(payload.length), true)
  head.set(createHash('sha256').update(payload).digest(), digestAt)
  return head
}

function writeFileTo(path: string, head: Uint8Array, payload: Uint8Array): void {
  const file = openSync(path, 'w')
  try {
    writeSync(file, head)
    for (let at = 0; at < payload.length;)
      at += writeSync(file, payload, at, Math.min(stepBytes, payload.length - at))
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
}

/** undefined: there is none. */
function readFileFrom(path: string, version: number): SharedArrayBuffer | 'damaged' | undefined {
  let file: number
  try {
    file = openSync(path, 'r')
  } catch {
    return undefined
  }
  try {
    const head = new Uint8Array(headBytes)
    if (readSync(file, head, 0, headBytes, 0) < headBytes) return 'damaged'
    const length = statOf(path).sizeBytes - headBytes
    const shared = new SharedArrayBuffer(length)
    const payload = new Uint8Array(shared)
    for (let at = 0; at < length;) {
      const count = Math.min(stepBytes, length - at)
      const read = readSync(file, payload, at, count, headBytes + at)
      if (read === 0) return 'damaged'
      at += read
    }
    return equalBytes(head, headOf(version, payload)) ? shared : 'damaged'
  } catch {
    return 'damaged'
  } finally {
    closeSync(file)
  }
}

/** A rename is on disk when its folder is. */
function syncFolder(path: string): void {
  const folder = openSync(path, 'r')
  try {
    fsyncSync(folder)
  } finally {
    closeSync(folder)
  }
}
