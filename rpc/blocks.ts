/**
 * From the name of a block to the block and the state it stands for. One place knows that latest,
 * safe and finalized are the head, and what unknown blocks are answered with.
 */
import type { Chain } from '../execution/index.ts'
import { assertNever, type Block, type Header, type StateReader } from '../primitives/index.ts'
import type { StoredBlock } from '../state/index.ts'
import { type BlockRef, latest } from './block-ref.ts'
import { headerForHashNotFound, headerNotFound } from './errors.ts'
import type { NextBlock } from './node-api.ts'

/** Height a reference means; a hash must be looked up instead. Pending is the head. */
export function heightOf(chain: Chain, ref: Exclude<BlockRef, { readonly type: 'hash' }>): bigint {
  if (ref.type === 'number') return ref.number
  switch (ref.tag) {
    case 'earliest':
      return 0n
    case 'latest':
    case 'safe':
    case 'finalized':
    case 'pending':
      return chain.head().header.number
    default:
      return assertNever(ref.tag)
  }
}

/** Undefined when this chain has no such block. */
export function findBlock(chain: Chain, ref: BlockRef): StoredBlock | undefined {
  if (ref.type === 'hash') return chain.store.blockByHash(ref.hash)
  const number = heightOf(chain, ref)
  return number > chain.head().header.number ? undefined : chain.store.blockByNumber(number)
}

export const isPending = (ref: BlockRef): boolean => ref.type === 'tag' && ref.tag === 'pending'

/** The block whose state a request reads. Throws RpcError `header not found`. */
export function blockForState(chain: Chain, ref: BlockRef = latest): Block {
  const head = chain.head()
  if (ref.type !== 'hash' && heightOf(chain, ref) === head.header.number) return head
  const found = findBlock(chain, ref)
  if (!found) throw ref.type === 'hash' ? headerForHashNotFound() : headerNotFound()
  return found.block
}

/** Throws RpcError for an unknown block, NodeError STATE_PRUNED for a state that is gone. */
export const stateFor = (chain: Chain, ref: BlockRef | undefined): StateReader =>
  chain.stateAt(blockForState(chain, ref).header.number)

/**
 * The header a call sees. For pending it is the head's with what the next block would have: what
 * the chain holds now, as that block would see it.
 */
export const pendingHeader = (head: Block, next: NextBlock): Header => ({
  ...head.header,
  parentHash: head.hash,
  number: head.header.number + 1n,
  gasUsed: 0n,
  ...next,
})
