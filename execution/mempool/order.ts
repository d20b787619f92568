/**
 * Order among waiting transactions: a binary heap, what a transaction is worth to a block, and the
 * sequence a block takes them in. Total orders only: arrival decides among equals.
 */
import {
  maxFeePerGas,
  maxPriorityFeePerGas,
  type Address,
  type Transaction,
} from '../../primitives/index.ts'
import type { PooledTransaction } from '../types.ts'

/** A transaction in the pool. `arrival` is unique; a replacement keeps its predecessor's. */
export interface Entry {
  readonly tx: PooledTransaction
  readonly arrival: number
  /** The most it can cost, in wei. */
  readonly cost: bigint
}

export interface Heap<item> {
  readonly size: number
  push(item: item): void
  /** Takes the first item out. */
  pop(): item | undefined
}

/** A binary heap: the item that `compare` puts first comes out first. */
export function createHeap<item>(compare: (a: item, b: item) => number): Heap<item> {
  const items: item[] = []
  const isBefore = (a: item | undefined, b: item | undefined): boolean =>
    a !== undefined && (b === undefined || compare(a, b) < 0)

  const siftDown = (item: item): void => {
    let at = 0
    for (;;) {
      let child = 2 * at + 1
      if (isBefore(items[child + 1], items[child])) child++
      const below = items[child]
      if (below === undefined || !isBefore(below, item)) break
      items[at] = below
      at = child
    }
    items[at] = item
  }

  return {
    get size() {
      return items.length
    },
    push(item) {
      let at = items.length
      while (at > 0) {
        const parent = (at - 1) >> 1
        const above = items[parent]
        if (above === undefined || !isBefore(item, above)) break
        items[at] = above
        at = parent
      }
      items[at] = item
    },
    pop() {
      const first = items[0]
      const last = items.pop()
      if (items.length > 0 && last !== undefined) siftDown(last)
      return first
    },
  }
}

/** Wei per gas that the fee recipient earns; below 0 when the cap does not reach the base fee. */
export function worth(tx: Transaction, baseFee: bigint): bigint {
  const room = maxFeePerGas(tx) - baseFee
  const tip = maxPriorityFeePerGas(tx)
  return tip < room ? tip : room
}

export const compareBigInt = (a: bigint, b: bigint): number => (a < b ? -1 : a > b ? 1 : 0)

/** Who is evicted first: the least worth, among equals the youngest. */
export const compareForEviction =
  (baseFee: bigint) =>
  (a: Entry, b: Entry): number =>
    compareBigInt(worth(a.tx, baseFee), worth(b.tx, baseFee)) || b.arrival - a.arrival

/**
 * Best first, nonces ascending within a sender; a sender ends where its fee cap is below `baseFee`.
 * The lists must not change while the iterator is in use.
 */
export function* bestFirst(
  executable: ReadonlyMap<Address, readonly Entry[]>,
  baseFee: bigint,
): Generator<PooledTransaction> {
  type Cursor = { readonly entry: Entry; readonly list: readonly Entry[]; readonly next: number }
  const heap = createHeap<Cursor>(
    (a, b) =>
      compareBigInt(worth(b.entry.tx, baseFee), worth(a.entry.tx, baseFee)) ||
      a.entry.arrival - b.entry.arrival,
  )
  const enter = (list: readonly Entry[], at: number): void => {
    const entry = list[at]
    if (entry && maxFeePerGas(entry.tx) >= baseFee) heap.push({ entry, list, next: at + 1 })
  }
  for (const list of executable.values()) enter(list, 0)
  for (let cursor = heap.pop(); cursor; cursor = heap.pop()) {
    yield cursor.entry.tx
    enter(cursor.list, cursor.next)
  }
}
