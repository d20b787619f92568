/**
 * A fee from payment to settlement: escrowed under an id nobody else can take, given back when no
 * receipt came in time, or split once its receipt is final (`settle`, `distribute`): from then on the parts are
 * owed. Money leaves the module by `withdraw` only; claims.ts turns leaves into what is owed.
 */
import { type Address, type Hex, toHex } from '../../primitives/index.ts'
import { maxShownLeaves, nodeGas } from '../limits.ts'
import { buildSumTree } from '../merkle/sum-tree.ts'
import { shareAt } from '../methods/split.ts'
import { readParam } from '../params/module.ts'
import { idWord, textWord, wordToAddress, zeroAddress, zeroWord } from '../words.ts'
import { capData, type Parts, partsOf, splitOf } from './split.ts'
import {
  contributorOf,
  datanet,
  creditAccount,
  type Leaf,
  lineage,
  move,
  paymentAt,
  paymentState,
  receipts,
  rewardsState,
  splitNames,
  type RewardsContext,
  type RewardsHandlers,
} from './state.ts'

/** ILineage.AssetState.Active. */
const activeAsset = 1
/** A week of two-second blocks: no fee is held longer for want of an answer. */
const maxRefundBlocks = 302_400n
/** All of a model's income in millionths. */
const million = 1_000_000n

const requestParameters = [
  { type: 'address' },
  { type: 'uint64' },
  { type: 'uint256' },
  { type: 'bytes32' },
] as const

export const escrowHandlers: Pick<
  RewardsHandlers,
  'pay' | 'refund' | 'settle' | 'requestIdOf' | 'payment' | 'settlement' | 'splitOfRequest'
> = {
  pay(context, [assetId, inputHash, nonce, refundBlock]) {
    const { message, block, storage, revert, view, log } = context
    const asset = view(lineage, 'asset', [assetId])
    if (asset.state !== activeAsset) throw revert('BadState', [asset.state, activeAsset])
    if (message.value < asset.price) throw revert('InsufficientValue', [message.value, asset.price])
    const until = refundBlock || block.number + readParam(context, 'rewards.refundBlocks')
    if (until <= block.number) throw revert('InvalidArgument', [textWord('refundBlock')])
    if (until > block.number + maxRefundBlocks)
      throw revert('LimitExceeded', [textWord('refundBlock'), block.number + maxRefundBlocks])
    const requestId = requestIdOf(context, message.caller, nonce, assetId, inputHash)
    const payment = rewardsState(storage).payments.at(requestId)
    if (payment.state.get() !== paymentState.none) throw revert('AlreadyExists', [requestId])
    payment.store({
      payer: message.caller,
      state: paymentState.escrowed,
      paidBlock: block.number,
      amount: message.value,
      refundBlock: until,
      assetId,
      ...splitOf(context, assetId),
      inputHash,
    })
    move(context, { escrowed: message.value })
    log('Paid', {
      requestId,
      assetId,
      payer: message.caller,
      amount: message.value,
      inputHash,
      refundBlock: until,
    })
    return requestId
  },
  refund(context, [requestId]) {
    const { block, revert, view, log } = context
    const { entry, words } = paymentAt(context, requestId, 'payer', 'amount', 'refundBlock')
    if (words.state !== paymentState.escrowed)
      throw revert('BadState', [words.state, paymentState.escrowed])
    const known = view(receipts, 'receiptOf', [requestId])
    if (known !== zeroWord) throw revert('AlreadyExists', [known])
    if (block.number < words.refundBlock) throw revert('TooEarly', [words.refundBlock])
    entry.store({ state: paymentState.refunded })
    move(context, { escrowed: -words.amount, balances: words.amount })
    creditAccount(context, words.payer, words.amount)
    log('Refunded', { requestId, payer: words.payer, amount: words.amount })
    return words.amount
  },
  settle(context, [requestId, leaves]) {
    const { entry, words } = paymentAt(context, requestId, 'amount', 'assetId', ...splitNames)
    const { revert, view } = context
    if (words.state !== paymentState.escrowed)
      throw revert('BadState', [words.state, paymentState.escrowed])
    const receiptId = view(receipts, 'receiptOf', [requestId])
    if (receiptId === zeroWord) throw revert('NotFound', [requestId])
    const receipt = view(receipts, 'status', [receiptId])
    if (!view(receipts, 'isFinal', [receiptId])) throw revert('TooEarly', [receipt.finalBlock + 1n])
    const { capBps } = view(receipts, 'method', [receipt.methodId])
    const whole = partsOf(words.amount, words)
    const parts = receipt.total === 0n ? capData(whole, 0) : capData(whole, capBps)
    entry.store({ state: paymentState.settled, receiptId })
    distribute(context, { requestId, receiptId, payment: words, parts, receipt, leaves })
  },
  requestIdOf(context, [payer, nonce, assetId, inputHash]) {
    context.gas.charge(idGas)
    return requestIdOf(context, payer, nonce, assetId, inputHash)
  },
  payment: ({ storage }, [requestId]) =>
    rewardsState(storage)
      .payments.at(requestId)
      .pick(
        'state',
        'payer',
        'assetId',
        'amount',
        'inputHash',
        'paidBlock',
        'refundBlock',
        'receiptId',
      ),
  settlement(context, [requestId]) {
    const { words } = paymentAt(context, requestId, 'amount', 'receiptId', ...splitNames)
    if (words.state !== paymentState.settled)
      throw context.revert('BadState', [words.state, paymentState.settled])
    const settled = rewardsState(context.storage).settlements.at(requestId).load()
    const { model, provider, stakers, protocol, data } = partsOf(words.amount, words)
    const protocolAndKept = protocol + data - settled.data
    const { receiptId } = words
    return { ...settled, receiptId, model, provider, stakers, protocol: protocolAndKept }
  },
  splitOfRequest: (context, [requestId]) => paymentAt(context, requestId, ...splitNames).words,
}

