/**
 * Rows as peers exchange them: answers a request for a stretch of a batch with pieces that prove
 * themselves under the batch's root, and checks the pieces of others. Gives nothing but rows that are
 * here, and judges nobody: a piece that proves nothing is said to be none.
 */
import { setImmediate } from 'node:timers/promises'
import {
  hashRow,
  merkleTree,
  proveLeaves,
  verifyLeaves,
  type Tree,
} from '../../attribution/methods/index.ts'
import {
  type RowsPiece,
  rowsPieceCodec,
  type RowsRequest,
  rowsRequestCodec,
} from '../../p2p/index.ts'
import { concat, fromHex, NodeError, type Hex } from '../../primitives/index.ts'

export interface RowPieces {
  /** Throws NodeError for what no honest peer asks. */
  serve(request: Uint8Array): AsyncGenerator<Uint8Array>
  /** Rows in the piece; undefined when they do not stand there under the root. */
  check(root: Hex, piece: RowsPiece): number | undefined
}

/** A piece is full at so much, or so many: it is proven and checked in a few milliseconds. */
const pieceBytes = 2 ** 18
const pieceRows = 1_024
/** Rows of one answer: 1 MiB, then whoever asked asks on. */
const answerBytes = 2 ** 20
/** Batches ready to be cut: four of full size. */
const maxReadyBytes = 4 * 2 ** 24
/** Rows hashed before others have a turn. */
const rowsAtOnce = 1_000
const lineEnd = 0x0a
const recordBytes = 32

/** A batch with what proving its rows needs. */
interface Ready {
  readonly bytes: Uint8Array
  /** Where each line ends, its line end included. */
  readonly ends: readonly number[]
  readonly tree: Tree
}

export function createRowPieces(get: (root: Hex) => Promise<Uint8Array | undefined>): RowPieces {
  /** In order of last use. */
  const ready = new Map<Hex, Promise<Ready | undefined>>()
  let readyBytes = 0

  async function prepare(root: Hex): Promise<Ready | undefined> {
    const bytes = await get(root)
    if (!bytes) {
      ready.delete(root)
      return undefined
    }
    readyBytes += bytes.length
    for (const [oldest, one] of ready) {
      if (readyBytes <= maxReadyBytes || oldest === root) break
      ready.delete(oldest)
      readyBytes -= (await one)?.bytes.length ?? 0
    }
    return cut(bytes)
  }

  function find(root: Hex): Promise<Ready | undefined> {
    const known = ready.get(root) ?? prepare(root)
    ready.delete(root)
    ready.set(root, known)
    return known
  }

  return {
    async *serve(bytes) {
      const request = rowsRequestCodec.decode(bytes)
      if (request.type !== 'accept') throw new NodeError('ROWS_ASK_MALFORMED', request.message)
      const batch = await find(request.value.root)
      if (batch) yield* piecesOf(batch, request.value)
    },
    check: checkPiece,
  }
}

async function cut(bytes: Uint8Array): Promise<Ready> {
  const ends: number[] = []
  const hashes: Uint8Array[] = []
  for (let start = 0; start < bytes.length;) {
    const end = bytes.indexOf(lineEnd, start)
    hashes.push(hashRow(bytes.subarray(start, end)))
    ends.push(end + 1)
    start = end + 1
    if (ends.length % rowsAtOnce === 0) await setImmediate()
  }
  return { bytes, ends, tree: merkleTree(hashes) }
}

function* piecesOf(
  { bytes, ends, tree }: Ready,
  { from, count }: RowsRequest,
): Generator<Uint8Array> {
  const last = Math.min(from + count, ends.length)
  const startOf = (row: number): number => (row === 0 ? 0 : (ends[row - 1] ?? bytes.length))
  for (let row = from; row < last && startOf(row) - startOf(from) < answerBytes;) {
    let next = row + 1
    while (next < last && next - row < pieceRows && startOf(next) - startOf(row) < pieceBytes)
      next++
    const indexes = Array.from({ length: next - row }, (_, i) => row + i)
    yield rowsPieceCodec.encode({
      from: row,
      rows: bytes.subarray(startOf(row), startOf(next)),
      proof: concat(...proveLeaves(tree, indexes)),
    })
    row = next
  }
}

function checkPiece(root: Hex, { from, rows, proof }: RowsPiece): number | undefined {
  if (rows.length === 0 || rows.at(-1) !== lineEnd || proof.length % recordBytes !== 0)
    return undefined
  const leaves: { readonly index: number; readonly data: Uint8Array }[] = []
  for (let start = 0; start < rows.length;) {
    if (leaves.length === pieceRows) return undefined
    const end = rows.indexOf(lineEnd, start)
    leaves.push({ index: from + leaves.length, data: hashRow(rows.subarray(start, end)) })
    start = end + 1
  }
  const records = Array.from({ length: proof.length / recordBytes }, (_, i) =>
    proof.subarray(i * recordBytes, (i + 1) * recordBytes),
  )
  return verifyLeaves(fromHex(root), leaves, records) ? leaves.length : undefined
}
