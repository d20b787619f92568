/**
 * Answers paid together: an epoch is one receipt for many requests of an asset, a version and a method. Each
 * answer is attributed in its transaction (`enter`) and only adds to sums; `close` makes the leaves of them,
 * so that every fee of the epoch is divided by what all of its answers say of a row. One wrong answer cannot
 * pay poison, and copies cannot be paid twice. Nothing here is stated by anybody: there is nothing to doubt.
 */
import { fromHex, type Hex } from '../../primitives/index.ts'
import { readParam } from '../params/module.ts'
import { byClusterThenBatch } from '../methods/ngram-claim.ts'
import { indexOf, type IndexedVersion } from '../span/index-of.ts'
import type { CreditedLeaf } from '../span/native.ts'
import { squaredDistance } from '../methods/distances.ts'
import { scoreOne } from '../vectors/native.ts'
import { labelOfRow, vectorOfRow } from '../vectors/players.ts'
import { textWord, zeroWord } from '../words.ts'
import { checkRequest, sumOf } from './commit.ts'
import { methodAt } from './methods.ts'
import { type NativePorts, scoreNative } from './native.ts'
import { addToPoint, type Epoch, homesOf, leaderOf, maxEpochBatches, weightOf } from './netting.ts'
import {
  datanet,
  lineage,
  receiptAt,
  receiptsState,
  type ReceiptsContext,
  type ReceiptsHandlers,
  receiptState,
  rewards,
} from './state.ts'

/** An epoch's receipt is named by what it is for and by the request that opened it. */
const epochParameters = [
  { type: 'bytes32' },
  { type: 'uint256' },
  { type: 'uint256' },
  { type: 'uint16' },
] as const

/** Whole of the weights of an epoch's leaves, before they are rounded down. */
const wholeWeight = 2n ** 62n
/** So many batches, and an epoch may be closed before its time. */
const fullBatches = BigInt(maxEpochBatches) - 64n
/** Comparing two vectors, threefold: reading two rows and one pass. */
const compareGas = 2_000n
const compareComponentGas = 12n
const maxFolded = 32
/** IDatanet.VersionState.Held. */
const held = 2

type EpochHandlers = Pick<
  ReceiptsHandlers,
  'enter' | 'close' | 'join' | 'fold' | 'epoch' | 'openEpoch' | 'point' | 'leaderOf' | 'debtOf'
>

export const createEpochHandlers = (ports: NativePorts): EpochHandlers => ({
  ...sumHandlers,

  enter(context, [requestId, versionId, methodId, answer]) {
    const { storage, view, log, keccak } = context
    const { assetId, amount } = checkRequest(context, requestId, versionId)
    const bytes = fromHex(answer)
    const { rows, base } = scoreNative(context, ports, methodId, {
      versionId,
      answer: bytes,
      assetId,
    })
    const { dataBps } = view(rewards, 'splitOfRequest', [requestId])
    const fee = (amount * BigInt(dataBps)) / 10_000n
    const receiptId = currentEpoch(context, { assetId, versionId, methodId, requestId })
    const state = receiptsState(storage)
    const entry = state.epochs.at(receiptId)
    const sums = entry.load()
    entry.store({
      requests: sums.requests + 1,
      pool: sums.pool + fee,
      base: sums.base + fee * base,
      hasOthers: sums.hasOthers || !isOwners(context, { assetId, versionId }),
    })
    const epoch: Epoch = { receiptId, versionId, capTenths: sums.capTenths }
    const batchIds = new Map<bigint, bigint>()
    const homes = homesOf(context, versionId)
    for (const { row, score, marginal } of rows) {
      const leader = leaderOf(context, homes, row)
      const bound = fee * (marginal ?? 0n)
      const isBounded = marginal !== undefined
      addToPoint(context, epoch, leader, { net: fee * score, bound, isBounded }, batchIds)
    }
    state.receiptOf.at(requestId).set(receiptId)
    log('EpochEntered', {
      receiptId,
      requestId,
      assetId,
      outputHash: keccak(bytes),
      fee,
      base,
      rows: rows.map(({ row }) => row),
      scores: rows.map(({ score }) => score),
    })
    return receiptId
  },

  join(context, [versionId, row, earlier]) {
    const { storage, revert, view, log } = context
    const version = view(datanet, 'version', [versionId])
    if (version.state !== held) throw revert('NotHeld', [versionId])
    if (row >= version.rows) throw revert('InvalidArgument', [textWord('row')])
    if (earlier >= row) throw revert('InvalidArgument', [textWord('earlier')])
    const homes = homesOf(context, versionId)
    const linkOf = (one: bigint) => receiptsState(storage).leaders.at(homes(one)).at(one)
    const known = linkOf(row).get()
    // Only rows that stand for themselves are joined to. A row once joined goes to one still earlier, or to
    // another when the one it was joined to is joined itself.
    const isSettled = known !== 0n && linkOf(known - 1n).get() === 0n
    if (linkOf(earlier).get() !== 0n || (isSettled && known - 1n <= earlier))
      throw revert('InvalidArgument', [textWord('earlier')])
    checkNear(context, ports, { versionId, ...version }, [row, earlier])
    linkOf(row).set(earlier + 1n)
    log('RowJoined', { versionId, row, earlier })
  },
})

