/**
 * A contributor's working folder: `datanet.json` says where its rows go, `rows.jsonl` holds what is to
 * be pushed next, `pushed.json` remembers what was. Plain files that any tool may read; no key in them.
 */
import { appendFile, readFile, rename, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { z } from 'zod'
import { isRowFault, readRow, rowText } from '../attribution/methods/index.ts'
import { NodeError, toHex, type Hex } from '../primitives/index.ts'
import { hashRow, joinRows, type Row } from '../sdk/index.ts'

const settingsSchema = z.strictObject({
  /** Decimal; absent until it is known. */
  datanetId: z.string().regex(/^[1-9]\d*$/),
  /** SPDX identifier. */
  licence: z.string().min(1).max(32),
  /** Where people find out more. */
  uri: z.string().max(256),
  /** Hash of the block that made the datanet, where a node said it: tells its chain from others. */
  datanetBlock: z.string().optional(),
})
export type DataSettings = z.infer<typeof settingsSchema>

const pushedSchema = z.array(
  z.strictObject({
    batchId: z.string(),
    root: z.string(),
    rows: z.number(),
    sizeBytes: z.number(),
    transaction: z.string(),
    /** Hashes of the rows, so that none is pushed twice and each can be proven later. */
    rowHashes: z.array(z.string()),
  }),
)
export type Pushed = z.infer<typeof pushedSchema>[number]

const files = { settings: 'datanet.json', rows: 'rows.jsonl', pushed: 'pushed.json' } as const

/** Throws NodeError DATA_FOLDER when there is a datanet.json already. Writes nothing. */
export async function requireFresh(folder: string): Promise<void> {
  const path = join(folder, files.settings)
  const isThere = await readFile(path).then(
    () => true,
    () => false,
  )
  if (isThere)
    throw new NodeError(
      'DATA_FOLDER',
      `${path} is there already; go on with it, or begin in another --folder`,
    )
}

/** Throws NodeError DATA_FOLDER when there is a datanet.json already. */
export async function initFolder(folder: string, settings: DataSettings): Promise<void> {
  const path = join(folder, files.settings)
  const flag = 'wx' // never over something that is there
  await writeFile(path, `${JSON.stringify(settings, undefined, 2)}\n`, { flag }).catch(
    (error: unknown) => {
      throw new NodeError(
        'DATA_FOLDER',
        `cannot begin in ${folder}: ${path} is there already or cannot be written`,
        {},
        error,
      )
    },
  )
  await writeFile(join(folder, files.rows), '', { flag: 'a' })
}

/** Throws NodeError DATA_FOLDER with what to do. */
export async function readSettings(folder: string): Promise<DataSettings> {
  const path = join(folder, files.settings)
  const text = await readFile(path, 'utf8').catch(() => undefined)
  if (text === undefined)
    throw new NodeError(
      'DATA_FOLDER',
      `${folder} is no data folder; begin with: tributary data init`,
    )
  return parsed(path, settingsSchema, text)
}

export async function readPushed(folder: string): Promise<readonly Pushed[]> {
  const path = join(folder, files.pushed)
  const text = await readFile(path, 'utf8').catch(() => '[]')
  return parsed(path, pushedSchema, text)
}

async function writePushed(folder: string, pushed: readonly Pushed[]): Promise<void> {
  await writeFile(join(folder, files.pushed), `${JSON.stringify(pushed, undefined, 2)}\n`)
}

function parsed<value>(path: string, schema: z.ZodType<value>, text: string): value {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch {
    throw new NodeError('DATA_FOLDER', `${path} is not JSON`)
  }
  const result = schema.safeParse(json)
  if (result.success) return result.data
  throw new NodeError('DATA_FOLDER', `${path}: ${z.prettifyError(result.error)}`)
}

export interface Staged {
  readonly rows: readonly Row[]
  /** Of the file, when a line is no row; then there are none. */
  readonly fault: string | undefined
}

/** What waits to be pushed, in as many batches as it takes. */
export async function readStaged(folder: string): Promise<Staged> {
  const path = join(folder, files.rows)
  const bytes = new Uint8Array(await readFile(path).catch(() => Buffer.alloc(0)))
  const rows: Row[] = []
  for (let start = 0; start < bytes.length;) {
    const end = bytes.indexOf(lineEnd, start)
    const row = end < 0 ? { fault: 'the last line is not ended' } : readRow(bytes.slice(start, end))
    if (isRowFault(row))
      return { rows: [], fault: `${files.rows}: line ${rows.length + 1}: ${row.fault}` }
    rows.push(row)
    start = end + 1
  }
  return { rows, fault: undefined }
}

const lineEnd = 0x0a

/** Adds the rows that are new here, in order; answers how many were known, and how many look like another. */
export async function stageRows(
  folder: string,
  rows: readonly Row[],
): Promise<{ readonly added: number; readonly known: number; readonly alike: number }> {
  const { rows: staged, fault } = await readStaged(folder)
  if (fault !== undefined) throw new NodeError('DATA_FOLDER', fault)
  const known = new Set<string>((await readPushed(folder)).flatMap((one) => one.rowHashes))
  for (const row of staged) known.add(rowHash(row))
  const looks = new Set(staged.map(lookOf))
  let alike = 0
  const fresh = rows.filter((row) => {
    const hash = rowHash(row)
    if (known.has(hash)) return false
    known.add(hash)
    const look = lookOf(row)
    if (looks.has(look)) alike++
    looks.add(look)
    return true
  })
  await appendFile(join(folder, files.rows), joinRows(fresh))
  return { added: fresh.length, known: rows.length - fresh.length, alike }
}

/** What people see of a row: one spelling of every letter, spaces as one. */
const lookOf = (row: Row): string => rowText(row).normalize('NFC').replace(/\s+/g, ' ').trim()

/** Whether a path is one of the folder's own files, which hold rows but are no source of them. */
export const isOwnFile = (folder: string, path: string): boolean =>
  Object.values(files).some((name) => resolve(folder, name) === resolve(path))

export const rowHash = (row: Row): Hex => toHex(hashRow(row.bytes))

/** After a push: remembers it, and takes its rows from the stage; the same again changes nothing. */
export async function closePush(folder: string, push: Pushed): Promise<void> {
  const others = (await readPushed(folder)).filter(({ batchId }) => batchId !== push.batchId)
  await writePushed(folder, [...others, push])
  const pushed = new Set(push.rowHashes)
  const { rows } = await readStaged(folder)
  const rest = joinRows(rows.filter((row) => !pushed.has(rowHash(row))))
  // A name of its own first: half a stage would be rows lost.
  const path = join(folder, files.rows)
  await writeFile(`${path}.new`, rest)
  await rename(`${path}.new`, path)
}
