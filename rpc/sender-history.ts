/**
 * The transaction of a sender with a nonce, mined or waiting. No index is kept for it: the block is
 * found by halving the chain on the account's nonce, which only grows, so it needs past states.
 */
import type { Address } from '../primitives/index.ts'
import { formatPooled, type Json } from './format.ts'
import type { Context } from './method.ts'
import { minedTransaction } from './transactions.ts'

/** Throws NodeError STATE_PRUNED where the states it must read are gone. */
export function transactionOfSender(context: Context, sender: Address, nonce: bigint): Json | null {
  const { chain, mempool } = context.api
  const nonceAt = (height: bigint): bigint => chain.stateAt(height).account(sender)?.nonce ?? 0n
  const head = chain.head().header.number
  if (nonceAt(head) <= nonce) {
    const { pending, queued } = mempool.content()
    const waiting = [...(pending.get(sender) ?? []), ...(queued.get(sender) ?? [])]
    const found = waiting.find((tx) => tx.nonce === nonce)
    return found ? formatPooled(found, sender) : null
  }
  let [low, high] = [chain.store.oldestState(), head]
  while (low < high) {
    const middle = (low + high) / 2n
    if (nonceAt(middle) > nonce) high = middle
    else low = middle + 1n
  }
  const found = chain.store.blockByNumber(low)
  // Authorizations and creations raise nonces as well (EIP-7702, 161): then no transaction has it.
  const at = found?.block.transactions.findIndex(
    (tx, i) => tx.nonce === nonce && found.senders[i] === sender,
  )
  return found && at !== undefined && at >= 0 ? minedTransaction({ found, at }) : null
}
