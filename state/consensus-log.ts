/**
 * The write-ahead log of consensus: what the core was told at the height in work, in order, so that a
 * node that died tells it again. One file a height. A tail that a crash tore is cut; damage before
 * something that was flushed stops the node. Reads no record's content.
 *
 * File: `<height>.wal`, records end to end. Record: length of the payload, CRC-32C of all behind it
 * (4 bytes each), sequence, bytes of the file that were known to be on disk when it was written (6
 * each), payload. Big-endian. The first record's payload is the mark below with the height and the salt of
 * the file, 4 bytes that nobody else knows: the checksums of all further records are XORed with it. Else
 * whoever gets bytes of his into a block could write what looks like a record, and make a torn tail look
 * like damage. Format 1 had no salt; its logs are read as if it were 0.
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
  /** A number below 2^32 that nobody can foresee, one for each file. */
  readonly newSalt: () => number
}

const markOf = (format: number, height: bigint): Uint8Array =>
  concat(
    new TextEncoder().encode(`tributary consensus log ${format} `),
    fromCount(Number(height), placeBytes),
  )
const saltBytes = 4
const headBytes = 20
const placeBytes = 6
/** A block of 8 MiB (EIP-7934) with what an input says about it. */
const maxPayloadBytes = 9 * 2 ** 20
/** Votes and certificates are written from one place; blocks are larger. */
const scratch = new Uint8Array(4_096)

interface Current {
  readonly file: OpenFile
  readonly salt: number
  sizeBytes: number
  syncedBytes: number
  sequence: number
  isNameSynced: boolean
}