/** What needs no rows. */
const sumHandlers: Omit<EpochHandlers, 'enter' | 'join'> = {
  close(context, [receiptId]) {
    const { block, storage, revert, log } = context
    const { entry, words } = receiptAt(context, receiptId)
    if (words.state !== receiptState.open)
      throw revert('BadState', [words.state, receiptState.open])
    const state = receiptsState(storage)
    const batchIds = state.epochBatches.at(receiptId).load()
    if (block.number <= words.finalBlock && BigInt(batchIds.length) < fullBatches)
      throw revert('TooEarly', [words.finalBlock + 1n])
    const leaves = leavesOf(context, receiptId, batchIds)
    const { sumRoot, total } = sumOf(context, leaves)
    entry.store({
      state: receiptState.final,
      finalBlock: block.number,
      leaves: leaves.length,
      total,
      sumRoot,
    })
    const { assetId, versionId, methodId } = words
    const current = state.currentEpoch.at(assetId).at(versionId).at(methodId)
    if (current.get() === receiptId) current.set(zeroWord)
    const receipt = {
      requestId: words.requestId,
      assetId,
      versionId,
      methodId,
      outputHash: zeroWord, // of many answers: in the log, one by one
      sumRoot,
      total,
      leaves: leaves.length,
      evidenceHash: zeroWord,
    }
    const { committer } = words
    log('ReceiptCommitted', {
      receiptId,
      assetId,
      requestId: words.requestId,
      receipt,
      committer,
      finalBlock: block.number,
    })
    log('ReceiptLeaves', { receiptId, leaves })
    log('ReceiptFinal', { receiptId })
  },

  fold(context, [receiptId, rows]) {
    const { storage, revert } = context
    const { words } = receiptAt(context, receiptId)
    if (words.state !== receiptState.open)
      throw revert('BadState', [words.state, receiptState.open])
    if (rows.length > maxFolded)
      throw revert('LimitExceeded', [textWord('rows'), BigInt(maxFolded)])
    const { versionId } = words
    const { capTenths } = receiptsState(storage).epochs.at(receiptId).load()
    const epoch: Epoch = { receiptId, versionId, capTenths }
    const batchIds = new Map<bigint, bigint>()
    const homes = homesOf(context, versionId)
    for (const row of rows) {
      const leader = leaderOf(context, homes, row)
      const { net, bound, isBounded } = receiptsState(storage).points.at(receiptId).at(row).load()
      if (leader === row || (net === 0n && bound === 0n)) continue
      addToPoint(context, epoch, row, { net: -net, bound: -bound, isBounded }, batchIds)
      addToPoint(context, epoch, leader, { net, bound, isBounded }, batchIds)
    }
  },

  epoch(context, [receiptId]) {
    const { words } = receiptAt(context, receiptId)
    const sums = receiptsState(context.storage).epochs.at(receiptId).load()
    if (sums.requests === 0) throw context.revert('NotFound', [receiptId])
    const { state, assetId, versionId, methodId, finalBlock } = words
    return { state, assetId, versionId, methodId, endBlock: finalBlock, ...sums }
  },
  openEpoch: ({ storage }, [assetId, versionId, methodId]) =>
    receiptsState(storage).currentEpoch.at(assetId).at(versionId).at(methodId).get(),
  point(context, [receiptId, row]) {
    const { words } = receiptAt(context, receiptId)
    const state = receiptsState(context.storage)
    const point = state.points.at(receiptId).at(row).load()
    const { capTenths } = state.epochs.at(receiptId).load()
    const { versionId } = words
    return {
      leader: leaderOf(context, homesOf(context, versionId), row),
      net: point.net,
      bound: point.bound,
      weight: weightOf({ receiptId, versionId, capTenths }, point),
    }
  },
  leaderOf: (context, [versionId, row]) => leaderOf(context, homesOf(context, versionId), row),
  debtOf({ storage }, [batchId]) {
    const { amount, rows } = receiptsState(storage).debts.at(batchId).load()
    return [amount, rows]
  },
}

