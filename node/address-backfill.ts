/**
 * Fills the address index for blocks that were committed without it, from the newest down, beside everything else
 * the node does: each block runs again on the state it was built on. Stops where states are no longer kept. What is
 * filled is on disk block by block, so a stopped node goes on where it was.
 */
import { setImmediate } from 'node:timers/promises'
import { appearancesIn, type Chain } from '../execution/index.ts'
import { type Clock, type Logger, NodeError } from '../primitives/index.ts'

/** Longest stretch without a turn of the event loop, as for calls (rpc/breathe.ts). */
const sliceMs = 8
const reportEveryMs = 5_000
/** Empty blocks passed over in one write: a devnet may have a million in a row. */
const maxEmpty = 1_000n

export interface Backfill {
  /** Waits for the block in work. */
  stop(): Promise<void>
}

export function startBackfill(chain: Chain, clock: Clock, log: Logger): Backfill {
  let isStopped = false
  const work = fill(chain, clock, log, () => isStopped).catch((error: unknown) => {
    if (error instanceof NodeError && error.code === 'STATE_PRUNED')
      log.warn(
        {
          since: String(chain.store.addresses.since()),
          oldestState: String(chain.store.oldestState()),
        },
        'the address index begins here: older states are not kept, so older blocks cannot run again',
      )
    else log.error({ err: error }, 'the address index could not be filled')
  })
  return {
    async stop() {
      isStopped = true
      await work
    },
  }
}

async function fill(
  chain: Chain,
  clock: Clock,
  log: Logger,
  isStopped: () => boolean,
): Promise<void> {
  const { store } = chain
  const breathe = createBreathe(clock)
  let toldMs = clock.nowMs()
  let filled = 0
  for (;;) {
    const number = store.addresses.nextUnfilled()
    const stored = number === undefined ? undefined : store.blockByNumber(number)
    if (number === undefined || !stored || isStopped()) break
    if (filled === 0) log.info({ blocks: number.toString() }, 'filling the address index')
    const isEmpty = stored.block.transactions.length === 0
    const appearances = isEmpty ? [] : await appearancesIn(chain, stored, breathe)
    const lowest = isEmpty ? lowestEmpty(chain, number) : number
    await store.fillAddresses(stored, { appearances, lowest })
    filled++
    if (clock.nowMs() - toldMs > reportEveryMs) {
      log.info({ left: lowest.toString() }, 'filling the address index')
      toldMs = clock.nowMs()
    }
    await setImmediate()
  }
  if (filled > 0 && !isStopped()) log.info({}, 'the address index is complete')
}

function lowestEmpty({ store }: Chain, number: bigint): bigint {
  let lowest = number
  const end = number > maxEmpty ? number - maxEmpty : 1n
  while (lowest > end && store.blockByNumber(lowest - 1n)?.block.transactions.length === 0) lowest--
  return lowest
}

function createBreathe(clock: Clock): () => Promise<void> | undefined {
  let sinceMs = clock.nowMs()
  const turn = async (): Promise<void> => {
    await setImmediate()
    sinceMs = clock.nowMs()
  }
  return () => (clock.nowMs() - sinceMs > sliceMs ? turn() : undefined)
}
