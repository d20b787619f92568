/**
 * Reveal or lose: whoever stated a receipt that was drawn, or that somebody asked to see, has its answer
 * computed again within the window, else its bond is lost as for a lie. Anybody may do it: the result is
 * the same whoever asks. A long n-gram answer is repeated in pieces, by each caller
 * for itself; the sums so far stand as a hash.
 */
import { fromHex, type Hex, toHex } from '../../primitives/index.ts'
import { maxLeaves } from '../span/native.ts'
import { addWeights, leavesOfSums, openAnswer } from '../ngram/native.ts'
import { tokenUnit } from '../methods/ngram-weights.ts'
import { textWord, zeroWord } from '../words.ts'
import {
  auditOf,
  auditState,
  isFinal,
  isForgotten,
  lastAnswerBlock,
  lastKnownBlock,
} from './audit.ts'
import { checkAnswer, isSame, proveSpans, repeat } from './grounds.ts'
import { ngramMethod } from './methods.ts'
import type { NativePorts } from './native.ts'
import { burning, type Doubt, settle } from './outcome.ts'
import {
  creditAccount,
  ground,
  receiptAt,
  receiptsState,
  type ReceiptsContext,
  type ReceiptsHandlers,
  receiptState,
  type StoredReceipt,
} from './state.ts'

const sums = {
  type: 'tuple[]',
  components: [
    { name: 'batchId', type: 'uint256' },
    { name: 'weight', type: 'uint64' },
  ],
} as const

export const createAnswerHandlers = (
  ports: NativePorts,
): Pick<ReceiptsHandlers, 'answer' | 'answerInPieces' | 'expire' | 'audit'> => ({
  answer(context, [receiptId, answer, witness]) {
    const receipt = openReceipt(context, receiptId)
    const bytes = checkAnswer(context, receipt, answer)
    const found =
      witness === '0x'
        ? repeat(context, ports, receipt, bytes)
        : proveSpans(context, receipt, bytes, witness)
    return conclude(context, receiptId, receipt, found.leaves)
  },
  answerInPieces: (context, [receiptId, answer, tokens, data]) =>
    repeatPiece(context, ports, { receiptId, answer, tokens, data }),
  expire(context, [receiptId]) {
    const { block, storage, revert, message } = context
    const { words } = receiptAt(context, receiptId)
    const isDoubted = words.state === receiptState.challenged
    if (!isDoubted && words.state !== receiptState.committed)
      throw revert('BadState', [words.state, receiptState.committed])
    const challenge = receiptsState(storage).challenges.at(receiptId).load()
    const isAsked = isDoubted && challenge.ground === ground.reveal
    // A vote that is open keeps no drawn receipt from falling.
    if (!isAsked && auditOf(context, receiptId, words) !== auditState.drawn) {
      if (!isDoubted && isForgotten(context, words) && !isFinal(context, receiptId, words)) {
        // Not by the payer, who would have the fee back after the answer was had.
        if (message.caller !== words.committer) throw revert('NotAuthorized', [message.caller])
        return forget(context, receiptId, words)
      }
      throw revert('InvalidArgument', [textWord('receiptId')])
    }
    const lastBlock = isAsked ? challenge.lastVoteBlock : lastAnswerBlock(words)
    if (block.number <= lastBlock) throw revert('TooEarly', [lastBlock + 1n])
    // Asked when nobody could say any more whether it was drawn: silence shows nothing.
    const isLate = isAsked && lastBlock > lastKnownBlock(words) + BigInt(words.answerBlocks)
    if (isLate) return forget(context, receiptId, words, challenge)
    const finder = isDoubted ? challenge.challenger : message.caller
    return burningState(fall(context, receiptId, finder))
  },
  audit(context, [receiptId, account]) {
    const { words } = receiptAt(context, receiptId)
    const { tokens } = receiptsState(context.storage).repeated.at(receiptId).at(account).load()
    const lastBlock = words.auditBps === 0 ? 0n : lastAnswerBlock(words)
    return [auditOf(context, receiptId, words), lastBlock, tokens]
  },
})

interface Piece {
  readonly receiptId: Hex
  readonly answer: Hex
  readonly tokens: number
  /** The sums so far, as the log of the caller's last piece has them. */
  readonly data: Hex
}

