/**
 * What a lone producer puts into its next block: time, fee recipient, gas limit, seeds. A devnet's
 * owner may wish otherwise. Decides nothing about transactions.
 */
import type { BlockTemplate } from '../execution/index.ts'
import type { Block, Clock } from '../primitives/index.ts'

/** What somebody wants to be otherwise in the next block. */
export type Wishes = Partial<Omit<BlockTemplate, 'parent' | 'withdrawals'>>

export type WishesAfter = (parent: Block) => Wishes

export interface TemplatePorts {
  readonly clock: Clock
  /** The parts of a header that follow from its parent by policy. */
  readonly seedsAfter: (
    parent: Block,
  ) => Pick<BlockTemplate, 'prevRandao' | 'parentBeaconBlockRoot' | 'extraData'>
  readonly wishesAfter?: WishesAfter
}

export const templateAfter = (
  parent: Block,
  feeRecipient: BlockTemplate['feeRecipient'],
  { clock, seedsAfter, wishesAfter }: TemplatePorts,
): BlockTemplate => ({
  parent,
  timestamp: timestampAfter(parent.header.timestamp, clock.nowMs()),
  feeRecipient,
  gasLimit: parent.header.gasLimit,
  withdrawals: [],
  ...seedsAfter(parent),
  ...wishesAfter?.(parent),
})

/** Whole seconds, strictly above the parent's: with beats under a second it runs ahead of the clock. */
export const timestampAfter = (parent: bigint, nowMs: number): bigint => {
  const now = BigInt(Math.floor(nowMs / 1000))
  return now > parent ? now : parent + 1n
}
