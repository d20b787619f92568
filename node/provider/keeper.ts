/**
 * What a provider has to do by a deadline, or leaves money lying for: answering receipts of his that are drawn or asked
 * for, before anything else; then taking bonds back, ending votes, closing epochs he began and settling requests, some
 * seconds of it a look. Keeps no file, so it may be stopped and begun again at any block.
 */
import type { Hex } from 'viem'
import {
  auditView,
  events,
  read,
  requestsOf,
  type ChainReader,
} from '../../attribution/views/index.ts'
import { NodeError, type Logger } from '../../primitives/index.ts'
import { answerReceipt, createChainReader, makeReceipt } from '../../sdk/index.ts'
import { explained, mined, type Writer } from '../client.ts'

export interface KeeperPorts {
  readonly client: Writer
  readonly log: Logger
  /** The bytes that hash to `outputHash`; undefined where they are not kept. */
  readonly answerOf: (outputHash: Hex) => Promise<Hex | undefined>
  /** Milliseconds, from any beginning. */
  readonly now: () => number
}

export interface Keeper {
  /** Does what is due after the chain's newest block. */
  look(): Promise<Looked>
}

export interface Looked {
  /** Transactions, or answers of several. */
  readonly done: number
  /** Receipts that refused it; each is tried again at the next look. */
  readonly failed: number
  /** The look's time for what can wait was over before all of it was done. */
  readonly isMore: boolean
}

/** IReceipts.State, IReceipts.Class.Declared and Provable, IRewards.PaymentState. */
const [committed, challenged, final, open] = [1, 2, 3, 5]
const [declared, provable] = [0, 2]
const [escrowed, settled] = [1, 2]
/** IRewards.settle credits so many leaves at once; of more, each claims his own, for which the log must have them. */
const maxDirect = 16
/** Receipts that one IReceipts.finalize takes. */
const maxFinalized = 32
/** How long a look may be at what has no deadline, before it sees again what has. */
const patienceMs = 20_000

interface Watch extends KeeperPorts {
  /** Receipts of ours that are not over, with what their answers hash to; of epochs nothing. */
  readonly waiting: Map<Hex, Hex | undefined>
  /** Final ones, until their requests are settled. */
  readonly payable: Map<Hex, Hex | undefined>
  /** Receipts about which it was said that nothing can be done here. */
  readonly told: Set<Hex>
}

/** show: nobody has to see it, but who could claim a leaf that nobody has shown? */
type Due = 'answer' | 'finalize' | 'vote' | 'forgotten' | 'show' | 'close'

interface Task {
  readonly receiptId: Hex
  readonly outputHash: Hex | undefined
  readonly due: Due
  /** The last block for it. */
  readonly lastBlock?: bigint | undefined
}

/** One look: what it has done, and how long it may go on with what can wait. */
interface Turn {
  done: number
  readonly failed: Set<Hex>
  readonly isOver: () => boolean
  isMore: boolean
}

/** `from`: the first block in which receipts are looked for. */
export function createKeeper(ports: KeeperPorts, from: bigint): Keeper {
  const watch: Watch = { ...ports, waiting: new Map(), payable: new Map(), told: new Set() }
  let next = from
  return {
    async look() {
      const reader = await explained(createChainReader(ports.client))
      await explained(find(watch, reader, next))
      if (next <= reader.blockNumber) next = reader.blockNumber + 1n
      const failed = new Set<Hex>()
      let until = Infinity
      const turn: Turn = { done: 0, failed, isMore: false, isOver: () => ports.now() >= until }
      const tasks: Task[] = []
      // A copy: those that fail go to the end of the list.
      const all = [...watch.waiting.keys()]
      for (const receiptId of all)
        await attempt(watch, turn, [receiptId], async () => {
          const task = await taskOf(watch, receiptId)
          if (task) tasks.push(task)
          return 0
        })
      await answerInTime(watch, turn, tasks)
      until = ports.now() + patienceMs
      await collect(watch, turn, tasks)
      return { done: turn.done, failed: failed.size, isMore: turn.isMore }
    },
  }
}

/** Receipts keep no others waiting: those that fail are told, and come last the next time. */
async function attempt(
  { log, waiting, payable }: Watch,
  turn: Turn,
  receiptIds: readonly Hex[],
  work: () => Promise<number>,
): Promise<boolean> {
  try {
    turn.done += await explained(work())
    return true
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    for (const receiptId of receiptIds) {
      turn.failed.add(receiptId)
      log.warn({ receiptId, reason }, 'receipt could not be tended')
      for (const list of [waiting, payable]) {
        const outputHash = list.get(receiptId)
        if (list.delete(receiptId)) list.set(receiptId, outputHash)
      }
    }
    return false
  }
}

