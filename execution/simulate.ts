/**
 * Blocks that are not made: eth_simulateV1. Fills gaps, applies overrides, runs calls as unsigned
 * transactions with the system calls and requests of real blocks, and seals each with its roots and
 * hash, on a journal that is thrown away. Order and rules: geth (internal/ethapi/simulate.go).
 */
import {
  accept,
  bloomOf,
  emptyTrieRoot,
  emptyUnclesHash,
  type Address,
  type Block,
  type Header,
  type Hex,
  type Log,
  makeBlock,
  mergeBlooms,
  type Receipt,
  reject,
  toHex,
  type Transaction,
  type UnsignedTransaction,
  type Verdict,
  type Withdrawal,
  withoutSignature,
} from '../primitives/index.ts'
import { applyEdits, createJournal, type Journal, type ScratchRoots } from '../state/index.ts'
import type { ChainSpec } from './chain-spec.ts'
import { nextBaseFee, nextExcessBlobGas } from './header.ts'
import {
  applyStateOverrides,
  type BlockOverride,
  type Stage,
  type StateOverride,
} from './overrides.ts'
import { callAtStart, collectRequests } from './process.ts'
import { applyChanges } from './replay.ts'
import { requestsHashOf } from './requests.ts'
import { payBlockRewards, payWithdrawals } from './rewards.ts'
import type { SimulatedCall } from './simulated-message.ts'
import { createTransferLogs } from './transfer-logs.ts'
import { blobCount, gasPerBlob } from './transaction-rules.ts'
import type {
  BlockContext,
  Breathe,
  Chain,
  InvalidTransactionCode,
  TransactionOutcome,
} from './types.ts'
import { receiptsRootOf, transactionsRootOf, withdrawalsRootOf } from './validate.ts'

/** geth's maxSimulateBlocks, gaps included. */
export const maxSimulatedBlocks = 256n
/** Seconds between blocks whose time nobody gave (geth). */
const secondsPerBlock = 12n

/** What the caller says of a call; what is missing follows from the state when its turn comes. */
export type CallDraft = Omit<SimulatedCall, 'nonce' | 'gas'> &
  Partial<Pick<SimulatedCall, 'nonce' | 'gas'>>

export interface BlockDraft {
  readonly override: BlockOverride
  readonly stateOverride: StateOverride
  readonly parentBeaconBlockRoot?: Hex
  readonly withdrawals?: readonly Withdrawal[]
  readonly calls: readonly CallDraft[]
}

export interface Simulation {
  readonly chain: Pick<Chain, 'spec' | 'engine' | 'store' | 'contextOf'>
  readonly base: Block
  /** Gas of all calls together. */
  readonly gasCap: bigint
  /** Nonces and fees count, as in a real block. */
  readonly isValidating: boolean
  /** Transfers of ether appear as logs (ERC-7528). */
  readonly tracesTransfers: boolean
  readonly breathe: Breathe
}

export interface SimulatedBlock {
  readonly block: Block
  readonly senders: readonly Address[]
  readonly calls: readonly {
    readonly outcome: TransactionOutcome
    readonly logs: readonly IndexedLog[]
  }[]
}
export type IndexedLog = Log & { readonly index: number }

export type SimulationCode =
  | InvalidTransactionCode
  | 'OVERRIDE_CONFLICT'
  | 'BLOCK_GAS'
  | 'BLOCK_NUMBER'
  | 'BLOCK_TIME'
  | 'TOO_MANY_BLOCKS'
  | 'REQUESTS_MISMATCH'

type Result<value> = Verdict<value, SimulationCode>

export async function simulateBlocks(
  simulation: Simulation,
  drafts: readonly BlockDraft[],
): Promise<Result<readonly SimulatedBlock[]>> {
  const placed = placeDrafts(simulation.base.header, drafts)
  if (placed.type !== 'accept') return placed
  const running = startOf(simulation)
  const done: SimulatedBlock[] = []
  for (const draft of placed.value) {
    const made = await simulateBlock(
      simulation,
      running,
      done.at(-1)?.block ?? simulation.base,
      draft,
    )
    if (made.type !== 'accept') return made
    done.push(made.value)
    running.hashes.set(made.value.block.header.number, made.value.block.hash)
    await simulation.breathe()
  }
  return accept(done)
}

/** What goes from one simulated block to the next. */
interface Running {
  /** The state so far. */
  readonly below: Journal
  readonly roots: ScratchRoots
  gasLeft: bigint
  readonly hashes: Map<bigint, Hex>
}

function startOf({ chain: { store }, base, gasCap }: Simulation): Running {
  const { number } = base.header
  const below = createJournal(store.stateAt(number))
  const roots = store.scratchRoots(number)
  if (store.head()?.hash === base.hash) applyEdits(below, store.editsBefore(number + 1n))
  roots.keep(below.changes())
  return { below, roots, gasLeft: gasCap, hashes: new Map([[number, base.hash]]) }
}

