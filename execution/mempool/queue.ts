/** One sender's transactions in nonce order. Knows nothing of limits, states or other senders. */
import { maxCost } from '../transaction-rules.ts'
import { effectiveTip, type Queued } from './order.ts'

export interface SenderQueue {
  /** By nonce. A removal makes a new list, so a list in use stays whole. */
  entries(): readonly Queued[]
  at(nonce: bigint): Queued | undefined
  /** Puts an entry in, in place of the one with its nonce. */
  put(entry: Queued): void
  remove(nonce: bigint): void
  /** Entries that stand without a gap from `nonce` on. */
  executableFrom(nonce: bigint): readonly Queued[]
  /** Wei that all entries together can cost. */
  totalCost(): bigint
  /** Tip per gas of the entry that tips least; undefined without entries. */
  leastTip(): bigint | undefined
}

export function createSenderQueue(): SenderQueue {
  let entries: Queued[] = []
  let totalCost = 0n
  let leastTip: bigint | undefined
  /** Where `nonce` stands or would stand. */
  const indexOf = (nonce: bigint): number => {
    let [low, high] = [0, entries.length]
    while (low < high) {
      const middle = (low + high) >> 1
      if ((entries[middle]?.tx.nonce ?? nonce) < nonce) low = middle + 1
      else high = middle
    }
    return low
  }
  const at = (nonce: bigint): Queued | undefined => {
    const entry = entries[indexOf(nonce)]
    return entry?.tx.nonce === nonce ? entry : undefined
  }
  return {
    at,
    entries: () => entries,
    put(entry) {
      const old = at(entry.tx.nonce)
      entries = entries.toSpliced(indexOf(entry.tx.nonce), old ? 1 : 0, entry)
      totalCost += maxCost(entry.tx) - (old ? maxCost(old.tx) : 0n)
      leastTip = undefined
    },
    remove(nonce) {
      const old = at(nonce)
      if (!old) return
      entries = entries.toSpliced(indexOf(nonce), 1)
      totalCost -= maxCost(old.tx)
      leastTip = undefined
    },
    executableFrom(nonce) {
      const start = indexOf(nonce)
      let end = start
      while (entries[end]?.tx.nonce === nonce + BigInt(end - start)) end++
      return entries.slice(start, end)
    },
    totalCost: () => totalCost,
    leastTip() {
      for (const { tx } of leastTip === undefined ? entries : []) {
        const tip = effectiveTip(tx, 0n)
        if (leastTip === undefined || tip < leastTip) leastTip = tip
      }
      return leastTip
    },
  }
}
