/**
 * Batches: offered with a deposit, judged by the owner or by curators whose verdicts stay sealed until
 * the reveal, taken out again, and the way of the deposit. A verdict is final; it carries a reason.
 */
import type { Handlers } from '../../execution/native/index.ts'
import { concat, fromHex, toFixedBytes, type Address, type Hex } from '../../primitives/index.ts'
import type { datanetAbi } from '../abi.ts'
import { checkUri } from '../limits.ts'
import { curatorWeight } from './datanets.ts'
import { maxBatchBytes } from '../rows/batch.ts'
import { debtOf, depositBlocks, treasury } from './parameters.ts'
import {
  batchAt,
  batchState,
  creditAccount,
  datanetAt,
  datanetLayout,
  mode,
  noteRetraction,
  type DatanetContext,
} from './state.ts'
import { tally, type Verdict } from './tally.ts'
import { idWord, textWord, zeroWord } from '../words.ts'

type BatchHandlers = Pick<
  Handlers<typeof datanetAbi>,
  | 'submit'
  | 'review'
  | 'commitVerdict'
  | 'revealVerdict'
  | 'decide'
  | 'retract'
  | 'reclaim'
  | 'batch'
  | 'batchByRoot'
  | 'depositFor'
>

export const batchHandlers: BatchHandlers = {
  submit(context, [datanetId, root, rows, sizeBytes, sketch, licence, uri]) {
    const { storage, message, block, revert, log } = context
    const { entry, words } = datanetAt(context, datanetId)
    const refuse = (what: string): Error => revert('InvalidArgument', [textWord(what)])
    if (root === zeroWord) throw refuse('root')
    if (rows === 0) throw refuse('rows')
    if (rows > words.maxBatchRows)
      throw revert('LimitExceeded', [textWord('rows'), BigInt(words.maxBatchRows)])
    if (sizeBytes === 0n) throw refuse('sizeBytes')
    if (sizeBytes > BigInt(maxBatchBytes))
      throw revert('LimitExceeded', [textWord('sizeBytes'), BigInt(maxBatchBytes)])
    if (words.licence !== zeroWord && licence !== words.licence) throw refuse('licence')
    checkUri(context, uri)
    const deposit = depositOf(words, sizeBytes)
    if (message.value !== deposit) throw revert('InsufficientValue', [message.value, deposit])
    const state = datanetLayout(storage)
    const known = state.batchByRoot.at(datanetId).at(root)
    if (known.get() !== 0n) throw revert('AlreadyExists', [root])
    const batchId = state.batches.get() + 1n
    state.batches.set(batchId)
    known.set(batchId)
    entry.store({ batches: words.batches + 1n })
    state.batch.at(batchId).store({
      contributor: message.caller,
      datanetId,
      state: batchState.pending,
      scoreBps: 0,
      isPublished: false,
      rows,
      sizeBytes,
      submittedBlock: block.number,
      curatorWeight: words.curatorWeight,
      verdicts: 0,
      reveals: 0,
      deposit,
      committedWeight: 0n,
      clusterId: clusterOf(context, datanetId, sketch, batchId),
      root,
      sketch,
      licence,
    })
    const contributor = message.caller
    log('BatchSubmitted', {
      datanetId,
      batchId,
      contributor,
      root,
      rows,
      sizeBytes,
      sketch,
      licence,
      uri,
    })
    return batchId
  },

  review(context, [batchId, accept, scoreBps, reason]) {
    const { message, block, revert } = context
    const { words } = batchAt(context, batchId)
    const { words: datanet } = datanetAt(context, words.datanetId)
    if (datanet.mode !== mode.owner) throw revert('BadState', [datanet.mode, mode.owner])
    if (datanet.owner !== message.caller) throw revert('NotAuthorized', [message.caller])
    mustBePending(context, words.state)
    const lastBlock = words.submittedBlock + BigInt(datanet.reviewBlocks)
    if (block.number > lastBlock) throw revert('DeadlinePassed', [lastBlock])
    checkScore(context, scoreBps)
    settle(context, batchId, {
      state: accept ? batchState.accepted : batchState.rejected,
      scoreBps,
      reason,
    })
  },

  commitVerdict(context, [batchId, sealedVerdict]) {
    const { storage, message, block, revert, log } = context
    const { entry, words } = batchAt(context, batchId)
    const { words: datanet } = datanetAt(context, words.datanetId)
    if (datanet.mode !== mode.quorum) throw revert('BadState', [datanet.mode, mode.quorum])
    mustBePending(context, words.state)
    const curator = message.caller
    const weight = curatorWeight(context, words.datanetId, curator)
    if (weight === 0) throw revert('NotAuthorized', [curator])
    const lastBlock = words.submittedBlock + BigInt(datanet.reviewBlocks)
    if (block.number > lastBlock) throw revert('DeadlinePassed', [lastBlock])
    if (sealedVerdict === zeroWord) throw revert('InvalidArgument', [textWord('sealedVerdict')])
    const state = datanetLayout(storage)
    const verdict = state.verdictOf.at(batchId).at(curator)
    if (verdict.sealedVerdict.get() !== zeroWord)
      throw revert('AlreadyExists', [idWord(BigInt(curator))])
    // Curators come and go while a batch waits; more than one walk can bear never commit.
    if (words.verdicts === maxVerdicts)
      throw revert('LimitExceeded', [textWord('verdicts'), BigInt(maxVerdicts)])
    verdict.store({ sealedVerdict, weight, scoreBps: 0, isRevealed: false, isAccepted: false })
    state.verdictBy.at(batchId).at(BigInt(words.verdicts)).set(curator)
    entry.store({
      verdicts: words.verdicts + 1,
      committedWeight: words.committedWeight + BigInt(weight),
    })
    log('VerdictCommitted', { batchId, curator, sealedVerdict })
  },

  revealVerdict(context, [batchId, accept, scoreBps, reason, salt]) {
    const { storage, message, block, revert, log } = context
    const { entry, words } = batchAt(context, batchId)
    const { words: datanet } = datanetAt(context, words.datanetId)
    mustBePending(context, words.state)
    const curator = message.caller
    const verdict = datanetLayout(storage).verdictOf.at(batchId).at(curator)
    const { sealedVerdict, isRevealed } = verdict.load()
    if (sealedVerdict === zeroWord) throw revert('NotAuthorized', [curator])
    if (isRevealed) throw revert('AlreadyExists', [idWord(BigInt(curator))])
    const reviewEnd = words.submittedBlock + BigInt(datanet.reviewBlocks)
    // Nobody reveals while somebody may still copy, unless everybody has committed.
    const isComplete = words.committedWeight >= words.curatorWeight
    if (block.number <= reviewEnd && !isComplete) throw revert('TooEarly', [reviewEnd + 1n])
    const lastBlock = reviewEnd + BigInt(datanet.revealBlocks)
    if (block.number > lastBlock) throw revert('DeadlinePassed', [lastBlock])
    checkScore(context, scoreBps)
    const seal = { batchId, accept, scoreBps, reason, salt, curator }
    if (context.keccak(encodeVerdict(seal)) !== sealedVerdict) throw revert('BadProof', [])
    verdict.store({ scoreBps, isRevealed: true, isAccepted: accept, reason })
    entry.store({ reveals: words.reveals + 1 })
    log('VerdictRevealed', { batchId, curator, accept, scoreBps, reason })
  },

  decide(context, [batchId]) {
    const { block, revert } = context
    const { words } = batchAt(context, batchId)
    const { words: datanet } = datanetAt(context, words.datanetId)
    mustBePending(context, words.state)
    const reviewEnd = words.submittedBlock + BigInt(datanet.reviewBlocks)
    const isQuorum = datanet.mode === mode.quorum
    const end = isQuorum ? reviewEnd + BigInt(datanet.revealBlocks) : reviewEnd
    const isComplete = words.committedWeight >= words.curatorWeight || block.number > reviewEnd
    const hasAll = isQuorum && words.verdicts > 0 && words.reveals === words.verdicts && isComplete
    if (block.number <= end && !hasAll) throw revert('TooEarly', [end + 1n])
    const verdicts = isQuorum ? verdictsOf(context, batchId, words.verdicts) : []
    const result = tally(verdicts, BigInt(datanet.quorumBps), words.curatorWeight) ?? {
      state: batchState.expired,
      scoreBps: 0,
      reason: zeroWord,
    }
    settle(context, batchId, result)
    return [result.state, result.scoreBps]
  },

  retract(context, [batchId, reason]) {
    const { message, block, revert, log } = context
    const { entry, words } = batchAt(context, batchId)
    const datanet = datanetAt(context, words.datanetId)
    if (message.caller !== words.contributor && message.caller !== datanet.words.owner)
      throw revert('NotAuthorized', [message.caller])
    if (words.state !== batchState.accepted)
      throw revert('BadState', [words.state, batchState.accepted])
    entry.store({ state: batchState.retracted, retractedBlock: block.number, reason })
    if (words.isPublished) noteRetraction(context, words.datanetId, batchId)
    log('BatchRetracted', { batchId, by: message.caller, reason })
  },

  reclaim(context, [batchId]) {
    const { storage, block, revert, log } = context
    const { entry, words } = batchAt(context, batchId)
    if (words.state === batchState.pending)
      throw revert('BadState', [words.state, batchState.accepted])
    const heldBlock = datanetLayout(storage).version.at(words.versionId).heldBlock.get()
    // A version with it may still be held, and then it answers for its rows.
    if (words.state === batchState.accepted && heldBlock === 0n)
      throw revert('BadState', [words.state, batchState.retracted])
    // Taken out, it may be in another version that was held before.
    const from = heldBlock === 0n ? words.retractedBlock : heldBlock
    const free = words.isPublished ? from + depositBlocks(context) : 0n
    if (block.number < free) throw revert('TooEarly', [free])
    const lost = words.isPublished ? lostDeposit(context, batchId, words) : 0n
    entry.store({ deposit: 0n })
    creditAccount(context, words.contributor, words.deposit - lost)
    creditAccount(context, treasury(context), lost)
    if (lost > 0n) log('DepositLost', { batchId, amount: lost })
    return words.deposit - lost
  },

  batch: (context, [batchId]) => batchAt(context, batchId).words,
  batchByRoot: ({ storage }, [datanetId, root]) =>
    datanetLayout(storage).batchByRoot.at(datanetId).at(root).get(),
  depositFor: (context, [datanetId, sizeBytes]) =>
    depositOf(datanetAt(context, datanetId).words, sizeBytes),
}

