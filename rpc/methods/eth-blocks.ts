/** eth_ about blocks: whole, headers, counts, uncles, receipts. Unknown ones are null. */
import type { Chain } from '../../execution/index.ts'
import type { StoredBlock } from '../../state/index.ts'
import { type BlockRef, blockNumber, blockNumberOrHash } from '../block-ref.ts'
import { findBlock, isPending, pendingHeader } from '../blocks.ts'
import {
  formatBlock,
  formatHeader,
  formatPendingBlock,
  formatPendingHeader,
  formatReceipts,
  formatUncle,
  quantity,
} from '../format.ts'
import { type Context, method, type MethodTable, serialized, type Serialized } from '../method.ts'
import { flag, hash, index, required } from '../params.ts'

const byHash = (blockHash: `0x${string}`): BlockRef => ({
  type: 'hash',
  hash: blockHash,
  requireCanonical: false,
})

/** A block as JSON text, made once however often it is asked for. */
function blockText({ blocks }: Context, found: StoredBlock, isFull: boolean): Serialized {
  const key = `${found.block.hash}${isFull ? '+' : ''}`
  const known = blocks.get(key)
  const text = known ?? JSON.stringify(formatBlock(found.block, found.senders, isFull))
  if (known === undefined) blocks.set(key, text)
  return { [serialized]: text }
}

function readBlock(context: Context, ref: BlockRef, isFull: boolean): unknown {
  const { api } = context
  if (isPending(ref)) return formatPendingBlock(pendingHeader(api.chain.head(), api.nextBlock()))
  const found = findBlock(api.chain, ref)
  return found ? blockText(context, found, isFull) : null
}

function readHeader({ api }: Context, ref: BlockRef): unknown {
  if (isPending(ref)) return formatPendingHeader(pendingHeader(api.chain.head(), api.nextBlock()))
  const found = findBlock(api.chain, ref)
  return found ? formatHeader(found.block.header, found.block.hash) : null
}

function readReceipts(context: Context, ref: BlockRef): unknown {
  const { chain } = context.api
  const found = isPending(ref) ? undefined : findBlock(chain, ref)
  const receipts = found && chain.store.receipts(found.block.header.number)
  if (!found || !receipts) return null
  const key = `${found.block.hash}r`
  const known = context.blocks.get(key)
  const blobFee = context.fees.blobFee(found.block.header)
  const text = known ?? JSON.stringify(formatReceipts({ ...found, receipts, blobFee }))
  if (known === undefined) context.blocks.set(key, text)
  return { [serialized]: text }
}

const count = (chain: Chain, ref: BlockRef, of: 'transactions' | 'uncles') => {
  if (isPending(ref)) return '0x0'
  const found = findBlock(chain, ref)
  return found ? quantity(found.block[of].length) : null
}

function readUncle(chain: Chain, ref: BlockRef, at: number): unknown {
  const uncle = findBlock(chain, ref)?.block.uncles[at]
  return uncle ? formatUncle(uncle) : null
}

export const ethBlocks: MethodTable = {
  eth_getBlockByNumber: method([required('block', blockNumber), required('full', flag)], readBlock),
  eth_getBlockByHash: method(
    [required('hash', hash), required('full', flag)],
    (context, blockHash, isFull) => readBlock(context, byHash(blockHash), isFull),
  ),
  eth_getHeaderByNumber: method([required('block', blockNumber)], readHeader),
  eth_getHeaderByHash: method([required('hash', hash)], (context, blockHash) =>
    readHeader(context, byHash(blockHash)),
  ),
  eth_getBlockReceipts: method([required('block', blockNumberOrHash)], readReceipts),
  eth_getBlockTransactionCountByNumber: method([required('block', blockNumber)], ({ api }, ref) =>
    count(api.chain, ref, 'transactions'),
  ),
  eth_getBlockTransactionCountByHash: method([required('hash', hash)], ({ api }, blockHash) =>
    count(api.chain, byHash(blockHash), 'transactions'),
  ),
  eth_getUncleCountByBlockNumber: method([required('block', blockNumber)], ({ api }, ref) =>
    count(api.chain, ref, 'uncles'),
  ),
  eth_getUncleCountByBlockHash: method([required('hash', hash)], ({ api }, blockHash) =>
    count(api.chain, byHash(blockHash), 'uncles'),
  ),
  eth_getUncleByBlockNumberAndIndex: method(
    [required('block', blockNumber), required('index', index)],
    ({ api }, ref, at) => readUncle(api.chain, ref, at),
  ),
  eth_getUncleByBlockHashAndIndex: method(
    [required('hash', hash), required('index', index)],
    ({ api }, blockHash, at) => readUncle(api.chain, byHash(blockHash), at),
  ),
}
