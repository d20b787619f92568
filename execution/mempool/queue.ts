/** One sender's transactions in nonce order. Knows nothing of fees, limits or other senders. */
import type { PooledTransaction } from '../types.ts'

export interface Queued {
  readonly tx: PooledTransaction
  /** Raised with every arrival, so that equals leave in the order they came. */
  readonly arrival: number
}

export interface SenderQueue {
  /** By nonce. */
  entries(): readonly Queued[]
  at(nonce: bigint): Queued | undefined
  /** Puts an entry in, in place of the one with its nonce. */
  put(entry: Queued): void
  remove(nonce: bigint): void
  /** Entries that stand without a gap from `nonce` on. */
  executableFrom(nonce: bigint): readonly Queued[]
}

export function createSenderQueue(): SenderQueue {
  let entries: Queued[] = []
  const indexOf = (nonce: bigint): number => entries.findIndex(({ tx }) => tx.nonce >= nonce)
  return {
    entries: () => entries,
    at: (nonce) => entries.find(({ tx }) => tx.nonce === nonce),
    put(entry) {
      const last = entries.at(-1)
      if (!last || last.tx.nonce < entry.tx.nonce) {
        entries.push(entry)
        return
      }
      const index = indexOf(entry.tx.nonce)
      const replaced = entries[index]?.tx.nonce === entry.tx.nonce ? 1 : 0
      entries.splice(index, replaced, entry)
    },
    remove(nonce) {
      entries = entries.filter(({ tx }) => tx.nonce !== nonce)
    },
    executableFrom(nonce) {
      const start = indexOf(nonce)
      if (start < 0) return []
      let end = start
      while (entries[end]?.tx.nonce === nonce + BigInt(end - start)) end++
      return entries.slice(start, end)
    },
  }
}
