/**
 * Rows as peers exchange them: answers a request for a stretch of a batch with pieces that prove
 * themselves under the batch's root, and checks the pieces of others. Gives nothing but rows that are
 * here, and judges nobody: a piece that proves nothing is said to be none.
 */
import { setImmediate } from 'node:timers/promises'
import { LRUCache } from 'lru-cache'
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
import { type Clock, concat, fromHex, NodeError, type Hex } from '../../primitives/index.ts'

export interface RowPieces {
  /** Throws NodeError for what no honest peer asks. */
  serve(request: Uint8Array): AsyncGenerator<Uint8Array>
  /** Rows in the piece; undefined when they do not stand there under the root. */
  readonly check: (root: Hex, piece: RowsPiece) => number | undefined
}

/** A piece is full at so much, or so many: it is proven and checked in a few milliseconds. */
const pieceBytes = 2 ** 18
const pieceRows = 1_024
/** Rows of one answer: 1 MiB, then whoever asked asks on. */
const answerBytes = 2 ** 20
/** Batches at hand: two of full size. */
const maxBytesKept = 2 * 2 ** 24
/** Cuts at hand: twenty of as many rows as can be, of longer rows many more. */
const maxCutsKept = 96 * 2 ** 20
/** Rows and bytes hashed before others have a turn. */
const rowsAtOnce = 1_000
const bytesAtOnce = 2 ** 18
/** A full batch takes less; clocks are also set. */
const longestRestMs = 2_000
const lineEnd = 0x0a
const recordBytes = 32

/** What proving rows of a batch needs beside its bytes: made once, far smaller, and kept longer. */
interface Cut {
  /** Where each line ends, its line end included. */
  readonly ends: Uint32Array
  readonly tree: Tree
}

export function createRowPieces(
  get: (root: Hex) => Promise<Uint8Array | undefined>,
  clock: Clock,
): RowPieces {
  const batches = cacheOf(maxBytesKept, get, ({ length }) => length)
  const inTurn = createTurns(clock)
  const cuts = cacheOf(
    maxCutsKept,
    (root) =>
      inTurn(async () => {
        const bytes = await batches.fetch(root)
        return bytes && cut(bytes)
      }),
    sizeOfCut,
  )

  return {
    async *serve(asked) {
      const request = rowsRequestCodec.decode(asked)
      if (request.type !== 'accept') throw new NodeError('ROWS_ASK_MALFORMED', request.message)
      const made = await cuts.fetch(request.value.root)
      const bytes = made && (await batches.fetch(request.value.root))
      if (bytes) yield* piecesOf(bytes, made, request.value)
    },
    check: checkPiece,
  }
}

/**
 * One task at a time, and after each as long a rest: whoever asks for many batches waits in line and
 * takes half of a validator's time at most.
 */
function createTurns(clock: Clock) {
  let last: Promise<unknown> = Promise.resolve()
  let restUntilMs = 0
  return <result>(task: () => Promise<result>): Promise<result> => {
    const mine = last.then(async () => {
      const restMs = Math.min(restUntilMs - clock.nowMs(), longestRestMs)
      if (restMs > 0) await new Promise<void>((resolve) => void clock.after(restMs, resolve))
      const begunMs = clock.nowMs()
      try {
        return await task()
      } finally {
        const endedMs = clock.nowMs()
        restUntilMs = endedMs + (endedMs - begunMs)
      }
    })
    last = mine.catch(() => undefined)
    return mine
  }
}

/** Two that ask for the same wait for one; what is not there, or failed, is asked for again. */
const cacheOf = <kept extends object>(
  maxSize: number,
  fetchMethod: (root: Hex) => Promise<kept | undefined>,
  sizeCalculation: (value: kept) => number,
) => new LRUCache<Hex, kept>({ maxSize, sizeCalculation, fetchMethod, ignoreFetchAbort: true })

const sizeOfCut = ({ ends, tree }: Cut): number =>
  tree.levels.reduce((sum, { length }) => sum + length, ends.byteLength)

async function cut(bytes: Uint8Array): Promise<Cut> {
  const ends: number[] = []
  const hashes: Uint8Array[] = []
  let restedAt = 0
  for (let start = 0; start < bytes.length;) {
    const end = bytes.indexOf(lineEnd, start)
    hashes.push(hashRow(bytes.subarray(start, end)))
    ends.push(end + 1)
    start = end + 1
    if (ends.length % rowsAtOnce > 0 && start - restedAt < bytesAtOnce) continue
    restedAt = start
    await setImmediate()
  }
  return { ends: Uint32Array.from(ends), tree: merkleTree(hashes) }
}

/** Copies, all at once: a peer that reads slowly holds an answer's pieces, not the batch. */
function piecesOf(
  bytes: Uint8Array,
  { ends, tree }: Cut,
  { from, count }: RowsRequest,
): readonly Uint8Array[] {
  const pieces: Uint8Array[] = []
  const last = Math.min(from + count, ends.length)
  const startOf = (row: number): number => (row === 0 ? 0 : (ends[row - 1] ?? bytes.length))
  for (let row = from; row < last && startOf(row) - startOf(from) < answerBytes;) {
    let next = row + 1
    while (next < last && next - row < pieceRows && startOf(next) - startOf(row) < pieceBytes)
      next++
    const indexes = Array.from({ length: next - row }, (_, i) => row + i)
    const piece = {
      from: row,
      rows: bytes.subarray(startOf(row), startOf(next)),
      proof: concat(...proveLeaves(tree, indexes)),
    }
    pieces.push(rowsPieceCodec.encode(piece))
    row = next
  }
  return pieces
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
