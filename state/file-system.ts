/**
 * Files as the write-ahead log and the double-sign guard use them: a port small enough for a
 * simulator to tear every write and lose every rename. Synchronous on purpose: a few small flushes a
 * block, each of which a vote waits for anyway, and nothing can slip in between. No policy.
 */
import {
  closeSync,
  fsyncSync,
  ftruncateSync,
  fstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  unlinkSync,
  writeSync,
} from 'node:fs'

/** Nothing is on disk for sure before `sync` of the file, and no name before `syncFolder`. */
export interface FileSystem {
  makeFolder(path: string): void
  /** Names in a folder, in ascending order. */
  list(folder: string): readonly string[]
  /** Undefined when there is no such file. */
  read(path: string): Uint8Array | undefined
  /** Makes the file when it is not there. Readable by its owner only. */
  open(path: string): OpenFile
  rename(from: string, to: string): void
  remove(path: string): void
  syncFolder(path: string): void
}

export interface OpenFile {
  /** Has what it needs of `bytes` when it returns: they may be written over. */
  append(bytes: Uint8Array): void
  truncate(sizeBytes: number): void
  sync(): void
  close(): void
}

export const nodeFileSystem: FileSystem = {
  makeFolder: (path) => void mkdirSync(path, { recursive: true, mode: 0o700 }),
  list: (folder) => readdirSync(folder).toSorted((a, b) => (a < b ? -1 : 1)),
  read(path) {
    try {
      return new Uint8Array(readFileSync(path))
    } catch (error) {
      if (isMissing(error)) return undefined
      throw error
    }
  },
  open(path) {
    const handle = openSync(path, 'a', 0o600)
    return {
      append(bytes) {
        for (let at = 0; at < bytes.length;)
          at += writeSync(handle, bytes, at, bytes.length - at, null)
      },
      truncate: (sizeBytes) => {
        if (fstatSync(handle).size > sizeBytes) ftruncateSync(handle, sizeBytes)
      },
      sync: () => fsyncSync(handle),
      close: () => closeSync(handle),
    }
  },
  rename: (from, to) => renameSync(from, to),
  remove: (path) => unlinkSync(path),
  syncFolder(path) {
    const handle = openSync(path, 'r')
    try {
      fsyncSync(handle)
    } finally {
      closeSync(handle)
    }
  },
}

export const isMissing = (error: unknown): boolean =>
  typeof error === 'object' && error !== null && 'code' in error && error.code === 'ENOENT'
