/**
 * The rows a node keeps: batches under their Merkle roots, checked before they are kept and whenever
 * they are read. Who may give rows is the door's business, what they are worth the chain's.
 */
import { isBatchFault, maxBatchBytes, readBatch } from '../../attribution/methods/index.ts'
import { accept, invariant, NodeError, reject, toHex } from '../../primitives/index.ts'
import type { RowsApi } from '../../rpc/index.ts'
import { openBlobs } from '../../state/index.ts'

export interface RowStoreOptions {
  /** Absent: in memory. */
  readonly folder?: string
  readonly quotaBytes: number
  /** Told after each new batch. */
  readonly onPut: () => void
}

/** Throws NodeError BLOBS_FAILED. */
export async function openRowStore({
  folder,
  quotaBytes,
  onPut,
}: RowStoreOptions): Promise<RowsApi> {
  const blobs = await openBlobs({
    ...(folder !== undefined && { folder }),
    quotaBytes,
    addressOf: (bytes) => {
      const batch = readBatch(bytes)
      return isBatchFault(batch) ? damaged : toHex(batch.root)
    },
  })
  return {
    maxBytes: maxBatchBytes,
    get: (root) => blobs.get(root),
    async put(bytes) {
      const batch = readBatch(bytes)
      if (isBatchFault(batch)) {
        const where = batch.row === undefined ? '' : `row ${batch.row}: `
        return reject('BATCH_INVALID', `${where}${batch.fault}`)
      }
      try {
        const root = await blobs.put(bytes)
        invariant(root === toHex(batch.root), 'one batch, one root')
        onPut()
        const { rows, sketch } = batch
        return accept({
          root,
          rows: rows.length,
          sizeBytes: bytes.length,
          sketch: toHex(sketch),
        })
      } catch (error) {
        if (error instanceof NodeError && error.code === 'BLOBS_FULL')
          return reject('BLOBS_FULL', error.message)
        throw error
      }
    },
  }
}

/** No batch has this root, so what is damaged on disk is not found. */
const damaged = `0x${'0'.repeat(64)}` as const
