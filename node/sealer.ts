/**
 * When blocks are made while one producer makes them: at once (automine), on a beat, on request, or
 * at once and on a beat. Executes nothing itself (execution/build does) and knows no wire format.
 * Goes out of use on networks with validators, where consensus decides.
 */
import { setImmediate as nextTurn } from 'node:timers/promises'
import {
  accept,
  assertNever,
  reject,
  type Address,
  type Block,
  type Clock,
  type Header,
  type Hex,
  type Logger,
  maxFeePerGas,
  type Verdict,
} from '../primitives/index.ts'
import type {
  BlockTemplate,
  Chain,
  ExecutedBlock,
  Mempool,
  PooledTransaction,
} from '../execution/index.ts'

export type Sealing =
  | { readonly type: 'automine' }
  | { readonly type: 'interval'; readonly blockTimeMs: number }
  | { readonly type: 'mixed'; readonly blockTimeMs: number }
  | { readonly type: 'manual' }

export interface SealerOptions {
  readonly sealing: Sealing
  readonly feeRecipient: Address
}

export interface SealerPorts {
  readonly chain: Pick<Chain, 'head' | 'build' | 'commit'>
  readonly mempool: Pick<Mempool, 'add' | 'best' | 'get' | 'pendingNonce' | 'remove'>
  readonly clock: Clock
  readonly log: Logger
  /** Wei; EIP-1559 on top of `parent`. */
  readonly baseFeeAfter: (parent: Header) => bigint
  /** The parts of a header that follow from its parent by policy. */
  readonly seedsAfter: (
    parent: Block,
  ) => Pick<BlockTemplate, 'prevRandao' | 'parentBeaconBlockRoot' | 'extraData'>
  /** Called once when sealing broke: the node must stop. */
  readonly onFault: (error: unknown) => void
}

export interface Sealer {
  /**
   * Takes a raw transaction in. With automine the answer comes after its block is committed and
   * readable; a transaction that cannot run yet (nonce gap, fee cap below the base fee) is answered
   * as soon as it is in the pool. `sender` is taken as given (impersonation on a devnet).
   */
  submit(raw: Uint8Array, sender?: Address): Promise<Verdict<Hex>>
  /** Seals a block now, also an empty one. */
  seal(): Promise<ExecutedBlock>
  /** Starts the beat, where there is one. */
  start(): void
  /** Lets the block in work finish, refuses what has not been sealed, and seals no more. */
  stop(): Promise<void>
}

export function createSealer(options: SealerOptions, ports: SealerPorts): Sealer {
  const { chain, mempool, onFault } = ports
  const automines = options.sealing.type === 'automine' || options.sealing.type === 'mixed'
  const room = createWaitingRoom()
  const exclusively = createMutex()
  const state = { isDraining: false, isStopped: false }

  const sealOnce = (isEmptyWanted: boolean): Promise<ExecutedBlock | undefined> =>
    exclusively(async () => {
      if (state.isStopped) return undefined
      const executed = await produce(options, ports, isEmptyWanted, (hash, refusal) =>
        room.answer(hash, refusal),
      )
      for (const { hash } of executed?.block.transactions ?? []) room.answer(hash, accept(hash))
      return executed
    })

  const isRunnableNext = (tx: PooledTransaction): boolean =>
    isRunnable(tx, ports.baseFeeAfter(chain.head().header), mempool)

  async function drain(): Promise<void> {
    try {
      while (room.waiting().length > 0) {
        await nextTurn() // what has arrived in this turn of the event loop shares the block
        const before = room.waiting()
        const executed = await sealOnce(false)
        if (state.isStopped) return // stop() answers those who still wait
        // Those whose transaction the next block cannot hold are answered; it stays in the pool.
        // When nothing at all could be included, that is everyone who waited for this round.
        for (const tx of before)
          if (executed === undefined || !isRunnableNext(tx)) room.answer(tx.hash, accept(tx.hash))
      }
    } finally {
      state.isDraining = false // in the same step as the last look at the room: nobody is forgotten
    }
  }

  function wake(): void {
    if (state.isDraining) return
    state.isDraining = true
    drain().catch(onFault)
  }

  const beat = createBeat(options.sealing, ports, () => sealOnce(true))

  return {
    async submit(raw, sender) {
      if (state.isStopped) return shuttingDown
      const verdict = mempool.add(raw, sender)
      if (verdict.type !== 'accept') return verdict
      const tx = verdict.value
      if (!automines || !isRunnableNext(tx)) return accept(tx.hash)
      const answer = room.wait(tx)
      wake()
      return answer
    },
    async seal() {
      const executed = await sealOnce(true)
      if (executed === undefined) throw new Error('sealing after stop')
      return executed
    },
    start: beat.start,
    async stop() {
      beat.stop()
      await exclusively(async () => {
        state.isStopped = true
      })
      for (const { hash } of room.waiting()) room.answer(hash, shuttingDown)
    },
  }
}

