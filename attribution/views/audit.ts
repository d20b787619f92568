/**
 * Stated receipts that are not over, with what is due on each and until when: for providers, who must
 * answer what is drawn or asked for, and for whoever watches them (docs/decisions/084).
 */
import type { Address, Hex } from '../../primitives/index.ts'
import { auditStates, nameOf, receiptStates } from './names.ts'
import { events, read, type BlockRange, type ChainReader } from './reader.ts'

/**
 * What can be done next. draw: nothing, the blocks that draw are not over. window: nothing, doubts are open.
 * answer: IReceipts.answer, up to `dueBlock` where there is one. settle: IRewards.settle, from now on.
 * expire: it was not answered in time, anybody may say so. vote: validators are asked.
 */
export type AuditDue = 'draw' | 'window' | 'answer' | 'settle' | 'expire' | 'vote'

/** IReceipts.State, Audit and Ground. */
const [committed, challenged] = [1, 2]
const [none, waiting, , drawn] = [0, 1, 2, 3]
const reveal = 7
/** Blocks that draw, and for which their hashes are known (receipts/audit.ts, EIP-2935). */
const drawBlocks = 8n
const knownBlocks = 8_191n
/** Receipts that one answer looks into. */
const maxReceipts = 200

/** The youngest first; `olderTo`: older ones were not looked into, ask again up to this block. */
export async function auditsView(
  reader: ChainReader,
  only: { readonly committer?: Address; readonly assetId?: bigint } = {},
  range: BlockRange = {},
) {
  const { committer, assetId } = only
  const filter = assetId === undefined ? {} : { assetId }
  const stated = (await events(reader, 'receipts', 'ReceiptCommitted', filter, range)).filter(
    ({ args }) => !committer || args.committer.toLowerCase() === committer.toLowerCase(),
  )
  const looked = stated.slice(-maxReceipts)
  const audits = []
  for (const { args } of looked.toReversed()) {
    const audit = await auditView(reader, args.receiptId)
    if (audit) audits.push({ ...audit, outputHash: args.receipt.outputHash })
  }
  return {
    audits,
    olderTo: stated.length > looked.length ? looked[0]?.blockNumber : undefined,
  }
}

/** undefined for a receipt that is over, or whose method is not audited. */
export async function auditView(reader: ChainReader, receiptId: Hex) {
  const status = await read(reader, 'receipts', 'status', [receiptId])
  const { state, committer, requestId, assetId, versionId, methodId, bond } = status
  const { committedBlock, finalBlock } = status
  if (state !== committed && state !== challenged) return undefined
  const [audit, lastAnswerBlock, tokens] = await read(reader, 'receipts', 'audit', [
    receiptId,
    committer,
  ])
  if (audit === none) return undefined
  return {
    receiptId,
    requestId,
    committer,
    assetId,
    versionId,
    methodId,
    bond,
    committedBlock,
    finalBlock,
    state: nameOf(receiptStates, state),
    audit: nameOf(auditStates, audit),
    /** Of a long answer, repeated by the committer so far. */
    tokens,
    ...(await dueOf(reader, { ...status, receiptId, audit, lastAnswerBlock })),
  }
}

interface Subject {
  readonly receiptId: Hex
  readonly state: number
  readonly audit: number
  readonly committedBlock: bigint
  readonly finalBlock: bigint
  readonly lastAnswerBlock: bigint
}

/** What a transaction of the next block can do. */
async function dueOf(
  reader: ChainReader,
  subject: Subject,
): Promise<{ readonly due: AuditDue; readonly dueBlock: bigint | undefined }> {
  const { receiptId, state, audit, committedBlock, finalBlock, lastAnswerBlock } = subject
  const next = reader.blockNumber + 1n
  const until = (last: bigint) =>
    ({ due: next <= last ? 'answer' : 'expire', dueBlock: last }) as const
  const drawnBy = committedBlock + drawBlocks
  if (state === challenged) {
    const asked = await events(reader, 'receipts', 'ReceiptChallenged', { receiptId })
    const last = asked.at(-1)
    if (last?.args.ground === reveal) return until(last.blockNumber + lastAnswerBlock - drawnBy)
  }
  if (audit === drawn) return until(lastAnswerBlock)
  if (state === challenged) return { due: 'vote', dueBlock: undefined }
  const isForgotten = audit === waiting && next > drawnBy + knownBlocks
  // Paid before it was forgotten: its bond is to be taken back. Another is paid after an answer only, and nothing presses.
  const isWaiting = audit === waiting && !(await read(reader, 'receipts', 'isFinal', [receiptId]))
  if (isWaiting)
    return isForgotten
      ? { due: 'answer', dueBlock: undefined }
      : { due: 'draw', dueBlock: drawnBy + 1n }
  return { due: next <= finalBlock ? 'window' : 'settle', dueBlock: finalBlock + 1n }
}