/** A draft with its number and time. */
type PlacedDraft = BlockDraft & { readonly number: bigint; readonly timestamp: bigint }

/** Numbers and times in order; gaps between numbers are filled with empty blocks. */
function placeDrafts(base: Header, drafts: readonly BlockDraft[]): Result<readonly PlacedDraft[]> {
  const placed: PlacedDraft[] = []
  let { number: lastNumber, timestamp: lastTime } = base
  for (const draft of drafts) {
    const number = draft.override.number ?? lastNumber + 1n
    if (number <= lastNumber)
      return reject('BLOCK_NUMBER', `block numbers must be in order: ${number} <= ${lastNumber}`)
    if (number - base.number > maxSimulatedBlocks)
      return reject('TOO_MANY_BLOCKS', 'too many blocks')
    for (lastNumber++; lastNumber < number; lastNumber++) {
      lastTime += secondsPerBlock
      placed.push({ ...emptyDraft, number: lastNumber, timestamp: lastTime })
    }
    const timestamp = draft.override.time ?? lastTime + secondsPerBlock
    if (timestamp <= lastTime)
      return reject('BLOCK_TIME', `block timestamps must be in order: ${timestamp} <= ${lastTime}`)
    lastTime = timestamp
    placed.push({ ...draft, number, timestamp })
  }
  return accept(placed)
}

const emptyDraft: BlockDraft = { override: {}, stateOverride: new Map(), calls: [] }

async function simulateBlock(
  simulation: Simulation,
  running: Running,
  parent: Block,
  draft: PlacedDraft,
): Promise<Result<SimulatedBlock>> {
  const { spec, engine } = simulation.chain
  const journal = createJournal(running.below)
  const header = draftHeader(simulation, parent, draft)
  const staged = applyStateOverrides(
    engine,
    { journal, context: contextOf(simulation, running, header, draft) },
    draft.stateOverride,
  )
  if (staged.type !== 'accept') return staged
  const { context } = staged.value
  const ports = { spec, engine, journal, context }
  await callAtStart(ports)
  const ran = await runCalls(simulation, running, staged.value, draft.calls)
  if (ran.type !== 'accept') return ran
  const { transactions, senders, receipts, calls, gasUsed } = ran.value
  const requests = await collectRequests(ports, receipts)
  if (requests.type !== 'accept') return requests
  const withdrawals = draft.withdrawals ?? []
  payWithdrawals(journal, withdrawals)
  payBlockRewards(journal, spec, header, [])
  const changes = journal.changes()
  applyChanges(running.below, changes)
  const block = makeBlock({
    header: {
      ...header,
      stateRoot: running.roots.keep(changes),
      transactionsRoot: transactionsRootOf(transactions),
      receiptsRoot: receiptsRootOf(receipts),
      logsBloom: toHex(mergeBlooms(receipts.map(({ logsBloom }) => logsBloom))),
      gasUsed,
      ...(header.blobGasUsed !== undefined && { blobGasUsed: blobGasOf(transactions) }),
      ...(header.withdrawalsRoot && { withdrawalsRoot: withdrawalsRootOf(withdrawals) }),
      ...(header.requestsHash && { requestsHash: requestsHashOf(requests.value) }),
    },
    transactions,
    uncles: [],
    ...(header.withdrawalsRoot && { withdrawals }),
  })
  return accept({ block, senders, calls })
}

const blobGasOf = (transactions: readonly Transaction[]): bigint =>
  transactions.reduce((sum, tx) => sum + BigInt(blobCount(tx)) * gasPerBlob, 0n)

const zeroHash: Hex = `0x${'00'.repeat(32)}`
const zeroBloom: Hex = `0x${'00'.repeat(256)}`

/** What calls see of their block; the rest is filled in afterwards. */
function draftHeader(
  { chain: { spec }, isValidating }: Simulation,
  parent: Block,
  draft: PlacedDraft,
): Header {
  const { override, number, timestamp } = draft
  const isActive = (fork: Parameters<ChainSpec['isActive']>[0]) =>
    spec.isActive(fork, number, timestamp)
  const baseFee =
    override.baseFeePerGas ?? (isValidating ? nextBaseFee(parent.header, spec) : 0n) ?? 0n
  return {
    parentHash: parent.hash,
    unclesHash: emptyUnclesHash,
    feeRecipient: override.feeRecipient ?? parent.header.feeRecipient,
    stateRoot: emptyTrieRoot,
    transactionsRoot: emptyTrieRoot,
    receiptsRoot: emptyTrieRoot,
    logsBloom: zeroBloom,
    difficulty: isActive('paris') ? 0n : (override.difficulty ?? parent.header.difficulty),
    number,
    gasLimit: override.gasLimit ?? parent.header.gasLimit,
    gasUsed: 0n,
    timestamp,
    extraData: '0x',
    prevRandao: override.prevRandao ?? zeroHash,
    nonce: '0x0000000000000000',
    ...(isActive('london') && { baseFeePerGas: baseFee }),
    ...(isActive('shanghai') && { withdrawalsRoot: emptyTrieRoot }),
    ...(isActive('cancun') && {
      blobGasUsed: 0n,
      excessBlobGas: nextExcessBlobGas(parent.header, spec, timestamp) ?? 0n,
      parentBeaconBlockRoot: draft.parentBeaconBlockRoot ?? zeroHash,
    }),
    ...(isActive('prague') && { requestsHash: requestsHashOf([]) }),
  }
}

