/**
 * What JSON-RPC asks of a devnet beyond `NodeApi`: keys it signs with. `node/dev/` fulfils it; a
 * node of a network has none, and the methods in methods/dev/ do not exist there.
 */
import type {
  Address,
  Hex,
  Signature,
  Transaction,
  UnsignedTransaction,
  Verdict,
} from '../primitives/index.ts'

export interface DevApi {
  readonly wallet: Wallet
  readonly blocks: DevBlocks
}

/** Blocks by hand. */
export interface DevBlocks {
  /** Seals so many blocks now, empty ones too. */
  mine(count: number): Promise<void>
}

/** Unlocked accounts. Keys come in and never go out. */
export interface Wallet {
  /** Those with a key first, then the impersonated ones. */
  accounts(): readonly Address[]
  /** Signs a 32-byte hash; undefined when there is no key for `address`. */
  sign(address: Address, hash: Uint8Array): Signature | undefined
  /** Signed, or marked as impersonated; undefined when `from` is neither unlocked nor impersonated. */
  authorize(tx: UnsignedTransaction, from: Address): Transaction | undefined
  /** Takes an authorized transaction in, as `NodeApi.submit` does. */
  submit(tx: Transaction, from: Address): Promise<Verdict<Hex>>
}
