/**
 * When blocks are made while one producer makes them: at once (automine), on a beat, on request, or
 * at once and on a beat. Executes nothing itself (execution/build does) and knows no wire format.
 * Goes out of use on networks with validators, where consensus decides.
 */
import { setImmediate as nextTurn } from 'node:timers/promises'
import {
  accept,
  reject,
  type Address,
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
import { createBeat, type Sealing } from './beat.ts'
import { templateAfter, type TemplatePorts, type WishesAfter } from './template.ts'

export interface SealerOptions {
  readonly sealing: Sealing
  readonly feeRecipient: Address
}

export interface SealerPorts extends TemplatePorts {
  readonly chain: Pick<Chain, 'head' | 'build' | 'commit'>
  readonly mempool: Pick<Mempool, 'add' | 'best' | 'get' | 'pendingNonce' | 'remove'>
  readonly log: Logger
  /** Wei; EIP-1559 on top of `parent`. */
  readonly baseFeeAfter: (parent: Header) => bigint
  /** Called once when sealing broke: the node must stop. */
  readonly onFault: (error: unknown) => void
}

/** With the base fee that transactions must meet. */
type PricedTemplate = BlockTemplate & { readonly baseFeePerGas: bigint }

export interface Sealer {
  /**
   * Takes a raw transaction in. With automine the answer comes after its block is committed and
   * readable; a transaction that cannot run yet (nonce gap, fee cap below the base fee) is answered
   * as soon as it is in the pool. `sender` is taken as given (impersonation on a devnet).
   */
  submit(raw: Uint8Array, sender?: Address): Promise<Verdict<Hex>>
  /** Seals a block now, also an empty one. What `wishes` say of it comes before all else. */
  seal(wishes?: WishesAfter): Promise<ExecutedBlock>
  /** Runs `task` while no block is in work, and none begins. */
  exclusively<result>(task: () => Promise<result>): Promise<result>
  /** What the next block would be if it were sealed now; its base fee always said. */
  template(): PricedTemplate
  sealing(): Sealing
  /** From now on; what waits in the pool is sealed where that is now wanted. */
  setSealing(sealing: Sealing): void
  /** Starts the beat, where there is one. */
  start(): void
  /** Lets the block in work finish, refuses what has not been sealed, and seals no more. */
  stop(): Promise<void>
}

export function createSealer(options: SealerOptions, ports: SealerPorts): Sealer {
  const { mempool, onFault } = ports
  const room = createWaitingRoom()
  const exclusively = createMutex()
  const state = { isStopped: false }

  const sealOnce = (
    isEmptyWanted: boolean,
    wishes?: WishesAfter,
  ): Promise<ExecutedBlock | undefined> =>
    exclusively(async () => {
      if (state.isStopped) return undefined
      const template = { ...pricedTemplate(options, ports), ...wishes?.(ports.chain.head()) }
      const executed = await produce(template, ports, isEmptyWanted, (hash, refusal) =>
        room.answer(hash, refusal),
      )
      for (const { hash } of executed?.block.transactions ?? []) room.answer(hash, accept(hash))
      return executed
    })

  const isRunnableNext = (tx: PooledTransaction): boolean =>
    isRunnable(tx, baseFeeNext(ports), mempool)

  const wake = createDrain({
    room,
    sealOnce: () => sealOnce(false),
    isRunnableNext,
    isStopped: () => state.isStopped,
    onFault,
  })
  const beat = createBeat(options.sealing, ports, () => sealOnce(true))

  return {
    async submit(raw, sender) {
      if (state.isStopped) return shuttingDown
      const verdict = mempool.add(raw, sender)
      if (verdict.type !== 'accept') return verdict
      const tx = verdict.value
      if (!beat.automines() || !isRunnableNext(tx)) return accept(tx.hash)
      const answer = room.wait(tx)
      wake()
      return answer
    },
    async seal(wishes) {
      const executed = await sealOnce(true, wishes)
      if (executed === undefined) throw new Error('sealing after stop')
      return executed
    },
    exclusively,
    template: () => pricedTemplate(options, ports),
    sealing: () => beat.sealing(),
    setSealing(wanted) {
      beat.change(wanted)
      if (beat.automines()) sealOnce(false).catch(onFault)
    },
    start: () => beat.start(),
    async stop() {
      beat.stop()
      await exclusively(async () => {
        state.isStopped = true
      })
      for (const { hash } of room.waiting()) room.answer(hash, shuttingDown)
    },
  }
}

interface DrainPorts {
  readonly room: WaitingRoom
  readonly sealOnce: () => Promise<ExecutedBlock | undefined>
  readonly isRunnableNext: (tx: PooledTransaction) => boolean
  readonly isStopped: () => boolean
  readonly onFault: (error: unknown) => void
}

/** Seals blocks until nobody waits. The function returned begins it, where it has not begun. */
function createDrain(ports: DrainPorts): () => void {
  const { room, sealOnce, isRunnableNext, isStopped, onFault } = ports
  let isDraining = false
  async function drain(): Promise<void> {
    try {
      while (room.waiting().length > 0) {
        await nextTurn() // what has arrived in this turn of the event loop shares the block
        const before = room.waiting()
        const executed = await sealOnce()
        if (isStopped()) return // stop() answers those who still wait
        // Those whose transaction the next block cannot hold are answered; it stays in the pool.
        // When nothing at all could be included, that is everyone who waited for this round.
        for (const tx of before)
          if (executed === undefined || !isRunnableNext(tx)) room.answer(tx.hash, accept(tx.hash))
      }
    } finally {
      isDraining = false // in the same step as the last look at the room: nobody is forgotten
    }
  }
  return () => {
    if (isDraining) return
    isDraining = true
    drain().catch(onFault)
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
  template: PricedTemplate,
  ports: SealerPorts,
  isEmptyWanted: boolean,
  onRefused: (hash: Hex, refusal: Verdict<Hex>) => void,
): Promise<ExecutedBlock | undefined> {
  const { chain, mempool, clock, log } = ports
  const startedMs = clock.nowMs()
  const { executed, refused } = await chain.build(template, mempool.best(template.baseFeePerGas))
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

function pricedTemplate({ feeRecipient }: SealerOptions, ports: SealerPorts): PricedTemplate {
  return {
    ...templateAfter(ports.chain.head(), feeRecipient, ports),
    baseFeePerGas: baseFeeNext(ports),
  }
}

function baseFeeNext({ chain, wishesAfter, baseFeeAfter }: SealerPorts): bigint {
  const parent = chain.head()
  return wishesAfter?.(parent).baseFeePerGas ?? baseFeeAfter(parent.header)
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
