/**
 * trace_*: Parity's traces, which explorers read. Blocks are executed again on their parents' states;
 * vmTrace is not offered.
 */
import { type CallRequest, prepareView } from '../../execution/index.ts'
import {
  decodeTransaction,
  type Hex,
  nobleSecp256k1,
  recoverSender,
} from '../../primitives/index.ts'
import { createJournal, type Journal, type StoredBlock } from '../../state/index.ts'
import { type BlockRef, blockNumber, blockNumberOrHash, latest } from '../block-ref.ts'
import { findBlock } from '../blocks.ts'
import { createBreather } from '../breathe.ts'
import { type CallArgs, callArgs, completeCall } from '../call-args.ts'
import { gasCap, viewOf } from '../calls.ts'
import { limitExceeded, ParamError, serverError } from '../errors.ts'
import type { Json } from '../format.ts'
import { type Context, method, type MethodTable } from '../method.ts'
import {
  address,
  bytes,
  type Decoded,
  type Decoder,
  hash,
  hexOrDecimal,
  index,
  list,
  optional,
  required,
  struct,
  text,
} from '../params.ts'
import {
  formatPlacedTraces,
  formatReplay,
  type Traced,
  type TraceType,
  traceTypes,
} from '../parity.ts'
import { collectFrames, type FrameCollector } from '../tracers/call-frames.ts'
import { type Budget, createBudget, type Place } from '../tracers/tracer.ts'
import { traceBlock, traceTimeoutText } from '../tracing.ts'

/** Blocks that one trace_filter may execute again. */
const maxFilterBlocks = 1_000n
const maxAddresses = 1_000
/** Calls of one trace_callMany. */
const maxManyCalls = 100
const timeoutMs = 20_000

const oneType: Decoder<TraceType> = {
  schema: { enum: traceTypes },
  decode(value) {
    const type = traceTypes.find((known) => known === value)
    if (type === undefined)
      throw new ParamError(`unknown trace type, want one of ${traceTypes.join(', ')}`)
    return type
  },
}
const types = list(oneType, '[]string', traceTypes.length)

function checkTypes(wanted: readonly TraceType[]): void {
  if (wanted.includes('vmTrace'))
    throw serverError('vmTrace is not supported: ask for trace or stateDiff, or use debug_trace*')
}

type PlacedTrace = Traced & { readonly place: Place | undefined }

/** Every transaction of a block from `from` on, with its frames and changes. */
async function* tracesOf(
  { api }: Context,
  found: StoredBlock,
  budget: Budget,
  from = 0,
): AsyncGenerator<PlacedTrace> {
  let frames: FrameCollector | undefined
  const run = traceBlock(api, found, {
    timeoutMs,
    from,
    tracerOf: () => {
      frames = collectFrames({}, budget)
      return frames.hooks
    },
  })
  for await (const { subject, outcome, changes } of run) {
    const { precompiles, before, now, place } = subject
    if (frames) yield { frames, precompiles, outcome, before, now, changes, place }
  }
}

/** Undefined for an unknown transaction. */
async function replayOne(
  context: Context,
  txHash: Hex,
): Promise<(PlacedTrace & { number: bigint }) | undefined> {
  const { store } = context.api.chain
  const at = store.transactionPlace(txHash)
  const found = at && store.blockByNumber(at.blockNumber)
  if (!found) return undefined
  for await (const traced of tracesOf(context, found, createBudget(), at.index))
    return { ...traced, number: at.blockNumber }
  return undefined
}

async function traceTransaction(context: Context, txHash: Hex): Promise<Json[] | null> {
  const traced = await replayOne(context, txHash)
  return traced?.place ? formatPlacedTraces(traced, traced.place, traced.number) : null
}

async function blockTraces(context: Context, found: StoredBlock, budget: Budget): Promise<Json[]> {
  const { number } = found.block.header
  if (number === 0n) return []
  const traces: Json[][] = []
  for await (const traced of tracesOf(context, found, budget))
    if (traced.place) traces.push(formatPlacedTraces(traced, traced.place, number))
  return traces.flat()
}

