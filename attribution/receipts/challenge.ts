/**
 * Doubting a receipt within its window. Three grounds are decided in the transaction by doing the work
 * again or by a proof; the others by a vote of the validators, where the receipt stands unless more than
 * two thirds of the power say otherwise. The loser's bond goes half to the winner, half to the treasury.
 */
import { fromHex, type Hex, invariant } from '../../primitives/index.ts'
import { nodeGas } from '../limits.ts'
import { hashSumLeaf, verifySumProof } from '../merkle/sum-tree.ts'
import { readParam } from '../params/module.ts'
import { type SpanResult, verifySpanReceipt } from '../span/native.ts'
import { idWord, textWord, zeroWord } from '../words.ts'
import { releaseAttesters } from './attesters.ts'
import { sumOf } from './commit.ts'
import { classOf, methodAt, methodClass, spanMethod } from './methods.ts'
import { type NativePorts, runNative } from './native.ts'
import {
  creditAccount,
  datanet,
  ground,
  type Leaf,
  receiptAt,
  receiptsState,
  type ReceiptsContext,
  type ReceiptsHandlers,
  receiptState,
  rewards,
  type StoredReceipt,
  treasury,
} from './state.ts'

const leafComponents = [
  { name: 'clusterId', type: 'uint256' },
  { name: 'contributionId', type: 'uint256' },
  { name: 'weight', type: 'uint64' },
] as const
const badLeafParameters = [
  { type: 'tuple', components: leafComponents },
  { type: 'uint256' },
  { type: 'bytes' },
] as const
const wrongSpansParameters = [{ type: 'bytes' }, { type: 'bytes' }] as const

export const createChallengeHandlers = (
  ports: NativePorts,
): Pick<ReceiptsHandlers, 'challenge' | 'vote' | 'resolve'> => ({
  challenge(context, [receiptId, reason, data]) {
    const { message, block, storage, revert, log } = context
    const { entry, words } = receiptAt(context, receiptId)
    if (words.state !== receiptState.committed)
      throw revert('BadState', [words.state, receiptState.committed])
    if (block.number > words.finalBlock && !isOpenEnded(context, words))
      throw revert('DeadlinePassed', [words.finalBlock])
    const bond = readParam(context, 'receipts.challengeBond')
    if (message.value !== bond) throw revert('InsufficientValue', [message.value, bond])
    log('ReceiptChallenged', { receiptId, by: message.caller, ground: reason, bond })
    if (reason === ground.unavailable || reason === ground.dispute) {
      // Validators are asked once about a receipt; what can be shown may be shown at any time.
      const { lastVoteBlock: before } = receiptsState(storage).challenges.at(receiptId).load()
      if (before !== 0n) throw revert('AlreadyExists', [receiptId])
      const lastVoteBlock = block.number + readParam(context, 'receipts.voteWindow')
      entry.store({ state: receiptState.challenged })
      const challenge = { challenger: message.caller, ground: reason, lastVoteBlock, bond }
      receiptsState(storage)
        .challenges.at(receiptId)
        .store({ ...challenge, against: 0n, inFavour: 0n })
      return receiptState.challenged
    }
    const upheld = stands(context, ports, words, reason, data)
    receiptsState(storage).challenges.at(receiptId).store({
      challenger: message.caller,
      ground: reason,
      bond,
    })
    return settle(context, receiptId, upheld)
  },
  vote(context, [receiptId, upheld]) {
    const { message, block, storage, revert, log, view } = context
    const { words } = receiptAt(context, receiptId)
    if (words.state !== receiptState.challenged)
      throw revert('BadState', [words.state, receiptState.challenged])
    const state = receiptsState(storage)
    const challenge = state.challenges.at(receiptId)
    const { lastVoteBlock, against, inFavour } = challenge.load()
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
    const { lastVoteBlock, against, inFavour } = receiptsState(storage)
      .challenges.at(receiptId)
      .load()
    const [, total] = view(datanet, 'powerOf', [self])
    const isDecided = 3n * against > 2n * total || 3n * inFavour >= total
    if (block.number <= lastVoteBlock && !isDecided) throw revert('TooEarly', [lastVoteBlock + 1n])
    const upheld = 3n * against <= 2n * total
    settle(context, receiptId, upheld)
    return upheld
  },
})

/** A declared receipt has no window: it is open to doubt until it is settled. */
function isOpenEnded({ view }: ReceiptsContext, receipt: StoredReceipt): boolean {
  if (classOf(receipt) !== methodClass.declared) return false
  return view(rewards, 'payment', [receipt.requestId]).state === escrowed
}

/** IRewards.PaymentState.Escrowed. */
const escrowed = 1

