/**
 * What `state/` offers: a store of committed blocks with the state after each of them, and a
 * journal in which one execution writes above it. Types only; `store.ts` and `journal.ts` fulfil them.
 */
import type { WholeAccount } from './preimages.ts'
import type {
  Account,
  Address,
  Block,
  Hex,
  Receipt,
  SlotValue,
  StateChanges,
  StateReader,
} from '../primitives/index.ts'
import type { BlockLogs } from './block-logs.ts'

/** Account fields an execution may set; the storage root follows from the slots at block end. */
export type AccountFields = Pick<Account, 'nonce' | 'balance' | 'codeHash'>

/** One execution's writes above a state that stands still, with an undo log. Not shared. */
export interface Journal extends StateReader {
  setAccount(address: Address, fields: AccountFields): void
  /** Removes the account and all its storage. */
  deleteAccount(address: Address): void
  /** The account must exist (invariant). 0 deletes the slot. */
  setStorage(address: Address, slot: bigint, value: bigint): void
  clearStorage(address: Address): void
  putCode(code: Uint8Array): Hex
  /** Whether any slot is set, in the base state or here (EIP-7610 asks). */
  hasStorage(address: Address): boolean
  checkpoint(): void
  commit(): void
  revert(): void
  /** Checkpoints open now. */
  depth(): number
  /** Net changes against the base. Checkpoints must all be closed (invariant). */
  changes(): StateChanges
}

/** Changes with the root they lead to, ready to be committed on top of the head they were made for. */
export interface StateUpdate {
  readonly root: Hex
  readonly parent: Hex
  readonly changes: StateChanges
}

export interface CommitInput {
  readonly block: Block
  readonly receipts: readonly Receipt[]
  /** By transaction; stored, so that reading a block recovers nothing. */
  readonly senders: readonly Address[]
  readonly update: StateUpdate
  /** By transaction; absent where no address index is kept. */
  readonly appearances?: readonly Appearance[]
  /** Who decided the block, as consensus encodes it; absent where a lone producer seals. */
  readonly certificate?: Uint8Array
}

/** What is set by hand in one account; absent: as it was. */
export interface AccountEdit {
  readonly address: Address
  readonly nonce?: bigint
  readonly balance?: bigint
  readonly code?: Uint8Array
  readonly slots?: readonly SlotValue[]
}

/** What one transaction reached: addresses called, internal calls included, and contracts made. */
export interface Appearance {
  readonly addresses: readonly Address[]
  readonly created: readonly { readonly contract: Address; readonly creator: Address }[]
}

export interface TransactionPlace {
  readonly blockNumber: bigint
  readonly index: number
}

/** Look-ups by address, as far as the node has kept them. */
export interface AddressIndex {
  /** First block whose transactions are found; undefined: none are. */
  since(): bigint | undefined
  /** Highest block below the head that was committed without it; block 0 has nothing to find. */
  nextUnfilled(): bigint | undefined
  /** Transactions in which an address appears, within blocks from..to. */
  appearances(
    address: Address,
    range: { readonly from?: bigint; readonly to?: bigint; readonly isBackwards?: boolean },
  ): AsyncIterable<TransactionPlace>
  creation(
    contract: Address,
  ): { readonly place: TransactionPlace; readonly creator: Address } | undefined
  sent(sender: Address, nonce: bigint): TransactionPlace | undefined
}

export interface StoredBlock {
  readonly block: Block
  readonly senders: readonly Address[]
}

/** EIP-1186. */
export interface AccountProof {
  readonly account: Account | undefined
  readonly accountProof: readonly Uint8Array[]
  readonly storage: readonly {
    readonly slot: bigint
    readonly value: bigint
    readonly proof: readonly Uint8Array[]
  }[]
}

/** Blocks from..to that may hold logs with one of the addresses and topics (null = any). */
export interface LogQuery {
  readonly from: bigint
  readonly to: bigint
  readonly addresses: readonly Address[]
  readonly topics: readonly (readonly Hex[] | null)[]
}

