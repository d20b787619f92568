/**
 * Moments a devnet can go back to (evm_snapshot): a height, what was set by hand since, what is set
 * for later blocks, and what waits in the pool. Taking one copies references only; going back costs
 * what was done since. Keeps them in memory, in bounded number; the chain on disk is whole throughout.
 */
import type { Chain, Mempool } from '../../execution/index.ts'
import type { Address, Hex } from '../../primitives/index.ts'
import { isImpersonated } from '../../primitives/index.ts'
import type { AccountEdit } from '../../state/index.ts'
import type { Settings, SettingsStore } from './settings.ts'

/** A test suite takes hundreds; the oldest make room. */
const maxSnapshots = 10_000

interface Snapshot {
  readonly height: bigint
  readonly hash: Hex
  readonly edits: readonly AccountEdit[]
  readonly settings: Settings
  readonly pooled: readonly Pooled[]
}

interface Pooled {
  readonly raw: Uint8Array
  readonly sender: Address | undefined
}

export interface Snapshots {
  /** The id goes up from 0. */
  take(): number
  /** False for an id that is not there. It and all later ones are used up. */
  revert(id: number): Promise<boolean>
  list(): readonly (readonly [id: number, height: bigint, hash: Hex])[]
  clear(): void
}

export interface SnapshotPorts {
  readonly chain: Pick<Chain, 'head' | 'store' | 'edit' | 'rollback'>
  readonly mempool: Mempool
  readonly settings: SettingsStore
}

/** `revert` must run while no block is in work. */
export function createSnapshots({ chain, mempool, settings }: SnapshotPorts): Snapshots {
  const snapshots = new Map<number, Snapshot>()
  let next = 0
  return {
    take() {
      const { header, hash } = chain.head()
      const edits = chain.store.editsBefore(header.number + 1n)
      const pooled = pooledIn(mempool)
      snapshots.set(next, {
        height: header.number,
        hash,
        edits,
        settings: settings.get(),
        pooled,
      })
      const oldest = snapshots.keys().next()
      if (snapshots.size > maxSnapshots && !oldest.done) snapshots.delete(oldest.value)
      return next++
    },
    async revert(id) {
      const snapshot = snapshots.get(id)
      if (!snapshot) return false
      for (const other of snapshots.keys()) if (other >= id) snapshots.delete(other)
      await chain.rollback(snapshot.height)
      if (snapshot.edits.length > 0) await chain.edit(snapshot.edits)
      settings.restore(snapshot.settings)
      emptyPool(mempool)
      for (const { raw, sender } of snapshot.pooled) mempool.add(raw, sender)
      return true
    },
    list: () => Array.from(snapshots, ([id, { height, hash }]) => [id, height, hash]),
    clear: () => snapshots.clear(),
  }
}

/** In an order in which they can enter again. */
function pooledIn(mempool: Mempool): Pooled[] {
  const { pending, queued } = mempool.content()
  return [...pending.values(), ...queued.values()]
    .flat()
    .map((tx) => ({ raw: tx.raw, sender: isImpersonated(tx, tx.from) ? tx.from : undefined }))
}

/** All of it, or all of one sender. */
export function emptyPool(mempool: Mempool, from?: Address): void {
  const { pending, queued } = mempool.content()
  for (const tx of [...pending.values(), ...queued.values()].flat())
    if (from === undefined || tx.from === from) mempool.remove(tx.hash)
}