/** Whether the receipt survives what the challenger shows. */
function stands(
  context: ReceiptsContext,
  ports: NativePorts,
  receipt: StoredReceipt,
  reason: number,
  data: Hex,
): boolean {
  const { revert, decode } = context
  switch (reason) {
    case ground.replay: {
      const answer = checkAnswer(context, receipt, data)
      const { versionId, methodId, assetId } = receipt
      return isSame(
        context,
        receipt,
        runNative(context, ports, methodId, { versionId, answer, assetId }),
      )
    }
    case ground.badLeaf: {
      const [leaf, index, proof] = decode(badLeafParameters, data)
      return isGoodLeaf(context, receipt, leaf, index, fromHex(proof))
    }
    default: {
      invariant(reason === ground.wrongSpans, 'the other grounds are voted on')
      if (receipt.methodId !== spanMethod) throw revert('InvalidArgument', [textWord('ground')])
      const [text, witness] = decode(wrongSpansParameters, data)
      const answer = checkAnswer(context, receipt, text)
      const proven = verifySpanReceipt(context, receipt.versionId, answer, fromHex(witness))
      return isSame(context, receipt, proven)
    }
  }
}

/** The answer's bytes, when they are the receipt's and the method is one that can be repeated. */
function checkAnswer(context: ReceiptsContext, receipt: StoredReceipt, answer: Hex): Uint8Array {
  const { revert, keccak } = context
  if (!methodAt(receipt.methodId)?.isNative) throw revert('InvalidArgument', [textWord('ground')])
  const bytes = fromHex(answer)
  if (keccak(bytes) !== receipt.outputHash) throw revert('BadProof', [])
  return bytes
}

function isSame(context: ReceiptsContext, receipt: StoredReceipt, { leaves }: SpanResult): boolean {
  const { sumRoot, total } = sumOf(context, leaves)
  return sumRoot === receipt.sumRoot && total === receipt.total && leaves.length === receipt.leaves
}

/** Throws BadProof when the leaf is none of the receipt's. */
function isGoodLeaf(
  context: ReceiptsContext,
  receipt: StoredReceipt,
  leaf: Leaf,
  index: bigint,
  proof: Uint8Array,
): boolean {
  const { revert, view } = context
  if (!placeOf(context, receipt, leaf, index, proof)) throw revert('BadProof', [])
  const [contributor, clusterId] = view(datanet, 'contributionOf', [leaf.contributionId])
  if (BigInt(contributor) === 0n || clusterId !== leaf.clusterId) return false
  return view(datanet, 'hasBatch', [receipt.versionId, leaf.contributionId])
}

/** Where a leaf stands in a receipt's tree; undefined: nowhere. */
export function placeOf(
  { gas }: Pick<ReceiptsContext, 'gas'>,
  { sumRoot, total }: Pick<StoredReceipt, 'sumRoot' | 'total'>,
  leaf: Leaf,
  index: bigint,
  proof: Uint8Array,
) {
  gas.charge(nodeGas * BigInt(Math.ceil(proof.length / 40) + 2))
  return verifySumProof(
    { root: fromHex(sumRoot), total },
    { leaf: hashSumLeaf(leaf), weight: leaf.weight, index, proof },
  )
}

/**
 * The loser's bond is divided. A receipt that fell is void; one that was computed again in full is
 * final; one that survived less (a single leaf, a vote) is open to others as before, or its own author
 * could end its window by losing to himself.
 */
function settle(context: ReceiptsContext, receiptId: Hex, upheld: boolean): number {
  const { block, storage, log } = context
  const state = receiptsState(storage)
  const { entry, words } = receiptAt(context, receiptId)
  const challenge = state.challenges.at(receiptId).load()
  const isProven = challenge.ground === ground.replay || challenge.ground === ground.wrongSpans
  const next = !upheld ? receiptState.void : isProven ? receiptState.final : receiptState.committed
  const [winner, loser, lost] = upheld
    ? [words.committer, challenge.challenger, challenge.bond]
    : [challenge.challenger, words.committer, words.bond]
  const back = upheld ? (isProven ? words.bond : 0n) : challenge.bond
  creditAccount(context, winner, back + lost / 2n)
  creditAccount(context, treasury(context), lost - lost / 2n)
  if (next === receiptState.committed) {
    // A vote has used up blocks in which others could have shown more.
    const reopened = block.number + readParam(context, 'receipts.voteWindow')
    const isVoted = words.state === receiptState.challenged
    const finalBlock = isVoted && reopened > words.finalBlock ? reopened : words.finalBlock
    entry.store({ state: next, finalBlock })
  } else entry.store({ state: next, bond: 0n })
  // A leaf or a vote against the weights shows that who signed them signed what is false.
  const isFalse = challenge.ground === ground.badLeaf || challenge.ground === ground.dispute
  if (!upheld && classOf(words) === methodClass.attested)
    releaseAttesters(context, receiptId, { isFalse, winner })
  if (!upheld) state.receiptOf.at(words.requestId).set(zeroWord)
  log('ReceiptResolved', { receiptId, upheld, loser, amount: lost })
  if (next === receiptState.final) log('ReceiptFinal', { receiptId })
  return next
}