/** The next tokens of a long answer; with the last one it is decided. */
function repeatPiece(
  context: ReceiptsContext,
  ports: NativePorts,
  { receiptId, answer, tokens, data }: Piece,
) {
  const { storage, revert, decode, encode, keccak } = context
  const by = context.message.caller
  const receipt = openReceipt(context, receiptId)
  if (receipt.methodId !== ngramMethod) throw revert('InvalidArgument', [textWord('methodId')])
  const opened = openAnswer(
    context,
    ports,
    receipt.versionId,
    checkAnswer(context, receipt, answer),
  )
  if (receipt.total !== tokenUnit * BigInt(opened.length))
    return burningState(fall(context, receiptId, by))
  const repeated = receiptsState(storage).repeated.at(receiptId).at(by)
  const before = repeated.load()
  const soFar = new Map<bigint, bigint>()
  if (before.tokens > 0) {
    if (keccakOf(context, data) !== before.sums) throw revert('BadProof', [])
    for (const { batchId, weight } of decode([sums], data)[0]) soFar.set(batchId, weight)
  }
  const end = Math.min(opened.length, before.tokens + tokens)
  for (let at = before.tokens; at < end; at++) addWeights(soFar, opened.weightsOf(at))
  if (soFar.size > maxLeaves) throw revert('LimitExceeded', [textWord('leaves'), BigInt(maxLeaves)])
  if (end === opened.length) {
    repeated.store({ tokens: 0, sums: zeroWord })
    return conclude(context, receiptId, receipt, leavesOfSums(context, soFar))
  }
  const list = Array.from(soFar, ([batchId, weight]) => ({ batchId, weight }))
  const encoded = encode([sums], [list])
  repeated.store({ tokens: end, sums: keccak(encoded) })
  context.log('AnswerRepeated', { receiptId, by, tokens: end, sums: toHex(encoded) })
  return burningState({ state: receipt.state, burnt: 0n })
}

const burningState = ({ state, burnt }: { readonly state: number; readonly burnt: bigint }) =>
  burning(state, burnt)

const keccakOf = ({ keccak }: ReceiptsContext, data: Hex): Hex => keccak(fromHex(data))

/** One that can still fall, under a method that can be repeated. */
function openReceipt(context: ReceiptsContext, receiptId: Hex): StoredReceipt {
  const { revert } = context
  const { words } = receiptAt(context, receiptId)
  if (words.auditBps === 0) throw revert('InvalidArgument', [textWord('methodId')])
  const isOpen = words.state === receiptState.committed || words.state === receiptState.challenged
  if (!isOpen || isFinal(context, receiptId, words))
    throw revert('BadState', [isOpen ? receiptState.final : words.state, receiptState.committed])
  const lastBlock = deadlineOf(context, receiptId, words)
  if (context.block.number > lastBlock) throw revert('DeadlinePassed', [lastBlock])
  return words
}

/** The last block for an answer; of one that is neither drawn nor asked for, any. */
function deadlineOf(context: ReceiptsContext, receiptId: Hex, receipt: StoredReceipt): bigint {
  const { block, storage } = context
  if (receipt.state === receiptState.challenged) {
    const { ground: reason, lastVoteBlock } = receiptsState(storage).challenges.at(receiptId).load()
    if (reason === ground.reveal) return lastVoteBlock
  }
  const lastBlock = lastAnswerBlock(receipt)
  if (block.number <= lastBlock) return lastBlock
  return auditOf(context, receiptId, receipt) === auditState.drawn ? lastBlock : block.number
}

/** Computed again in full: final, or void. */
function conclude(
  context: ReceiptsContext,
  receiptId: Hex,
  receipt: StoredReceipt,
  leaves: Parameters<typeof isSame>[2]['leaves'],
) {
  if (!isSame(context, receipt, { leaves }))
    return burningState(fall(context, receiptId, context.message.caller))
  const doubt = doubtOf(context, receiptId, receipt, context.message.caller)
  const settled = settle(context, receiptId, { doubt, upheld: true, isProven: true })
  context.log('ReceiptLeaves', { receiptId, leaves })
  return burningState(settled)
}

/**
 * Nobody can say any more whether it was drawn, and its author gives it up, or is silent when asked: void,
 * nobody's loss, and the payer may have the fee back.
 */
function forget(
  context: ReceiptsContext,
  receiptId: Hex,
  words: StoredReceipt,
  doubt?: Pick<Doubt, 'challenger' | 'bond'>,
) {
  const { entry } = receiptAt(context, receiptId)
  entry.store({ state: receiptState.void, bond: 0n })
  creditAccount(context, words.committer, words.bond)
  if (doubt) creditAccount(context, doubt.challenger, doubt.bond)
  receiptsState(context.storage).receiptOf.at(words.requestId).set(zeroWord)
  context.log('ReceiptResolved', { receiptId, upheld: false, loser: words.committer, amount: 0n })
  return burningState({ state: receiptState.void, burnt: 0n })
}

function fall(context: ReceiptsContext, receiptId: Hex, finder: Hex) {
  const { words } = receiptAt(context, receiptId)
  const doubt = doubtOf(context, receiptId, words, finder)
  return settle(context, receiptId, { doubt, upheld: false, isProven: true })
}

/** The doubt that is open; none: of who shows what is wrong, without a bond. */
function doubtOf(
  { storage }: ReceiptsContext,
  receiptId: Hex,
  { state }: Pick<StoredReceipt, 'state'>,
  finder: Hex,
): Doubt {
  if (state !== receiptState.challenged)
    return { challenger: finder, bond: 0n, ground: ground.replay }
  return receiptsState(storage).challenges.at(receiptId).load()
}
