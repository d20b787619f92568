/**
 * What `execution/` offers: transactions and blocks run over a state, the chain of committed blocks,
 * and the pool of transactions that wait. Types only. Nothing here says which EVM engine runs.
 */
import type {
  AccessListEntry,
  Address,
  Authorization,
  BlobSidecar,
  Block,
  Header,
  Hex,
  Log,
  Secp256k1,
  StateReader,
  Transaction,
  Verdict,
  Withdrawal,
} from '../primitives/index.ts'
import type { AccountEdit, CommitInput, Journal, Store } from '../state/index.ts'
import type { ChainSpec } from './chain-spec.ts'
import type { Request } from './requests.ts'
import type { SimulatedCall } from './simulated-message.ts'
import type { Tracer } from './tracer.ts'

/** What a transaction sees of its block. `header` roots, gasUsed and bloom are not read. */
export interface BlockContext {
  readonly header: Header
  /** Hash of an ancestor, for BLOCKHASH; undefined when too old. */
  readonly blockHash: (number: bigint) => Hex | undefined
  /** Overridden precompiles: which one's code stands at an address, null for none any more. */
  readonly precompiles?: ReadonlyMap<Address, Address | null>
  /** Wei per blob gas instead of what the header's excess gives. */
  readonly blobBaseFee?: bigint
  /** What the block's transactions were signed for, where the chain's id has changed since (devnets). */
  readonly chainId?: bigint
}

export interface TransactionOutcome {
  readonly status: 'success' | 'revert' | 'halt'
  /** geth's words for a halt: `out of gas`, `invalid opcode: INVALID`, `stack underflow (0 <=> 2)`. */
  readonly error?: string
  readonly returnData: Uint8Array
  readonly gasUsed: bigint
  /** Gas at the most expensive moment: what a gas limit must allow (geth's MaxUsedGas). */
  readonly gasBeforeRefund: bigint
  readonly logs: readonly Log[]
  readonly contractAddress?: Address
}

/** Transaction-level refusals: the transaction cannot stand in this block. Message in geth's words. */
export type InvalidTransactionCode =
  | 'NONCE_TOO_LOW'
  | 'NONCE_TOO_HIGH'
  | 'NONCE_MAX'
  | 'INSUFFICIENT_FUNDS'
  | 'INTRINSIC_GAS'
  | 'FLOOR_DATA_GAS'
  | 'GAS_LIMIT_EXCEEDED'
  | 'TX_GAS_CAP'
  | 'FEE_CAP_TOO_LOW'
  | 'TIP_ABOVE_FEE_CAP'
  | 'SENDER_NOT_EOA'
  | 'INITCODE_TOO_LARGE'
  | 'TX_TYPE'
  | 'BLOB'
  | 'AUTHORIZATION_LIST_EMPTY'
  | 'CHAIN_ID'
  | 'INVALID_SENDER'

/** An unsigned call: eth_call, estimation, simulation. */
export interface CallRequest {
  readonly from: Address
  readonly to: Address | null
  readonly gas: bigint
  /** Wei; 0 runs with a base fee of 0. */
  readonly gasPrice: bigint
  readonly maxPriorityFeePerGas?: bigint
  readonly value: bigint
  readonly data: Uint8Array
  readonly accessList?: readonly AccessListEntry[]
  readonly authorizationList?: readonly Authorization[]
  /** What BLOBHASH gives; a call pays nothing for blobs. */
  readonly blobVersionedHashes?: readonly Hex[]
  readonly nonce?: bigint
}

/**
 * Asked inside a long call at every jump and call. Undefined: go on. A promise: wait, others are due.
 * What it throws ends the call and comes out of `runCall`; the journal is then good for nothing.
 */
export type Breathe = () => Promise<void> | undefined

/** What listens to an execution, and what may interrupt it. */
export interface RunOptions {
  readonly breathe?: Breathe
  readonly tracer?: Tracer
}

/** The one seam to an EVM implementation: execution/evm.ts fulfils it with @ethereumjs/vm. */
export interface Engine {
  /** Runs a transaction with all checks, fees and refunds. A refusal leaves the journal as it was. */
  runTransaction(
    journal: Journal,
    context: BlockContext,
    tx: Transaction,
    sender: Address,
    gasLeftInBlock: bigint,
    options?: RunOptions,
  ): Promise<Verdict<TransactionOutcome, InvalidTransactionCode>>
  /** Runs a call without signature and nonce check; pays nothing when gasPrice is 0. */
  runCall(
    journal: Journal,
    context: BlockContext,
    call: CallRequest,
    options?: RunOptions,
  ): Promise<Verdict<TransactionOutcome, InvalidTransactionCode>>
  /** Runs a call of eth_simulateV1: as a transaction, but for what a simulation does not check. */
  runSimulated(
    journal: Journal,
    context: BlockContext,
    call: SimulatedCall,
    mode: RunOptions & { readonly isValidating: boolean },
  ): Promise<Verdict<TransactionOutcome, InvalidTransactionCode>>
  /** A call by the system address with 30 M gas that costs nobody anything (EIP-4788, 2935, 7002, 7251). */
  runSystemCall(
    journal: Journal,
    context: BlockContext,
    to: Address,
    data: Uint8Array,
  ): Promise<TransactionOutcome>
  /** Addresses of the precompiles of the block's fork. */
  precompilesOf(header: Header): ReadonlySet<Address>
  /** Addresses of the chain's native modules. */
  readonly modules: ReadonlySet<Address>
}

