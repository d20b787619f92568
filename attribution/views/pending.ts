/**
 * What an account has coming: balances to withdraw, leaves to claim with their proofs, income of its
 * models, and shares of receipts that are not final or not settled yet. Looks at the youngest receipts
 * first and says where it stopped.
 */
import { moduleAddresses } from '../abi.ts'
import type { Address, Hex } from '../../primitives/index.ts'
import { requestsOf } from './epoch.ts'
import { batchIds } from './objects.ts'
import { events, read, type BlockRange, type ChainReader } from './reader.ts'
import { amountOf, leavesView, type LeafView } from './receipt.ts'

export interface PendingLeaf {
  readonly requestId: Hex
  readonly receiptId: Hex
  readonly leaf: LeafView
  /** Wei; of a receipt that is not settled: what the fee and split would make it. */
  readonly amount: bigint
}

/** Receipts one answer looks into; with more, ask again with an older `to`. */
const maxReceipts = 200
/**
 * Calls one answer makes for them, whatever they find: an epoch may have thousands of requests, all claimed.
 * One call for a leaf that is claimed, four for another.
 */
const maxCalls = 5_000

export async function pendingView(reader: ChainReader, account: Address, range: BlockRange = {}) {
  const mine = new Set(await batchIds(reader, { contributor: account }))
  const logged = mine.size === 0 ? [] : await events(reader, 'receipts', 'ReceiptLeaves', {}, range)
  const withMine = logged.filter(({ args }) =>
    args.leaves.some(({ contributionId }) => mine.has(contributionId)),
  )
  const looked = withMine.slice(-maxReceipts)
  let olderTo = withMine.length > looked.length ? looked[0]?.blockNumber : undefined
  const budget = { left: maxCalls }
  const found: Pending[] = []
  for (const { args, blockNumber } of looked.toReversed()) {
    found.push(...(await pendingIn(within(reader, budget), account, args.receiptId, budget)))
    if (budget.left > 0) continue
    olderTo = blockNumber
    break
  }
  const inOrder = found.toReversed()
  return {
    account,
    balances: await balancesOf(reader, account),
    claimable: inOrder.flatMap(({ isSettled, open }) => (isSettled ? open : [])),
    provisional: inOrder.flatMap(({ isSettled, open }) => (isSettled ? [] : open)),
    lineage: await lineageIncome(reader, account),
    /** Older receipts were not looked into: ask again up to this block. */
    olderTo,
  }
}

interface Budget {
  left: number
}

/** The same chain, each call counted. */
const within = (reader: ChainReader, budget: Budget): ChainReader => ({
  blockNumber: reader.blockNumber,
  call(to, data) {
    budget.left--
    return reader.call(to, data)
  },
  logs: (request) => reader.logs(request),
  transaction: (hash) => reader.transaction(hash),
})

/** Of one request. */
interface Pending {
  readonly isSettled: boolean
  readonly open: readonly PendingLeaf[]
}

/** The youngest request first, as far as the budget goes. */
async function pendingIn(
  reader: ChainReader,
  account: Address,
  receiptId: Hex,
  budget: Readonly<Budget>,
): Promise<readonly Pending[]> {
  const leaves = (await leavesView(reader, receiptId)) ?? []
  const total = leaves.reduce((sum, { weight }) => sum + weight, 0n)
  const own = leaves.filter(
    ({ contributor }) => contributor.toLowerCase() === account.toLowerCase(),
  )
  const found: Pending[] = []
  if (own.length === 0) return found
  for (const requestId of (await requestsOf(reader, receiptId)).toReversed()) {
    if (budget.left <= 0) break
    found.push(await pendingOf(reader, { requestId, receiptId, own, total }))
  }
  return found
}

interface Subject {
  readonly requestId: Hex
  readonly receiptId: Hex
  /** Of the account, and the weight of all. */
  readonly own: readonly LeafView[]
  readonly total: bigint
}

async function pendingOf(
  reader: ChainReader,
  { requestId, receiptId, own, total }: Subject,
): Promise<Pending> {
  const unclaimed: LeafView[] = []
  for (const leaf of own)
    if (!(await read(reader, 'rewards', 'isClaimed', [requestId, BigInt(leaf.index)])))
      unclaimed.push(leaf)
  if (unclaimed.length === 0) return { isSettled: true, open: [] }
  const payment = await read(reader, 'rewards', 'payment', [requestId])
  const isSettled = payment.state === 2
  const current = await read(reader, 'receipts', 'receiptOf', [requestId])
  if (payment.state === 3 || current !== receiptId) return { isSettled, open: [] }
  const pool = isSettled
    ? (await read(reader, 'rewards', 'settlement', [requestId])).data
    : (payment.amount *
        BigInt((await read(reader, 'rewards', 'splitOfRequest', [requestId])).dataBps)) /
      10_000n
  const open = unclaimed.map((leaf) => {
    return { requestId, receiptId, leaf, amount: amountOf(pool, total, leaf) }
  })
  return { isSettled, open }
}

/** Wei that `withdraw` of each module would pay. */
async function balancesOf(reader: ChainReader, account: Address) {
  const modules = ['rewards', 'datanet', 'receipts'] as const
  const balances = []
  for (const module of modules) {
    const amount = await read(reader, module, 'balanceOf', [account])
    balances.push({ module, address: moduleAddresses[module], amount })
  }
  return balances
}

/** Of the account's own assets, and of models that were built on them. */
async function lineageIncome(reader: ChainReader, account: Address) {
  const registered = await events(reader, 'lineage', 'AssetRegistered', { owner: account })
  const income = []
  for (const { args } of registered) {
    const children = await events(reader, 'lineage', 'ParentAdded', { parentId: args.assetId })
    for (const assetId of new Set([args.assetId, ...children.map((c) => c.args.assetId)])) {
      const amount = await read(reader, 'rewards', 'claimableLineage', [assetId, args.assetId])
      if (amount > 0n) income.push({ assetId, ancestorId: args.assetId, amount })
    }
  }
  return income
}
