/** How much a model was used and paid over a range of blocks, by its events. Counts, does not judge. */
import type { Address } from '../../primitives/index.ts'
import { events, type BlockRange, type ChainReader } from './reader.ts'

/** Of one asset, or of the whole chain. */
export async function usageView(reader: ChainReader, assetId?: bigint, range: BlockRange = {}) {
  const only = assetId === undefined ? {} : { assetId }
  const paid = await events(reader, 'rewards', 'Paid', only, range)
  const settled = await events(reader, 'rewards', 'Settled', only, range)
  const sum = (part: 'data' | 'model' | 'provider' | 'stakers' | 'protocol') =>
    settled.reduce((total, { args }) => total + args[part], 0n)
  return {
    assetId,
    requests: paid.length,
    settled: settled.length,
    payers: new Set(paid.map(({ args }) => args.payer)).size,
    fees: paid.reduce((total, { args }) => total + args.amount, 0n),
    data: sum('data'),
    model: sum('model'),
    provider: sum('provider'),
    stakers: sum('stakers'),
    protocol: sum('protocol'),
  }
}

/** What an account was credited as a contributor, by batch. */
export async function earningsView(reader: ChainReader, account: Address, range: BlockRange = {}) {
  const credited = await events(reader, 'rewards', 'Credited', { account }, range)
  const byBatch = new Map<bigint, { batchId: bigint; answers: number; amount: bigint }>()
  for (const { args } of credited) {
    const { contributionId: batchId, amount } = args
    const before = byBatch.get(batchId) ?? { batchId, answers: 0, amount: 0n }
    byBatch.set(batchId, { batchId, answers: before.answers + 1, amount: before.amount + amount })
  }
  return {
    account,
    answers: new Set(credited.map(({ args }) => args.requestId)).size,
    amount: credited.reduce((total, { args }) => total + args.amount, 0n),
    batches: [...byBatch.values()],
  }
}