/** A block with everything that committing it needs. */
export type ExecutedBlock = CommitInput & { readonly outcomes: readonly TransactionOutcome[] }

/** What the producer decides about a block that is built. */
export interface BlockTemplate {
  readonly parent: Block
  readonly timestamp: bigint
  readonly feeRecipient: Address
  readonly gasLimit: bigint
  readonly extraData: Hex
  readonly prevRandao: Hex
  readonly parentBeaconBlockRoot: Hex
  readonly withdrawals: readonly Withdrawal[]
  /** Overrides the EIP-1559 base fee (dev mode). */
  readonly baseFeePerGas?: bigint
}

export type InvalidBlockCode =
  | 'PARENT_UNKNOWN'
  | 'HEADER_INVALID'
  | 'TRANSACTION_INVALID'
  | 'GAS_USED_MISMATCH'
  | 'STATE_ROOT_MISMATCH'
  | 'RECEIPTS_ROOT_MISMATCH'
  | 'BLOOM_MISMATCH'
  | 'BODY_MISMATCH'
  | 'REQUESTS_MISMATCH'

export interface BuiltBlock {
  readonly executed: ExecutedBlock
  /** EIP-7685, by type; those without data too. */
  readonly requests: readonly Request[]
  /** Offered transactions that cannot stand in this block, with the reason. */
  readonly refused: readonly {
    readonly tx: PooledTransaction
    readonly code: string
    readonly message: string
  }[]
}

export interface Chain {
  readonly spec: ChainSpec
  readonly store: Store
  readonly engine: Engine
  readonly secp256k1: Secp256k1
  head(): Block
  /** Of the head with what has been set by hand since. Throws NodeError STATE_PRUNED, STATE_UNKNOWN. */
  stateAt(number: bigint): StateReader
  contextOf(header: Header): BlockContext
  /** Checks and executes a foreign block on top of its parent, the head. Commits nothing. */
  validate(block: Block): Promise<Verdict<ExecutedBlock, InvalidBlockCode>>
  /** Builds a block on the head from transactions in the order offered. Commits nothing. */
  build(template: BlockTemplate, offered: Iterable<PooledTransaction>): Promise<BuiltBlock>
  /** Commits, then tells every listener, in order of subscription. */
  commit(executed: ExecutedBlock): Promise<void>
  onCommit(listener: (executed: ExecutedBlock) => void): () => void
  /**
   * So many empty blocks on the head at once, which must be an empty block whose base fee its child
   * keeps. They are told to no listener; the next block is (dev methods).
   */
  commitQuiet(count: number, intervalS: bigint): Promise<void>
  /** Sets accounts by hand: read at once, and a part of the next block's state (dev methods). */
  edit(edits: readonly AccountEdit[]): Promise<void>
  /** Makes `number` the head again, as it was when it was committed, then tells the listeners. */
  rollback(number: bigint): Promise<void>
  onRollback(listener: (head: Block) => void): () => void
}

/** A transaction that waits, with its sender. */
export type PooledTransaction = Transaction & {
  readonly from: Address
  /** What a blob transaction brought along. */
  readonly sidecar?: BlobSidecar
}

export type AdmitCode =
  | InvalidTransactionCode
  | 'TX_MALFORMED'
  | 'ALREADY_KNOWN'
  | 'UNDERPRICED'
  | 'REPLACEMENT_UNDERPRICED'
  | 'ACCOUNT_LIMIT'
  | 'POOL_FULL'
  | 'OVERSIZED'
  | 'UNPROTECTED'

export interface Mempool {
  /** Every refusal has geth's text. `sender` is taken as given, for impersonation on a devnet. */
  add(raw: Uint8Array, sender?: Address): Verdict<PooledTransaction, AdmitCode>
  get(hash: Hex): PooledTransaction | undefined
  /** The account's nonce plus its transactions that stand without a gap. */
  pendingNonce(address: Address): bigint
  /** Executable now (no nonce gap), and waiting behind a gap; nonce order within a sender. */
  content(): {
    readonly pending: ReadonlyMap<Address, readonly PooledTransaction[]>
    readonly queued: ReadonlyMap<Address, readonly PooledTransaction[]>
  }
  counts(): { readonly pending: number; readonly queued: number }
  /** Block order: best tip first, arrival first among equals, nonce order within a sender. */
  best(baseFee: bigint): Iterable<PooledTransaction>
  remove(hash: Hex): void
  /** Drops what the block included or made impossible. */
  onBlock(executed: ExecutedBlock): void
  /** Checks everything against the head again: after a rollback or a change of state by hand. */
  reset(): void
  /** Called with each transaction that enters the executable part. */
  onPending(listener: (tx: PooledTransaction) => void): () => void
}
