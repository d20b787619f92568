/**
 * The rows a node keeps: batches under their Merkle roots, checked before they are kept; what the disk
 * gives back has a checksum. Who may give rows is the door's business, what they are worth the chain's.
 */
import { maxBatchBytes } from '../../attribution/methods/index.ts'
import { accept, NodeError, reject, type Hex } from '../../primitives/index.ts'
import type { RowsApi } from '../../rpc/index.ts'
import { openBlobs } from '../../state/index.ts'
import type { IndexMaker } from './index-maker.ts'

export interface RowStoreOptions {
  /** Absent: in memory. */
  readonly folder?: string
  readonly quotaBytes: number
  readonly check: IndexMaker['check']
  /** Told after each new batch. */
  readonly onPut: () => void
}

export interface RowStore extends Omit<RowsApi, 'buildVersion'> {
  readonly check: IndexMaker['check']
  /** 0 of those that are not here. */
  sizesOf(roots: readonly Hex[]): { readonly root: Hex; readonly sizeBytes: number }[]
}

/** Throws NodeError BLOBS_FAILED. */
export async function openRowStore({
  folder,
  quotaBytes,
  check,
  onPut,
}: RowStoreOptions): Promise<RowStore> {
  const blobs = await openBlobs({ ...(folder !== undefined && { folder }), quotaBytes })
  return {
    maxBytes: maxBatchBytes,
    check,
    has: (root) => blobs.has(root),
    sizesOf: (roots) => roots.map((root) => ({ root, sizeBytes: blobs.list().get(root) ?? 0 })),
    get: (root) => blobs.get(root),
    async put(bytes) {
      const batch = await check(bytes)
      if (batch.type === 'fault') return reject('BATCH_INVALID', batch.fault)
      const { root, rows, sketch } = batch
      try {
        await blobs.put(root, bytes)
        onPut()
        return accept({ root, rows, sizeBytes: bytes.length, sketch })
      } catch (error) {
        if (error instanceof NodeError && error.code === 'BLOBS_FULL')
          return reject('BLOBS_FULL', error.message)
        throw error
      }
    },
  }
}
