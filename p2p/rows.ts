/**
 * Fetching a batch of rows from peers: cut into stretches, asked from several peers at once, every piece
 * checked as it comes. What has come stays for the next try, so a fetch that was broken off goes on where
 * it was. A peer that sends false pieces pays; one that has none, or is slow, is only passed over. Holds no
 * more bytes than were said to come, keeps no rows beyond a fetch and knows no proof: `check` comes from
 * outside.
 */
import { type Hex, type Logger, NodeError } from '../primitives/index.ts'
import type { Ask } from './request.ts'
import { maxRowsBytes, type RowsPiece, rowsPieceCodec, rowsRequestCodec } from './rows-wire.ts'

export interface RowsExchangePorts {
  readonly ask: Ask
  readonly log: Logger
  /** Peers that may have rows. */
  readonly peers: () => readonly string[]
  /** Rows in the piece; undefined when they do not stand there under the root. */
  readonly check: (root: Hex, piece: RowsPiece) => number | undefined
  readonly fault: (peerId: string, code: string) => void
}

/** A batch as somebody describes it: that rows and bytes are those of the root is to be seen. */
export interface WantedRows {
  readonly root: Hex
  readonly rows: number
  readonly sizeBytes: number
}

/** One name for each description: what one says of a root binds nobody who says otherwise. */
export const nameOfWanted = ({ root, rows, sizeBytes }: WantedRows): string =>
  `${root}:${rows}:${sizeBytes}`

export interface RowsExchange {
  /**
   * The whole batch, pieces proven one by one; undefined: no peer at hand has what is missing, or the rows
   * under the root are longer than `sizeBytes`.
   */
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
  gotBytes: number
  /** The fetch in work: a second one of the same waits for it. */
  work?: Promise<Uint8Array | undefined>
}

export function createRowsExchange(ports: RowsExchangePorts): RowsExchange {
  const unfinished = new Map<string, Progress>()

  function progressOf(wanted: WantedRows): Progress {
    const known = unfinished.get(nameOfWanted(wanted))
    if (known) return known
    const progress = begin(wanted)
    unfinished.set(nameOfWanted(wanted), progress)
    for (const [name, one] of unfinished)
      if (unfinished.size > maxUnfinished && !one.work && one !== progress) unfinished.delete(name)
    return progress
  }

  return {
    async fetch(wanted) {
      const progress = progressOf(wanted)
      progress.work ??= run(progress, ports).finally(() => delete progress.work)
      const bytes = await progress.work
      const name = nameOfWanted(wanted)
      const isOver = bytes !== undefined || isTooLong(progress)
      if (isOver && unfinished.get(name) === progress) unfinished.delete(name)
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
  return { wanted, missing, pieces: new Map(), gotBytes: 0 }
}

const isTooLong = ({ wanted, gotBytes }: Progress): boolean =>
  gotBytes > Math.min(wanted.sizeBytes, maxRowsBytes)

/** undefined: nothing more is to be asked for. */
const takeStretch = (progress: Progress): Stretch | undefined =>
  isTooLong(progress) ? undefined : progress.missing.shift()

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
    if (isTooLong(progress)) {
      ports.log.debug({ ...wanted }, 'rows are longer than was said, and dropped')
      return undefined
    }
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
  for (let stretch = takeStretch(progress); stretch; stretch = takeStretch(progress)) {
    const { next, isUseful } = await askOnce(progress, stretch, peerId, ports)
    const left = stretch.from + stretch.count - next
    if (left > 0) progress.missing.unshift({ from: next, count: left })
    if (!isUseful) return false
  }
  return true
}

/** Asks for a stretch; says how far its answer came, and whether the peer is worth another question. */
async function askOnce(
  progress: Progress,
  { from, count }: Stretch,
  peerId: string,
  { ask, check, fault, log }: RowsExchangePorts,
): Promise<{ readonly next: number; readonly isUseful: boolean }> {
  const { root } = progress.wanted
  let next = from
  try {
    for await (const frame of ask(peerId, rowsRequestCodec.encode({ root, from, count }))) {
      const piece = rowsPieceCodec.decode(frame)
      if (piece.type !== 'accept') throw new NodeError('ROWS_MALFORMED', piece.message)
      const rows = piece.value.from === next ? check(root, piece.value) : undefined
      if (rows === undefined || rows === 0 || next + rows > from + count)
        throw new NodeError('ROWS_FALSE', 'a peer sends rows that do not stand where it says')
      if (!keep(progress, piece.value)) break // nobody's fault but of who said how long they are
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

/** False: with these, more has come than was said; then none are kept. */
function keep(progress: Progress, { from, rows }: RowsPiece): boolean {
  progress.gotBytes += rows.length
  // A copy: the frame may be a view of a larger chunk.
  if (!isTooLong(progress)) progress.pieces.set(from, rows.slice())
  else progress.pieces.clear()
  return !isTooLong(progress)
}
