/**
 * Transactions that wait for a block: by sender in nonce order, bounded in number and bytes, the
 * cheapest leaving first. Every transaction here was admitted against the head's state. Seals
 * nothing and sends nothing.
 */
import {
  accept,
  type Address,
  type Hex,
  invariant,
  maxFeePerGas,
  maxPriorityFeePerGas,
  type Refusal,
  reject,
  type Secp256k1,
} from '../../primitives/index.ts'
import { maxCost, transactionRules } from '../transaction-rules.ts'
import type { AdmitCode, Chain, Mempool, PooledTransaction } from '../types.ts'
import { admit, type Admitted } from './admit.ts'
import { defaultMempoolLimits, type MempoolLimits, replacementBump } from './limits.ts'
import { effectiveTip, inBlockOrder } from './order.ts'
import { createSenderQueue, type Queued, type SenderQueue } from './queue.ts'

export interface MempoolPorts {
  readonly chain: Pick<Chain, 'head' | 'spec' | 'stateAt'>
  readonly secp256k1: Secp256k1
  readonly blockGasLimit: () => bigint
  readonly limits?: Partial<MempoolLimits>
}

/** The pool's own memory; every change goes through `insert` and `drop`. */
interface Pool {
  readonly senders: Map<Address, SenderQueue>
  readonly byHash: Map<Hex, PooledTransaction>
  bytes: number
  arrivals: number
}

