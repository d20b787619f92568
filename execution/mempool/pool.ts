/**
 * Transactions that wait for a block: by sender in nonce order, bounded in number and bytes, the
 * cheapest leaving first. Every transaction here was admitted against the head's state. Seals
 * nothing and sends nothing.
 */
import {
  accept,
  type Account,
  type Address,
  type Hex,
  ignore,
  invariant,
  maxFeePerGas,
  maxPriorityFeePerGas,
  type Refusal,
  type Secp256k1,
  type StateReader,
  type Verdict,
} from '../../primitives/index.ts'
import { maxCost, transactionRules } from '../transaction-rules.ts'
import type { AdmitCode, Chain, Mempool, PooledTransaction } from '../types.ts'
import { admit, type Admitted } from './admit.ts'
import { defaultMempoolLimits, type MempoolLimits, replacementBump } from './limits.ts'
import { chooseVictims, sizeOf } from './evict.ts'
import { inBlockOrder, type Queued } from './order.ts'
import { createSenderQueue, type SenderQueue } from './queue.ts'

export interface MempoolPorts {
  readonly chain: Pick<Chain, 'head' | 'spec' | 'stateAt'>
  readonly secp256k1: Secp256k1
  readonly blockGasLimit: () => bigint
  /** Wei a unit of gas a transaction must be ready to pay at least; absent: the tip decides. */
  readonly minGasPrice?: () => bigint
  readonly limits?: Partial<MempoolLimits>
}

/** The pool's own memory; every change goes through `insert` and `drop`. */
interface Pool {
  readonly senders: Map<Address, SenderQueue>
  readonly byHash: Map<Hex, PooledTransaction>
  /** Hashes of transactions that listeners have been told of. */
  readonly announced: Set<Hex>
  bytes: number
  arrivals: number
}