/** Takes in what was stated or entered since the last look. */
async function find({ client, waiting }: Watch, reader: ChainReader, from: bigint): Promise<void> {
  if (from > reader.blockNumber) return
  const own = client.account.address.toLowerCase()
  const range = { from, to: reader.blockNumber }
  for (const { args } of await events(reader, 'receipts', 'ReceiptCommitted', {}, range))
    if (args.committer.toLowerCase() === own) waiting.set(args.receiptId, args.receipt.outputHash)
  for (const { args } of await events(reader, 'receipts', 'EpochEntered', {}, range)) {
    if (waiting.has(args.receiptId)) continue
    const { committer } = await read(reader, 'receipts', 'status', [args.receiptId])
    if (committer.toLowerCase() === own) waiting.set(args.receiptId, undefined)
  }
}

/** What a receipt needs now; undefined where it has to wait, or only its requests do. */
async function taskOf(watch: Watch, receiptId: Hex): Promise<Task | undefined> {
  const { client, log, waiting, payable } = watch
  const outputHash = waiting.get(receiptId)
  const reader = await createChainReader(client)
  const status = await read(reader, 'receipts', 'status', [receiptId])
  const { state, leaves, class_, requestId } = status
  const task = (due: Due, lastBlock?: bigint): Task => ({ receiptId, outputHash, due, lastBlock })
  if (state === open) {
    const { endBlock } = await read(reader, 'receipts', 'epoch', [receiptId])
    return reader.blockNumber < endBlock ? undefined : task('close')
  }
  if (state !== committed && state !== challenged) {
    waiting.delete(receiptId)
    if (state === final) payable.set(receiptId, outputHash)
    else log.warn({ receiptId }, 'receipt has fallen')
    return undefined
  }
  const audit = await auditView(reader, receiptId)
  if (audit?.due === 'answer')
    return audit.dueBlock === undefined ? task('forgotten') : task('answer', audit.dueBlock)
  if (audit?.due === 'window' && leaves > maxDirect && (await hasAnswer(watch, outputHash)))
    return task('show')
  if (audit?.due === 'expire') tell(watch, receiptId, {}, 'receipt was not answered in time')
  else if (state === challenged) return task('vote')
  if (!(await read(reader, 'receipts', 'isFinal', [receiptId]))) return undefined
  if (class_ !== declared) return task('finalize')
  const payment = await read(reader, 'rewards', 'payment', [requestId])
  if (payment.state === settled) return task('finalize')
  tell(
    watch,
    receiptId,
    { requestId },
    'only who knows the leaves of a declared receipt can settle it',
  )
  return undefined
}

/** What is lost when it is late, soonest first. */
async function answerInTime(watch: Watch, turn: Turn, tasks: readonly Task[]): Promise<void> {
  const answers = tasks.filter(({ due }) => due === 'answer')
  answers.sort((a, b) => Number((a.lastBlock ?? 0n) - (b.lastBlock ?? 0n)))
  for (const task of answers)
    await attempt(watch, turn, [task.receiptId], () => answerOne(watch, task))
}

/** What can wait: bonds, then what keeps a receipt from being paid, then payments. */
async function collect(watch: Watch, turn: Turn, tasks: readonly Task[]): Promise<void> {
  const isOver = (): boolean => {
    if (turn.isOver()) turn.isMore = true
    return turn.isMore
  }
  const ready = tasks.filter(({ due }) => due === 'finalize')
  for (let at = 0; at < ready.length && !isOver(); at += maxFinalized)
    await finalize(watch, turn, ready.slice(at, at + maxFinalized))
  for (const task of tasks) {
    if (task.due === 'answer' || task.due === 'finalize') continue
    if (isOver()) return
    await attempt(watch, turn, [task.receiptId], () => tend(watch, task))
  }
  const payable = [...watch.payable]
  for (const [receiptId, outputHash] of payable) {
    if (isOver()) return
    await attempt(watch, turn, [receiptId], async () => {
      const done = await settleAll(watch, { receiptId, outputHash }, isOver)
      if (!turn.isMore) watch.payable.delete(receiptId)
      return done
    })
  }
}

/** Takes bonds back, of all at once; where that is refused, one by one. */
async function finalize(watch: Watch, turn: Turn, tasks: readonly Task[]): Promise<void> {
  const { client, log, waiting, payable } = watch
  const ids = tasks.map(({ receiptId }) => receiptId)
  const work = async (): Promise<number> => {
    await mined(client, client.receipts.write.finalize([ids]))
    for (const { receiptId, outputHash } of tasks) {
      log.info({ receiptId }, 'bond taken back')
      waiting.delete(receiptId)
      payable.set(receiptId, outputHash)
    }
    return 1
  }
  if (tasks.length === 1) return void (await attempt(watch, turn, ids, work))
  try {
    turn.done += await explained(work())
  } catch {
    for (const task of tasks) if (!turn.isOver()) await finalize(watch, turn, [task])
  }
}

