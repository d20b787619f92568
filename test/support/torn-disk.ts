/**
 * A disk in memory that forgets: what was not synced may be lost, in part or in whole, when the power
 * goes, names and renames too. Every operation can be the last one (`crashAt`). Deterministic: the
 * dice are the caller's.
 */
import { dirname } from 'node:path'
import type { FileSystem } from '../../state/file-system.ts'

export class Crash extends Error {
  override readonly name = 'Crash'
}

/** A file's bytes: as written, and as the platter has them. */
interface Inode {
  bytes: Uint8Array
  durable: Uint8Array
  /** Holds `bytes` and place for more behind them, so that a small append does not copy the file. */
  space: Uint8Array
}

const nothing = new Uint8Array(0)

function appended(file: Inode, added: Uint8Array): Uint8Array {
  const start = file.bytes.length
  const end = start + added.length
  if (file.bytes.buffer !== file.space.buffer || end > file.space.length) {
    file.space = new Uint8Array(Math.max(1_024, 2 * end))
    file.space.set(file.bytes)
  }
  file.space.set(added, start)
  return file.space.subarray(0, end)
}

export interface TornDisk extends FileSystem {
  /** Operations that change something, so far. */
  operations(): number
  /** The n-th operation from the start throws Crash before it happens; undefined: none. */
  crashAt(operation: number | undefined): void
  /** Power loss: unsynced bytes and names survive or not, as the dice say. */
  loseUnsynced(dice: () => number): void
  /** Changes one byte for good. */
  damage(path: string, at: number): void
  names(): readonly string[]
}

export interface DiskFaults {
  /** A folder's sync does nothing: the planted bug of a forgotten directory fsync. */
  readonly ignoresFolderSync?: boolean
  readonly ignoresSync?: boolean
  /** Told of each operation before it happens; what it throws is the end of the process. */
  readonly onOperation?: () => void
}

export function createTornDisk(faults: DiskFaults = {}): TornDisk {
  let live = new Map<string, Inode>()
  /** Names as they are on the platter. */
  let durable = new Map<string, Inode>()
  let count = 0
  let last: number | undefined
  const operate = (): void => {
    count++
    if (last !== undefined && count >= last) throw new Crash(`at operation ${count}`)
    faults.onOperation?.()
  }
  return {
    makeFolder: () => undefined,
    list: (folder) =>
      [...live.keys()]
        .filter((path) => dirname(path) === folder)
        .map((path) => path.slice(folder.length + 1))
        .toSorted((a, b) => (a < b ? -1 : 1)),
    read: (path) => live.get(path)?.bytes.slice(),
    open(path) {
      let inode = live.get(path)
      if (!inode) {
        operate()
        inode = { bytes: nothing, durable: nothing, space: nothing }
        live.set(path, inode)
      }
      const file = inode
      return {
        append(bytes) {
          operate()
          file.bytes = appended(file, bytes)
        },
        truncate(sizeBytes) {
          if (file.bytes.length <= sizeBytes) return
          operate()
          file.bytes = file.bytes.slice(0, sizeBytes)
        },
        sync() {
          operate()
          if (!faults.ignoresSync) file.durable = file.bytes
        },
        close: () => undefined,
      }
    },
    rename(from, to) {
      operate()
      const inode = live.get(from)
      if (!inode) throw new Error(`no file ${from}`)
      live.delete(from)
      live.set(to, inode)
    },
    remove(path) {
      operate()
      live.delete(path)
    },
    syncFolder(folder) {
      operate()
      if (faults.ignoresFolderSync) return
      for (const path of new Set([...live.keys(), ...durable.keys()])) {
        if (dirname(path) !== folder) continue
        const inode = live.get(path)
        if (inode) durable.set(path, inode)
        else durable.delete(path)
      }
    },
    operations: () => count,
    crashAt(operation) {
      last = operation
    },
    loseUnsynced(dice) {
      const kept = new Map(durable)
      // Names reach the platter one by one, in no order; a rename is one change of two names.
      for (const [path, inode] of live)
        if (durable.get(path) !== inode && dice() < 0.5) {
          for (const [name, other] of kept) if (other === inode) kept.delete(name)
          kept.set(path, inode)
        }
      for (const inode of new Set(kept.values())) {
        inode.bytes = tear(inode, dice)
        inode.durable = inode.bytes
      }
      live = kept
      durable = new Map(kept)
    },
    damage(path, at) {
      const inode = live.get(path)
      if (!inode) throw new Error(`no file ${path}`)
      inode.bytes = inode.bytes.slice()
      inode.bytes[at] = (inode.bytes[at] ?? 0) ^ 0xff
    },
    names: () => [...live.keys()],
  }
}

const pageBytes = 64

/** All, nothing, a prefix, or some pages of what was written since the last sync. */
function tear({ bytes, durable }: Inode, dice: () => number): Uint8Array {
  const shared = Math.min(bytes.length, durable.length)
  const isExtended = bytes.length > durable.length
  if (!isExtended) return dice() < 0.5 ? bytes : durable
  const how = dice()
  if (how < 0.25) return bytes
  if (how < 0.5) return durable
  const size = shared + Math.floor(dice() * (bytes.length - shared + 1))
  const torn = bytes.slice(0, size)
  if (how < 0.75) return torn
  for (let at = durable.length; at < size; at += pageBytes)
    if (dice() < 0.5) torn.fill(0, at, Math.min(size, at + pageBytes))
  return torn
}