export interface StoreOptions {
  /** Folder on disk; absent: everything in memory. */
  readonly path?: string
  /** Upper bound of all read caches together. */
  readonly cacheBytes: number
  /** How many past states can be read; 'archive' keeps all. */
  readonly keepStates: number | 'archive'
  /** Waits at each commit until the disk has it: power loss loses nothing. A killed process never does. */
  readonly sync?: boolean
  /** Keeps addresses and slots behind hashed keys, so that `wholeState` can name them. */
  readonly keepPreimages?: boolean
  /** Refuses a database that began with another genesis block (NodeError DB_GENESIS). */
  readonly expectGenesis?: Hex
  /** Reads all table files once and refuses damage before it is met (NodeError DB_CORRUPT): some seconds a GB. */
  readonly verifyTables?: boolean
}

export interface Store extends StateSource {
  /** The last committed block; undefined before genesis. */
  head(): Block | undefined
  /** Writes block, receipts, lookups, log index, state and head in one atomic batch. */
  commit(input: CommitInput): Promise<void>
  /** Makes `number` the head again, state and indexes included; edits above it are gone (dev methods). */
  rollback(number: bigint): Promise<void>
  /** So many empty blocks on the head, an empty block itself, in one atomic write (dev methods). */
  commitQuiet(count: number, intervalS: bigint): Promise<void>
  /** Every account of the head's state. Nothing may be committed meanwhile. */
  wholeState(): AsyncIterable<WholeAccount>
  /** Keeps edits for the block after the head, in one atomic write (dev methods). */
  edit(edits: readonly AccountEdit[]): Promise<void>
  /** What was set by hand between block `number - 1` and `number`, in order. */
  editsBefore(number: bigint): readonly AccountEdit[]
  blockByNumber(number: bigint): StoredBlock | undefined
  blockByHash(hash: Hex): StoredBlock | undefined
  receipts(number: bigint): readonly Receipt[] | undefined
  /** Commit certificate, stored with the block; undefined where none was given. */
  certificate(number: bigint): Uint8Array | undefined
  /** The block's logs without the rest of it, in order. */
  logs(number: bigint): BlockLogs | undefined
  transactionPlace(hash: Hex): { readonly blockNumber: bigint; readonly index: number } | undefined
  /** Ascending candidates; a superset of the blocks that match. */
  blocksWithLogs(query: LogQuery): AsyncIterable<bigint>
  readonly addresses: AddressIndex
  /**
   * Adds to the address index a block committed without it, when it is `addresses.nextUnfilled()`.
   * Blocks from `lowest` up to it have no transactions.
   */
  fillAddresses(
    stored: StoredBlock,
    found: { readonly appearances: readonly Appearance[]; readonly lowest: bigint },
  ): Promise<void>
  /** Oldest height whose state can be read. */
  oldestState(): bigint
  /** Throws NodeError PROOF_TOO_OLD outside the last 128 blocks. */
  proof(number: bigint, address: Address, slots: readonly bigint[]): AccountProof
  close(): Promise<void>
}

/** Roots above a block, at the cost of what each step changes. Nothing of it is stored. */
export interface ScratchRoots {
  /** Root after `changes` above what was kept so far. */
  rootAfter(changes: StateChanges): Hex
  /** The same, and `changes` are kept. */
  keep(changes: StateChanges): Hex
}

/** Where executions get their states and roots from. */
export interface StateSource {
  /** Throws NodeError STATE_PRUNED or STATE_UNKNOWN. The reader stays valid while newer blocks come. */
  stateAt(number: bigint): StateReader
  /** Root after `changes` on top of the head; writes nothing. */
  computeUpdate(changes: StateChanges): StateUpdate
  /** Roots of blocks that are not made, above a recent one; throws NodeError PROOF_TOO_OLD for others. */
  scratchRoots(number: bigint): ScratchRoots
}
