/**
 * A disk in memory that forgets: what was not synced may be lost, in part or in whole, when the power
 * goes, names and renames too. Every operation can be the last one (`crashAt`). Deterministic: the
 * dice are the caller's.
 */
import { concat } from '../../primitives/index.ts'
import type { FileSystem } from '../../state/file-system.ts'

export class Crash extends Error {
  override readonly name = 'Crash'
}

/** A file's bytes in the pieces they were appended in: as written, and how many the platter has of which. */
interface Inode {
  pieces: Uint8Array[]
  durable: { readonly pieces: readonly Uint8Array[]; readonly count: number }
}

/** A place for small pieces: a simulator appends millions, and each buffer of its own costs more. */
let arena = new Uint8Array(65_536)
let arenaAt = 0

/** A copy: the writer may use its bytes again. */
function keep(bytes: Uint8Array): Uint8Array {
  if (bytes.length > 4_096) return bytes.slice()
  if (arenaAt + bytes.length > arena.length) {
    arena = new Uint8Array(arena.length)
    arenaAt = 0
  }
  const end = arenaAt + bytes.length
  const copy = arena.subarray(arenaAt, end)
  copy.set(bytes)
  arenaAt = end
  return copy
}

const whole = (pieces: readonly Uint8Array[]): Uint8Array => concat(...pieces)
const sizeOf = (pieces: readonly Uint8Array[]): number =>
  pieces.reduce((size, { length }) => size + length, 0)

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
        .filter((path) => isIn(path, folder))
        .map((path) => path.slice(folder.length + 1))
        .toSorted((a, b) => (a < b ? -1 : 1)),
    read(path) {
      const inode = live.get(path)
      return inode && whole(inode.pieces)
    },
    open(path) {
      let inode = live.get(path)
      if (!inode) {
        operate()
        inode = { pieces: [], durable: { pieces: [], count: 0 } }
        live.set(path, inode)
      }
      const file = inode
      return {
        append(bytes) {
          operate()
          file.pieces.push(keep(bytes))
        },
        truncate(sizeBytes) {
          if (sizeOf(file.pieces) <= sizeBytes) return
          operate()
          file.pieces = [whole(file.pieces).subarray(0, sizeBytes)]
        },
        sync() {
          operate()
          // What is appended later goes behind, what is cut makes a new list.
          const { pieces } = file
          if (!faults.ignoresSync) file.durable = { pieces, count: pieces.length }
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
      for (const path of durable.keys())
        if (isIn(path, folder) && !live.has(path)) durable.delete(path)
      for (const [path, inode] of live) if (isIn(path, folder)) durable.set(path, inode)
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
        const { pieces, count: length } = inode.durable
        const torn = [tear(whole(inode.pieces), whole(pieces.slice(0, length)), dice)]
        inode.pieces = torn
        inode.durable = { pieces: torn, count: 1 }
      }
      live = kept
      durable = new Map(kept)
    },
    damage(path, at) {
      const inode = live.get(path)
      if (!inode) throw new Error(`no file ${path}`)
      const bytes = whole(inode.pieces)
      bytes[at] = (bytes[at] ?? 0) ^ 0xff
      inode.pieces = [bytes]
    },
    names: () => [...live.keys()],
  }
}

const isIn = (path: string, folder: string): boolean =>
  path[folder.length] === '/' && path.startsWith(folder) && !path.includes('/', folder.length + 1)

const pageBytes = 64

/** All, nothing, a prefix, or some pages of what was written since the last sync. */
function tear(bytes: Uint8Array, durable: Uint8Array, dice: () => number): Uint8Array {
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
