/** debug_getRaw*: blocks, headers, receipts and transactions as the bytes that are hashed. */
import {
  encodeBlock,
  encodeReceipt,
  encodeRlp,
  headerToRlp,
  toHex,
} from '../../primitives/index.ts'
import type { StoredBlock } from '../../state/index.ts'
import { type BlockRef, blockNumberOrHash } from '../block-ref.ts'
import { findBlock, heightOf } from '../blocks.ts'
import { headerForHashNotFound, serverError } from '../errors.ts'
import { type Context, method, type MethodTable } from '../method.ts'
import { hash, required } from '../params.ts'
import { rawTransaction } from '../transactions.ts'

/** Throws RpcError -32000 for a block this chain does not have. */
function stored({ api: { chain } }: Context, ref: BlockRef): StoredBlock {
  const found = findBlock(chain, ref)
  if (found) return found
  throw ref.type === 'hash'
    ? headerForHashNotFound()
    : serverError(`block #${heightOf(chain, ref)} not found`)
}

const block = required('block', blockNumberOrHash)

export const debugRaw: MethodTable = {
  debug_getRawBlock: method([block], (context, ref) =>
    toHex(encodeBlock(stored(context, ref).block)),
  ),
  debug_getRawHeader: method([block], (context, ref) =>
    toHex(encodeRlp(headerToRlp(stored(context, ref).block.header))),
  ),
  debug_getRawReceipts: method([block], (context, ref) => {
    const { number } = stored(context, ref).block.header
    return (context.api.chain.store.receipts(number) ?? []).map((receipt) =>
      toHex(encodeReceipt(receipt)),
    )
  }),
  /** All of a block (anvil, reth). */
  debug_getRawTransactions: method([block], (context, ref) =>
    stored(context, ref).block.transactions.map(({ raw }) => toHex(raw)),
  ),
  /** None is kept: what does not validate is told to who sent it, and dropped. */
  debug_getBadBlocks: method([], () => []),
  debug_getRawTransaction: method([required('hash', hash)], rawTransaction),
}
