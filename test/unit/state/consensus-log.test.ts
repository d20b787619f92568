/** The write-ahead log: what was flushed comes back, torn tails are cut, damage is refused. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { lastLoggedHeight, openConsensusLog } from '../../../state/consensus-log.ts'
import { crc32c } from '../../../state/crc32c.ts'
import { nodeFileSystem } from '../../../state/file-system.ts'
import { Crash, createTornDisk, type TornDisk } from '../../support/torn-disk.ts'

const salt = 0xfedcba98
const options = { folder: '/wal', newSalt: () => salt }
const payload = (...bytes: number[]): Uint8Array => Uint8Array.from(bytes)
const read = (disk: TornDisk, height = 7n): number[][] =>
  openConsensusLog(options, disk)
    .begin(height)
    .map((bytes) => [...bytes])
const pathOf = (height: number): string => `/wal/${height.toString().padStart(15, '0')}.wal`

test("the checksum is CRC-32C (RFC 3720's check value)", () => {
  const vector = new TextEncoder().encode('123456789')
  expect(crc32c(vector)).toBe(0xe3069283)
  // Wherever it begins and ends, four bytes at once and one by one.
  for (let start = 0; start < 5; start++)
    for (let end = start; end < 20; end++) {
      const bytes = Uint8Array.from({ length: 20 }, (_, i) => 37 * i)
      let crc = -1
      for (const byte of bytes.subarray(start, end)) {
        crc ^= byte
        for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1
      }
      expect(crc32c(bytes, start, end)).toBe((crc ^ -1) >>> 0)
    }
})

test('what was logged comes back in order, and the log goes on behind it', () => {
  const disk = createTornDisk()
  const log = openConsensusLog(options, disk)
  expect(log.begin(7n)).toEqual([])
  log.append(payload(1))
  log.append(payload(2, 2))
  log.flush()
  log.close()
  const again = openConsensusLog(options, disk)
  expect(again.begin(7n).map((bytes) => [...bytes])).toEqual([[1], [2, 2]])
  again.append(payload(3))
  again.flush()
  expect(read(disk)).toEqual([[1], [2, 2], [3]])
})

test('a height deletes the logs of lower heights unread, damaged or not', () => {
  const disk = createTornDisk()
  const log = openConsensusLog(options, disk)
  log.begin(7n)
  for (const byte of [1, 2]) {
    log.append(payload(byte))
    log.flush()
  }
  disk.damage(pathOf(7), 30)
  expect(lastLoggedHeight(options, disk)).toBe(7n)
  expect(openConsensusLog(options, disk).begin(9n)).toEqual([])
  expect(disk.names()).toEqual([pathOf(9)])
})

test('whatever a power loss leaves, everything flushed comes back and nothing is made up', () => {
  fc.assert(
    fc.property(
      fc.array(fc.record({ size: fc.nat(200), isFlushed: fc.boolean() }), { maxLength: 12 }),
      fc.array(fc.double({ min: 0, max: 0.999, noNaN: true }), { minLength: 8, maxLength: 40 }),
      (records, rolls) => {
        const disk = createTornDisk()
        const log = openConsensusLog(options, disk)
        log.begin(7n)
        const written = records.map(({ size, isFlushed }, i) => {
          log.append(new Uint8Array(size).fill(i + 1))
          if (isFlushed) log.flush()
          return [...new Uint8Array(size).fill(i + 1)]
        })
        const flushed = records.findLastIndex(({ isFlushed }) => isFlushed) + 1
        let roll = 0
        disk.loseUnsynced(() => rolls[roll++ % rolls.length] ?? 0)
        const found = read(disk)
        expect(found.length).toBeGreaterThanOrEqual(flushed)
        expect(found).toEqual(written.slice(0, found.length))
      },
    ),
    { numRuns: 300 },
  )
})

const writeFour = (disk: TornDisk): number => {
  let flushed = 0
  try {
    const log = openConsensusLog(options, disk)
    log.begin(7n)
    for (let i = 1; i <= 4; i++) {
      log.append(payload(i))
      log.append(payload(i, i))
      log.flush()
      flushed = 2 * i
    }
  } catch (error) {
    if (!(error instanceof Crash)) throw error
  }
  return flushed
}

test('a crash at each operation loses nothing that was flushed before it', () => {
  const whole = createTornDisk()
  writeFour(whole)
  for (let at = 1; at <= whole.operations(); at++)
    for (const roll of [0, 0.3, 0.6, 0.9]) {
      const disk = createTornDisk()
      disk.crashAt(at)
      const flushed = writeFour(disk)
      disk.crashAt(undefined)
      disk.loseUnsynced(() => roll)
      expect(read(disk).length).toBeGreaterThanOrEqual(flushed)
    }
})

const logged = (): TornDisk => {
  const disk = createTornDisk()
  const log = openConsensusLog(options, disk)
  log.begin(7n)
  for (let i = 1; i <= 3; i++) {
    log.append(new Uint8Array(40).fill(i))
    log.flush()
  }
  return disk
}

describe('damage', () => {
  test('each byte before the last record, when it flips, stops the node with what to do', () => {
    const size = logged().read(pathOf(7))?.length ?? 0
    for (let at = 0; at < size - 60; at++) {
      const disk = logged()
      disk.damage(pathOf(7), at)
      expect(() => read(disk)).toThrow(/damaged at byte \d+.*tributary validator guard --above/)
    }
  })

  test('each cut of the file is a torn tail: whole records stay', () => {
    const size = logged().read(pathOf(7))?.length ?? 0
    for (let cut = 0; cut < size; cut++) {
      const disk = logged()
      disk.open(pathOf(7)).truncate(cut)
      const found = read(disk)
      expect(found.length).toBe(Math.max(0, Math.floor((cut - 56) / 60)))
    }
  })

  test('the log of another height under this name is refused', () => {
    const disk = logged()
    disk.rename(pathOf(7), pathOf(9))
    expect(() => read(disk, 9n)).toThrow(/is no consensus log of the height in its name/)
  })
})

/** What anybody can write into a transaction: a record with its checksum, but for the file's salt. */
function fakeRecord(sequence: number, syncedBytes: number, lengthBytes = 0): Uint8Array {
  const record = Buffer.alloc(20 + lengthBytes)
  record.writeUInt32BE(lengthBytes, 0)
  record.writeUIntBE(sequence, 8, 6)
  record.writeUIntBE(syncedBytes, 14, 6)
  record.writeUInt32BE(crc32c(record, 8), 4)
  return record
}

