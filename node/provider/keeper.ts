/**
 * What a provider has to do by a deadline, or leaves money lying for: answering receipts of his that are drawn or asked
 * for, having them paid, taking bonds back, closing epochs he began and settling their requests. One look at the
 * chain and what follows from it; keeps no file, so it may be stopped and begun again at any block.
 */
import type { Hex } from 'viem'
import { events, read, type ChainReader } from '../../attribution/views/index.ts'
import type { Logger } from '../../primitives/index.ts'
import { answerReceipt, createChainReader, makeReceipt } from '../../sdk/index.ts'
import { explained, mined, type Writer } from '../client.ts'

export interface KeeperPorts {
  readonly client: Writer
  readonly log: Logger
  /** The bytes that hash to `outputHash`; undefined where they are not kept. */
  readonly answerOf: (outputHash: Hex) => Promise<Hex | undefined>
}

export interface Keeper {
  /** Does what is due after the chain's newest block; how many things were done, and how many receipts refused it. */
  look(): Promise<{ readonly done: number; readonly failed: number }>
}

/** IReceipts.State, IRewards.PaymentState.Escrowed. */
const [committed, challenged, final, open] = [1, 2, 3, 5]
const escrowed = 1
/** IRewards.settle credits so many leaves at once; of more, each claims his own, for which the log must have them. */
const maxDirect = 16

interface Watch extends KeeperPorts {
  /** Receipts of ours that are not over, with what their answers hash to; of epochs nothing. */
  readonly waiting: Map<Hex, Hex | undefined>
  /** Receipts about which it was said that nothing can be done here. */
  readonly told: Set<Hex>
}

/** `from`: the first block in which receipts are looked for. */
export function createKeeper(ports: KeeperPorts, from: bigint): Keeper {
  const watch: Watch = { ...ports, waiting: new Map(), told: new Set() }
  let next = from
  return {
    async look() {
      const reader = await explained(createChainReader(ports.client))
      await explained(find(watch, reader, next))
      next = reader.blockNumber + 1n
      let [done, failed] = [0, 0]
      for (const [receiptId, outputHash] of watch.waiting) {
        try {
          done += await explained(tend(watch, receiptId, outputHash))
        } catch (error) {
          // One receipt keeps no other waiting; it is tried again at the next block.
          failed++
          const reason = error instanceof Error ? error.message : String(error)
          ports.log.warn({ receiptId, reason }, 'receipt could not be tended')
        }
      }
      return { done, failed }
    },
  }
}

/** Takes in what was stated or entered since the last look. */
async function find({ client, waiting }: Watch, reader: ChainReader, from: bigint): Promise<void> {
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

/** What one receipt needs now; 0 where it has to wait. */
async function tend(watch: Watch, receiptId: Hex, outputHash: Hex | undefined): Promise<number> {
  const { client, log, waiting } = watch
  const reader = await createChainReader(client)
  const { state, leaves } = await read(reader, 'receipts', 'status', [receiptId])
  if (state === open) return closeEpoch(watch, reader, receiptId)
  if (state === final) {
    const done = await settleAll(watch, receiptId, outputHash)
    waiting.delete(receiptId)
    return done
  }
  if (state !== committed && state !== challenged) {
    waiting.delete(receiptId)
    log.warn({ receiptId }, 'receipt has fallen')
    return 0
  }
  const audit = await client.attribution.audit(receiptId)
  if (audit?.due === 'answer') return answerOne(watch, receiptId, outputHash, audit.dueBlock)
  // Nobody has to see it, but who could claim a leaf that nobody has shown?
  if (audit?.due === 'window' && leaves > maxDirect && (await hasAnswer(watch, outputHash)))
    return answerOne(watch, receiptId, outputHash)
  if (audit?.due === 'expire') tell(watch, receiptId, {}, 'receipt was not answered in time')
  if (!(await read(reader, 'receipts', 'isFinal', [receiptId]))) return 0
  const done = await settleAll(watch, receiptId, outputHash)
  await mined(client, client.receipts.write.finalize([[receiptId]]))
  log.info({ receiptId }, 'bond taken back')
  waiting.delete(receiptId)
  return done + 1
}

async function answerOne(
  watch: Watch,
  receiptId: Hex,
  outputHash: Hex | undefined,
  dueBlock?: bigint,
): Promise<number> {
  const { client, log, answerOf } = watch
  const bytes = outputHash && (await answerOf(outputHash))
  if (bytes === undefined) {
    const facts = { outputHash, lastBlock: dueBlock?.toString() }
    tell(watch, receiptId, facts, 'receipt must be answered, and its answer is not in the folder')
    return 0
  }
  const transactions = await answerReceipt(client, receiptId, bytes)
  log.info({ receiptId, transactions }, 'receipt answered')
  return (await settleAll(watch, receiptId, outputHash)) + 1
}

const hasAnswer = async ({ answerOf }: Watch, outputHash: Hex | undefined): Promise<boolean> =>
  outputHash !== undefined && (await answerOf(outputHash)) !== undefined

async function closeEpoch(watch: Watch, reader: ChainReader, receiptId: Hex): Promise<number> {
  const { client, log } = watch
  const { endBlock } = await read(reader, 'receipts', 'epoch', [receiptId])
  if (reader.blockNumber < endBlock) return 0
  await mined(client, client.receipts.write.close([receiptId]))
  log.info({ receiptId }, 'epoch closed')
  return (await settleAll(watch, receiptId)) + 1
}

/** Has every request of a final receipt paid that is not yet. */
async function settleAll(watch: Watch, receiptId: Hex, outputHash?: Hex): Promise<number> {
  const { client, log } = watch
  const reader = await createChainReader(client)
  if (!(await read(reader, 'receipts', 'isFinal', [receiptId]))) return 0
  const leaves = await leavesOf(watch, reader, receiptId, outputHash)
  const shown = (leaves.length > maxDirect ? [] : leaves).map(
    ({ clusterId, contributionId, weight }) => ({ clusterId, contributionId, weight }),
  )
  let done = 0
  for (const requestId of await client.attribution.requests(receiptId)) {
    const { state } = await read(reader, 'rewards', 'payment', [requestId])
    if (state !== escrowed) continue
    await mined(client, client.rewards.write.settle([requestId, shown]))
    log.info({ requestId, receiptId }, 'request settled')
    done++
  }
  return done
}

/** From the chain's log, or from the answer; none where neither has those of the receipt. */
async function leavesOf(
  { client, answerOf }: Watch,
  reader: ChainReader,
  receiptId: Hex,
  outputHash: Hex | undefined,
) {
  const logged = await client.attribution.leaves(receiptId)
  if (logged) return logged
  const bytes = outputHash && (await answerOf(outputHash))
  if (bytes === undefined) return []
  const { requestId, versionId, methodId, sumRoot } = await read(reader, 'receipts', 'status', [
    receiptId,
  ])
  const answer = { requestId, versionId, methodId, answer: bytes }
  const { receipt, leaves } = await makeReceipt(client, answer)
  return receipt.sumRoot === sumRoot ? leaves : []
}

function tell({ told, log }: Watch, receiptId: Hex, facts: object, sentence: string): void {
  if (told.has(receiptId)) return
  told.add(receiptId)
  log.error({ receiptId, ...facts }, sentence)
}
