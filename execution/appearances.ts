/**
 * What the transactions of a committed block reached, by running it again: for an address index that was not kept
 * when the block was made. Commits nothing.
 */
import type { Appearance, StoredBlock } from '../state/index.ts'
import { createAddressWatch } from './address-watch.ts'
import { replayBlock } from './replay.ts'
import type { Breathe, Chain } from './types.ts'

/** One a transaction, in order. Throws NodeError STATE_PRUNED. */
export async function appearancesIn(
  chain: Chain,
  { block, senders }: StoredBlock,
  breathe: Breathe,
): Promise<readonly Appearance[]> {
  const watch = createAddressWatch()
  const optionsOf = () => ({ tracer: watch.tracer, breathe })
  const found: Appearance[] = []
  for await (const { sender, now } of replayBlock(chain, block, senders, { optionsOf }))
    found.push(watch.take(sender, now))
  return found
}
