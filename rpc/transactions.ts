/**
 * Transactions by hash, in blocks and in the pool, and their receipts: what several methods answer.
 * Unknown ones are null.
 */
import { type Hex, toHex } from '../primitives/index.ts'
import type { StoredBlock } from '../state/index.ts'
import { formatMined, formatPooled, formatReceipts, type Json } from './format.ts'
import type { Context } from './method.ts'

/** A transaction in its block. */
export interface Place {
  readonly found: StoredBlock
  readonly at: number
}

function placeOf({ api }: Context, txHash: Hex): Place | undefined {
  const place = api.chain.store.transactionPlace(txHash)
  const found = place && api.chain.store.blockByNumber(place.blockNumber)
  return place && found && { found, at: place.index }
}

export function minedTransaction({ found, at }: Place): Json | null {
  const [tx, from] = [found.block.transactions[at], found.senders[at]]
  return tx && from ? formatMined(tx, found.block, at, from) : null
}

export function readTransaction(context: Context, txHash: Hex): Json | null {
  const place = placeOf(context, txHash)
  if (place) return minedTransaction(place)
  const pooled = context.api.mempool.get(txHash)
  return pooled ? formatPooled(pooled, pooled.from) : null
}

/** `0x` for an unknown one (geth). */
export function rawTransaction(context: Context, txHash: Hex): Hex {
  const place = placeOf(context, txHash)
  const tx = place?.found.block.transactions[place.at] ?? context.api.mempool.get(txHash)
  return tx ? toHex(tx.raw) : '0x'
}

export function readReceipt(context: Context, txHash: Hex): Json | null {
  const place = placeOf(context, txHash)
  if (!place) return null
  const { found, at } = place
  const receipts = context.api.chain.store.receipts(found.block.header.number)
  if (!receipts) return null
  const blobFee = context.fees.blobFee(found.block.header)
  return formatReceipts({ ...found, receipts, blobFee }, at)[0] ?? null
}
