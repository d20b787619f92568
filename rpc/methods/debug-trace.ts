/** debug_trace*: transactions, blocks and calls under a tracer, as geth serves them. */
import { prepareView, type TransactionOutcome, validateHeader } from '../../execution/index.ts'
import { decodeBlock, type Hex, recoverSender, nobleSecp256k1 } from '../../primitives/index.ts'
import { createJournal, type StoredBlock } from '../../state/index.ts'
import { type BlockRef, blockNumber, blockNumberOrHash } from '../block-ref.ts'
import { findBlock, isPending } from '../blocks.ts'
import { createBreather } from '../breathe.ts'
import { type CallArgs, callArgs, completeCall } from '../call-args.ts'
import { gasCap } from '../calls.ts'
import { serverError } from '../errors.ts'
import { type Context, method, type MethodTable, serialized, type Serialized } from '../method.ts'
import { toBlockOverride, toStateOverride } from '../overrides.ts'
import { bytes, type Decoded, hash, optional, required } from '../params.ts'
import {
  timeoutOf,
  type TraceConfig,
  traceCallConfig,
  traceConfig,
  withTracerErrors,
} from '../trace-config.ts'
import { createTracer } from '../tracers/index.ts'
import { createStructLogger } from '../tracers/struct-logger.ts'
import { type Budget, createBudget, type RpcTracer, type Subject } from '../tracers/tracer.ts'
import { findTransaction, traceBlock, traceTimeoutText } from '../tracing.ts'

function tracerFor(config: TraceConfig, subject: Subject, budget: Budget): RpcTracer {
  const { tracer, tracerConfig } = config
  return tracer === undefined || tracer === ''
    ? createStructLogger(config, subject, budget)
    : withTracerErrors(() => createTracer(tracer, tracerConfig, subject, budget))
}

const asText = (text: string): Serialized => ({ [serialized]: text })

async function traceTransaction(
  { api }: Context,
  txHash: Hex,
  config: TraceConfig = {},
): Promise<Serialized> {
  const { found, at } = findTransaction(api.chain, txHash)
  for await (const text of traces(api, found, config, at)) return asText(text)
  throw serverError('transaction not found')
}

async function traceWhole(
  { api }: Context,
  found: StoredBlock,
  config: TraceConfig = {},
): Promise<Serialized> {
  const texts: string[] = []
  for await (const text of traces(api, found, config)) {
    const txHash = found.block.transactions[texts.length]?.hash ?? '0x'
    texts.push(`{"txHash":"${txHash}","result":${text}}`)
  }
  return asText(`[${texts.join(',')}]`)
}

/** The tracers' results from transaction `from` on. */
async function* traces(
  api: Context['api'],
  found: StoredBlock,
  config: TraceConfig,
  from = 0,
): AsyncGenerator<string> {
  const budget = createBudget()
  let tracer: RpcTracer | undefined
  const run = traceBlock(api, found, {
    timeoutMs: timeoutOf(config),
    from,
    tracerOf: (subject) => {
      tracer = tracerFor(config, subject, budget)
      return tracer.hooks
    },
  })
  for await (const { outcome } of run) if (tracer) yield tracer.result(outcome)
}

function blockAt({ api }: Context, ref: BlockRef): StoredBlock {
  if (isPending(ref)) throw serverError('tracing on top of pending is not supported')
  const found = findBlock(api.chain, ref)
  if (found) return found
  const name = ref.type === 'hash' ? ref.hash : ref.type === 'number' ? `#${ref.number}` : ref.tag
  throw serverError(`block ${name} not found`)
}

const hashRef = (blockHash: Hex): BlockRef => ({
  type: 'hash',
  hash: blockHash,
  requireCanonical: false,
})