async function tend(watch: Watch, task: Task): Promise<number> {
  const { client, log } = watch
  const { receiptId, outputHash, due } = task
  if (due === 'show') return answerOne(watch, task)
  if (due === 'forgotten') {
    if (await hasAnswer(watch, outputHash)) return answerOne(watch, task)
    await mined(client, client.receipts.write.expire([receiptId]))
    log.warn({ receiptId }, 'receipt without its answer given up, bond taken back')
  } else if (due === 'vote') {
    if (!(await isDecided(client, receiptId))) return 0
    await mined(client, client.receipts.write.resolve([receiptId]))
    log.info({ receiptId }, 'vote ended')
  } else {
    await mined(client, client.receipts.write.close([receiptId]))
    log.info({ receiptId }, 'epoch closed')
  }
  await taskOf(watch, receiptId)
  return 1
}

async function isDecided(client: Writer, receiptId: Hex): Promise<boolean> {
  try {
    await explained(client.receipts.simulate.resolve([receiptId]))
    return true
  } catch (error) {
    if (error instanceof NodeError && error.code === 'MODULE_REFUSED') return false
    throw error
  }
}

async function answerOne(
  watch: Watch,
  { receiptId, outputHash, lastBlock }: Task,
): Promise<number> {
  const { client, log, answerOf } = watch
  const bytes = outputHash && (await answerOf(outputHash))
  if (bytes === undefined) {
    const facts = { outputHash, lastBlock: lastBlock?.toString() }
    tell(watch, receiptId, facts, 'receipt must be answered, and its answer is not in the folder')
    return 0
  }
  const transactions = await answerReceipt(client, receiptId, bytes)
  log.info({ receiptId, transactions }, 'receipt answered')
  await taskOf(watch, receiptId)
  return 1
}

const hasAnswer = async ({ answerOf }: Watch, outputHash: Hex | undefined): Promise<boolean> =>
  outputHash !== undefined && (await answerOf(outputHash)) !== undefined

/** Has every request of a final receipt paid that is not yet, until `isOver`. */
async function settleAll(
  watch: Watch,
  { receiptId, outputHash }: Pick<Task, 'receiptId' | 'outputHash'>,
  isOver: () => boolean,
): Promise<number> {
  const { client, log } = watch
  const reader = await createChainReader(client)
  let shown: Awaited<ReturnType<typeof leavesOf>> | undefined
  let done = 0
  for (const requestId of await requestsOf(reader, receiptId)) {
    const { state } = await read(reader, 'rewards', 'payment', [requestId])
    if (state !== escrowed) continue
    if (isOver()) break
    shown ??= await leavesOf(watch, reader, receiptId, outputHash)
    await mined(client, client.rewards.write.settle([requestId, shown]))
    log.info({ requestId, receiptId }, 'request settled')
    done++
  }
  return done
}

/** To show, from the chain's log or from the answer; none where neither has those of the receipt, or too many. */
async function leavesOf(
  { client, answerOf }: Watch,
  reader: ChainReader,
  receiptId: Hex,
  outputHash: Hex | undefined,
) {
  const logged = await client.attribution.leaves(receiptId)
  if (logged) return shownOf(logged)
  const bytes = outputHash && (await answerOf(outputHash))
  if (bytes === undefined) return []
  const status = await read(reader, 'receipts', 'status', [receiptId])
  const { requestId, versionId, methodId, sumRoot, class_ } = status
  if (class_ !== provable) return []
  const answer = { requestId, versionId, methodId, answer: bytes }
  const { receipt, leaves } = await makeReceipt(client, answer)
  return receipt.sumRoot === sumRoot ? shownOf(leaves) : []
}

interface Leaf {
  readonly clusterId: bigint
  readonly contributionId: bigint
  readonly weight: bigint
}

const shownOf = (leaves: readonly Leaf[]): Leaf[] =>
  (leaves.length > maxDirect ? [] : leaves).map(({ clusterId, contributionId, weight }) => ({
    clusterId,
    contributionId,
    weight,
  }))

function tell({ told, log }: Watch, receiptId: Hex, facts: object, sentence: string): void {
  if (told.has(receiptId)) return
  told.add(receiptId)
  log.error({ receiptId, ...facts }, sentence)
}
