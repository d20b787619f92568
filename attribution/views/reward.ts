/**
 * The way of a fee: from what was paid to every account that got a part of it, with the reason and the
 * proof of each part. The parts are the fee to the wei; `explainReward` checks that and says so.
 */
import type { Address, Hex } from '../../primitives/index.ts'
import { zeroAddress } from '../words.ts'
import { epochRequests } from './epoch.ts'
import { nameOf, paymentStates } from './names.ts'
import { lineageShares } from './objects.ts'
import { events, read, type ChainReader } from './reader.ts'
import { amountOf, leavesView, receiptView, spansView, type LeafView } from './receipt.ts'

/** One part of a fee and whose it is. */
export interface RewardLine {
  readonly part: 'data' | 'model' | 'provider' | 'stakers' | 'protocol'
  readonly account: Address
  /** Wei. */
  readonly amount: bigint
  /** Whether the account's balance has it; else it waits to be claimed. */
  readonly isCredited: boolean
  /** Of a data line. */
  readonly leaf?: LeafView
  /** Of a model line. */
  readonly assetId?: bigint
  readonly sharePpm?: number
}

/** Millionths, as IRewards counts a model's income. */
const million = 1_000_000n

/**
 * Everything behind one request: payment, split, receipt, method, leaves with proofs, spans, and one
 * line per part. `account` chooses whose lines are summed; undefined for a request never paid.
 */
export async function explainRequest(reader: ChainReader, requestId: Hex, account?: Address) {
  const payment = await read(reader, 'rewards', 'payment', [requestId])
  if (payment.state === 0) return undefined
  const split = await read(reader, 'rewards', 'splitOfRequest', [requestId])
  const receiptId = await receiptIdOf(reader, requestId, payment.receiptId)
  const receipt = receiptId && (await receiptView(reader, receiptId))
  const leaves = receiptId && (await leavesView(reader, receiptId))
  const epoch = receiptId && (await epochPart(reader, receiptId, requestId))
  const lines = payment.state === 2 ? await linesOf(reader, requestId, leaves ?? []) : []
  const explained = lines.reduce((sum, { amount }) => sum + amount, 0n)
  const mine = lines.filter((line) => account && sameAddress(line.account, account))
  return {
    requestId,
    account,
    /** Of the account, in this request. */
    amount: mine.reduce((sum, line) => sum + line.amount, 0n),
    payment: { ...payment, state: nameOf(paymentStates, payment.state) },
    split,
    receipt,
    leaves,
    evidence: receipt && (await spansView(reader, receipt)),
    /** Where the answer was entered in an epoch: what it said of each row, before all answers were summed. */
    epoch,
    lines,
    /** Wei of the fee that no line accounts for: 0 once settled, unless leaves were shown to nobody yet. */
    unexplained: payment.amount - explained,
  }
}

/** Requests whose parts were credited to the account in a block, each once. */
export async function requestsCredited(
  reader: ChainReader,
  account: Address,
  block: bigint,
): Promise<Hex[]> {
  const range = { from: block, to: block }
  const credited = await events(reader, 'rewards', 'Credited', { account }, range)
  return [...new Set(credited.map(({ args }) => args.requestId))]
}

/** Of an epoch's receipt: this request's own answer, and all that share the receipt. */
async function epochPart(reader: ChainReader, receiptId: Hex, requestId: Hex) {
  const entered = await epochRequests(reader, receiptId)
  const own = entered.find(({ args }) => args.requestId === requestId)
  if (!own) return undefined
  const { endBlock, pool, base } = await read(reader, 'receipts', 'epoch', [receiptId])
  const { args, blockNumber, transactionHash } = own
  const { outputHash, fee, rows, scores } = args
  return {
    receiptId,
    endBlock,
    requests: entered.length,
    /** Wei that the rows of all answers divide, and (in 2^-20 wei) what nobody named shares of it. */
    pool,
    base,
    outputHash,
    fee,
    rows: rows.map((row, i) => ({ row, score: scores[i] ?? 0n })),
    blockNumber,
    transactionHash,
  }
}

const sameAddress = (a: Address, b: Address): boolean => a.toLowerCase() === b.toLowerCase()

async function receiptIdOf(reader: ChainReader, requestId: Hex, settled: Hex) {
  const id =
    BigInt(settled) === 0n ? await read(reader, 'receipts', 'receiptOf', [requestId]) : settled
  return BigInt(id) === 0n ? undefined : id
}

async function linesOf(
  reader: ChainReader,
  requestId: Hex,
  leaves: readonly LeafView[],
): Promise<readonly RewardLine[]> {
  const settled = await read(reader, 'rewards', 'settlement', [requestId])
  const payment = await read(reader, 'rewards', 'payment', [requestId])
  const total = leaves.reduce((sum, { weight }) => sum + weight, 0n)
  const data: RewardLine[] = leaves.length === 0 ? await creditedLines(reader, requestId) : []
  for (const leaf of leaves)
    data.push({
      part: 'data',
      // What is nobody's pays the treasury.
      account: leaf.contributor === zeroAddress ? settled.protocolAccount : leaf.contributor,
      amount: amountOf(settled.data, total, leaf),
      isCredited: await read(reader, 'rewards', 'isClaimed', [requestId, BigInt(leaf.index)]),
      leaf,
    })
  return [
    ...data,
    ...(await modelLines(reader, payment.assetId, settled.model)),
    paid('provider', settled.providerAccount, settled.provider),
    paid('stakers', settled.stakersAccount, settled.stakers),
    paid('protocol', settled.protocolAccount, settled.protocol),
  ]
}

/** What was credited of a tree nobody has shown in full. */
async function creditedLines(reader: ChainReader, requestId: Hex): Promise<RewardLine[]> {
  const credited = await events(reader, 'rewards', 'Credited', { requestId })
  return credited.map(({ args: { account, amount } }) => paid('data', account, amount))
}

const paid = (part: RewardLine['part'], account: Address, amount: bigint): RewardLine => ({
  part,
  account,
  amount,
  isCredited: true,
})

/** Whole units per millionth by share; the rest is the asset's owner's at once. */
async function modelLines(
  reader: ChainReader,
  assetId: bigint,
  pool: bigint,
): Promise<readonly RewardLine[]> {
  const unit = pool / million
  const lines: RewardLine[] = []
  for (const share of await lineageShares(reader, assetId)) {
    const { owner } = await read(reader, 'lineage', 'asset', [share.assetId])
    const waiting = await read(reader, 'rewards', 'claimableLineage', [assetId, share.assetId])
    const rest = share.assetId === assetId ? pool % million : 0n
    lines.push({
      part: 'model',
      account: owner,
      amount: unit * BigInt(share.sharePpm) + rest,
      isCredited: waiting === 0n,
      ...share,
    })
  }
  return lines
}
