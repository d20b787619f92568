/**
 * Who leaves a full pool for a newcomer. A transaction is worth the least tip among itself and those
 * of its sender before it, since it cannot run without them; so a sender's last one goes first, and
 * nobody is stranded. Chooses only: all victims or none.
 */
import { sidecarBytes } from '../../primitives/index.ts'
import type { PooledTransaction } from '../types.ts'
import { effectiveTip, type Queued } from './order.ts'
import type { SenderQueue } from './queue.ts'

/** What has to become free. */
export interface Shortage {
  readonly transactions: number
  readonly bytes: number
}

/**
 * Transactions of senders other than `newcomer`'s, each worth less than it, that make up for the
 * shortage; undefined when they do not suffice.
 */
export function chooseVictims(
  queues: Iterable<SenderQueue>,
  newcomer: PooledTransaction,
  own: SenderQueue | undefined,
  shortage: Shortage,
): readonly PooledTransaction[] | undefined {
  const tip = worthOf(newcomer, own)
  const victims: PooledTransaction[] = []
  let bytes = 0
  const isEnough = (): boolean => victims.length >= shortage.transactions && bytes >= shortage.bytes
  for (const queue of cheapestFirst(queues, newcomer, tip))
    for (const victim of fromTheEnd(queue.entries(), tip)) {
      if (isEnough()) return victims
      victims.push(victim)
      bytes += sizeOf(victim)
    }
  return isEnough() ? victims : undefined
}

/** Bytes it takes in the pool: raw, with what it brought along. */
export const sizeOf = ({ raw, sidecar }: PooledTransaction): number =>
  raw.length + (sidecar ? sidecarBytes(sidecar) : 0)

/** A newcomer is held up by what stands before it, like everybody. */
function worthOf(newcomer: PooledTransaction, own: SenderQueue | undefined): bigint {
  let worth = effectiveTip(newcomer, 0n)
  for (const { tx } of own?.entries() ?? []) {
    const tip = effectiveTip(tx, 0n)
    if (tx.nonce < newcomer.nonce && tip < worth) worth = tip
  }
  return worth
}

/** Senders that have something worth less than `tip`; among equals the youngest first. */
function cheapestFirst(
  queues: Iterable<SenderQueue>,
  newcomer: PooledTransaction,
  tip: bigint,
): readonly SenderQueue[] {
  const candidates: { queue: SenderQueue; least: bigint; arrival: number }[] = []
  for (const queue of queues) {
    const [least, last] = [queue.leastTip(), queue.entries().at(-1)]
    if (least === undefined || !last || least >= tip || last.tx.from === newcomer.from) continue
    candidates.push({ queue, least, arrival: last.arrival })
  }
  return candidates
    .toSorted((a, b) => (a.least === b.least ? b.arrival - a.arrival : a.least < b.least ? -1 : 1))
    .map(({ queue }) => queue)
}

/** From the last transaction backwards, as long as it stands behind one worth less than `tip`. */
function fromTheEnd(entries: readonly Queued[], tip: bigint): readonly PooledTransaction[] {
  const first = entries.findIndex(({ tx }) => effectiveTip(tx, 0n) < tip)
  return first < 0
    ? []
    : entries
        .slice(first)
        .toReversed()
        .map(({ tx }) => tx)
}
