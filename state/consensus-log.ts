/**
 * The write-ahead log of consensus: what the core was told at the height in work, in order, so that a
 * node that died tells it again. One file a height. A tail that a crash tore is cut; damage before
 * something that was flushed stops the node. Reads no record's content.
 *
 * File: `<height>.wal`, records end to end. Record: length of the payload, CRC-32C of all behind it
 * (4 bytes each), sequence, bytes of the file that were known to be on disk when it was written (6
 * each), payload. Big-endian. The first record's payload is the mark below with the height.
 */
import { join } from 'node:path'
import { concat, invariant, NodeError } from '../primitives/index.ts'
import { crc32c } from './crc32c.ts'
import type { FileSystem, OpenFile } from './file-system.ts'
import { fromCount, toCount, writeCount } from './tables.ts'

export interface ConsensusLog {
  /**
   * Opens the log of a height and answers what it holds; logs of lower heights, which are committed,
   * are deleted unread. Throws NodeError LOG_DAMAGED.
   */
  begin(height: bigint): readonly Uint8Array[]
  /** Not on disk before `flush`. */
  append(payload: Uint8Array): void
  /** Returns when everything appended is on disk. */
  flush(): void
  close(): void
}

export interface ConsensusLogOptions {
  /** Made when it is not there. */
  readonly folder: string
}

const mark = new TextEncoder().encode('tributary consensus log 1 ')
const headBytes = 20
const placeBytes = 6
/** A block of 8 MiB (EIP-7934) with what an input says about it. */
const maxPayloadBytes = 9 * 2 ** 20
/** Votes and certificates are written from one place; blocks are larger. */
const scratch = new Uint8Array(4_096)

interface Current {
  readonly file: OpenFile
  sizeBytes: number
  syncedBytes: number
  sequence: number
  isNameSynced: boolean
}

export function openConsensusLog({ folder }: ConsensusLogOptions, fs: FileSystem): ConsensusLog {
  fs.makeFolder(folder)
  let current: Current | undefined

  const append = (payload: Uint8Array): void => {
    invariant(current !== undefined, 'a height has begun before something is logged')
    invariant(payload.length <= maxPayloadBytes, 'an input fits a record of the log')
    const record = encodeRecord(payload, current)
    current.file.append(record)
    current.sizeBytes += record.length
    current.sequence++
  }

  return {
    begin(height) {
      current?.file.close()
      deleteBelow(fs, folder, height)
      const path = join(folder, fileName(height))
      const bytes = fs.read(path)
      const { payloads, end } = readRecords(bytes ?? new Uint8Array(0), path)
      const file = fs.open(path)
      if (bytes && bytes.length > end) file.truncate(end)
      // What was read may still be in the system's cache only: the next flush makes sure of it.
      current = {
        file,
        sizeBytes: end,
        syncedBytes: 0,
        sequence: payloads.length,
        isNameSynced: false,
      }
      const [first, ...inputs] = payloads
      if (first === undefined) append(markOf(height))
      else if (!Buffer.from(first).equals(markOf(height))) throw foreign(path)
      return inputs
    },
    append,
    flush() {
      if (!current || current.syncedBytes === current.sizeBytes) return
      current.file.sync()
      current.syncedBytes = current.sizeBytes
      if (current.isNameSynced) return
      fs.syncFolder(folder)
      current.isNameSynced = true
    },
    close() {
      current?.file.close()
      current = undefined
    },
  }
}

/** Height whose log was on disk last: what a node that died was working on. */
export function lastLoggedHeight(
  { folder }: ConsensusLogOptions,
  fs: FileSystem,
): bigint | undefined {
  fs.makeFolder(folder)
  return fs.list(folder).flatMap(heightOfFile).at(-1)
}

/** 15 digits, so that the order of names is the order of heights. */
const fileName = (height: bigint): string => `${height.toString().padStart(15, '0')}.wal`

