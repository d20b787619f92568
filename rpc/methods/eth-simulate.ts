/** eth_simulateV1: blocks of calls on top of a block, with overrides, that are never made. */
import {
  type BlockDraft,
  type CallDraft,
  maxSimulatedBlocks,
  simulateBlocks,
  type SimulatedBlock,
  type SimulationCode,
} from '../../execution/index.ts'
import { type Refusal, toHex } from '../../primitives/index.ts'
import { type BlockRef, blockNumberOrHash } from '../block-ref.ts'
import { blockForState } from '../blocks.ts'
import { createBreather } from '../breathe.ts'
import { type CallArgs, callArgs, completeCall } from '../call-args.ts'
import { gasCap } from '../calls.ts'
import { invalidParams, RpcError } from '../errors.ts'
import { formatBlock, formatLog, type Json, quantity } from '../format.ts'
import { type Context, method, type MethodTable } from '../method.ts'
import { reasonOf } from '../module-words.ts'
import { blockOverride, stateOverride, toStateOverride } from '../overrides.ts'
import { type Decoded, flag, list, optional, required, struct } from '../params.ts'

/** Bounds what one request can make the node do besides its gas. */
const maxCalls = 10_000

const simulation = struct('ethapi.simOpts', {
  blockStateCalls: list(
    struct('ethapi.simBlock', {
      blockOverrides: blockOverride,
      stateOverrides: stateOverride,
      calls: list(callArgs, '[]ethapi.TransactionArgs', maxCalls),
    }),
    '[]ethapi.simBlock',
    maxCalls,
  ),
  traceTransfers: flag,
  validation: flag,
  returnFullTransactions: flag,
})
type SimulationArgs = Decoded<typeof simulation>
type BlockArgs = NonNullable<SimulationArgs['blockStateCalls']>[number]

async function simulate({ api }: Context, args: SimulationArgs, ref?: BlockRef): Promise<Json[]> {
  const { chain } = api
  const blocks = args.blockStateCalls ?? []
  if (blocks.length === 0) throw invalidParams('empty input')
  if (blocks.length > maxSimulatedBlocks) throw new RpcError(-38026, 'too many blocks')
  const base = blockForState(chain, ref)
  const verdict = await simulateBlocks(
    {
      chain,
      base,
      gasCap,
      isValidating: args.validation ?? false,
      tracesTransfers: args.traceTransfers ?? false,
      breathe: createBreather(api.clock),
    },
    blocks.map((block) => toDraft(block, chain.spec.chainId)),
  )
  if (verdict.type !== 'accept') throw refused(verdict)
  const form = {
    isFull: args.returnFullTransactions ?? false,
    hasModules: api.rows !== undefined,
  }
  return verdict.value.map((block) => formatSimulated(block, form))
}

function toDraft(block: BlockArgs, chainId: bigint): BlockDraft {
  const { beaconRoot, withdrawals, ...override } = block.blockOverrides ?? {}
  return {
    override,
    stateOverride: toStateOverride(block.stateOverrides ?? new Map()),
    ...(beaconRoot && { parentBeaconBlockRoot: beaconRoot }),
    ...(withdrawals && {
      withdrawals: withdrawals.map(({ index = 0n, validatorIndex = 0n, address, amount = 0n }) => ({
        index,
        validatorIndex,
        address: address ?? nobody,
        amount,
      })),
    }),
    calls: (block.calls ?? []).map((call) => toCall(call, chainId)),
  }
}

const nobody = `0x${'00'.repeat(20)}` as const

function toCall(args: CallArgs, chainId: bigint): CallDraft {
  // A tip above the cap is a fault of the transaction here, not of the arguments.
  const { maxPriorityFeePerGas, ...tipless } = args
  const { from, to, value, data, accessList, authorizationList } = completeCall(
    args.gasPrice === undefined ? tipless : args,
    chainId,
  )
  const { gas, nonce } = args
  return {
    from,
    to,
    value,
    data,
    ...(gas !== undefined && { gas }),
    ...(nonce !== undefined && { nonce }),
    gasPrice: args.gasPrice,
    maxFeePerGas: args.maxFeePerGas ?? 0n,
    maxPriorityFeePerGas: maxPriorityFeePerGas ?? 0n,
    accessList: args.accessList && accessList,
    authorizationList: args.authorizationList && authorizationList,
    blobVersionedHashes: args.blobVersionedHashes,
    maxFeePerBlobGas: args.maxFeePerBlobGas ?? 0n,
  }
}

/** What the specification of the method has codes for; others are -32603, as geth answers them. */
const codes: Partial<Record<SimulationCode, number>> = {
  NONCE_TOO_LOW: -38010,
  NONCE_TOO_HIGH: -38011,
  FEE_CAP_TOO_LOW: -38012,
  TIP_ABOVE_FEE_CAP: -32602,
  INTRINSIC_GAS: -38013,
  INSUFFICIENT_FUNDS: -38014,
  BLOCK_GAS: -38015,
  BLOCK_NUMBER: -38020,
  BLOCK_TIME: -38021,
  SENDER_NOT_EOA: -38024,
  INITCODE_TOO_LARGE: -38025,
  TOO_MANY_BLOCKS: -38026,
  OVERRIDE_CONFLICT: -32000,
  REQUESTS_MISMATCH: -32000,
}

const refused = ({ code, message }: Refusal<SimulationCode>): RpcError =>
  new RpcError(codes[code] ?? -32603, message)

function formatSimulated(
  { block, senders, calls }: SimulatedBlock,
  { isFull, hasModules }: { readonly isFull: boolean; readonly hasModules: boolean },
): Json {
  return {
    ...formatBlock(block, senders, isFull),
    calls: calls.map(({ outcome, logs }, transactionIndex) => ({
      returnData: outcome.status === 'success' ? toHex(outcome.returnData) : '0x',
      logs: logs.map((log) => formatLog(log, { block, transactionIndex, logIndex: log.index })),
      gasUsed: quantity(outcome.gasUsed),
      maxUsedGas: quantity(outcome.gasBeforeRefund),
      status: outcome.status === 'success' ? '0x1' : '0x0',
      ...failureOf(outcome, { hasModules, to: block.transactions[transactionIndex]?.to ?? null }),
    })),
  }
}

function failureOf(
  { status, error, returnData }: SimulatedBlock['calls'][number]['outcome'],
  called: Parameters<typeof reasonOf>[0],
): Json {
  if (status === 'success') return {}
  if (status === 'halt') return { error: { message: error ?? 'execution failed', code: -32015 } }
  const reason = reasonOf(called, returnData)
  const message = reason === undefined ? 'execution reverted' : `execution reverted: ${reason}`
  return { error: { message, code: 3, data: toHex(returnData) } }
}

export const ethSimulate: MethodTable = {
  eth_simulateV1: method(
    [required('opts', simulation), optional('block', blockNumberOrHash)],
    simulate,
  ),
}