/** A block that need not be part of the chain: it runs on its parent, which must be. */
function foreignBlock({ api: { chain } }: Context, raw: Uint8Array): StoredBlock {
  const decoded = decodeBlock(raw)
  if (decoded.type !== 'accept') throw serverError(`could not decode block: ${decoded.message}`)
  const block = decoded.value
  const { number, parentHash } = block.header
  if (number === 0n) throw serverError('genesis is not traceable')
  const parent = chain.store.blockByNumber(number - 1n)
  if (parent?.block.hash !== parentHash) throw serverError(`parent ${parentHash} not found`)
  const header = validateHeader(parent.block.header, block.header, chain.spec)
  if (header.type !== 'accept') throw serverError(`invalid header: ${header.message}`)
  const senders = block.transactions.map((tx) => {
    const sender = recoverSender(tx, nobleSecp256k1)
    if (!sender) throw serverError('invalid transaction v, r, s values')
    return sender
  })
  return { block, senders }
}

async function traceCall(
  context: Context,
  args: CallArgs,
  ref: BlockRef,
  config: Decoded<typeof traceCallConfig> = {},
): Promise<Serialized> {
  const { chain, clock } = context.api
  const found = blockAt(context, ref)
  const call = completeCall(args, chain.spec.chainId)
  const gas = args.gas === undefined || args.gas > gasCap ? gasCap : args.gas
  const limit = { timeoutMs: timeoutOf(config), text: traceTimeoutText }
  const { header } = found.block
  const prepared = prepareView(chain.engine, {
    state: await stateFor(context, found, config.txIndex),
    context: chain.contextOf(header),
    ...(config.stateOverrides && { stateOverride: toStateOverride(config.stateOverrides) }),
    ...(config.blockOverrides && { blockOverride: toBlockOverride(config.blockOverrides) }),
  })
  if (prepared.type !== 'accept') throw serverError(prepared.message)
  const now = createJournal(prepared.value.journal)
  const tracer = tracerFor(
    config,
    {
      from: call.from,
      to: call.to,
      nonce: prepared.value.journal.account(call.from)?.nonce ?? 0n,
      gasLimit: gas,
      authorities: [],
      header: prepared.value.context.header,
      precompiles: chain.engine.precompilesOf(header),
      before: prepared.value.journal,
      now,
      place: undefined,
    },
    createBudget(),
  )
  const options = { breathe: createBreather(clock, limit), tracer: tracer.hooks }
  const verdict = await chain.engine.runCall(now, prepared.value.context, { ...call, gas }, options)
  if (verdict.type !== 'accept') throw serverError(`tracing failed: ${verdict.message}`)
  const outcome: TransactionOutcome = verdict.value
  return asText(tracer.result(outcome))
}

/** After the block, or before its transaction `txIndex`. */
async function stateFor({ api }: Context, found: StoredBlock, txIndex: number | undefined) {
  const { header, transactions } = found.block
  if (txIndex === undefined || txIndex >= transactions.length)
    return api.chain.stateAt(header.number)
  const limitMs = 5_000
  const run = traceBlock(api, found, { timeoutMs: limitMs, from: txIndex, tracerOf: () => ({}) })
  for await (const { before } of run) return before
  return api.chain.stateAt(header.number)
}

const options = optional('config', traceConfig)

export const debugTrace: MethodTable = {
  debug_traceTransaction: method([required('hash', hash), options], traceTransaction),
  debug_traceBlockByNumber: method(
    [required('block', blockNumber), options],
    (context, ref, config) => traceWhole(context, blockAt(context, ref), config),
  ),
  debug_traceBlockByHash: method([required('hash', hash), options], (context, blockHash, config) =>
    traceWhole(context, blockAt(context, hashRef(blockHash)), config),
  ),
  debug_traceBlock: method([required('block', bytes), options], (context, raw, config) =>
    traceWhole(context, foreignBlock(context, raw), config),
  ),
  // No bad block is kept: what does not validate is told and dropped.
  debug_traceBadBlock: method([required('hash', hash), options], (_, blockHash) => {
    throw serverError(`bad block ${blockHash} not found`)
  }),
  debug_traceCall: method(
    [
      required('transaction', callArgs),
      required('block', blockNumberOrHash),
      optional('config', traceCallConfig),
    ],
    traceCall,
  ),
}