/** Who waits for the block of which transaction. */
interface WaitingRoom {
  waiting(): readonly PooledTransaction[]
  wait(tx: PooledTransaction): Promise<Verdict<Hex>>
  /** Does nothing when nobody waits for `hash`. */
  answer(hash: Hex, verdict: Verdict<Hex>): void
}

function createWaitingRoom(): WaitingRoom {
  const waiters = new Map<
    Hex,
    { readonly tx: PooledTransaction; readonly answer: (verdict: Verdict<Hex>) => void }
  >()
  return {
    waiting: () => [...waiters.values()].map(({ tx }) => tx),
    wait: (tx) => new Promise((answer) => waiters.set(tx.hash, { tx, answer })),
    answer(hash, verdict) {
      const waiter = waiters.get(hash)
      waiters.delete(hash)
      waiter?.answer(verdict)
    },
  }
}

const shuttingDown = reject('SHUTTING_DOWN', 'the node is shutting down')

/** Whether the transaction could stand in the next block, as far as nonce and fee say. */
const isRunnable = (
  tx: PooledTransaction,
  baseFee: bigint,
  mempool: SealerPorts['mempool'],
): boolean =>
  mempool.get(tx.hash) !== undefined &&
  mempool.pendingNonce(tx.from) > tx.nonce &&
  maxFeePerGas(tx) >= baseFee

/** Builds a block on the head and commits it; an empty one only if wanted. */
async function produce(
  options: SealerOptions,
  { chain, mempool, clock, log, baseFeeAfter, seedsAfter }: SealerPorts,
  isEmptyWanted: boolean,
  onRefused: (hash: Hex, refusal: Verdict<Hex>) => void,
): Promise<ExecutedBlock | undefined> {
  const startedMs = clock.nowMs()
  const parent = chain.head()
  const template: BlockTemplate = {
    parent,
    timestamp: timestampAfter(parent.header.timestamp, startedMs),
    feeRecipient: options.feeRecipient,
    gasLimit: parent.header.gasLimit,
    withdrawals: [],
    ...seedsAfter(parent),
  }
  const { executed, refused } = await chain.build(
    template,
    mempool.best(baseFeeAfter(parent.header)),
  )
  for (const { tx, code, message } of refused) {
    if (mayFitLater.has(code)) continue
    log.debug({ hash: tx.hash, code }, 'transaction dropped: it cannot run any more')
    mempool.remove(tx.hash)
    onRefused(tx.hash, reject(code, message))
  }
  if (executed.block.transactions.length === 0 && !isEmptyWanted) return undefined
  await chain.commit(executed)
  const { number, gasUsed } = executed.block.header
  log.debug(
    {
      height: number.toString(),
      transactions: executed.block.transactions.length,
      gasUsed: gasUsed.toString(),
      tookMs: clock.nowMs() - startedMs,
    },
    'block sealed',
  )
  return executed
}

/** Refusals that another block can lift: no room, a predecessor without room, a base fee too high. */
const mayFitLater = new Set(['GAS_LIMIT_EXCEEDED', 'NONCE_TOO_HIGH', 'FEE_CAP_TOO_LOW'])

/** Whole seconds, strictly above the parent's: with beats under a second it runs ahead of the clock. */
const timestampAfter = (parent: bigint, nowMs: number): bigint => {
  const now = BigInt(Math.floor(nowMs / 1000))
  return now > parent ? now : parent + 1n
}

function beatOf(sealing: Sealing): number | undefined {
  switch (sealing.type) {
    case 'interval':
    case 'mixed':
      return sealing.blockTimeMs
    case 'automine':
    case 'manual':
      return undefined
    default:
      return assertNever(sealing)
  }
}

/** Runs `task` every block time, never twice at once; a late beat does not move the later ones. */
function createBeat(
  sealing: Sealing,
  { clock, onFault }: SealerPorts,
  task: () => Promise<unknown>,
): { readonly start: () => void; readonly stop: () => void } {
  const blockTimeMs = beatOf(sealing)
  let cancel: (() => void) | undefined
  let isStopped = false
  const schedule = (dueMs: number, everyMs: number): void => {
    if (isStopped) return
    cancel = clock.after(Math.max(0, dueMs - clock.nowMs()), () => {
      task().then(() => schedule(Math.max(dueMs + everyMs, clock.nowMs()), everyMs), onFault)
    })
  }
  return {
    start: () => {
      if (blockTimeMs !== undefined) schedule(clock.nowMs() + blockTimeMs, blockTimeMs)
    },
    stop: () => {
      isStopped = true
      cancel?.()
    },
  }
}

/** One after the other, in order of asking; a task that throws does not stop the next. */
function createMutex(): <result>(task: () => Promise<result>) => Promise<result> {
  let tail: Promise<unknown> = Promise.resolve()
  return (task) => {
    const run = tail.then(task, task)
    tail = run.catch(() => undefined)
    return run
  }
}
