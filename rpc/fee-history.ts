/**
 * eth_feeHistory as geth answers it: base fees, how full blocks were, and the tips paid at given
 * percentiles of the gas. Reads stored blocks and receipts only.
 */
import { setImmediate } from 'node:timers/promises'
import { type Chain, gasPerBlob } from '../execution/index.ts'
import { type Block, effectiveGasPrice, type Header, type Hex } from '../primitives/index.ts'
import type { BlockRef } from './block-ref.ts'
import { heightOf, isPending } from './blocks.ts'
import { serverError } from './errors.ts'
import { type Json, quantity } from './format.ts'
import { compareBigInt, type FeeOracle } from './gas-oracle.ts'

/** Most blocks of one answer (geth). */
const maxBlocks = 1024n
/** Blocks decoded between two breaths of the event loop: a full one takes some milliseconds. */
const blocksPerBreath = 4
/** Most percentiles (geth). */
const maxPercentiles = 100

export interface FeeHistoryQuery {
  readonly blocks: bigint
  readonly newest: BlockRef
  readonly percentiles: readonly number[]
}

export async function feeHistory(
  chain: Chain,
  fees: FeeOracle,
  query: FeeHistoryQuery,
): Promise<Json> {
  checkPercentiles(query.percentiles)
  const head = chain.head().header.number
  const newest = query.newest.type === 'hash' ? head : heightOf(chain, query.newest)
  if (newest > head)
    throw serverError(`request beyond head block: requested ${newest}, head ${head}`)
  const asked = query.blocks > maxBlocks ? maxBlocks : query.blocks
  const wanted = isPending(query.newest) ? asked - 1n : asked // the pending block has no history
  if (wanted < 1n) return { oldestBlock: '0x0', gasUsedRatio: null }
  const oldest = newest + 1n > wanted ? newest + 1n - wanted : 0n
  const blocks: Block[] = []
  for (let number = oldest; number <= newest; number++) {
    if (blocks.length % blocksPerBreath === blocksPerBreath - 1) await setImmediate()
    const found = chain.store.blockByNumber(number)
    if (!found) throw serverError('unknown block')
    blocks.push(found.block)
  }
  const reward = query.percentiles.length > 0 && (await rewardsOf(chain, blocks, query.percentiles))
  return { ...format(chain, fees, blocks), ...(reward && { reward }) }
}

const refusePercentile = (text: string) => serverError(`invalid reward percentile: ${text}`)

function checkPercentiles(percentiles: readonly number[]): void {
  if (percentiles.length > maxPercentiles)
    throw refusePercentile(`over the query limit ${maxPercentiles}`)
  for (const [i, value] of percentiles.entries()) {
    const before = percentiles[i - 1]
    if (!(value >= 0 && value <= 100)) throw refusePercentile(value.toFixed(6))
    if (before !== undefined && value <= before)
      throw refusePercentile(`#${i - 1}:${before.toFixed(6)} >= #${i}:${value.toFixed(6)}`)
  }
}

async function rewardsOf(
  chain: Chain,
  blocks: readonly Block[],
  percentiles: readonly number[],
): Promise<Hex[][]> {
  const lists: Hex[][] = []
  for (const block of blocks) {
    if (lists.length % blocksPerBreath === blocksPerBreath - 1) await setImmediate()
    lists.push(rewards(chain, block, percentiles).map(quantity))
  }
  return lists
}

function format(chain: Chain, fees: FeeOracle, blocks: readonly Block[]): Json {
  const last = blocks.at(-1)
  if (!last) throw serverError('unknown block')
  const headers = blocks.map(({ header }) => header)
  return {
    oldestBlock: quantity(headers[0]?.number ?? 0n),
    baseFeePerGas: [
      ...headers.map((header) => quantity(header.baseFeePerGas ?? 0n)),
      quantity(fees.baseFeeAfter(last.header) ?? 0n),
    ],
    gasUsedRatio: headers.map((header) => Number(header.gasUsed) / Number(header.gasLimit)),
    baseFeePerBlobGas: [
      ...headers.map((header) => quantity(fees.blobFee(header) ?? 0n)),
      quantity(nextBlobFee(chain, fees, last.header)),
    ],
    blobGasUsedRatio: headers.map((header) => blobRatio(chain, header)),
  }
}

/** What the block after `header` asks for blob gas: the child's header if known, else its rule. */
const nextBlobFee = (chain: Chain, fees: FeeOracle, header: Header): bigint => {
  const child = chain.store.blockByNumber(header.number + 1n)
  return fees.blobFee(child?.block.header ?? fees.blobHeaderAfter(header)) ?? 0n
}

function blobRatio({ spec }: Chain, header: Header): number {
  const params = spec.blobParams(spec.forkAt(header.number, header.timestamp))
  const room = BigInt(params?.max ?? 0) * gasPerBlob
  return room === 0n ? 0 : Number(header.blobGasUsed ?? 0n) / Number(room)
}

interface Paid {
  readonly tip: bigint
  readonly gasUsed: bigint
}

/** The tip paid by the transaction in which each share of the block's gas ends; 0 in an empty block. */
function rewards(chain: Chain, block: Block, percentiles: readonly number[]): bigint[] {
  const paid = paidTips(chain, block)
  let at = 0
  let gas = paid[0]?.gasUsed ?? 0n
  return percentiles.map((percentile) => {
    const threshold = BigInt(Math.floor((Number(block.header.gasUsed) * percentile) / 100))
    while (gas < threshold && at < paid.length - 1) gas += paid[++at]?.gasUsed ?? 0n
    return paid[at]?.tip ?? 0n
  })
}

function paidTips(chain: Chain, block: Block): Paid[] {
  const baseFee = block.header.baseFeePerGas ?? 0n
  const receipts = chain.store.receipts(block.header.number) ?? []
  return block.transactions
    .map((tx, i) => ({
      tip: effectiveGasPrice(tx, baseFee) - baseFee,
      gasUsed: (receipts[i]?.cumulativeGasUsed ?? 0n) - (receipts[i - 1]?.cumulativeGasUsed ?? 0n),
    }))
    .toSorted((a, b) => compareBigInt(a.tip, b.tip))
}
