/**
 * Files as people have them, made into rows: JSON lines and JSON lists row by row, text by paragraph.
 * Judges form only; what the rows are worth, the curators say. Reads one file at a time, whole.
 */
import { readFile, stat } from 'node:fs/promises'
import { basename, extname } from 'node:path'
import { NodeError } from '../primitives/index.ts'
import { isRowFault, makeRow, parseRow, type Row } from '../sdk/index.ts'

/** 256 MiB: what one process reads at once. */
const maxFileBytes = 256 * 2 ** 20
/** Characters of a paragraph that becomes one row; longer ones are cut at a space. */
const maxTextLength = 16_000

export interface ReadFault {
  readonly file: string
  /** From 1; of a text file the paragraph. */
  readonly place: number
  readonly fault: string
}

export interface ReadRows {
  readonly rows: readonly Row[]
  readonly faults: readonly ReadFault[]
}

/** Throws NodeError FILE_UNREADABLE, FILE_UNKNOWN for a kind of file it does not know. */
export async function readRows(path: string): Promise<ReadRows> {
  const text = await readText(path)
  const made = rowsOf(path, text)
  const faults = made.flatMap((row, i) =>
    isRowFault(row) ? [{ file: path, place: i + 1, fault: row.fault }] : [],
  )
  return { rows: made.flatMap((row) => (isRowFault(row) ? [] : [row])), faults }
}

function rowsOf(path: string, text: string) {
  const encoder = new TextEncoder()
  switch (extname(path).toLowerCase()) {
    case '.jsonl':
    case '.ndjson':
      return text
        .split(/\r?\n/)
        .filter((line) => line.trim() !== '')
        .map((line) => parseRow(encoder.encode(line)))
    case '.json':
      return listOf(path, text).map((value) => makeRow(value))
    case '.txt':
    case '.md':
      return paragraphs(text).map((paragraph) =>
        makeRow({ source: basename(path), text: paragraph }),
      )
    default:
      throw new NodeError(
        'FILE_UNKNOWN',
        `${path}: rows come from .jsonl, .ndjson, .json (a list), .txt and .md files`,
      )
  }
}

function listOf(path: string, text: string): readonly unknown[] {
  try {
    const value: unknown = JSON.parse(text)
    if (Array.isArray(value)) return value
  } catch {
    // Said below: either way it is no list.
  }
  throw new NodeError('FILE_UNREADABLE', `${path} is no JSON list of rows`)
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

async function readText(path: string): Promise<string> {
  try {
    const { size } = await stat(path)
    if (size > maxFileBytes) throw new Error(`more than ${maxFileBytes} bytes`)
    return new TextDecoder('utf-8', { fatal: true }).decode(await readFile(path))
  } catch (error) {
    const reason = error instanceof Error ? error.message : 'unknown reason'
    throw new NodeError('FILE_UNREADABLE', `cannot read ${path} (${reason})`, { path }, error)
  }
}
