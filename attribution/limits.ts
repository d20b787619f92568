/** Limits and prices that several modules share, each named once. Keeps nothing. */
import type { Address, Hex } from '../primitives/index.ts'
import { textWord } from './words.ts'

/** One node of a Merkle tree, or one leaf's hash: two hashes in, one out (bench/gas). */
export const nodeGas = 160n

/** Leaves of a receipt that a settlement looks at and credits itself. */
export const maxShownLeaves = 16

/** Names a place on the web; more is no address any more. */
const maxUriBytes = 256

/** In bytes, which is what a string's characters are inside a module (execution/native/abi-text.ts). */
export function checkUri(
  { revert }: { readonly revert: (name: 'LimitExceeded', args: readonly [Hex, bigint]) => Error },
  uri: string,
): void {
  if (uri.length > maxUriBytes)
    throw revert('LimitExceeded', [textWord('uri'), BigInt(maxUriBytes)])
}

/** A module's `mapping(address => uint256)` of what accounts may withdraw. */
interface Balances {
  at(account: Address): { get(): bigint; set(value: bigint): void }
}

/** Adds to what an account may withdraw; nothing is not written. */
export function credit(balances: Balances, account: Address, amount: bigint): void {
  if (amount === 0n) return
  const balance = balances.at(account)
  balance.set(balance.get() + amount)
}
