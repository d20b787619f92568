/**
 * The rows a node keeps: batches under their Merkle roots, checked before they are kept; what the disk
 * gives back has a checksum. Who may give rows is the door's business, what they are worth the chain's.
 */
import { maxBatchBytes } from '../../attribution/methods/index.ts'
import { accept, type Clock, NodeError, reject, type Hex } from '../../primitives/index.ts'
import type { RowsApi } from '../../rpc/index.ts'
import { openBlobs } from '../../state/index.ts'
import type { IndexMaker } from './index-maker.ts'
import { expired, planRoom, type Candidate, type Standings } from './room.ts'

export interface RowStoreOptions {
  /** Absent: in memory. */
  readonly folder?: string
  readonly quotaBytes: number
  readonly check: IndexMaker['check']
  readonly clock: Clock
  /** Told after each new batch. */
  readonly onPut: () => void
}

export interface RowStore extends Omit<RowsApi, 'buildVersion'> {
  readonly check: IndexMaker['check']
  /** Throws NodeError DATA_MISSING. */
  sizesOf(roots: readonly Hex[]): { readonly root: Hex; readonly sizeBytes: number }[]
  /** Why such a batch would not be kept now; undefined: it would. */
  refusalOf(batch: Candidate): string | undefined
  /** From now on what the chain says decides who stays. */
  judgeBy(standings: Standings): void
  /** Removes rows whose time is over. */
  sweep(): Promise<void>
}

/** Throws NodeError BLOBS_FAILED. */
export async function openRowStore({
  folder,
  quotaBytes,
  check,
  clock,
  onPut,
}: RowStoreOptions): Promise<RowStore> {
  const blobs = await openBlobs({ ...(folder !== undefined && { folder }), quotaBytes })
  let standings: Standings = nothingKnown
  const room = () => ({ quotaBytes, nowMs: clock.nowMs(), kept: blobs.list(), standings })
  const remove = async (roots: readonly Hex[]): Promise<void> => {
    for (const root of roots) await blobs.remove(root)
  }
  return {
    maxBytes: maxBatchBytes,
    check,
    has: (root) => blobs.has(root),
    sizesOf: (roots) =>
      roots.map((root) => {
        const kept = blobs.list().get(root)
        if (kept) return { root, sizeBytes: kept.sizeBytes }
        throw new NodeError(
          'DATA_MISSING',
          `the rows of batch ${root} are not here: give them to the node with attr_putRows`,
          { root },
        )
      }),
    get: (root) => blobs.get(root),
    refusalOf(batch) {
      const plan = planRoom(room(), batch)
      return plan.type === 'full' ? plan.message : undefined
    },
    judgeBy: (given) => void (standings = given),
    sweep: () => remove(expired(room())),
    async put(bytes) {
      const batch = await check(bytes)
      if (batch.type === 'fault') return reject('BATCH_INVALID', batch.fault)
      const { root, rows, sketch } = batch
      const stored = accept({ root, rows, sizeBytes: bytes.length, sketch })
      if (blobs.has(root)) return stored
      const plan = planRoom(room(), { root, sizeBytes: bytes.length })
      if (plan.type === 'full') return reject('BLOBS_FULL', plan.message)
      await remove(plan.remove)
      try {
        await blobs.put(root, bytes)
        onPut()
        return stored
      } catch (error) {
        if (error instanceof NodeError && error.code === 'BLOBS_FULL')
          return reject('BLOBS_FULL', error.message)
        throw error
      }
    },
  }
}

/** Before the chain has been read. */
const nothingKnown: Standings = {
  isReady: () => false,
  of: () => ({ standing: 'unknown', datanetId: 0n }),
}
