/** eth_ about transactions: sending them, and finding them in blocks and in the pool. */
import type { Refusal } from '../../primitives/index.ts'
import { toHex } from '../../primitives/index.ts'
import type { StoredBlock } from '../../state/index.ts'
import { type BlockRef, blockNumber } from '../block-ref.ts'
import { findBlock, isPending } from '../blocks.ts'
import { type RpcError, serverError } from '../errors.ts'
import { formatMined, formatPooled, formatReceipts } from '../format.ts'
import { type Context, method, type MethodTable } from '../method.ts'
import { bytes, hash, index, required } from '../params.ts'

type Hash = `0x${string}`

interface Place {
  readonly found: StoredBlock
  readonly at: number
}

function placeOf({ api }: Context, txHash: Hash): Place | undefined {
  const place = api.chain.store.transactionPlace(txHash)
  const found = place && api.chain.store.blockByNumber(place.blockNumber)
  return place && found && { found, at: place.index }
}

function mined({ found, at }: Place): unknown {
  const [tx, from] = [found.block.transactions[at], found.senders[at]]
  return tx && from ? formatMined(tx, found.block, at, from) : null
}

function readTransaction(context: Context, txHash: Hash): unknown {
  const place = placeOf(context, txHash)
  if (place) return mined(place)
  const pooled = context.api.mempool.get(txHash)
  return pooled ? formatPooled(pooled, pooled.from) : null
}

function readReceipt(context: Context, txHash: Hash): unknown {
  const place = placeOf(context, txHash)
  if (!place) return null
  const { found, at } = place
  const receipts = context.api.chain.store.receipts(found.block.header.number)
  if (!receipts) return null
  const blobFee = context.fees.blobFee(found.block.header)
  return formatReceipts({ ...found, receipts, blobFee }, at)[0] ?? null
}

/** The pending block is the head's state with nothing in it. */
const minedBlock = ({ api }: Context, ref: BlockRef): StoredBlock | undefined =>
  isPending(ref) ? undefined : findBlock(api.chain, ref)

function readAt(context: Context, ref: BlockRef, at: number): unknown {
  const found = minedBlock(context, ref)
  return found ? mined({ found, at }) : null
}

function readRawAt(context: Context, ref: BlockRef, at: number): unknown {
  const tx = minedBlock(context, ref)?.block.transactions[at]
  return tx ? toHex(tx.raw) : '0x'
}

const byHash = (blockHash: Hash): BlockRef => ({
  type: 'hash',
  hash: blockHash,
  requireCanonical: false,
})

/** geth answers every refusal of the pool with -32000 and the reason. */
const refused = ({ message }: Refusal): RpcError => serverError(message)

export const ethTransactions: MethodTable = {
  eth_sendRawTransaction: method([required('transaction', bytes)], async ({ api }, raw) => {
    const verdict = await api.submit(raw)
    if (verdict.type !== 'accept') throw refused(verdict)
    return verdict.value
  }),
  eth_getTransactionByHash: method([required('hash', hash)], readTransaction),
  eth_getTransactionReceipt: method([required('hash', hash)], readReceipt),
  eth_getRawTransactionByHash: method([required('hash', hash)], (context, txHash) => {
    const place = placeOf(context, txHash)
    const tx = place?.found.block.transactions[place.at] ?? context.api.mempool.get(txHash)
    return tx ? toHex(tx.raw) : '0x'
  }),
  eth_getTransactionByBlockNumberAndIndex: method(
    [required('block', blockNumber), required('index', index)],
    readAt,
  ),
  eth_getTransactionByBlockHashAndIndex: method(
    [required('hash', hash), required('index', index)],
    (context, blockHash, at) => readAt(context, byHash(blockHash), at),
  ),
  eth_getRawTransactionByBlockNumberAndIndex: method(
    [required('block', blockNumber), required('index', index)],
    readRawAt,
  ),
  eth_getRawTransactionByBlockHashAndIndex: method(
    [required('hash', hash), required('index', index)],
    (context, blockHash, at) => readRawAt(context, byHash(blockHash), at),
  ),
}
