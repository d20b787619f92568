/**
 * Otterscan's ots_ methods (API level 8) and the two of erigon_ it asks for, as Erigon answers them.
 * Searches read the address index; traces execute blocks again.
 */
import type { Address, Hex, Receipt } from '../../primitives/index.ts'
import { emptyCodeHash, effectiveGasPrice, toHex } from '../../primitives/index.ts'
import type { AddressIndex, StoredBlock, TransactionPlace } from '../../state/index.ts'
import { type BlockRef, blockNumber, blockNumberOrHash } from '../block-ref.ts'
import { findBlock, stateFor } from '../blocks.ts'
import { serverError } from '../errors.ts'
import {
  formatBlock,
  formatHeader,
  formatMined,
  formatReceipts,
  type Json,
  quantity,
} from '../format.ts'
import { type Context, method, type MethodTable } from '../method.ts'
import { address, type Decoder, flag, hash, hexOrDecimal, optional, required } from '../params.ts'
import { type CallFrame, collectFrames, type FrameCollector } from '../tracers/call-frames.ts'
import { outputOf } from '../tracers/call-tracer.ts'
import { createBudget } from '../tracers/tracer.ts'
import { findTransaction, traceBlock } from '../tracing.ts'

/** What Otterscan's newest page needs (its API document). */
const apiLevel = 8
/** Erigon's --ots.search.max.pagesize. */
const maxPageSize = 25
const timeoutMs = 20_000

/** Otterscan sends block numbers as JSON numbers. */
const looseNumber: Decoder<BlockRef> = {
  schema: { oneOf: [blockNumber.schema, { type: 'integer', minimum: 0 }] },
  decode: (value, place) =>
    typeof value === 'number'
      ? { type: 'number', number: hexOrDecimal.decode(value, place) }
      : blockNumber.decode(value, place),
}

const byHash = (blockHash: Hex): BlockRef => ({
  type: 'hash',
  hash: blockHash,
  requireCanonical: false,
})

function indexOf({ api }: Context): AddressIndex {
  const { addresses } = api.chain.store
  if (addresses.since() === undefined && api.chain.head().header.number > 0n)
    throw serverError('no address index is kept here: start the node without --no-address-index')
  return addresses
}

async function framesOf({ api }: Context, txHash: Hex) {
  const { found, at } = findTransaction(api.chain, txHash)
  let frames: FrameCollector | undefined
  const run = traceBlock(api, found, {
    timeoutMs,
    from: at,
    tracerOf: () => {
      frames = collectFrames({}, createBudget())
      return frames.hooks
    },
  })
  for await (const { outcome } of run) if (frames) return { root: frames.root(), outcome }
  throw serverError('transaction not found')
}

/** In the order they began, with their depth. */
function* walk(frame: CallFrame, depth = 0): Generator<{ frame: CallFrame; depth: number }> {
  const open = [{ frame, depth }]
  for (let next = open.pop(); next; next = open.pop()) {
    yield next
    for (const call of next.frame.calls.toReversed())
      open.push({ frame: call, depth: next.depth + 1 })
  }
}

const valueOf = ({ type, value }: CallFrame): Hex | null =>
  value === undefined || type === 'DELEGATECALL' ? null : quantity(value)

async function traceTransaction(context: Context, txHash: Hex): Promise<Json[]> {
  const { root } = await framesOf(context, txHash)
  return Array.from(walk(root), ({ frame, depth }) => ({
    type: frame.type,
    depth,
    from: frame.from,
    to: frame.to,
    value: valueOf(frame),
    input: frame.input,
    output: outputOf(frame),
  }))
}

/** Otterscan's numbers for what moves ether or code inside a transaction. */
const operations: Partial<Record<CallFrame['type'], number>> = {
  CALL: 0,
  SELFDESTRUCT: 1,
  CREATE: 2,
  CREATE2: 3,
}

