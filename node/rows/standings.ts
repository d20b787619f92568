/**
 * What the chain says of each batch, by root, kept in step with its blocks: read once from the state, a
 * few at a time, then from logs. Decides nothing; room.ts does.
 */
import { setImmediate } from 'node:timers/promises'
import { parseEventLogs } from 'viem/utils'
import { datanetAbi, moduleAddresses } from '../../attribution/abi.ts'
import { batchSource, type BatchSource } from '../../attribution/index.ts'
import type { Chain, ExecutedBlock } from '../../execution/index.ts'
import type { Hex } from '../../primitives/index.ts'
import type { Standings } from './room.ts'

export interface ChainStandings extends Standings {
  onBlock(executed: ExecutedBlock): void
  /** Reads every batch there is. */
  start(): Promise<void>
}

/** Batches read before others have a turn. */
const batchesAtOnce = 200
const unknown = { standing: 'unknown', datanetId: 0n } as const

export function createStandings(chain: Pick<Chain, 'head' | 'stateAt'>): ChainStandings {
  /** Of a root that several datanets have, the batch that needs it most. */
  const byRoot = new Map<Hex, Map<bigint, BatchSource>>()
  let isReady = false

  /** False: there is no such batch. */
  function read(batchId: bigint): boolean {
    const batch = batchSource(chain.stateAt(chain.head().header.number), batchId)
    if (!batch) return false
    const batches = byRoot.get(batch.root) ?? new Map<bigint, BatchSource>()
    batches.set(batchId, batch)
    byRoot.set(batch.root, batches)
    return true
  }

  return {
    isReady: () => isReady,
    of(root) {
      const batches = [...(byRoot.get(root)?.values() ?? [])]
      for (const standing of ['published', 'offered', 'dropped'])
        for (const batch of batches) if (batch.standing === standing) return batch
      return unknown
    },
    onBlock({ receipts }) {
      const logs = receipts
        .flatMap((receipt) => receipt.logs)
        .filter(({ address }) => address === moduleAddresses.datanet)
      for (const { args } of parseEventLogs({ abi: datanetAbi, logs: logs as never })) {
        if ('batchId' in args) read(args.batchId)
        if ('batchIds' in args) for (const batchId of args.batchIds) read(batchId)
      }
    },
    async start() {
      for (let id = 1n; read(id); id++) if (Number(id) % batchesAtOnce === 0) await setImmediate()
      isReady = true
    },
  }
}