/** Four words read, written and hashed for whoever asks: still below what Solidity's dispatcher takes. */
const idGas = 150n

function requestIdOf(
  { keccak, encode }: RewardsContext,
  payer: Address,
  nonce: bigint,
  assetId: bigint,
  inputHash: Hex,
): Hex {
  return keccak(encode(requestParameters, [payer, nonce, assetId, inputHash]))
}

interface Distribution {
  readonly requestId: Hex
  readonly receiptId: Hex
  readonly payment: { readonly assetId: bigint; readonly amount: bigint }
  readonly parts: Parts
  readonly receipt: {
    readonly class_: number
    readonly sumRoot: Hex
    readonly total: bigint
    readonly leaves: number
    readonly versionId: bigint
  }
  readonly leaves: readonly Leaf[]
}

/** Everything but the data part is credited or pooled here; that one waits unless all leaves are shown. */
function distribute(context: RewardsContext, distribution: Distribution): void {
  const { requestId, receiptId, payment, parts, receipt, leaves } = distribution
  const { block, storage, revert, view, log } = context
  const { assetId, amount } = payment
  const { owner, provider } = view(lineage, 'asset', [assetId])
  const providerAccount = provider === zeroAddress ? owner : provider
  const protocolAccount = wordToAddress(idWord(readParam(context, 'treasury')))
  const stakersAccount = block.feeRecipient
  creditAccount(context, providerAccount, parts.provider)
  creditAccount(context, stakersAccount, parts.stakers)
  creditAccount(context, protocolAccount, parts.protocol)

  const perMillionth = parts.model / million
  const modelRest = parts.model % million
  const income = rewardsState(storage).income.at(assetId)
  if (perMillionth > 0n) income.set(income.get() + perMillionth)
  creditAccount(context, owner, modelRest)

  // Nobody else has seen the leaves of a declared receipt: whoever settles shows them.
  const { class_: kind } = receipt
  if (kind === declared && leaves.length === 0)
    throw revert('InvalidArgument', [textWord('leaves')])
  const isCredited = leaves.length > 0
  if (isCredited) creditAll(context, { ...distribution, protocolAccount })
  const pooled = perMillionth * million + (isCredited ? 0n : parts.data)
  move(context, { escrowed: -amount, balances: amount - pooled, pools: pooled })
  rewardsState(storage)
    .settlements.at(requestId)
    .store({
      providerAccount,
      settledBlock: block.number,
      creditedLeaves: isCredited ? leaves.length : 0,
      stakersAccount,
      protocolAccount,
      data: parts.data,
      creditedData: isCredited ? parts.data : 0n,
    })
  log('Settled', { requestId, receiptId, assetId, ...parts })
}

/** IReceipts.Class.Declared. */
const declared = 0

/** A statement may divide among the batches of its version, and among nobody else. */
function checkLeaf({ view, revert }: RewardsContext, versionId: bigint, leaf: Leaf): void {
  const [contributor, clusterId] = view(datanet, 'contributionOf', [leaf.contributionId])
  const isKnown = contributor !== zeroAddress && clusterId === leaf.clusterId
  if (!isKnown || !view(datanet, 'hasBatch', [versionId, leaf.contributionId]))
    throw revert('BadProof', [])
}

/** The whole tree, shown: every contributor gets its piece now. Throws BadProof for another tree. */
function creditAll(
  context: RewardsContext,
  distribution: Distribution & { readonly protocolAccount: Address },
): void {
  const { gas, revert, storage, log } = context
  const { requestId, parts, receipt, leaves, protocolAccount } = distribution
  const { class_: kind, sumRoot, total, leaves: count } = receipt
  if (leaves.length > maxShownLeaves)
    throw revert('LimitExceeded', [textWord('leaves'), BigInt(maxShownLeaves)])
  gas.charge(2n * nodeGas * BigInt(leaves.length))
  const isWhole = leaves.length === count
  const sum = leaves.reduce((all, { weight }) => all + weight, 0n)
  if (!isWhole || sum !== total || toHex(buildSumTree(leaves).root) !== sumRoot)
    throw revert('BadProof', [])
  let offset = 0n
  for (const [index, leaf] of leaves.entries()) {
    if (kind === declared) checkLeaf(context, receipt.versionId, leaf)
    const { contributionId, weight } = leaf
    const amount = shareAt(parts.data, { offset, weight, total })
    offset += weight
    const account = contributorOf(context, contributionId, protocolAccount)
    creditAccount(context, account, amount)
    log('Credited', { account, requestId, contributionId, index: BigInt(index), amount })
  }
  rewardsState(storage)
    .claimed.at(requestId)
    .at(0n)
    .set((1n << BigInt(leaves.length)) - 1n)
}