/** One label, and vectors within the novelty radius. Reverts InvalidArgument and BadProof. */
function checkNear(
  context: ReceiptsContext,
  ports: NativePorts,
  version: IndexedVersion,
  [row, earlier]: readonly [bigint, bigint],
): void {
  const { gas, revert } = context
  gas.charge(compareGas)
  const index = indexOf(context, ports.corpora, version)
  const [later, first] = [row, earlier].map((one) => vectorOfRow(index, Number(one)))
  if (!later || !first || later.length !== first.length)
    throw revert('InvalidArgument', [textWord('vector')])
  // With another label it is no copy: its losses are its own.
  if (labelOfRow(index, Number(row)) !== labelOfRow(index, Number(earlier)))
    throw revert('InvalidArgument', [textWord('label')])
  gas.charge(compareComponentGas * BigInt(later.length))
  const radius = readParam(context, 'receipts.noveltyRadius')
  if (BigInt(squaredDistance(later, first)) > radius) throw revert('BadProof', [])
}

interface Subject {
  readonly assetId: bigint
  readonly versionId: bigint
  readonly methodId: number
  readonly requestId: Hex
}

/** The open one, or a new one when there is none or its time is over. */
function currentEpoch(context: ReceiptsContext, subject: Subject): Hex {
  const { message, block, storage, keccak, encode } = context
  const { assetId, versionId, methodId, requestId } = subject
  const state = receiptsState(storage)
  const current = state.currentEpoch.at(assetId).at(versionId).at(methodId)
  const known = current.get()
  if (known !== zeroWord && block.number <= state.receipts.at(known).finalBlock.get()) return known
  const receiptId = keccak(encode(epochParameters, [requestId, assetId, versionId, methodId]))
  const method = methodAt(methodId)
  state.receipts.at(receiptId).store({
    state: receiptState.open,
    class_: method?.class ?? 0,
    methodId,
    finalBlock: block.number + readParam(context, 'receipts.epochBlocks'),
    committedBlock: block.number,
    leaves: 0,
    total: 0n,
    sumRoot: zeroWord,
    requestId,
    committer: message.caller,
    assetId,
    versionId,
    bond: 0n,
  })
  const capTenths = Number(readParam(context, 'receipts.marginalCapTenths'))
  const backingBps = Number(readParam(context, 'receipts.backingBps'))
  state.epochs
    .at(receiptId)
    .store({ requests: 0, capTenths, backingBps, hasOthers: false, pool: 0n, base: 0n })
  current.set(receiptId)
  return receiptId
}

/**
 * Whether the datanet's owner enters an answer of a model that is his own. Anybody can register a model over a version,
 * and give it away unasked, to make up answers that burn other people's deposits: what rows are below nothing
 * becomes a debt only where the owner entered every answer of the epoch himself.
 */
function isOwners(
  { view, message }: ReceiptsContext,
  { assetId, versionId }: { readonly assetId: bigint; readonly versionId: bigint },
): boolean {
  const { datanetId } = view(datanet, 'version', [versionId])
  const { owner } = view(datanet, 'datanet', [datanetId])
  return message.caller === owner && view(lineage, 'asset', [assetId]).owner === owner
}

/**
 * A leaf a batch by what its rows weigh, and one of nobody's batch, which pays the treasury, for the base.
 * What a batch's rows are owed below nothing becomes its debt, in wei of the epoch's pool.
 */
function leavesOf(
  context: ReceiptsContext,
  receiptId: Hex,
  batchIds: readonly bigint[],
): CreditedLeaf[] {
  const { storage, view } = context
  const state = receiptsState(storage)
  const { base, pool, backingBps, hasOthers } = state.epochs.at(receiptId).load()
  const nets = batchIds.map((batchId) => ({
    batchId,
    ...state.batchNets.at(receiptId).at(batchId).load(),
  }))
  const weights = nets.reduce((sum, { positive }) => sum + positive, 0n)
  // No fee pays more than itself to whoever asks about his own rows: what weights lack is nobody's too.
  const backed = (pool * scoreOne * BigInt(backingBps)) / 10_000n
  const total = weights + base > backed ? weights + base : backed
  const leaves: CreditedLeaf[] = []
  for (const { batchId, positive, negative, debtors } of nets) {
    if (!hasOthers && negative > 0n) {
      const debt = state.debts.at(batchId)
      const { amount, rows } = debt.load()
      const more = total === 0n ? 0n : (pool * negative) / total
      debt.store({ amount: amount + more, rows: rows + BigInt(debtors) })
    }
    if (positive === 0n) continue
    const weight = (positive * wholeWeight) / total
    const clusterId = view(datanet, 'contributionOf', [batchId])[1]
    if (weight > 0n) leaves.push({ clusterId, contributionId: batchId, weight })
  }
  const rest = total === 0n ? 0n : ((total - weights) * wholeWeight) / total
  if (rest > 0n) leaves.push({ clusterId: 0n, contributionId: 0n, weight: rest })
  return leaves.toSorted(byClusterThenBatch)
}