const heightOfFile = (name: string): bigint[] => {
  const digits = /^(\d{15})\.wal$/.exec(name)?.[1]
  return digits === undefined ? [] : [BigInt(digits)]
}

function deleteBelow(fs: FileSystem, folder: string, height: bigint): void {
  for (const old of fs.list(folder).flatMap(heightOfFile))
    if (old < height) fs.remove(join(folder, fileName(old)))
}

const markOf = (height: bigint): Uint8Array => concat(mark, fromCount(Number(height), placeBytes))

function encodeRecord(payload: Uint8Array, { sequence, syncedBytes }: Current): Uint8Array {
  const length = headBytes + payload.length
  // Not kept by anybody: a file has its bytes when `append` returns.
  const record = length <= scratch.length ? scratch.subarray(0, length) : new Uint8Array(length)
  writeCount(record, payload.length, 0, 4)
  writeCount(record, sequence, 8, placeBytes)
  writeCount(record, syncedBytes, 8 + placeBytes, placeBytes)
  record.set(payload, headBytes)
  writeCount(record, crc32c(record, 8), 4, 4)
  return record
}

interface FoundRecord {
  readonly payload: Uint8Array
  readonly sequence: number
  readonly syncedBytes: number
  readonly end: number
}

/** The record at `at`, or undefined when there is no whole one. */
function recordAt(bytes: Uint8Array, at: number): FoundRecord | undefined {
  if (at + headBytes > bytes.length) return undefined
  const length = toCount(bytes, at, 4)
  const end = at + headBytes + length
  if (length > maxPayloadBytes || end > bytes.length) return undefined
  if (crc32c(bytes.subarray(at + 8, end)) !== toCount(bytes, at + 4, 4)) return undefined
  return {
    payload: bytes.slice(at + headBytes, end),
    sequence: toCount(bytes, at + 8, placeBytes),
    syncedBytes: toCount(bytes, at + 8 + placeBytes, placeBytes),
    end,
  }
}

/** The records from the start, and where the first one that is none begins. */
function readRecords(
  bytes: Uint8Array,
  path: string,
): { readonly payloads: readonly Uint8Array[]; readonly end: number } {
  const payloads: Uint8Array[] = []
  let end = 0
  for (let found = recordAt(bytes, 0); found; found = recordAt(bytes, end)) {
    if (found.sequence !== payloads.length) break
    payloads.push(found.payload)
    end = found.end
  }
  const witness = end < bytes.length ? laterWitness(bytes, end, payloads.length) : undefined
  if (witness !== undefined) throw damaged(path, end, witness)
  return { payloads, end }
}

/**
 * A whole record behind the fault that says the fault's place was on disk when it was written: then
 * this is no torn tail. Without one nothing that was sent depends on what is lost.
 */
function laterWitness(bytes: Uint8Array, faultAt: number, sequence: number): number | undefined {
  for (let at = faultAt + 1; at + headBytes <= bytes.length; at++) {
    if (toCount(bytes, at + 8, placeBytes) < sequence) continue
    // Cheap look before the checksum: a place on disk lies before the record that names it.
    const synced = toCount(bytes, at + 8 + placeBytes, placeBytes)
    if (synced <= faultAt || synced > at) continue
    if (recordAt(bytes, at)) return at
  }
  return undefined
}

const wayOut =
  'Restore the file from a backup of this very moment, or give up what this validator knew: delete ' +
  'the file and run `tributary validator guard --above HEIGHT` with the height of the file, so that ' +
  'it signs nothing at that height.'

const damaged = (path: string, at: number, witness: number): NodeError =>
  new NodeError(
    'LOG_DAMAGED',
    `the consensus log ${path} is damaged at byte ${at}, before records that were flushed later ` +
      `(byte ${witness}). The votes it held may have been sent. ${wayOut}`,
    { path, at, witness },
  )

const foreign = (path: string): NodeError =>
  new NodeError('LOG_DAMAGED', `${path} is no consensus log of the height in its name. ${wayOut}`, {
    path,
  })
