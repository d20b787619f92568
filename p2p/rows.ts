/**
 * Fetching a batch of rows from peers: cut into stretches, asked from several peers at once, every piece
 * checked as it comes. What has come stays for the next try, so a fetch that was broken off goes on where
 * it was. A peer that sends false pieces pays; one that has none, or is slow, is only passed over. Keeps
 * no rows beyond a fetch and knows no proof: `check` comes from outside.
 */
import { type Hex, type Logger, NodeError } from '../primitives/index.ts'
import type { Ask } from './request.ts'
import { type RowsPiece, rowsPieceCodec, rowsRequestCodec } from './rows-wire.ts'

export interface RowsExchangePorts {
  readonly ask: Ask
  readonly log: Logger
  /** Peers that may have rows. */
  readonly peers: () => readonly string[]
  /** Rows in the piece; undefined when they do not stand there under the root. */
  readonly check: (root: Hex, piece: RowsPiece) => number | undefined
  readonly fault: (peerId: string, code: string) => void
}

export interface WantedRows {
  readonly root: Hex
  readonly rows: number
  readonly sizeBytes: number
}

export interface RowsExchange {
  /** The whole batch, pieces proven one by one; undefined: no peer at hand has what is missing. */
  fetch(wanted: WantedRows): Promise<Uint8Array | undefined>
}

/** About 1 MiB a request: seconds over a slow line, and a thousandth of a round trip lost on a fast one. */
const stretchBytes = 2 ** 20
/** Peers asked at once for one batch. */
const maxPeers = 4
/** Batches of which parts are kept for the next try: 64 MiB at most. */
const maxUnfinished = 4

/** Consecutive rows that are missing. */
interface Stretch {
  readonly from: number
  readonly count: number
}

interface Progress {
  readonly wanted: WantedRows
  readonly missing: Stretch[]
  /** By first row. */
  readonly pieces: Map<number, Uint8Array>
  /** The fetch in work: a second one of the same waits for it. */
  work?: Promise<Uint8Array | undefined>
}

export function createRowsExchange(ports: RowsExchangePorts): RowsExchange {
  const unfinished = new Map<Hex, Progress>()

  function progressOf(wanted: WantedRows): Progress {
    const known = unfinished.get(wanted.root)
    // Whoever states another count for the same root begins anew: one of the two cannot be right.
    if (known && known.wanted.rows === wanted.rows) return known
    const progress = begin(wanted)
    unfinished.set(wanted.root, progress)
    for (const [root, one] of unfinished)
      if (unfinished.size > maxUnfinished && !one.work && one !== progress) unfinished.delete(root)
    return progress
  }

  return {
    async fetch(wanted) {
      const progress = progressOf(wanted)
      progress.work ??= run(progress, ports).finally(() => delete progress.work)
      const bytes = await progress.work
      if (bytes && unfinished.get(wanted.root) === progress) unfinished.delete(wanted.root)
      return bytes
    },
  }
}

function begin(wanted: WantedRows): Progress {
  const { rows, sizeBytes } = wanted
  const count = Math.max(1, Math.floor((rows * stretchBytes) / Math.max(sizeBytes, 1)))
  const missing: Stretch[] = []
  for (let from = 0; from < rows; from += count)
    missing.push({ from, count: Math.min(count, rows - from) })
  return { wanted, missing, pieces: new Map() }
}

async function run(progress: Progress, ports: RowsExchangePorts): Promise<Uint8Array | undefined> {
  const { wanted, missing, pieces } = progress
  // Again with those that gave something: what a peer has dropped, another may have.
  for (let peers = ports.peers(); missing.length > 0 && peers.length > 0;) {
    const untried = [...peers]
    const useful: string[] = []
    /** Takes peers until none is left or nothing is missing. */
    const lane = async (): Promise<void> => {
      for (let peerId = untried.shift(); peerId !== undefined; peerId = untried.shift())
        if (await askWhileUseful(progress, peerId, ports)) useful.push(peerId)
    }
    await Promise.all(Array.from({ length: maxPeers }, lane))
    peers = useful
  }
  if (missing.length > 0) return undefined
  ports.log.debug({ root: wanted.root, rows: wanted.rows }, 'rows fetched from peers')
  return joined(pieces)
}

/** In the order of their rows; a peer may have sent one a piece. */
function joined(pieces: ReadonlyMap<number, Uint8Array>): Uint8Array {
  let size = 0
  for (const { length } of pieces.values()) size += length
  const bytes = new Uint8Array(size)
  let at = 0
  for (const [, rows] of [...pieces].toSorted(([a], [b]) => a - b)) {
    bytes.set(rows, at)
    at += rows.length
  }
  return bytes
}

async function askWhileUseful(
  progress: Progress,
  peerId: string,
  ports: RowsExchangePorts,
): Promise<boolean> {
  for (let stretch = progress.missing.shift(); stretch; stretch = progress.missing.shift()) {
    const { next, isUseful } = await askOnce(progress, stretch, peerId, ports)
    const left = stretch.from + stretch.count - next
    if (left > 0) progress.missing.unshift({ from: next, count: left })
    if (!isUseful) return false
  }
  return true
}

/** Asks for a stretch; says how far its answer came, and whether the peer is worth another question. */
async function askOnce(
  { wanted: { root }, pieces }: Progress,
  { from, count }: Stretch,
  peerId: string,
  { ask, check, fault, log }: RowsExchangePorts,
): Promise<{ readonly next: number; readonly isUseful: boolean }> {
  let next = from
  try {
    for await (const frame of ask(peerId, rowsRequestCodec.encode({ root, from, count }))) {
      const piece = rowsPieceCodec.decode(frame)
      if (piece.type !== 'accept') throw new NodeError('ROWS_MALFORMED', piece.message)
      const rows = piece.value.from === next ? check(root, piece.value) : undefined
      if (rows === undefined || rows === 0 || next + rows > from + count)
        throw new NodeError('ROWS_FALSE', 'a peer sends rows that do not stand where it says')
      // A copy: the frame may be a view of a larger chunk.
      pieces.set(next, piece.value.rows.slice())
      next += rows
    }
  } catch (error) {
    const code = error instanceof NodeError ? error.code : 'ROWS_BROKEN_OFF'
    log.debug({ peerId, root, code }, 'rows are asked elsewhere')
    if (code !== 'ROWS_BROKEN_OFF') fault(peerId, code)
    return { next, isUseful: false }
  }
  // Nothing: it does not have them. A part: answers end by bytes.
  return { next, isUseful: next > from }
}
