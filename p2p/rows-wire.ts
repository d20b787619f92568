/**
 * Messages of the rows protocol: a stretch of a batch asked for by the batch's root, and the pieces that
 * answer it. Each piece carries what proves that its rows stand there under that root, so the first false
 * one is found out. What a row is and how a proof is checked is for whoever keeps rows.
 */
import { bytes, createCodec, fixedHex, type Hex, integer, record } from '../primitives/index.ts'

export interface RowsRequest {
  /** Of the batch: the Merkle root of its row hashes. */
  readonly root: Hex
  /** First row, and how many. */
  readonly from: number
  readonly count: number
}

export interface RowsPiece {
  /** First row of the piece. */
  readonly from: number
  /** Rows as they stand in the batch, a line each, every line ended. */
  readonly rows: Uint8Array
  /** Records of the tree beside the rows' paths, end to end, in the order they are used. */
  readonly proof: Uint8Array
}

/** A batch has so many rows at most (attribution/rows/batch.ts). */
export const maxRows = 65_536
/** And so many bytes (the same place). */
export const maxRowsBytes = 16 * 2 ** 20
/** A piece is full at 256 KiB; its last row may have 64 KiB, and every line its end. */
const maxPieceBytes = 2 ** 18 + 2 ** 16 + 1
/** Two records beside a stretch at every level of 2^16 rows, with room. */
const maxProofBytes = 64 * 32
export const maxRowsRequestBytes = 64
export const maxRowsFrameBytes = maxPieceBytes + maxProofBytes + 32

export const rowsRequestCodec = createCodec<RowsRequest>(
  record({ root: fixedHex(32), from: integer(0, maxRows - 1), count: integer(1, maxRows) }),
  maxRowsRequestBytes,
)

export const rowsPieceCodec = createCodec<RowsPiece>(
  record({
    from: integer(0, maxRows - 1),
    rows: bytes(maxPieceBytes),
    proof: bytes(maxProofBytes),
  }),
  maxRowsFrameBytes,
)
