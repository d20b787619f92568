/** What JSON-RPC and the rows' door ask of the node about rows of batches; node/rows fulfils it. */
import type { VersionFacts } from '../attribution/methods/index.ts'
import type { Hex, Verdict } from '../primitives/index.ts'

/** A batch as the node has it. */
export interface StoredBatch {
  /** Merkle root of its row hashes: its name on the chain. */
  readonly root: Hex
  readonly rows: number
  readonly sizeBytes: number
  readonly sketch: Hex
}

export interface RowsApi {
  readonly maxBytes: number
  /** On disk when it answers. */
  put(bytes: Uint8Array): Promise<Verdict<StoredBatch, 'BATCH_INVALID' | 'BLOBS_FULL'>>
  /** A batch as it was given: rows of canonical JSON, a line each. */
  get(root: Hex): Promise<Uint8Array | undefined>
  has(root: Hex): boolean
  /**
   * What a publisher states about a version of these batches, and its index kept for later. Long work,
   * beside the event loop. Throws NodeError DATA_MISSING, BATCH_INVALID, INDEX_BUSY,
   * VERSION_TOO_LARGE.
   */
  buildVersion(roots: readonly Hex[]): Promise<VersionFacts>
}