const filterArgs = struct('TraceFilterRequest', {
  fromBlock: blockNumber,
  toBlock: blockNumber,
  fromAddress: list(address, '[]common.Address', maxAddresses),
  toAddress: list(address, '[]common.Address', maxAddresses),
  mode: text,
  after: hexOrDecimal,
  count: hexOrDecimal,
})
type FilterArgs = Decoded<typeof filterArgs>

async function filterTraces(context: Context, args: FilterArgs): Promise<Json[]> {
  const { chain } = context.api
  const head = chain.head().header.number
  const numberOf = (ref: BlockRef | undefined, otherwise: bigint): bigint =>
    ref === undefined ? otherwise : (findBlock(chain, ref)?.block.header.number ?? head + 1n)
  const [from, to] = [numberOf(args.fromBlock, head), numberOf(args.toBlock, head)]
  const last = to > head ? head : to
  if (last - from >= maxFilterBlocks)
    throw limitExceeded(`block range too large: at most ${maxFilterBlocks} blocks at a time`)
  const budget = createBudget()
  const matches = matcherOf(args)
  const [skip, most] = [Number(args.after ?? 0n), Number(args.count ?? 2n ** 53n)]
  const hits: Json[] = []
  for (let number = from; number <= last && hits.length < skip + most; number++) {
    const found = chain.store.blockByNumber(number)
    if (!found || found.block.transactions.length === 0) continue
    for (const trace of await blockTraces(context, found, budget))
      if (matches(trace)) hits.push(trace)
  }
  return hits.slice(skip, skip + most)
}

/** With both lists one match is enough, unless the mode is `intersection` (reth, erigon). */
function matcherOf({
  fromAddress = [],
  toAddress = [],
  mode,
}: FilterArgs): (trace: Json) => boolean {
  const [senders, receivers] = [new Set<unknown>(fromAddress), new Set<unknown>(toAddress)]
  const sends = ({ action }: Json): boolean => {
    const { from, address: destroyed } = action as Json
    return senders.has(from ?? destroyed)
  }
  const receives = ({ action, result }: Json): boolean => {
    const { to, refundAddress } = action as Json
    const created = (result as Json | null)?.['address']
    return receivers.has(to ?? refundAddress ?? created)
  }
  if (senders.size === 0) return receivers.size === 0 ? () => true : receives
  if (receivers.size === 0) return sends
  return mode === 'intersection'
    ? (trace) => sends(trace) && receives(trace)
    : (trace) => sends(trace) || receives(trace)
}

/** Traces hold their place in the tree: `[]` is the transaction itself. */
async function getTrace(
  context: Context,
  txHash: Hex,
  at: readonly number[],
): Promise<Json | null> {
  const traces = await traceTransaction(context, txHash)
  const wanted = at.join('.')
  return traces?.find(({ traceAddress }) => (traceAddress as number[]).join('.') === wanted) ?? null
}

/** Calls one after the other on the same state, each seeing what the ones before it changed. */
async function traceCalls(
  context: Context,
  calls: readonly { readonly args: CallArgs; readonly types: readonly TraceType[] }[],
  ref: BlockRef,
): Promise<Json[]> {
  const { chain, clock } = context.api
  const { engine, spec } = chain
  const prepared = prepareView(engine, viewOf(context, ref))
  if (prepared.type !== 'accept') throw serverError(prepared.message)
  const { context: block } = prepared.value
  const breathe = createBreather(clock, { timeoutMs, text: traceTimeoutText })
  const budget = createBudget()
  const results: Json[] = []
  let below: Journal = prepared.value.journal
  for (const { args, types: wanted } of calls) {
    checkTypes(wanted)
    const gas = args.gas === undefined || args.gas > gasCap ? gasCap : args.gas
    const call: CallRequest = { ...completeCall(args, spec.chainId), gas }
    const frames = collectFrames({}, budget)
    const now = createJournal(below)
    const verdict = await engine.runCall(now, block, call, { breathe, tracer: frames.hooks })
    if (verdict.type !== 'accept') throw serverError(`tracing failed: ${verdict.message}`)
    const changes = now.changes()
    const precompiles = engine.precompilesOf(block.header)
    const traced = { frames, precompiles, outcome: verdict.value, before: below, now, changes }
    results.push(formatReplay(traced, wanted))
    below = now
  }
  return results
}

