/**
 * Accounts and the view of a state that executions read. `state/` fulfils the reader for committed
 * blocks, `execution/` writes to a journal above it; both speak in these terms.
 */
import { fromHex, type Address, type Hex } from './bytes.ts'
import { encodeRlp } from './rlp.ts'

export interface Account {
  readonly nonce: bigint
  /** Wei. */
  readonly balance: bigint
  /** keccak256 of the code; `emptyCodeHash` without code. */
  readonly codeHash: Hex
  /** Root of the storage trie as of the last committed block, never of changes still in flight. */
  readonly storageRoot: Hex
}

/** A state that stands still: everything as of one block. Reads are synchronous. */
export interface StateReader {
  account(address: Address): Account | undefined
  /** Value of a slot; 0 when never written. */
  storage(address: Address, slot: bigint): bigint
  /** Throws when no code with this hash was ever stored; empty for `emptyCodeHash`. */
  code(codeHash: Hex): Uint8Array
}

/** What the state trie stores (Yellow Paper, 4.1). */
export const encodeAccount = (account: Account): Uint8Array =>
  encodeRlp([
    account.nonce,
    account.balance,
    fromHex(account.storageRoot),
    fromHex(account.codeHash),
  ])

/** The net difference between a state and its parent, in an order that does not matter. */
export interface StateChanges {
  /** New fields of every touched account; undefined deletes it with all its storage. */
  readonly accounts: ReadonlyMap<Address, AccountChange | undefined>
  readonly codes: ReadonlyMap<Hex, Uint8Array>
}

export interface AccountChange {
  readonly nonce: bigint
  readonly balance: bigint
  readonly codeHash: Hex
  /** All storage the parent state had is gone before `slots` apply (selfdestruct before Cancun). */
  readonly wiped: boolean
  /** Each slot once, with its new value; 0 deletes. */
  readonly slots: readonly SlotValue[]
}

/**
 * A slot and what it holds. Slots go in lists, or stand in a map by their text: anybody chooses them, and V8 finds a
 * bigint by its low 64 bits, so chosen ones share a bucket.
 */
export type SlotValue = readonly [slot: bigint, value: bigint]
