/**
 * The order in which the pool offers transactions to a block: best tip first, earlier arrival among
 * equals, each sender's in nonce order. A heap of the senders' next transactions.
 */
import { maxFeePerGas, maxPriorityFeePerGas } from '../../primitives/index.ts'
import type { PooledTransaction } from '../types.ts'

/** A transaction in the pool. */
export interface Queued {
  readonly tx: PooledTransaction
  /** Raised with every arrival, so that equals leave in the order they came. */
  readonly arrival: number
}

/** Wei a unit of gas for the fee recipient at this base fee; negative when it cannot be paid. */
export function effectiveTip(tx: PooledTransaction, baseFee: bigint): bigint {
  const [room, tip] = [maxFeePerGas(tx) - baseFee, maxPriorityFeePerGas(tx)]
  return room < tip ? room : tip
}

interface Next {
  readonly entry: Queued
  readonly tip: bigint
  readonly rest: readonly Queued[]
  readonly index: number
}

/** A sender whose next transaction cannot pay `baseFee` is left out from there on. */
export function* inBlockOrder(
  senders: Iterable<readonly Queued[]>,
  baseFee: bigint,
): Generator<PooledTransaction> {
  const heap: Next[] = []
  const offer = (rest: readonly Queued[], index: number): void => {
    const entry = rest[index]
    const tip = entry && effectiveTip(entry.tx, baseFee)
    if (entry && tip !== undefined && tip >= 0n) push(heap, { entry, tip, rest, index })
  }
  for (const queue of senders) offer(queue, 0)
  for (let next = pop(heap); next; next = pop(heap)) {
    yield next.entry.tx
    offer(next.rest, next.index + 1)
  }
}

const isBefore = (a: Next, b: Next): boolean =>
  a.tip === b.tip ? a.entry.arrival < b.entry.arrival : a.tip > b.tip

function push(heap: Next[], item: Next): void {
  let at = heap.length
  heap.push(item)
  while (at > 0) {
    const above = (at - 1) >> 1
    const parent = heap[above]
    if (!parent || isBefore(parent, item)) break
    heap[at] = parent
    heap[above] = item
    at = above
  }
}

function pop(heap: Next[]): Next | undefined {
  const top = heap[0]
  const item = heap.pop()
  if (!item || heap.length === 0) return item
  heap[0] = item
  let at = 0
  for (;;) {
    const [left, right] = [heap[2 * at + 1], heap[2 * at + 2]]
    const isRight = left !== undefined && right !== undefined && isBefore(right, left)
    const child = isRight ? right : left
    if (!child || isBefore(item, child)) return top
    heap[at] = child
    at = 2 * at + (isRight ? 2 : 1)
    heap[at] = item
  }
}