export function openConsensusLog(
  { folder, newSalt }: ConsensusLogOptions,
  fs: FileSystem,
): ConsensusLog {
  fs.makeFolder(folder)
  let current: Current | undefined

  const append = (payload: Uint8Array): void => {
    invariant(current !== undefined, 'a height has begun before something is logged')
    invariant(payload.length <= maxPayloadBytes, 'an input fits a record of the log')
    const record = encodeRecord(payload, current, current.salt)
    current.file.append(record)
    current.sizeBytes += record.length
    current.sequence++
  }

  return {
    begin(height) {
      current?.file.close()
      deleteBelow(fs, folder, height)
      const path = join(folder, fileName(height))
      const bytes = fs.read(path) ?? new Uint8Array(0)
      const { payloads, end, salt } = readRecords(bytes, path, height)
      const file = fs.open(path)
      if (bytes.length > end) file.truncate(end)
      current = {
        file,
        salt: salt ?? newSalt(),
        sizeBytes: end,
        // What was read may still be in the system's cache only: the next flush makes sure of it.
        syncedBytes: 0,
        sequence: 0,
        isNameSynced: false,
      }
      if (salt === undefined) writeMark(current, height)
      else current.sequence = payloads.length + 1
      return payloads
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
  { folder }: Pick<ConsensusLogOptions, 'folder'>,
  fs: FileSystem,
): bigint | undefined {
  fs.makeFolder(folder)
  return fs.list(folder).flatMap(heightOfFile).at(-1)
}

/** 15 digits, so that the order of names is the order of heights. */
const fileName = (height: bigint): string => `${height.toString().padStart(15, '0')}.wal`

const isLog = /^\d{15}\.wal$/

const heightOfFile = (name: string): bigint[] =>
  isLog.test(name) ? [BigInt(name.slice(0, 15))] : []

function deleteBelow(fs: FileSystem, folder: string, height: bigint): void {
  const own = fileName(height)
  for (const name of fs.list(folder))
    if (isLog.test(name) && name < own) fs.remove(join(folder, name))
}

/** Its own checksum is not salted: it says the salt. */
function writeMark(current: Current, height: bigint): void {
  const payload = concat(markOf(2, height), fromCount(current.salt, saltBytes))
  const record = encodeRecord(payload, current, 0)
  current.file.append(record)
  current.sizeBytes += record.length
  current.sequence++
}

function encodeRecord(
  payload: Uint8Array,
  { sequence, syncedBytes }: Pick<Current, 'sequence' | 'syncedBytes'>,
  salt: number,
): Uint8Array {
  const length = headBytes + payload.length
  // Not kept by anybody: a file has its bytes when `append` returns.
  const record = length <= scratch.length ? scratch.subarray(0, length) : new Uint8Array(length)
  writeCount(record, payload.length, 0, 4)
  writeCount(record, sequence, 8, placeBytes)
  writeCount(record, syncedBytes, 8 + placeBytes, placeBytes)
  record.set(payload, headBytes)
  writeCount(record, (crc32c(record, 8) ^ salt) >>> 0, 4, 4)
  return record
}

interface FoundRecord {
  readonly payload: Uint8Array
  readonly sequence: number
  readonly syncedBytes: number
  readonly end: number
}

/** The record at `at`, or undefined when there is no whole one. */
function recordAt(bytes: Uint8Array, at: number, salt: number): FoundRecord | undefined {
  const end = endOf(bytes, at)
  if (end === undefined) return undefined
  if (saltAt(bytes, at, end) !== salt) return undefined
  return {
    payload: bytes.slice(at + headBytes, end),
    sequence: toCount(bytes, at + 8, placeBytes),
    syncedBytes: toCount(bytes, at + 8 + placeBytes, placeBytes),
    end,
  }
}

/** Where a record at `at` ends, if the bytes are there. */
function endOf(bytes: Uint8Array, at: number): number | undefined {
  if (at + headBytes > bytes.length) return undefined
  const length = toCount(bytes, at, 4)
  const end = at + headBytes + length
  return length > maxPayloadBytes || end > bytes.length ? undefined : end
}

/** The salt with which the bytes would be a record. */
const saltAt = (bytes: Uint8Array, at: number, end: number): number =>
  (crc32c(bytes.subarray(at + 8, end)) ^ toCount(bytes, at + 4, 4)) >>> 0

interface Read {
  /** Without the mark. */
  readonly payloads: readonly Uint8Array[]
  /** Of the whole records. */
  readonly end: number
  /** Undefined: there is no mark, and the file begins anew. */
  readonly salt: number | undefined
}

/** The records from the start, and where the first one that is none begins. */
function readRecords(bytes: Uint8Array, path: string, height: bigint): Read {
  const first = recordAt(bytes, 0, 0)
  if (first === undefined) {
    const witness = witnessWithoutMark(bytes)
    if (witness !== undefined) throw damaged(path, 0, witness)
    return { payloads: [], end: 0, salt: undefined }
  }
  const salt = saltIn(first.payload, height)
  if (salt === undefined || first.sequence !== 0) throw foreign(path)
  const payloads: Uint8Array[] = []
  let { end } = first
  for (let next = recordAt(bytes, end, salt); next; next = recordAt(bytes, end, salt)) {
    if (next.sequence !== payloads.length + 1) break
    payloads.push(next.payload)
    end = next.end
  }
  const witness = end < bytes.length ? laterWitness(bytes, end, payloads.length, salt) : undefined
  if (witness !== undefined) throw damaged(path, end, witness)
  return { payloads, end, salt }
}

/** What a mark of this height says, of this format or the first; undefined: it is none. */
function saltIn(payload: Uint8Array, height: bigint): number | undefined {
  const found = Buffer.from(payload)
  if (found.equals(markOf(1, height))) return 0
  const length = payload.length - saltBytes
  const isMark = length > 0 && found.subarray(0, length).equals(markOf(2, height))
  return isMark ? toCount(payload, length, saltBytes) : undefined
}

/** So many bytes that look like a record's head are looked at closely: a block can hold thousands. */
const maxWitnesses = 64

/**
 * A whole record behind the fault that says the fault's place was on disk when it was written: then
 * this is no torn tail. Without one nothing that was sent depends on what is lost.
 */
function laterWitness(
  bytes: Uint8Array,
  faultAt: number,
  sequence: number,
  salt: number,
): number | undefined {
  let looked = 0
  for (let at = faultAt + 1; at + headBytes <= bytes.length; at++) {
    if (toCount(bytes, at + 8, placeBytes) <= sequence) continue
    // Cheap look before the checksum: a place on disk lies before the record that names it.
    const synced = toCount(bytes, at + 8 + placeBytes, placeBytes)
    if (synced <= faultAt || synced > at) continue
    if (recordAt(bytes, at, salt)) return at
    if (++looked === maxWitnesses) return undefined
  }
  return undefined
}

/**
 * Where the mark itself is the fault, the salt is what the next record was written with if the one
 * after that has the same. Only records in their places are looked at, so no payload passes for one.
 */
function witnessWithoutMark(bytes: Uint8Array): number | undefined {
  const markEnd = headBytes + markOf(2, 0n).length + saltBytes
  const end = endOf(bytes, markEnd)
  if (end === undefined) return undefined
  const salt = saltAt(bytes, markEnd, end)
  let sequence = 1
  for (let at = end, next = recordAt(bytes, at, salt); next; next = recordAt(bytes, at, salt)) {
    // A page that was lost reads as zeros, and these as records of sequence 0.
    if (next.sequence !== ++sequence) return undefined
    if (next.syncedBytes > 0) return at
    at = next.end
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