export function createMempool(ports: MempoolPorts): Mempool {
  const limits = { ...defaultMempoolLimits, ...ports.limits }
  const pool: Pool = { senders: new Map(), byHash: new Map(), bytes: 0, arrivals: 0 }
  const listeners = new Set<(tx: PooledTransaction) => void>()
  const headState = () => ports.chain.stateAt(ports.chain.head().header.number)
  const nonceOf = (address: Address): bigint => headState().account(address)?.nonce ?? 0n
  const executable = (address: Address): readonly Queued[] =>
    pool.senders.get(address)?.executableFrom(nonceOf(address)) ?? []
  /** The newcomer, if it can run, and those behind it that waited for it. */
  const announce = (ready: readonly Queued[], tx: PooledTransaction, isAlone: boolean): void => {
    const from = ready.findIndex((entry) => entry.tx === tx)
    const fresh = from < 0 ? [] : ready.slice(from, isAlone ? from + 1 : undefined)
    for (const entry of fresh) for (const listener of listeners) listener(entry.tx)
  }

  return {
    add(raw) {
      const { header } = ports.chain.head()
      const fork = ports.chain.spec.forkAt(header.number + 1n, header.timestamp + 1n)
      const admitted = admit(raw, {
        secp256k1: ports.secp256k1,
        limits,
        rules: transactionRules(ports.chain.spec, fork),
        blockGasLimit: ports.blockGasLimit(),
        isKnown: (hash) => pool.byHash.has(hash),
        state: headState(),
      })
      if (admitted.type !== 'accept') return admitted
      const { tx } = admitted.value
      const refusal = makeRoom(pool, limits, admitted.value)
      if (refusal) return refusal
      const isReplacement = insert(pool, tx)
      announce(executable(tx.from), tx, isReplacement)
      return accept(tx)
    },
    get: (hash) => pool.byHash.get(hash),
    pendingNonce: (address) => nonceOf(address) + BigInt(executable(address).length),
    content: () => contentOf(pool, executable),
    counts() {
      let pending = 0
      for (const address of pool.senders.keys()) pending += executable(address).length
      return { pending, queued: pool.byHash.size - pending }
    },
    best: (baseFee) => inBlockOrder([...pool.senders.keys()].map(executable), baseFee),
    remove: (hash) => {
      const tx = pool.byHash.get(hash)
      if (tx) drop(pool, tx)
    },
    onBlock({ update }) {
      for (const [address, change] of update.changes.accounts)
        dropImpossible(pool, address, change ?? { nonce: 0n, balance: 0n })
    },
    reset() {
      const state = headState()
      for (const address of pool.senders.keys())
        dropImpossible(pool, address, state.account(address) ?? { nonce: 0n, balance: 0n })
    },
    onPending(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
  }
}

type Refused = Refusal<AdmitCode> | undefined

/** Checks the newcomer against the others, and evicts the cheapest for it when all is full. */
function makeRoom(pool: Pool, limits: MempoolLimits, { tx, account }: Admitted): Refused {
  const queue = pool.senders.get(tx.from)
  const replaced = queue?.at(tx.nonce)?.tx
  if (replaced && !isBumped(replaced, tx))
    return reject('REPLACEMENT_UNDERPRICED', 'replacement transaction underpriced')
  const refusal = checkFunds(queue, replaced, tx, account.balance)
  if (refusal) return refusal
  if (replaced) return undefined
  if ((queue?.entries().length ?? 0) >= limits.perAccount)
    return reject('ACCOUNT_LIMIT', `account limit exceeded: pooled ${limits.perAccount} txs`)
  return evictCheapest(pool, limits, tx)
}

const isBumped = (old: PooledTransaction, tx: PooledTransaction): boolean =>
  maxFeePerGas(tx) >= bumped(maxFeePerGas(old)) &&
  maxPriorityFeePerGas(tx) >= bumped(maxPriorityFeePerGas(old))

/** The least fee above `fee` that replaces it; rounds up, and is never the same. */
const bumped = (fee: bigint): bigint => {
  const least = (fee * (100n + replacementBump) + 99n) / 100n
  return least > fee ? least : fee + 1n
}

/** The balance must cover all of the sender's pooled transactions together. */
function checkFunds(
  queue: SenderQueue | undefined,
  replaced: PooledTransaction | undefined,
  tx: PooledTransaction,
  balance: bigint,
): Refused {
  const cost = maxCost(tx)
  if (cost > balance)
    return reject(
      'INSUFFICIENT_FUNDS',
      `insufficient funds for gas * price + value: balance ${balance}, tx cost ${cost}, overshot ${cost - balance}`,
      { balance, cost },
    )
  let queued = 0n
  for (const entry of queue?.entries() ?? []) queued += maxCost(entry.tx)
  if (replaced) queued -= maxCost(replaced)
  if (queued + cost <= balance) return undefined
  return reject(
    'INSUFFICIENT_FUNDS',
    `insufficient funds for gas * price + value: balance ${balance}, queued cost ${queued}, tx cost ${cost}, overshot ${queued + cost - balance}`,
    { balance, queued, cost },
  )
}

/** Only the last transaction of a sender can go without stranding others. */
function evictCheapest(pool: Pool, limits: MempoolLimits, tx: PooledTransaction): Refused {
  while (pool.byHash.size >= limits.transactions || pool.bytes + tx.raw.length > limits.bytes) {
    let cheapest: Queued | undefined
    for (const queue of pool.senders.values()) {
      const last = queue.entries().at(-1)
      if (last && (!cheapest || isCheaper(last, cheapest))) cheapest = last
    }
    if (!cheapest) return reject('POOL_FULL', 'txpool is full')
    if (effectiveTip(cheapest.tx, 0n) >= effectiveTip(tx, 0n) || cheapest.tx.from === tx.from)
      return reject('UNDERPRICED', 'transaction underpriced: the pool is full of better ones')
    drop(pool, cheapest.tx)
  }
  return undefined
}

const isCheaper = (a: Queued, b: Queued): boolean => {
  const [tipA, tipB] = [effectiveTip(a.tx, 0n), effectiveTip(b.tx, 0n)]
  return tipA === tipB ? a.arrival > b.arrival : tipA < tipB
}

/** Whether it took the place of another. */
function insert(pool: Pool, tx: PooledTransaction): boolean {
  const queue = pool.senders.get(tx.from) ?? createSenderQueue()
  const replaced = queue.at(tx.nonce)
  if (replaced) drop(pool, replaced.tx)
  queue.put({ tx, arrival: pool.arrivals++ })
  pool.senders.set(tx.from, queue)
  pool.byHash.set(tx.hash, tx)
  pool.bytes += tx.raw.length
  return replaced !== undefined
}

function drop(pool: Pool, tx: PooledTransaction): void {
  const queue = pool.senders.get(tx.from)
  invariant(queue?.at(tx.nonce)?.tx.hash === tx.hash, 'a pooled transaction stands in its queue')
  queue.remove(tx.nonce)
  if (queue.entries().length === 0) pool.senders.delete(tx.from)
  pool.byHash.delete(tx.hash)
  pool.bytes -= tx.raw.length
}

/** What a new nonce or balance of its sender makes impossible for good. */
function dropImpossible(
  pool: Pool,
  address: Address,
  { nonce, balance }: { readonly nonce: bigint; readonly balance: bigint },
): void {
  // The queue replaces its list when it removes, so this one stays whole.
  for (const { tx } of pool.senders.get(address)?.entries() ?? [])
    if (tx.nonce < nonce || maxCost(tx) > balance) drop(pool, tx)
}

function contentOf(
  pool: Pool,
  executable: (address: Address) => readonly Queued[],
): ReturnType<Mempool['content']> {
  const pending = new Map<Address, PooledTransaction[]>()
  const queued = new Map<Address, PooledTransaction[]>()
  for (const [address, queue] of pool.senders) {
    const ready = executable(address)
    const waiting = queue.entries().filter((entry) => !ready.includes(entry))
    if (ready.length > 0)
      pending.set(
        address,
        ready.map(({ tx }) => tx),
      )
    if (waiting.length > 0)
      queued.set(
        address,
        waiting.map(({ tx }) => tx),
      )
  }
  return { pending, queued }
}
