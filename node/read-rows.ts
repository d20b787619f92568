/**
 * Files as people have them, made into rows: JSON lines and JSON lists row by row, tables row by row with
 * the header's names as keys, text by paragraph; compressed or not. Judges form only, and takes nothing in
 * that would not be the same afterwards; what the rows are worth, the curators say. One file at a time, whole.
 */
import { readdir, readFile, stat } from 'node:fs/promises'
import { basename, extname, join } from 'node:path'
import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import { parse as parseTable } from 'csv-parse/sync'
import { isSafeNumber, parse as parseStrictly } from 'lossless-json'
import { assertNever, compareText, NodeError } from '../primitives/index.ts'
import { isRowFault, makeRow, parseRow, type Row } from '../sdk/index.ts'

/** 256 MiB: what one process reads at once. */
const maxFileBytes = 256 * 2 ** 20
/** Characters of a paragraph that becomes one row; longer ones are cut at a space. */
const maxTextLength = 16_000
/** More files than anybody names by hand, fewer than a folder that was meant by mistake. */
const maxFiles = 10_000

export interface ReadFault {
  readonly file: string
  /** From 1: the line, of a list its item, of a text file the paragraph, of a table the row. */
  readonly place: number
  readonly fault: string
}

export interface ReadRows {
  readonly rows: readonly Row[]
  readonly faults: readonly ReadFault[]
}

const kinds = ['.jsonl', '.ndjson', '.json', '.csv', '.tsv', '.txt', '.md'] as const
type Kind = (typeof kinds)[number]

/** What a name says of a file; `.gz` behind it says that it is compressed. */
const kindOf = (path: string): Kind | undefined => {
  const name = path.toLowerCase().replace(/\.gz$/, '')
  return kinds.find((kind) => extname(name) === kind)
}

/** Throws NodeError FILE_UNKNOWN with the kinds there are. */
function requireKind(path: string): Kind {
  const kind = kindOf(path)
  if (kind !== undefined) return kind
  throw new NodeError(
    'FILE_UNKNOWN',
    `${path}: rows come from ${kinds.join(', ')} files, each also as .gz, and from folders of them; ` +
      'other kinds (Parquet, Arrow) are written as .jsonl by the tools that read them',
  )
}

export interface FoundFiles {
  readonly files: readonly string[]
  /** In folders, of kinds that hold no rows. */
  readonly passedOver: readonly string[]
}

/** Files as they are named, folders with all below them in order of their names, hidden ones left out. */
export async function findFiles(paths: readonly string[]): Promise<FoundFiles> {
  const found = { files: [] as string[], passedOver: [] as string[] }
  for (const path of paths) {
    const isFolder = (
      await stat(path).catch((error: unknown) => unreadable(path, error))
    ).isDirectory()
    if (isFolder) await walk(path, found)
    else {
      requireKind(path)
      found.files.push(path)
    }
  }
  return found
}

async function walk(
  folder: string,
  found: { readonly files: string[]; readonly passedOver: string[] },
): Promise<void> {
  const entries = await readdir(folder, { withFileTypes: true }).catch((error: unknown) =>
    unreadable(folder, error),
  )
  for (const entry of entries.toSorted((a, b) => compareText(a.name, b.name))) {
    const path = join(folder, entry.name)
    if (entry.name.startsWith('.')) continue
    if (entry.isDirectory()) await walk(path, found)
    else if (entry.isFile())
      (kindOf(path) === undefined ? found.passedOver : found.files).push(path)
    if (found.files.length > maxFiles)
      throw new NodeError('FILE_UNREADABLE', `more than ${maxFiles} files below ${folder}`)
  }
}

type Made = { readonly place: number; readonly row: ReturnType<typeof makeRow> }

/** Throws NodeError FILE_UNREADABLE, FILE_UNKNOWN for a kind of file it does not know. */
export async function readRows(path: string): Promise<ReadRows> {
  const kind = requireKind(path)
  const made = rowsOf(kind, path, await readText(path))
  const [rows, faults]: [Row[], ReadFault[]] = [[], []]
  for (const { place, row } of made) {
    if (isRowFault(row)) faults.push({ file: path, place, fault: row.fault })
    else if (isEmpty(row.value)) faults.push({ file: path, place, fault: 'there is nothing in it' })
    else rows.push(row)
  }
  return { rows, faults }
}

