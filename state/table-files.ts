/**
 * Whether the table files of a database are as they were written: every block of each against its
 * checksum. The engine compares none when it reads, and some damage ends it, and the process, in an
 * assertion: to be done before the first read. The format is LevelDB's doc/table_format.md. Reads only.
 */
import { readdir, readFile, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { uncompress } from 'snappyjs'
import { crc32c } from './crc32c.ts'
import { isMissing } from './file-system.ts'

/** Two places of blocks, padded, and the magic number. */
const footerBytes = 48
const magicNumber = 0xdb4775248b80fb57n
/** After each block: how it is compressed, and a checksum of the block and that byte. */
const trailerBytes = 5
const compressions = { none: 0, snappy: 1 } as const

/** Files and when each was last written. */
export type TableFiles = ReadonlyMap<string, number>

/** Of a database that nobody has open, in their order; none where there is no folder. */
export async function listTables(folder: string): Promise<TableFiles> {
  const names = (await readdir(folder).catch(() => [])).filter((name) => /\.(ldb|sst)$/.test(name))
  const files = names.toSorted().map((name) => join(folder, name))
  return new Map(
    await Promise.all(files.map(async (file) => [file, (await stat(file)).mtimeMs] as const)),
  )
}

/**
 * The first damage among `tables`, undefined when there is none. They are those from before the database
 * was opened: opening has removed what a killed process left half written; what the engine has merged
 * into new tables since is gone, and the new ones, perhaps unfinished, are not looked at.
 */
export async function findTableDamage(tables: TableFiles): Promise<string | undefined> {
  for (const [file, mtimeMs] of tables) {
    const bytes = await readUnchanged(file, mtimeMs)
    const damage = bytes && damageOf(bytes)
    if (damage !== undefined) return `${basename(file)}: ${damage}`
  }
  return undefined
}

async function readUnchanged(file: string, mtimeMs: number): Promise<Buffer | undefined> {
  try {
    return (await stat(file)).mtimeMs === mtimeMs ? await readFile(file) : undefined
  } catch (error) {
    if (isMissing(error)) return undefined
    throw error
  }
}

/** Where a block begins, and its length without the trailer. */
interface Place {
  readonly at: number
  readonly length: number
}

/** Names the damage; any other throw is a bug. */
class Damage extends Error {}

function damageOf(file: Buffer): string | undefined {
  try {
    const footer = file.subarray(-footerBytes)
    if (footer.length < footerBytes || footer.readBigUInt64LE(footerBytes - 8) !== magicNumber)
      throw new Damage('its end is not that of a table')
    const places = createReader(footer)
    for (const index of [places.place(), places.place()])
      for (const place of entriesOf(blockAt(file, index))) blockAt(file, place)
    return undefined
  } catch (error) {
    if (error instanceof Damage) return error.message
    throw error
  }
}

/** The bytes of a block as they are in the file; refuses what does not fit its checksum. */
function blockAt(file: Buffer, { at, length }: Place): Buffer {
  const end = at + length
  if (end + trailerBytes > file.length - footerBytes)
    throw new Damage(`a block at byte ${at} would reach beyond its end`)
  if (unmasked(file.readUInt32LE(end + 1)) !== crc32c(file, at, end + 1))
    throw new Damage(`the block at byte ${at} does not fit its checksum`)
  return file.subarray(at, end + 1)
}

/** LevelDB turns and shifts a checksum, so that one over bytes that hold one still says something. */
function unmasked(stored: number): number {
  const turned = (stored - 0xa282ead8) >>> 0
  return ((turned >>> 17) | (turned << 15)) >>> 0
}

/** The places that an index, of the table or of its filters, names. */
function* entriesOf(block: Buffer): Generator<Place> {
  const compressed = block.subarray(0, -1)
  const isPlain = block.at(-1) === compressions.none
  const bytes = isPlain ? compressed : Buffer.from(uncompress(compressed))
  const restarts = bytes.readUInt32LE(bytes.length - 4)
  const reader = createReader(bytes.subarray(0, bytes.length - 4 * (restarts + 1)))
  while (!reader.atEnd()) {
    reader.varint() // of the key so many bytes are those of the one before
    const ownKeyBytes = reader.varint()
    reader.varint() // length of the value: a place says itself where it ends
    reader.skip(ownKeyBytes)
    yield reader.place()
  }
}

function createReader(bytes: Buffer) {
  let at = 0
  const varint = (): number => {
    let value = 0
    for (let factor = 1; ; factor *= 128) {
      const byte = bytes[at++]
      if (byte === undefined) throw new Damage('it ends in the middle of a number')
      value += (byte & 0x7f) * factor
      if (byte < 0x80) return value
    }
  }
  return {
    varint,
    place: (): Place => ({ at: varint(), length: varint() }),
    skip: (count: number): void => {
      at += count
    },
    atEnd: (): boolean => at >= bytes.length,
  }
}