async function traceRaw(
  context: Context,
  raw: Uint8Array,
  wanted: readonly TraceType[],
): Promise<Json> {
  checkTypes(wanted)
  const { engine } = context.api.chain
  const decoded = decodeTransaction(raw)
  if (decoded.type !== 'accept') throw serverError(decoded.message)
  const sender = recoverSender(decoded.value, nobleSecp256k1)
  if (!sender) throw serverError('invalid sender: invalid transaction v, r, s values')
  const view = viewOf(context, { type: 'tag', tag: 'pending' })
  const frames = collectFrames({}, createBudget())
  const now = createJournal(view.state)
  const { header } = view.context
  const options = { ...(view.breathe && { breathe: view.breathe }), tracer: frames.hooks }
  const verdict = await engine.runTransaction(
    now,
    view.context,
    decoded.value,
    sender,
    header.gasLimit,
    options,
  )
  if (verdict.type !== 'accept') throw serverError(verdict.message)
  const precompiles = engine.precompilesOf(header)
  const { state: before } = view
  const traced = {
    frames,
    precompiles,
    outcome: verdict.value,
    before,
    now,
    changes: now.changes(),
  }
  return formatReplay(traced, wanted)
}

const manyCalls: Decoder<
  readonly { readonly args: CallArgs; readonly types: readonly TraceType[] }[]
> = list(
  {
    schema: { type: 'array', prefixItems: [callArgs.schema, types.schema] },
    decode(value, place) {
      const [args, wanted] = Array.isArray(value) ? (value as unknown[]) : []
      return { args: callArgs.decode(args, place), types: types.decode(wanted, place) }
    },
  },
  '[]CallRequest',
  maxManyCalls,
)

async function replayTransaction(context: Context, txHash: Hex, wanted: readonly TraceType[]) {
  checkTypes(wanted)
  const traced = await replayOne(context, txHash)
  if (!traced) throw serverError('transaction not found')
  return formatReplay(traced, wanted)
}

async function replayBlock(context: Context, ref: BlockRef, wanted: readonly TraceType[]) {
  checkTypes(wanted)
  const found = findBlock(context.api.chain, ref)
  if (!found) return null
  const results: Json[] = []
  if (found.block.header.number === 0n) return results
  for await (const traced of tracesOf(context, found, createBudget()))
    results.push({
      ...formatReplay(traced, wanted),
      transactionHash: traced.place?.transactionHash,
    })
  return results
}

export const trace: MethodTable = {
  trace_block: method([required('block', blockNumberOrHash)], async (context, ref) => {
    const found = findBlock(context.api.chain, ref)
    return found ? blockTraces(context, found, createBudget()) : null
  }),
  trace_transaction: method([required('hash', hash)], traceTransaction),
  trace_get: method(
    [required('hash', hash), required('indices', list(index, '[]hexutil.Uint', 1_024))],
    getTrace,
  ),
  trace_filter: method([required('filter', filterArgs)], filterTraces),
  trace_call: method(
    [required('call', callArgs), required('types', types), optional('block', blockNumberOrHash)],
    async (context, args, wanted, ref = latest) =>
      (await traceCalls(context, [{ args, types: wanted }], ref))[0],
  ),
  trace_callMany: method(
    [required('calls', manyCalls), optional('block', blockNumberOrHash)],
    (context, calls, ref = latest) => traceCalls(context, calls, ref),
  ),
  trace_rawTransaction: method(
    [required('transaction', bytes), required('types', types)],
    traceRaw,
  ),
  trace_replayTransaction: method(
    [required('hash', hash), required('types', types)],
    replayTransaction,
  ),
  trace_replayBlockTransactions: method(
    [required('block', blockNumberOrHash), required('types', types)],
    replayBlock,
  ),
}
