/**
 * Random audits: which stated receipts must be computed again before anything is paid, so that lying does
 * not pay even where nobody watches. Whether a receipt is drawn is a function of the hashes of the eight
 * blocks after it, which its committer did not know, and which eight proposers made (docs/decisions/084).
 */
import { historyBlocks } from '../../execution/native/index.ts'
import { concat, fromHex, type Hex } from '../../primitives/index.ts'
import { readParam } from '../params/module.ts'
import { textWord } from '../words.ts'
import type { Method } from './methods.ts'
import { type ReceiptsContext, receiptState, rewards, type StoredReceipt } from './state.ts'

/** Blocks whose hashes draw. */
export const drawBlocks = 8n
const wholeBps = 10_000n

/** IReceipts.Audit. */
export const auditState = { none: 0, waiting: 1, spared: 2, drawn: 3 } as const

/** What a receipt that moves `amount` is stated under. Reverts LimitExceeded for too large an amount. */
export function bondFor(
  context: Pick<ReceiptsContext, 'view' | 'revert'>,
  { isAudited }: Method,
  amount: bigint,
): { readonly bond: bigint; readonly auditBps: number; readonly answerBlocks: number } {
  const least = readParam(context, 'receipts.commitBond')
  if (!isAudited) return { bond: least, auditBps: 0, answerBlocks: 0 }
  const most = readParam(context, 'receipts.maxClaim')
  if (amount > most) throw context.revert('LimitExceeded', [textWord('amount'), most])
  const auditBps = readParam(context, 'receipts.auditBps')
  const answerBlocks = Number(readParam(context, 'receipts.answerWindow'))
  const bond = auditBond(amount, auditBps)
  return { bond: bond > least ? bond : least, auditBps: Number(auditBps), answerBlocks }
}

/**
 * 3 V (1 - q) / q, rounded up: twice what makes a lie worth nothing, because half of a lost bond goes to
 * whoever shows the lie, who may be the liar; and half as much again, because a liar who proposes up to a
 * third of the blocks is drawn by the others only.
 */
export function auditBond(amount: bigint, auditBps: bigint): bigint {
  const over = 3n * amount * (wholeBps - auditBps)
  return (over + auditBps - 1n) / auditBps
}

/** The last block for an answer to an audit. */
export const lastAnswerBlock = ({ committedBlock, answerBlocks }: StoredReceipt): bigint =>
  committedBlock + drawBlocks + BigInt(answerBlocks)

/** The last block in which all hashes that draw are known. */
export const lastKnownBlock = ({ committedBlock }: Pick<StoredReceipt, 'committedBlock'>): bigint =>
  committedBlock + drawBlocks + historyBlocks

/** The hashes that drew are not known any more. */
export const isForgotten = (
  { block }: Pick<ReceiptsContext, 'block'>,
  receipt: StoredReceipt,
): boolean => receipt.auditBps > 0 && block.number > lastKnownBlock(receipt)

/** Where a stated receipt stands; `waiting` also once the hashes have been forgotten. */
export function auditOf(context: ReceiptsContext, receiptId: Hex, receipt: StoredReceipt): number {
  if (receipt.auditBps === 0) return auditState.none
  let state: number = auditState.spared
  for (let i = 1n; i <= drawBlocks; i++) {
    const hash = context.blockHash(receipt.committedBlock + i)
    if (hash === undefined) state = auditState.waiting
    else if (isDrawnBy(context, hash, receiptId, receipt.auditBps)) return auditState.drawn
  }
  return state
}

/**
 * Each of n blocks draws with chance q / (n (1 - q)), so that all together do with q or more:
 * 1 - (1 - p)^n >= n p / (1 + n p).
 */
function isDrawnBy(
  { keccak }: ReceiptsContext,
  blockHash: Hex,
  receiptId: Hex,
  auditBps: number,
): boolean {
  const draw = BigInt(keccak(concat(fromHex(blockHash), fromHex(receiptId))).slice(0, 18))
  return draw * drawBlocks * (wholeBps - BigInt(auditBps)) < BigInt(auditBps) * 2n ** 64n
}

/** IRewards.PaymentState.Settled. */
export const settled = 2

/** Its request was settled with it: it had outlived every doubt by then, and so it stays. */
export function isPaid({ view }: ReceiptsContext, receiptId: Hex, receipt: StoredReceipt): boolean {
  const payment = view(rewards, 'payment', [receipt.requestId])
  return payment.state === settled && payment.receiptId === receiptId
}

/** Nothing can be said against it any more: its window is over, and no audit waits for an answer. */
export function isFinal(context: ReceiptsContext, receiptId: Hex, receipt: StoredReceipt): boolean {
  if (receipt.state === receiptState.final) return true
  if (receipt.state !== receiptState.committed || context.block.number <= receipt.finalBlock)
    return false
  const audit = auditOf(context, receiptId, receipt)
  if (audit === auditState.none || audit === auditState.spared) return true
  return isForgotten(context, receipt) && isPaid(context, receiptId, receipt)
}
