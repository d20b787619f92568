/**
 * Doubting a receipt within its window. What can be shown is decided in the transaction (grounds.ts); what
 * cannot waits: for the committer, who must show it (answer.ts), or for a vote of the validators, where
 * the receipt stands unless more than two thirds of the power say otherwise.
 */
import { readParam } from '../params/module.ts'
import { idWord, textWord } from '../words.ts'
import { isForgotten, isPaid } from './audit.ts'
import { stands } from './grounds.ts'
import { classOf, methodClass, voteWindowOf } from './methods.ts'
import type { NativePorts } from './native.ts'
import { burning, settle } from './outcome.ts'
import {
  datanet,
  ground,
  receiptAt,
  receiptsState,
  type ReceiptsContext,
  type ReceiptsHandlers,
  receiptState,
  rewards,
  type StoredReceipt,
} from './state.ts'

const isWaiting = (reason: number): boolean =>
  reason === ground.unavailable || reason === ground.dispute || reason === ground.reveal

export const createChallengeHandlers = (
  ports: NativePorts,
): Pick<ReceiptsHandlers, 'challenge' | 'vote' | 'resolve'> => ({
  challenge(context, [receiptId, reason, data]) {
    const { message, block, storage, revert, log } = context
    const { entry, words } = receiptAt(context, receiptId)
    if (words.state !== receiptState.committed)
      throw revert('BadState', [words.state, receiptState.committed])
    const isLate =
      reason === ground.reveal && isForgotten(context, words) && !isPaid(context, receiptId, words)
    if (block.number > words.finalBlock && !isLate && !isOpenEnded(context, words))
      throw revert('DeadlinePassed', [words.finalBlock])
    if (reason === ground.reveal && words.auditBps === 0)
      throw revert('InvalidArgument', [textWord('ground')])
    const bond = readParam(context, 'receipts.challengeBond')
    if (message.value !== bond) throw revert('InsufficientValue', [message.value, bond])
    log('ReceiptChallenged', { receiptId, by: message.caller, ground: reason, bond })
    const challenge = receiptsState(storage).challenges.at(receiptId)
    const doubt = { challenger: message.caller, ground: reason, bond }
    if (isWaiting(reason)) {
      // Validators are asked once about a receipt; what can be shown may be shown at any time.
      if (reason !== ground.reveal && challenge.lastVoteBlock.get() !== 0n)
        throw revert('AlreadyExists', [receiptId])
      const window =
        reason === ground.reveal ? BigInt(words.answerBlocks) : voteWindowOf(context, words)
      entry.store({ state: receiptState.challenged })
      const lastVoteBlock = block.number + window
      challenge.store({ ...doubt, lastVoteBlock, against: 0n, inFavour: 0n })
      return receiptState.challenged
    }
    const upheld = stands(context, ports, { receiptId, receipt: words, reason, data })
    challenge.store(doubt)
    const isProven = reason === ground.replay || reason === ground.wrongSpans
    const { state, burnt } = settle(context, receiptId, { doubt, upheld, isProven })
    return burning(state, burnt)
  },
  vote(context, [receiptId, upheld]) {
    const { message, block, storage, revert, log, view } = context
    const { words } = receiptAt(context, receiptId)
    if (words.state !== receiptState.challenged)
      throw revert('BadState', [words.state, receiptState.challenged])
    const state = receiptsState(storage)
    const challenge = state.challenges.at(receiptId)
    const { lastVoteBlock, against, inFavour, ground: reason } = challenge.load()
    if (reason === ground.reveal) throw revert('InvalidArgument', [textWord('ground')])
    if (block.number > lastVoteBlock) throw revert('DeadlinePassed', [lastVoteBlock])
    const [power] = view(datanet, 'powerOf', [message.caller])
    if (power === 0n) throw revert('NotAuthorized', [message.caller])
    const voted = state.voted.at(receiptId).at(message.caller)
    if (voted.get()) throw revert('AlreadyExists', [idWord(BigInt(message.caller))])
    voted.set(true)
    challenge.store(upheld ? { inFavour: inFavour + power } : { against: against + power })
    log('VoteCast', { receiptId, validator: message.caller, upheld, power })
  },
  resolve(context, [receiptId]) {
    const { block, storage, revert, view, self } = context
    const { words } = receiptAt(context, receiptId)
    if (words.state !== receiptState.challenged)
      throw revert('BadState', [words.state, receiptState.challenged])
    const doubt = receiptsState(storage).challenges.at(receiptId).load()
    const { lastVoteBlock, against, inFavour } = doubt
    if (doubt.ground === ground.reveal) throw revert('InvalidArgument', [textWord('ground')])
    const [, total] = view(datanet, 'powerOf', [self])
    const isDecided = 3n * against > 2n * total || 3n * inFavour >= total
    if (block.number <= lastVoteBlock && !isDecided) throw revert('TooEarly', [lastVoteBlock + 1n])
    const upheld = 3n * against <= 2n * total
    const { burnt } = settle(context, receiptId, { doubt, upheld, isProven: false })
    return burning(upheld, burnt)
  },
})

/** A declared receipt has no window: it is open to doubt until it is settled. */
function isOpenEnded({ view }: ReceiptsContext, receipt: StoredReceipt): boolean {
  if (classOf(receipt) !== methodClass.declared) return false
  return view(rewards, 'payment', [receipt.requestId]).state === escrowed
}

/** IRewards.PaymentState.Escrowed. */
const escrowed = 1
