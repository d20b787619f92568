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
/** Leaves in one answer: an epoch may have thousands of requests. Who claims these sees the next. */
const maxLeaves = 500

export async function pendingView(reader: ChainReader, account: Address, range: BlockRange = {}) {
  const mine = new Set(await batchIds(reader, { contributor: account }))
  const logged = mine.size === 0 ? [] : await events(reader, 'receipts', 'ReceiptLeaves', {}, range)
  const withMine = logged.filter(({ args }) =>
    args.leaves.some(({ contributionId }) => mine.has(contributionId)),
  )
  const looked = withMine.slice(-maxReceipts)
  const claimable: PendingLeaf[] = []
  const provisional: PendingLeaf[] = []
  for (const { args } of looked) {
    const leaves = (await leavesView(reader, args.receiptId)) ?? []
    for (const requestId of await requestsOf(reader, args.receiptId)) {
      if (claimable.length + provisional.length >= maxLeaves) break
      const found = await pendingOf(reader, account, {
        requestId,
        receiptId: args.receiptId,
        leaves,
      })
      claimable.push(...found.claimable)
      provisional.push(...found.provisional)
    }
  }
  return {
    account,
    balances: await balancesOf(reader, account),
    claimable,
    provisional,
    lineage: await lineageIncome(reader, account),
    /** Older receipts were not looked into: ask again up to this block. */
    olderTo: withMine.length > looked.length ? looked[0]?.blockNumber : undefined,
  }
}

interface Subject {
  readonly requestId: Hex
  readonly receiptId: Hex
  readonly leaves: readonly LeafView[]
}

async function pendingOf(
  reader: ChainReader,
  account: Address,
  { requestId, receiptId, leaves }: Subject,
) {
  const payment = await read(reader, 'rewards', 'payment', [requestId])
  const isSettled = payment.state === 2
  const pool = isSettled
    ? (await read(reader, 'rewards', 'settlement', [requestId])).data
    : (payment.amount *
        BigInt((await read(reader, 'rewards', 'splitOfRequest', [requestId])).dataBps)) /
      10_000n
  const current = await read(reader, 'receipts', 'receiptOf', [requestId])
  const total = leaves.reduce((sum, { weight }) => sum + weight, 0n)
  const open: PendingLeaf[] = []
  if (payment.state !== 3 && current === receiptId)
    for (const leaf of leaves) {
      if (leaf.contributor.toLowerCase() !== account.toLowerCase()) continue
      if (await read(reader, 'rewards', 'isClaimed', [requestId, BigInt(leaf.index)])) continue
      open.push({ requestId, receiptId, leaf, amount: amountOf(pool, total, leaf) })
    }
  return isSettled ? { claimable: open, provisional: [] } : { claimable: [], provisional: open }
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
