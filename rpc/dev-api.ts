/**
 * What JSON-RPC asks of a devnet beyond `NodeApi`: keys it signs with, and hands on blocks, time and
 * state. `node/dev/` fulfils it; a node of a network has none, and the methods in methods/dev/ do
 * not exist there. What callers may ask is checked by the methods.
 */
import type {
  Address,
  Hex,
  Signature,
  Transaction,
  UnsignedTransaction,
  Verdict,
} from '../primitives/index.ts'
import type { ExecutedBlock, PooledTransaction, Tracer } from '../execution/index.ts'
import type { AccountEdit } from '../state/index.ts'

export interface DevApi {
  readonly wallet: Wallet
  readonly blocks: DevBlocks
  readonly time: DevTime
  readonly snapshots: DevSnapshots
  /** Absent where nothing is kept on disk. */
  readonly named?: NamedSnapshots
  /** Read at once, part of the next block's state. */
  edit(edits: readonly AccountEdit[]): Promise<void>
  /** The head's state in anvil's format. */
  dumpState(): Promise<Uint8Array>
  /** Throws NodeError STATE_DUMP_INVALID. */
  loadState(dump: Uint8Array): Promise<void>
  /** Everything as after the start of a new chain. */
  reset(): Promise<void>
  /** Hears eth_call, for what contracts print in it. */
  readonly tracer?: Tracer
  /** Of the blocks to come, until the devnet stops. */
  setChainId(chainId: bigint): void
  /** From now on contracts that recover the signer of these 65 bytes get `signer`. */
  impersonateSignature(signature: Hex, signer: Address): void
  /** Whether blocks are told of on the terminal. */
  setLogging(isOn: boolean): void
}

/** Unlocked accounts. Keys come in and never go out. */
export interface Wallet {
  /** Those with a key first, then the impersonated ones. */
  accounts(): readonly Address[]
  /** Signs a 32-byte hash; undefined when there is no key for `address`. */
  sign(address: Address, hash: Uint8Array): Signature | undefined
  /** Signed, or marked as impersonated; undefined when `from` is neither unlocked nor impersonated. */
  authorize(tx: UnsignedTransaction, from: Address): Transaction | undefined
  /** Marked as sent by `from`, whoever that is. */
  unsigned(tx: UnsignedTransaction, from: Address): Transaction
  /** Takes an authorized transaction in, as `NodeApi.submit` does. */
  submit(tx: Transaction, from: Address): Promise<Verdict<Hex>>
  /** Acts for `address` without its key from now on, or no longer. */
  impersonate(address: Address, isOn: boolean): void
  /** Acts for everybody, or no longer. */
  impersonateAll(isOn: boolean): void
  /** An account that is known, and locked, from now on; false when it was known. */
  add(address: Address, password: string): boolean
  /** False when it was not there. Throws NodeError WRONG_PASSWORD. */
  remove(address: Address, password: string): boolean
  /** Acts for an added account, or no longer. False when it is not known. Throws NodeError WRONG_PASSWORD. */
  unlock(address: Address, password: string): boolean
  lock(address: Address): boolean
}

/** Blocks by hand. */
export interface DevBlocks {
  /** Seals so many blocks now, empty ones too, `intervalS` seconds apart. */
  mine(count: bigint, intervalS: bigint): Promise<void>
  /** One block now, with what became of its transactions. */
  mineOne(): Promise<ExecutedBlock>
  /** Makes `number` the head again. */
  rollback(number: bigint): Promise<void>
  /**
   * Takes `depth` blocks back and makes as many others: `offered` says what is in each, by its place
   * from 0. What cannot stand there is left out and told.
   */
  reorg(
    depth: bigint,
    offered: ReadonlyMap<bigint, readonly PooledTransaction[]>,
  ): Promise<readonly string[]>
  isAutomine(): boolean
  /** Milliseconds between blocks; undefined: none by themselves. */
  blockTimeMs(): number | undefined
  setAutomine(isOn: boolean): void
  /** 0: none by themselves. */
  setBlockTime(blockTimeMs: number): void
  setFeeRecipient(address: Address): void
  setGasLimit(gas: bigint): void
  /** Of the next block only. */
  setNextBaseFee(wei: bigint): void
  /** Of the next block only. */
  setNextPrevRandao(value: Hex): void
  /** Wei a unit of gas; the pool takes nothing cheaper from now on. */
  setMinGasPrice(wei: bigint): void
  /** Whether it was in the pool. */
  drop(hash: Hex): boolean
  /** All of the pool, or all of one sender. */
  dropAll(from?: Address): void
}

/** The chain's clock, in seconds since the Unix epoch. */
export interface DevTime {
  now(): bigint
  /** By the machine's clock, when the last block was made. */
  lastBlockAt(): bigint
  set(timestamp: bigint): void
  /** Seconds in all by which the chain's clock is ahead of the machine's. */
  increase(seconds: bigint): bigint
  /** Of the next block; time goes on from there. */
  setNext(timestamp: bigint): void
  /** Seconds between blocks; undefined: as the clock has it. Whether there was an interval before. */
  setInterval(seconds: bigint | undefined): boolean
}

export interface DevSnapshots {
  /** Ids go up from 0. */
  take(): Promise<number>
  /** False for an id that is not there. It and all later ones are used up. */
  revert(id: number): Promise<boolean>
  list(): readonly (readonly [id: number, height: bigint, hash: Hex])[]
}

/** Whole chains on disk under a name. All throw NodeError SNAPSHOT, saying what to do. */
export interface NamedSnapshots {
  save(name: string): Promise<NamedSnapshot>
  /** One that lies in the running chain's past. */
  load(name: string): Promise<void>
  list(): Promise<readonly NamedSnapshot[]>
  remove(name: string): Promise<void>
}

export interface NamedSnapshot {
  readonly name: string
  readonly height: number
  readonly hash: Hex
  /** Of its head, in seconds since the Unix epoch. */
  readonly timestamp: number
}