/** As many as there can be curators. */
const maxVerdicts = 32

function mustBePending({ revert }: DatanetContext, state: number): void {
  if (state !== batchState.pending) throw revert('BadState', [state, batchState.pending])
}

function checkScore({ revert }: DatanetContext, scoreBps: number): void {
  if (scoreBps > 10_000) throw revert('InvalidArgument', [textWord('scoreBps')])
}

const depositOf = (
  policy: { readonly depositPerBatch: bigint; readonly depositPerKiB: bigint },
  sizeBytes: bigint,
): bigint => policy.depositPerBatch + policy.depositPerKiB * ((sizeBytes + 1023n) / 1024n)

/** What the rows owe, of each that does at most its part of the deposit. */
function lostDeposit(
  context: DatanetContext,
  batchId: bigint,
  { deposit, rows }: { readonly deposit: bigint; readonly rows: number },
): bigint {
  const [debt, debtors] = debtOf(context, batchId)
  const most = debtors < BigInt(rows) ? (deposit * debtors) / BigInt(rows) : deposit
  return debt < most ? debt : most
}

/** Batches with one sketch are one cluster, named by the first; a batch without a sketch is its own. */
function clusterOf(
  { storage }: DatanetContext,
  datanetId: bigint,
  sketch: Hex,
  batchId: bigint,
): bigint {
  if (sketch === zeroWord) return batchId
  const known = datanetLayout(storage).clusterBySketch.at(datanetId).at(sketch)
  const clusterId = known.get()
  if (clusterId !== 0n) return clusterId
  known.set(batchId)
  return batchId
}