/** Flushed, and then a block of which the power loss left `share`. */
function tornIn(block: Uint8Array, share: number): TornDisk {
  const disk = createTornDisk()
  const log = openConsensusLog(options, disk)
  log.begin(7n)
  log.append(new Uint8Array(300))
  log.flush()
  const size = disk.read(pathOf(7))?.length ?? 0
  log.append(block)
  disk.open(pathOf(7)).truncate(size + Math.floor(block.length * share))
  return disk
}

describe('bytes of a block that look like a record', () => {
  test('do not make damage of a torn tail', () => {
    const block = new Uint8Array(60_000).fill(1)
    block.set(fakeRecord(2 ** 40, 20_000), 40_000)
    expect(read(tornIn(block, 0.9))).toEqual([[...new Uint8Array(300)]])
  })

  test('nor of a first page that was lost, behind which everybody knows the salt', () => {
    const bytes = new Uint8Array(8_192)
    // Zeros read as records without content, each with this salt.
    const known = crc32c(new Uint8Array(12))
    const record = Buffer.from(fakeRecord(5, 4_096))
    record.writeUInt32BE((record.readUInt32BE(4) ^ known) >>> 0, 4)
    bytes.set(record, 4_096)
    const disk = createTornDisk()
    disk.open(pathOf(7)).append(bytes)
    expect(read(disk)).toEqual([])
  })

  test('are not looked at by the thousand', () => {
    const head = fakeRecord(2 ** 40, 1_000, 2_000_000).subarray(0, 20)
    const block = Buffer.concat(Array.from({ length: 300_000 }, () => head))
    const started = process.cpuUsage().user
    expect(read(tornIn(block, 0.9))).toHaveLength(1)
    // Each of them closely: 300,000 times 2 MB.
    expect((process.cpuUsage().user - started) / 1e6).toBeLessThan(20)
  })
})

const oldLog = (height: bigint): TornDisk => {
  const disk = createTornDisk()
  const mark = Buffer.concat([Buffer.from('tributary consensus log 1 '), Buffer.alloc(6)])
  mark.writeUIntBE(Number(height), mark.length - 6, 6)
  const file = disk.open(pathOf(7))
  let syncedBytes = 0
  for (const [sequence, bytes] of [mark, payload(1), payload(2, 2)].entries()) {
    const record = Buffer.concat([fakeRecord(sequence, syncedBytes), bytes])
    record.writeUInt32BE(bytes.length, 0)
    record.writeUInt32BE(crc32c(record, 8), 4)
    file.append(record)
    syncedBytes += record.length
  }
  return disk
}

describe('a log of format 1, whose checksums have no salt', () => {
  test('is read, and goes on as it is', () => {
    const disk = oldLog(7n)
    const log = openConsensusLog(options, disk)
    expect(log.begin(7n)).toEqual([payload(1), payload(2, 2)])
    log.append(payload(3))
    log.flush()
    expect(read(disk)).toEqual([[1], [2, 2], [3]])
  })

  test('is refused when it is damaged, or of another height', () => {
    const disk = oldLog(7n)
    disk.damage(pathOf(7), 60)
    expect(() => read(disk)).toThrow(/damaged at byte 52/)
    expect(() => read(oldLog(8n))).toThrow(/is no consensus log of the height in its name/)
  })
})

describe('on a real disk', () => {
  const folder = mkdtempSync(join(tmpdir(), 'wal-'))
  afterAll(() => rmSync(folder, { recursive: true }))

  test('it does the same', () => {
    const log = openConsensusLog({ ...options, folder: join(folder, 'a', 'b') }, nodeFileSystem)
    expect(log.begin(1n)).toEqual([])
    log.append(payload(9))
    log.flush()
    log.close()
    const again = openConsensusLog({ ...options, folder: join(folder, 'a', 'b') }, nodeFileSystem)
    expect(again.begin(1n)).toEqual([payload(9)])
    expect(again.begin(2n)).toEqual([])
    again.close()
  })
})
