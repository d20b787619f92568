/** eth_ about transactions: sending them, and finding them in blocks and in the pool. */
import type { Refusal } from '../../primitives/index.ts'
import { toHex } from '../../primitives/index.ts'
import type { StoredBlock } from '../../state/index.ts'
import { type BlockRef, blockNumber } from '../block-ref.ts'
import { findBlock, isPending } from '../blocks.ts'
import { type RpcError, serverError } from '../errors.ts'
import { formatPooled } from '../format.ts'
import { type Context, method, type MethodTable, slowMethod } from '../method.ts'
import { address, bytes, hash, index, optional, required, uint64 } from '../params.ts'
import { sendAndWait } from '../send-and-wait.ts'
import { transactionOfSender } from '../sender-history.ts'
import { minedTransaction, rawTransaction, readReceipt, readTransaction } from '../transactions.ts'

type Hash = `0x${string}`

/** The pending block is the head's state with nothing in it. */
const minedBlock = ({ api }: Context, ref: BlockRef): StoredBlock | undefined =>
  isPending(ref) ? undefined : findBlock(api.chain, ref)

function readAt(context: Context, ref: BlockRef, at: number): unknown {
  const found = minedBlock(context, ref)
  return found ? minedTransaction({ found, at }) : null
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
  eth_sendRawTransactionSync: slowMethod(
    [required('transaction', bytes), optional('timeoutMs', uint64)],
    sendAndWait,
  ),
  eth_getTransactionBySenderAndNonce: method(
    [required('address', address), required('nonce', uint64)],
    transactionOfSender,
  ),
  /** Those of accounts whose keys the node holds (geth). */
  eth_pendingTransactions: method([], ({ api }) => {
    const own = new Set(api.dev?.wallet.accounts())
    return [...api.mempool.content().pending].flatMap(([sender, txs]) =>
      own.has(sender) ? txs.map((tx) => formatPooled(tx, sender)) : [],
    )
  }),
  eth_getTransactionByHash: method([required('hash', hash)], readTransaction),
  eth_getTransactionReceipt: method([required('hash', hash)], readReceipt),
  eth_getRawTransactionByHash: method([required('hash', hash)], rawTransaction),
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