export function createMempool(ports: MempoolPorts): Mempool {
  const limits = { ...defaultMempoolLimits, ...ports.limits }
  const pool: Pool = {
    senders: new Map(),
    byHash: new Map(),
    announced: new Set(),
    bytes: 0,
    arrivals: 0,
  }
  const listeners = new Set<(tx: PooledTransaction) => void>()
  const headState = () => ports.chain.stateAt(ports.chain.head().header.number)
  const nonceOf = (address: Address): bigint => headState().account(address)?.nonce ?? 0n
  const executable = (address: Address): readonly Queued[] =>
    pool.senders.get(address)?.executableFrom(nonceOf(address)) ?? []
  /** Tells of what can run now and could not before; each transaction once. */
  const announce = (address: Address): void => {
    for (const { tx } of executable(address)) {
      if (pool.announced.has(tx.hash)) continue
      pool.announced.add(tx.hash)
      for (const listener of listeners) listener(tx)
    }
  }
  const settle = (address: Address, account: Standing | undefined): void => {
    dropImpossible(pool, address, account ?? { nonce: 0n, balance: 0n })
    announce(address)
  }

  return {
    add(raw, sender) {
      const entered = enter(pool, ports, limits, headState(), raw, sender)
      if (entered.type === 'accept') announce(entered.value.from)
      return entered
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
      for (const [address, change] of update.changes.accounts) settle(address, change)
    },
    reset() {
      const state = headState()
      for (const address of pool.senders.keys()) settle(address, state.account(address))
    },
    onPending(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
  }
}

type Refused = Refusal<AdmitCode> | undefined
/** What of an account decides whether its transactions can still run. */
type Standing = Pick<Account, 'nonce' | 'balance'>

/** Admits a transaction for the block after the head, makes room and puts it in. */
function enter(
  pool: Pool,
  { chain, secp256k1, blockGasLimit, minGasPrice }: MempoolPorts,
  limits: MempoolLimits,
  state: StateReader,
  raw: Uint8Array,
  sender: Address | undefined,
): Verdict<PooledTransaction, AdmitCode> {
  const { number, timestamp } = chain.head().header
  const admitted = admit(raw, {
    secp256k1,
    limits,
    state,
    rules: transactionRules(chain.spec, chain.spec.forkAt(number + 1n, timestamp + 1n)),
    blockGasLimit: blockGasLimit(),
    minGasPrice: minGasPrice?.() ?? 0n,
    isKnown: (hash) => pool.byHash.has(hash),
    sender,
  })
  if (admitted.type !== 'accept') return admitted
  const refusal = makeRoom(pool, limits, admitted.value)
  if (refusal) return refusal
  insert(pool, admitted.value.tx)
  return accept(admitted.value.tx)
}

/** Checks the newcomer against the others, and evicts the cheapest for it when all is full. */
function makeRoom(pool: Pool, limits: MempoolLimits, { tx, account }: Admitted): Refused {
  const queue = pool.senders.get(tx.from)
  const replaced = queue?.at(tx.nonce)?.tx
  if (replaced && !isBumped(replaced, tx))
    return ignore('REPLACEMENT_UNDERPRICED', 'replacement transaction underpriced')
  const refusal = checkFunds(queue, replaced, tx, account.balance)
  if (refusal) return refusal
  if (!replaced && (queue?.entries().length ?? 0) >= limits.perAccount)
    return ignore('ACCOUNT_LIMIT', `account limit exceeded: pooled ${limits.perAccount} txs`)
  const shortage = {
    transactions: pool.byHash.size + (replaced ? 0 : 1) - limits.transactions,
    bytes: pool.bytes + sizeOf(tx) - (replaced ? sizeOf(replaced) : 0) - limits.bytes,
  }
  if (shortage.transactions <= 0 && shortage.bytes <= 0) return undefined
  if (!replaced && hasGap(queue, account.nonce, tx.nonce))
    return ignore('POOL_FULL', 'txpool is full')
  const victims = chooseVictims(pool.senders.values(), tx, queue, shortage)
  if (!victims) return ignore('UNDERPRICED', 'transaction underpriced')
  for (const victim of victims) drop(pool, victim)
  return undefined
}

/** Whether the newcomer would only wait: such a one takes nobody's place. */
const hasGap = (queue: SenderQueue | undefined, nonce: bigint, at: bigint): boolean =>
  at > nonce + BigInt(queue?.executableFrom(nonce).length ?? 0)

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
    return ignore(
      'INSUFFICIENT_FUNDS',
      `insufficient funds for gas * price + value: balance ${balance}, tx cost ${cost}, overshot ${cost - balance}`,
      { balance, cost },
    )
  const queued = (queue?.totalCost() ?? 0n) - (replaced ? maxCost(replaced) : 0n)
  if (queued + cost <= balance) return undefined
  return ignore(
    'INSUFFICIENT_FUNDS',
    `insufficient funds for gas * price + value: balance ${balance}, queued cost ${queued}, tx cost ${cost}, overshot ${queued + cost - balance}`,
    { balance, queued, cost },
  )
}

/** A replacement inherits the place of what it replaces. */
function insert(pool: Pool, tx: PooledTransaction): void {
  const replaced = pool.senders.get(tx.from)?.at(tx.nonce)
  if (replaced) drop(pool, replaced.tx)
  const queue = pool.senders.get(tx.from) ?? createSenderQueue()
  queue.put({ tx, arrival: replaced?.arrival ?? pool.arrivals++ })
  pool.senders.set(tx.from, queue)
  pool.byHash.set(tx.hash, tx)
  pool.bytes += sizeOf(tx)
}

function drop(pool: Pool, tx: PooledTransaction): void {
  const queue = pool.senders.get(tx.from)
  invariant(queue?.at(tx.nonce)?.tx.hash === tx.hash, 'a pooled transaction stands in its queue')
  queue.remove(tx.nonce)
  if (queue.entries().length === 0) pool.senders.delete(tx.from)
  pool.byHash.delete(tx.hash)
  pool.announced.delete(tx.hash)
  pool.bytes -= sizeOf(tx)
}

/** What a new nonce or balance of its sender makes impossible for good. */
function dropImpossible(pool: Pool, address: Address, { nonce, balance }: Standing): void {
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
    const isReady = new Set(ready)
    const waiting = queue.entries().filter((entry) => !isReady.has(entry))
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