/** BLOCKHASH sees the simulated blocks as it sees real ones. */
function contextOf(
  { base, chain }: Simulation,
  { hashes }: Running,
  header: Header,
  { override: { blobBaseFee } }: PlacedDraft,
): BlockContext {
  const baseContext = chain.contextOf(base.header)
  return {
    header,
    blockHash: (number) => {
      if (number >= header.number || number < header.number - 256n) return undefined
      return number < base.header.number ? baseContext.blockHash(number) : hashes.get(number)
    },
    ...(blobBaseFee !== undefined && { blobBaseFee }),
  }
}

interface RanCalls {
  readonly transactions: readonly Transaction[]
  readonly senders: readonly Address[]
  readonly receipts: readonly Receipt[]
  readonly calls: SimulatedBlock['calls']
  readonly gasUsed: bigint
}

async function runCalls(
  simulation: Simulation,
  running: Running,
  { journal, context }: Stage,
  drafts: readonly CallDraft[],
): Promise<Result<RanCalls>> {
  const { chain, isValidating, breathe } = simulation
  const { engine, spec } = chain
  const { header } = context
  const transfers = createTransferLogs(simulation.tracesTransfers)
  const transactions: Transaction[] = []
  const receipts: Receipt[] = []
  const calls: SimulatedBlock['calls'][number][] = []
  let gasUsed = 0n
  for (const draft of drafts) {
    const completed = completeCall(draft, journal, running.gasLeft, header.gasLimit - gasUsed)
    if (completed.type !== 'accept') return completed
    const call = completed.value
    const mode = { isValidating, breathe, tracer: transfers.tracer }
    const verdict = await engine.runSimulated(journal, context, call, mode)
    if (verdict.type !== 'accept')
      return { ...verdict, message: `err: ${verdict.message} (supplied gas ${call.gas})` }
    const outcome = verdict.value
    gasUsed += outcome.gasUsed
    running.gasLeft -= outcome.gasUsed
    const tx = withoutSignature(transactionOf(call, spec.chainId))
    const isByzantium = spec.isActive('byzantium', header.number, header.timestamp)
    const logs = outcome.logs
    transactions.push(tx)
    receipts.push({
      type: tx.type,
      status: isByzantium
        ? outcome.status === 'success'
          ? 1
          : 0
        : running.roots.rootAfter(journal.changes()),
      cumulativeGasUsed: gasUsed,
      logsBloom: bloomOf(logs),
      logs,
    })
    calls.push({ outcome, logs: transfers.take() })
  }
  return accept({ transactions, senders: drafts.map(({ from }) => from), receipts, calls, gasUsed })
}

/** Nonce and gas that the caller left open; never more gas than all calls together may use. */
function completeCall(
  draft: CallDraft,
  journal: Journal,
  gasLeft: bigint,
  leftInBlock: bigint,
): Result<SimulatedCall> {
  const gas = draft.gas ?? leftInBlock
  if (gas > leftInBlock)
    return reject(
      'BLOCK_GAS',
      `block gas limit reached: remaining: ${leftInBlock}, required: ${gas}`,
    )
  return accept({
    ...draft,
    nonce: draft.nonce ?? journal.account(draft.from)?.nonce ?? 0n,
    gas: gas < gasLeft ? gas : gasLeft,
  })
}

/** The type geth gives such a call: of the fee market unless its fields say otherwise. */
function transactionOf(call: SimulatedCall, chainId: bigint): UnsignedTransaction {
  const { nonce, gas: gasLimit, to, value, data } = call
  const common = { nonce, gasLimit, to, value, data }
  if (call.gasPrice !== undefined)
    return { type: 'legacy', ...common, chainId: undefined, gasPrice: call.gasPrice }
  const { maxFeePerGas, maxPriorityFeePerGas, authorizationList, blobVersionedHashes } = call
  const fields = {
    ...common,
    chainId,
    accessList: call.accessList ?? [],
    maxFeePerGas,
    maxPriorityFeePerGas,
  }
  if (authorizationList && to !== null) return { type: 'setCode', ...fields, to, authorizationList }
  const { maxFeePerBlobGas } = call
  if (blobVersionedHashes && to !== null)
    return { type: 'blob', ...fields, to, maxFeePerBlobGas, blobVersionedHashes }
  return { type: 'feeMarket', ...fields }
}