async function internalOperations(context: Context, txHash: Hex): Promise<Json[]> {
  const { root } = await framesOf(context, txHash)
  return [...walk(root)].flatMap(({ frame, depth }) => {
    const type = operations[frame.type]
    const isTransfer = frame.type !== 'CALL' || (frame.value ?? 0n) > 0n
    if (depth === 0 || type === undefined || !isTransfer) return []
    return [{ type, from: frame.from, to: frame.to, value: quantity(frame.value ?? 0n) }]
  })
}

/** A block for a list: no transactions, no bloom. */
function summary({ block, senders }: StoredBlock): Json {
  const { transactions, ...fields } = formatBlock(block, senders, false)
  const transactionCount = (transactions as unknown[]).length
  return { ...fields, logsBloom: null, transactionCount }
}

function blockDetails({ api }: Context, ref: BlockRef): Json | null {
  const found = findBlock(api.chain, ref)
  if (!found) return null
  const receipts = api.chain.store.receipts(found.block.header.number) ?? []
  const none = quantity(0n)
  return {
    block: summary(found),
    // Nothing is issued: fees are all a producer gets.
    issuance: { blockReward: none, uncleReward: none, issuance: none },
    totalFees: quantity(totalFees(found, receipts)),
  }
}

function totalFees({ block }: StoredBlock, receipts: readonly Receipt[]): bigint {
  let [fees, gasBefore] = [0n, 0n]
  for (const [i, tx] of block.transactions.entries()) {
    const cumulative = receipts[i]?.cumulativeGasUsed ?? gasBefore
    fees += (cumulative - gasBefore) * effectiveGasPrice(tx, block.header.baseFeePerGas ?? 0n)
    gasBefore = cumulative
  }
  return fees
}

/** One page, counted from the last transaction as Otterscan shows them. */
function blockTransactions(
  context: Context,
  ref: BlockRef,
  page: number,
  size: number,
): Json | null {
  checkPageSize(size)
  const found = findBlock(context.api.chain, ref)
  if (!found) return null
  const { block, senders } = found
  const end = Math.max(0, block.transactions.length - page * size)
  const start = Math.max(0, end - size)
  const { transactions } = formatBlock(block, senders, true)
  const receipts = receiptsOf(context, found)
  return {
    fullblock: {
      ...summary(found),
      transactions: (transactions as Json[]).slice(start, end).map((tx) => ({
        ...tx,
        input: String(tx['input']).slice(0, 10), // its selector
      })),
    },
    receipts: receipts
      .slice(start, end)
      .map((receipt) => ({ ...receipt, logs: null, logsBloom: null })),
  }
}

function receiptsOf({ api, fees }: Context, found: StoredBlock): Json[] {
  const receipts = api.chain.store.receipts(found.block.header.number) ?? []
  return formatReceipts({ ...found, receipts, blobFee: fees.blobFee(found.block.header) })
}

function checkPageSize(size: number): void {
  if (size > maxPageSize) throw serverError(`max allowed page size: ${maxPageSize}`)
}

/** Whole blocks until a page is full; 0 means from the newest, or from the oldest, block on. */
async function search(
  context: Context,
  who: Address,
  at: bigint,
  size: number,
  isBackwards: boolean,
): Promise<Json> {
  checkPageSize(size)
  const range = isBackwards
    ? at === 0n
      ? {}
      : { to: at - 1n }
    : { from: at === 0n ? 0n : at + 1n }
  const places: TransactionPlace[] = []
  let isEnd = true
  for await (const place of indexOf(context).appearances(who, { ...range, isBackwards })) {
    if (places.length >= size && place.blockNumber !== places.at(-1)?.blockNumber) {
      isEnd = false
      break
    }
    places.push(place)
  }
  const newestFirst = isBackwards ? places : places.toReversed()
  const entries = newestFirst.map((place) => entryAt(context, place))
  const isStart = at === 0n
  return {
    txs: entries.map(({ tx }) => tx),
    receipts: entries.map(({ receipt }) => receipt),
    firstPage: isBackwards ? isStart : isEnd,
    lastPage: isBackwards ? isEnd : isStart,
  }
}

