/**
 * Whether the table files of a database are as they were written: every block of each against its
 * checksum. The engine compares none when it reads: it lets changed bytes pass, merges them into new
 * tables as good ones, or ends the process in an assertion. So this is done before it is opened. The
 * formats are those of LevelDB's doc/table_format.md, doc/log_format.md and db/version_edit.cc. Reads only.
 */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { uncompress } from 'snappyjs'
import { NodeError } from '../primitives/index.ts'
import { crc32c } from './crc32c.ts'
import { isMissing } from './file-system.ts'

/**
 * The first damage, undefined when there is none. Looks at the tables that the manifest names, each of
 * them whole on disk before it was named. One that is not there is not looked for: beside a running node
 * it may have been merged into another, and otherwise opening says that it is missing. Throws NodeError
 * DB_FAILED for what cannot be read.
 */
export async function findTableDamage(folder: string): Promise<string | undefined> {
  for (const number of await liveTables(folder)) {
    const name = `${String(number).padStart(6, '0')}.ldb`
    const bytes = await readIfThere(join(folder, name))
    const damage = bytes && damageOf(bytes)
    if (damage !== undefined) return `${name}: ${damage}`
  }
  return undefined
}

async function readIfThere(file: string): Promise<Buffer | undefined> {
  try {
    return await readFile(file)
  } catch (error) {
    if (isMissing(error)) return undefined
    const reason = String(error).replace(/^Error: /, '')
    throw new NodeError('DB_FAILED', `cannot read ${file} (${reason})`, { path: file }, error)
  }
}

/** What each field of an edit holds: numbers, and keys with their length before them. */
const editFields = {
  1: ['key'], // name of the order of keys
  2: ['number'], // log
  3: ['number'], // next file
  4: ['number'], // last sequence
  5: ['number', 'key'], // where the next merge of a level begins
  6: ['number', 'number'], // table that is none any more: level, file
  7: ['number', 'number', 'number', 'key', 'key'], // new table: level, file, length, first and last key
  9: ['number'], // log before
} as const satisfies Readonly<Record<number, readonly ('number' | 'key')[]>>
const [removedTable, addedTable] = [6, 7]
const isField = (tag: number): tag is keyof typeof editFields => tag in editFields

/** Numbers of the tables the database consists of, in their order; what else a manifest says opening refuses. */
async function liveTables(folder: string): Promise<readonly number[]> {
  const current = await readIfThere(join(folder, 'CURRENT'))
  const name = current?.toString('latin1').trimEnd() ?? ''
  const manifest = /^MANIFEST-\d+$/.test(name) && (await readIfThere(join(folder, name)))
  const live = new Set<number>()
  for (const edit of manifest ? recordsOf(manifest) : []) {
    const reader = createReader(edit)
    while (!reader.atEnd()) {
      const tag = reader.varint()
      if (!isField(tag)) break
      const [, file] = editFields[tag].map((kind) => {
        const value = reader.varint()
        if (kind === 'key') reader.skip(value)
        return value
      })
      if (file !== undefined && tag === addedTable) live.add(file)
      if (file !== undefined && tag === removedTable) live.delete(file)
    }
  }
  return [...live].toSorted((a, b) => a - b)
}

/** A log is cut into pages; no record goes beyond one, a longer one is several parts. */
const pageBytes = 32_768
/** Before each part: checksum, length, whether it is whole or the first, a middle or the last one. */
const partHeadBytes = 7
const parts = { whole: 1, first: 2, last: 4 }

/** Up to the first one that is torn or damaged. */
function* recordsOf(log: Buffer): Generator<Buffer> {
  let begun: Buffer[] = []
  for (let at = 0; at + partHeadBytes <= log.length;) {
    const leftInPage = pageBytes - (at % pageBytes)
    if (leftInPage < partHeadBytes) {
      at += leftInPage
      continue
    }
    const [start, type] = [at + partHeadBytes, log.readUInt8(at + 6)]
    const end = start + log.readUInt16LE(at + 4)
    if (end > log.length || unmasked(log.readUInt32LE(at)) !== crc32c(log, at + 6, end)) return
    if (type === parts.whole || type === parts.first) begun = []
    begun.push(log.subarray(start, end))
    if (type === parts.whole || type === parts.last) yield Buffer.concat(begun)
    at = end
  }
}

/** Two places of blocks, padded, and the magic number. */
const footerBytes = 48
const magicNumber = 0xdb4775248b80fb57n
/** After each block: how it is compressed, and a checksum of the block and that byte. */
const trailerBytes = 5
const notCompressed = 0

/** Where a block begins, and its length without the trailer. */
interface Place {
  readonly at: number
  readonly length: number
}

/** Names the damage; any other throw is a bug. */
class Damage extends Error {}

function damageOf(table: Buffer): string | undefined {
  try {
    const footer = table.subarray(-footerBytes)
    if (footer.length < footerBytes || footer.readBigUInt64LE(footerBytes - 8) !== magicNumber)
      throw new Damage('its end is not that of a table')
    const reader = createReader(footer)
    for (const index of [reader.place(), reader.place()])
      for (const place of placesIn(blockAt(table, index))) blockAt(table, place)
    return undefined
  } catch (error) {
    if (error instanceof Damage) return error.message
    throw error
  }
}

/** The bytes of a block as they are in the file, and how they are compressed; refuses what does not fit its checksum. */
function blockAt(table: Buffer, { at, length }: Place): Buffer {
  const end = at + length
  if (end + trailerBytes > table.length - footerBytes)
    throw new Damage(`a block at byte ${at} would reach beyond its end`)
  if (unmasked(table.readUInt32LE(end + 1)) !== crc32c(table, at, end + 1))
    throw new Damage(`the block at byte ${at} does not fit its checksum`)
  return table.subarray(at, end + 1)
}

/** The places that an index, of the table or of its filters, names. */
function* placesIn(block: Buffer): Generator<Place> {
  const stored = block.subarray(0, -1)
  const bytes = block.at(-1) === notCompressed ? stored : uncompress(stored)
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

/** LevelDB turns and shifts a checksum, so that one over bytes that hold one still says something. */
function unmasked(stored: number): number {
  const turned = (stored - 0xa282ead8) >>> 0
  return ((turned >>> 17) | (turned << 15)) >>> 0
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
