/**
 * A batch: rows one after the other, a line each, every line ended (canonical JSON holds no raw line
 * end). The Merkle tree over its row hashes is its name on the chain. Reads hostile bytes with every
 * limit checked first, and says which row is at fault.
 */
import { merkleTree, topOf, type Tree } from '../merkle/tree.ts'
import { hashRow, isRowFault, readRow, rowText, type Row } from './row.ts'
import { sketchTexts } from './sketch.ts'

/** 16 MiB: a body that one request carries and one process holds while it is checked. */
export const maxBatchBytes = 16 * 2 ** 20
/** 2^16 rows: their tree is built in well under a second. */
export const maxBatchRows = 65_536

export interface Batch {
  readonly bytes: Uint8Array
  readonly rows: readonly Row[]
  /** Over the row hashes. */
  readonly tree: Tree
  readonly root: Uint8Array
  /** 32 bytes; `similarityBps` compares two. */
  readonly sketch: Uint8Array
}

export interface BatchFault {
  readonly fault: string
  /** From 0; absent when it is not about one row. */
  readonly row?: number
}

export const isBatchFault = (batch: Batch | BatchFault): batch is BatchFault => 'fault' in batch

const lineEnd = 0x0a

/** Rows to the bytes that are stored and sent. */
export function joinRows(rows: readonly Row[]): Uint8Array {
  const bytes = new Uint8Array(rows.reduce((sum, row) => sum + row.bytes.length + 1, 0))
  let at = 0
  for (const row of rows) {
    bytes.set(row.bytes, at)
    at += row.bytes.length
    bytes[at++] = lineEnd
  }
  return bytes
}

export function readBatch(bytes: Uint8Array): Batch | BatchFault {
  const rows = readRows(bytes)
  if (isRowsFault(rows)) return rows
  const tree = merkleTree(rows.map((row) => hashRow(row.bytes)))
  return { bytes, rows, tree, root: topOf(tree), sketch: sketchTexts(rows.map(rowText)) }
}

/** Its rows alone: no tree, no sketch. */
export function readRows(bytes: Uint8Array): readonly Row[] | BatchFault {
  if (bytes.length === 0) return { fault: 'no rows' }
  if (bytes.length > maxBatchBytes) return { fault: `longer than ${maxBatchBytes} bytes` }
  if (bytes.at(-1) !== lineEnd) return { fault: 'the last line is not ended' }
  const rows: Row[] = []
  for (let start = 0; start < bytes.length;) {
    const end = bytes.indexOf(lineEnd, start)
    if (rows.length === maxBatchRows) return { fault: `more than ${maxBatchRows} rows` }
    const row = readRow(bytes.subarray(start, end))
    if (isRowFault(row)) return { fault: row.fault, row: rows.length }
    rows.push(row)
    start = end + 1
  }
  return rows
}

export const isRowsFault = (rows: readonly Row[] | BatchFault): rows is BatchFault =>
  'fault' in rows