function entryAt(context: Context, { blockNumber: number, index: at }: TransactionPlace) {
  const found = context.api.chain.store.blockByNumber(number)
  const [tx, from] = [found?.block.transactions[at], found?.senders[at]]
  if (!found || !tx || !from) throw serverError('transaction not found')
  return {
    tx: formatMined(tx, found.block, at, from),
    receipt: {
      ...receiptsOf(context, found)[at],
      timestamp: Number(found.block.header.timestamp),
    },
  }
}

const hashAt = ({ api }: Context, place: TransactionPlace | undefined): Hex | null =>
  (place &&
    api.chain.store.blockByNumber(place.blockNumber)?.block.transactions[place.index]?.hash) ??
  null

function contractCreator(context: Context, contract: Address): Json | null {
  const found = indexOf(context).creation(contract)
  const state = stateFor(context.api.chain, undefined)
  const hasCode = (state.account(contract)?.codeHash ?? emptyCodeHash) !== emptyCodeHash
  return found && hasCode ? { hash: hashAt(context, found.place), creator: found.creator } : null
}

/** The last block that is not younger than `timestamp`. */
function blockBefore({ api }: Context, timestamp: bigint): StoredBlock | undefined {
  const { store } = api.chain
  let [low, high] = [0n, api.chain.head().header.number]
  while (low < high) {
    const middle = (low + high + 1n) / 2n
    const time = store.blockByNumber(middle)?.block.header.timestamp ?? 0n
    if (time <= timestamp) low = middle
    else high = middle - 1n
  }
  return store.blockByNumber(low)
}

const searchParams = [
  required('address', address),
  required('blockNumber', hexOrDecimal),
  required('pageSize', hexOrDecimal),
] as const

export const ots: MethodTable = {
  ots_getApiLevel: method([], () => apiLevel),
  ots_hasCode: method(
    [required('address', address), required('block', blockNumberOrHash)],
    ({ api }, who, ref) =>
      (stateFor(api.chain, ref).account(who)?.codeHash ?? emptyCodeHash) !== emptyCodeHash,
  ),
  ots_getInternalOperations: method([required('hash', hash)], internalOperations),
  ots_getTransactionError: method([required('hash', hash)], async (context, txHash) => {
    const { outcome } = await framesOf(context, txHash)
    return outcome.status === 'revert' ? toHex(outcome.returnData) : '0x'
  }),
  ots_traceTransaction: method([required('hash', hash)], traceTransaction),
  ots_getBlockDetails: method([required('block', looseNumber)], blockDetails),
  ots_getBlockDetailsByHash: method([required('hash', hash)], (context, blockHash) =>
    blockDetails(context, byHash(blockHash)),
  ),
  ots_getBlockTransactions: method(
    [
      required('block', looseNumber),
      required('pageNumber', hexOrDecimal),
      required('pageSize', hexOrDecimal),
    ],
    (context, ref, page, size) => blockTransactions(context, ref, Number(page), Number(size)),
  ),
  ots_searchTransactionsBefore: method(searchParams, (context, who, at, size) =>
    search(context, who, at, Number(size), true),
  ),
  ots_searchTransactionsAfter: method(searchParams, (context, who, at, size) =>
    search(context, who, at, Number(size), false),
  ),
  ots_getTransactionBySenderAndNonce: method(
    [required('address', address), required('nonce', hexOrDecimal)],
    (context, who, nonce) => hashAt(context, indexOf(context).sent(who, nonce)),
  ),
  ots_getContractCreator: method([required('address', address)], contractCreator),
  erigon_getHeaderByNumber: method([required('block', looseNumber)], ({ api }, ref) => {
    const found = findBlock(api.chain, ref)
    return found ? formatHeader(found.block.header, found.block.hash) : null
  }),
  erigon_getBlockByTimestamp: method(
    [required('timestamp', hexOrDecimal), optional('full', flag)],
    (context, timestamp, isFull = false) => {
      const found = blockBefore(context, timestamp)
      return found ? formatBlock(found.block, found.senders, isFull) : null
    },
  ),
}