/** The decision, and the part of the deposit that a rejected batch loses. */
function settle(
  context: DatanetContext,
  batchId: bigint,
  {
    state,
    scoreBps,
    reason,
  }: { readonly state: number; readonly scoreBps: number; readonly reason: Hex },
): void {
  const { entry, words } = batchAt(context, batchId)
  const { penaltyBps } = datanetAt(context, words.datanetId).words
  const isRejected = state === batchState.rejected
  const penalty = isRejected ? (words.deposit * BigInt(penaltyBps)) / 10_000n : 0n
  entry.store({ state, scoreBps, deposit: words.deposit - penalty })
  if (reason !== zeroWord) entry.store({ reason })
  if (penalty > 0n) creditAccount(context, treasury(context), penalty)
  context.log('BatchDecided', { batchId, state, scoreBps, reason })
}

function verdictsOf({ storage }: DatanetContext, batchId: bigint, count: number): Verdict[] {
  const state = datanetLayout(storage)
  return Array.from({ length: count }, (_, i) => {
    const curator = state.verdictBy.at(batchId).at(BigInt(i)).get()
    return state.verdictOf.at(batchId).at(curator).load()
  })
}

const word = (value: bigint): Uint8Array => toFixedBytes(value, 32)

/** abi.encode(batchId, accept, scoreBps, reason, salt, curator). */
function encodeVerdict(verdict: {
  readonly batchId: bigint
  readonly accept: boolean
  readonly scoreBps: number
  readonly reason: Hex
  readonly salt: Hex
  readonly curator: Address
}): Uint8Array {
  return concat(
    word(verdict.batchId),
    word(verdict.accept ? 1n : 0n),
    word(BigInt(verdict.scoreBps)),
    fromHex(verdict.reason),
    fromHex(verdict.salt),
    word(BigInt(verdict.curator)),
  )
}