function rowsOf(kind: Kind, path: string, text: string): readonly Made[] {
  switch (kind) {
    case '.jsonl':
    case '.ndjson':
      return text
        .split(/\r?\n/)
        .map((line, i) => ({ line, place: i + 1 }))
        .filter(({ line }) => line.trim() !== '')
        .map(({ line, place }) => ({ place, row: rowOfLine(line) }))
    case '.json':
      return numbered(listOf(path, text))
    case '.csv':
    case '.tsv':
      return numbered(recordsOf(path, text, kind === '.csv' ? ',' : '\t'))
    case '.txt':
    case '.md':
      return numbered(paragraphs(text).map((part) => ({ source: basename(path), text: part })))
    default:
      return assertNever(kind)
  }
}

const numbered = (values: readonly unknown[]): readonly Made[] =>
  values.map((value, i) => ({ place: i + 1, row: makeRow(value) }))

function rowOfLine(line: string): Made['row'] {
  const row = parseRow(new TextEncoder().encode(line))
  const loss = isRowFault(row) ? undefined : lossOf(line)
  return loss === undefined ? row : { fault: loss }
}

/** What JSON.parse would leave out or change without a word: the first of two equal keys, long numbers. */
function lossOf(json: string): string | undefined {
  let changed: string | undefined
  try {
    parseStrictly(json, undefined, (number) => {
      if (!isSafeNumber(number)) changed ??= number
      return number
    })
  } catch (error) {
    return error instanceof Error ? error.message : 'two readers could read it differently'
  }
  return changed === undefined
    ? undefined
    : `${changed} has more digits than a number keeps; write it as a text`
}

function listOf(path: string, text: string): readonly unknown[] {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    // Said below: either way it is no list.
  }
  if (!Array.isArray(value))
    throw new NodeError(
      'FILE_UNREADABLE',
      `${path} is no JSON list of rows ([{...}, {...}]); one object a line goes into a .jsonl file`,
    )
  const loss = lossOf(text)
  if (loss !== undefined) throw new NodeError('FILE_UNREADABLE', `${path}: ${loss}`)
  return value
}

/** A header's names. Throws when one is none, or there twice. */
function columns(header: readonly string[]): string[] {
  const names = header.map((name) => name.trim())
  const wrong = names.find((name, i) => name === '' || names.indexOf(name) !== i)
  if (wrong === undefined) return names
  const fault = wrong === '' ? 'one name is empty' : `"${wrong}" is there twice`
  throw new Error(`its first line names the columns, and ${fault}`)
}

/** RFC 4180 with a header; every value is the text that stands there. */
function recordsOf(path: string, text: string, delimiter: string): readonly unknown[] {
  try {
    return parseTable(text, { bom: true, columns, delimiter, skip_empty_lines: true })
  } catch (error) {
    const reason = error instanceof Error ? error.message : 'unknown reason'
    throw new NodeError('FILE_UNREADABLE', `${path}: ${reason}`, { path }, error)
  }
}

/** Stretches between empty lines, line ends inside them as spaces. */
export const paragraphs = (text: string): readonly string[] =>
  text
    .split(/\r?\n\s*\r?\n/)
    .map((part) => part.replace(/\s+/g, ' ').trim())
    .filter((part) => part !== '')
    .flatMap(cut)

function cut(text: string): readonly string[] {
  if (text.length <= maxTextLength) return [text]
  const space = text.lastIndexOf(' ', maxTextLength)
  const end = space > 0 ? space : maxTextLength
  return [text.slice(0, end), ...cut(text.slice(end).trimStart())]
}

/** Whether no value in it says anything. */
function isEmpty(value: unknown): boolean {
  if (typeof value === 'string') return value.trim() === ''
  if (typeof value === 'object' && value !== null) return Object.values(value).every(isEmpty)
  return value === null
}

async function readText(path: string): Promise<string> {
  try {
    const { size } = await stat(path)
    if (size > maxFileBytes) throw new Error(`more than ${maxFileBytes} bytes`)
    const bytes = await readFile(path)
    const plain = path.toLowerCase().endsWith('.gz')
      ? await promisify(gunzip)(bytes, { maxOutputLength: maxFileBytes })
      : bytes
    return new TextDecoder('utf-8', { fatal: true }).decode(plain)
  } catch (error) {
    return unreadable(path, error)
  }
}

function unreadable(path: string, error: unknown): never {
  const reason = error instanceof Error ? error.message : 'unknown reason'
  throw new NodeError('FILE_UNREADABLE', `cannot read ${path} (${reason})`, { path }, error)
}
