/**
 * attr_ about money and its reasons: receipts, shares, what is pending, what was used and earned, and
 * attr_explainReward, the way from a payout back to rows, spans, method, fee and split.
 */
import {
  earningsView,
  events,
  explainRequest,
  leavesView,
  maxPage,
  pendingView,
  receiptView,
  requestsCredited,
  requestsOf,
  usageView,
  type ChainReader,
} from '../../attribution/views/index.ts'
import type { Address, Hex } from '../../primitives/index.ts'
import { blockNumberOrHash, type BlockRef } from '../block-ref.ts'
import { heightOf } from '../blocks.ts'
import { method, type Context, type MethodTable } from '../method.ts'
import { createModuleReader, orNull, toJson } from '../module-reader.ts'
import { address, hash, hexOrDecimal, optional, required, struct } from '../params.ts'
import { blockRange, heightsOf } from './attr-objects.ts'

const range = optional('range', blockRange)
const account = required('account', address)
const assetFilter = struct('attr.ReceiptFilter', { assetId: hexOrDecimal })

/** The requests a hash means: a receipt's, of an epoch so many as a page has; or itself. */
async function requestsNamed(reader: ChainReader, name: Hex): Promise<readonly Hex[]> {
  const requests = await orNull(requestsOf(reader, name))
  return requests === null ? [name] : requests.slice(0, maxPage)
}

async function explain(context: Context, who: Address, ref: BlockRef) {
  const reader = createModuleReader(context)
  const requests =
    ref.type === 'hash'
      ? await requestsNamed(reader, ref.hash)
      : await requestsCredited(reader, who, heightOf(context.api.chain, ref))
  const rewards = []
  for (const request of requests) {
    const reward = await orNull(explainRequest(reader, request, who))
    if (reward) rewards.push(reward)
  }
  if (ref.type === 'hash' && rewards.length === 0) return null
  const amount = rewards.reduce((sum, reward) => sum + reward.amount, 0n)
  return toJson({ account: who, amount, rewards })
}

/** The youngest of a page first. */
async function receiptsOf(context: Context, assetId: bigint | undefined, heights: object) {
  const reader = createModuleReader(context)
  const only = assetId === undefined ? {} : { assetId }
  const committed = await events(reader, 'receipts', 'ReceiptCommitted', only, heights)
  const items = []
  for (const { args } of committed.slice(-maxPage).toReversed())
    items.push(await receiptView(reader, args.receiptId))
  return toJson({ total: committed.length, items })
}

export const attrRewards: MethodTable = {
  attr_getReceipt: method([required('receiptId', hash)], async (context, receiptId) =>
    toJson((await orNull(receiptView(createModuleReader(context), receiptId))) ?? null),
  ),
  attr_listReceipts: method([optional('filter', assetFilter), range], (context, filter, blocks) =>
    receiptsOf(context, filter?.assetId, heightsOf(context, blocks)),
  ),
  attr_getShares: method([required('receiptId', hash)], async (context, receiptId) =>
    toJson((await leavesView(createModuleReader(context), receiptId)) ?? null),
  ),
  attr_getPending: method([account, range], async (context, who, blocks) =>
    toJson(await pendingView(createModuleReader(context), who, heightsOf(context, blocks))),
  ),
  attr_getEarnings: method([account, range], async (context, who, blocks) =>
    toJson(await earningsView(createModuleReader(context), who, heightsOf(context, blocks))),
  ),
  attr_getUsage: method(
    [optional('assetId', hexOrDecimal), range],
    async (context, assetId, blocks) =>
      toJson(await usageView(createModuleReader(context), assetId, heightsOf(context, blocks))),
  ),
  attr_explainReward: method([account, required('receiptOrBlock', blockNumberOrHash)], explain),
}
