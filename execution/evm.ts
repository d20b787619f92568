/**
 * The engine over @ethereumjs/evm: message frames run there, everything around them (fees, nonce,
 * authorizations, refunds) in transition.ts. One EVM (sharing-evm.ts) a
 * journal, so that interleaved executions share nothing but tables that never change.
 */
import type { Common } from '@ethereumjs/common'
import { type EVM, getActivePrecompiles } from '@ethereumjs/evm'
import { accept, type Address, type Secp256k1, toHex } from '../primitives/index.ts'
import type { Journal } from '../state/index.ts'
import { type ChainSpec, type Fork, isAtLeast } from './chain-spec.ts'
import { createCommons } from './commons.ts'
import { impersonateSigners, type Signers } from './ecrecover.ts'
import { headerOf, libraryAddress } from './evm-block.ts'
import { haltText } from './halt-text.ts'
import { touched } from './library-insides.ts'
import type { NativeHost } from './native-frame.ts'
import { createLargeData } from './native/large-data.ts'
import type { Natives } from './native/run.ts'
import { simulatedMessage } from './simulated-message.ts'
import { retryWithData } from './missing-data.ts'
import { createEvm, type TableSharingEvm } from './sharing-evm.ts'
import { createStateManager } from './state-manager.ts'
import { blobBaseFee, checkTransaction, transactionRules } from './transaction-rules.ts'
import type { Tracer } from './tracer.ts'
import {
  callMessage,
  type FrameCall,
  type FrameResult,
  type Frames,
  type Message as TransactionMessage,
  runMessage,
  transactionMessage,
} from './transition.ts'
import type { BlockContext, Engine, RunOptions, TransactionOutcome } from './types.ts'

export interface EngineOptions {
  readonly spec: ChainSpec
  readonly secp256k1: Secp256k1
  /** Absent: a chain without native modules, such as a foreign one. */
  readonly natives?: Natives
  /** Whose a signature is, whatever the curve says (a devnet's impersonation). */
  readonly signers?: Signers
}

/** Who makes system calls, and with how much gas (EIP-4788). */
const systemAddress: Address = '0xfffffffffffffffffffffffffffffffffffffffe'
const systemGas = 30_000_000n

export function createEngine(made: EngineOptions): Engine {
  const { spec, secp256k1, natives } = made
  const commonOf = createCommons(secp256k1)
  const framesOf = createFramesCache(made, commonOf)
  const rulesOf = (context: BlockContext) =>
    transactionRules(spec, forkOf(spec, context), chainIdOf(spec, context))

  const run = (
    journal: Journal,
    context: BlockContext,
    message: TransactionMessage,
    options: RunOptions,
  ): Promise<TransactionOutcome> =>
    retryWithData(journal, options, {
      task: () => runMessage(framesOf(journal, context, options), journal, message, secp256k1),
      forget: () => framesOf.forget(journal),
    })

  return {
    async runTransaction(journal, context, tx, sender, gasLeftInBlock, options = {}) {
      const rules = rulesOf(context)
      const room = { header: context.header, gasLeft: gasLeftInBlock }
      const verdict = checkTransaction(tx, sender, journal, room, rules)
      if (verdict.type !== 'accept') return verdict
      const message = transactionMessage(tx, sender, context, rules)
      return accept(await run(journal, context, message, options))
    },
    async runCall(journal, context, call, options = {}) {
      const verdict = callMessage(call, context, rulesOf(context), journal)
      if (verdict.type !== 'accept') return verdict
      const { message, context: seen } = verdict.value
      const outcome = await run(journal, seen, message, options)
      framesOf.release(journal)
      return accept(outcome)
    },
    async runSimulated(journal, context, call, mode) {
      const rules = rulesOf(context)
      const verdict = simulatedMessage(call, context, rules, journal, mode.isValidating)
      if (verdict.type !== 'accept') return verdict
      const frames = framesOf(journal, context, mode)
      return accept(await runMessage(frames, journal, verdict.value, secp256k1))
    },
    async runSystemCall(journal, context, to, data) {
      const frames = framesOf(journal, context)
      frames.begin([], [])
      const result = await frames.run({
        from: systemAddress,
        to,
        data,
        gas: systemGas,
        value: 0n,
        gasPrice: 0n,
        blobVersionedHashes: [],
      })
      await frames.end()
      return { ...result, gasBeforeRefund: result.gasUsed }
    },
    precompilesOf: ({ number, timestamp }) => {
      const common = commonOf(spec.chainId, spec.forkAt(number, timestamp))
      const names = getActivePrecompiles(common).keys()
      return new Set(Array.from(names, (name): Address => `0x${name}`))
    },
    modules: new Set(natives?.modules.map(({ address }) => address)),
  }
}

interface MadeFrames {
  readonly context: BlockContext
  readonly tracer: Tracer | undefined
  readonly frames: Frames
  readonly evm: TableSharingEvm
}

/** The frames of a journal, made on first use: the transactions of a block share them. */
function createFramesCache(
  { spec, natives, signers }: EngineOptions,
  commonOf: (chainId: bigint, fork: Fork) => Common,
) {
  const byJournal = new WeakMap<Journal, MadeFrames>()
  /** One a fork, left by a call that has ended: making an EVM costs as much as a small call. */
  const spare = new Map<Common, TableSharingEvm>()
  const evmFor = (common: Common, journal: Journal, context: BlockContext): TableSharingEvm => {
    const free = context.precompiles ? undefined : spare.get(common)
    if (!free) return createEvm(common, createStateManager(journal), context)
    spare.delete(common)
    free.moveTo(createStateManager(journal), context)
    return free
  }
  const framesOf = (
    journal: Journal,
    context: BlockContext,
    { breathe, tracer }: RunOptions = {},
  ): Frames => {
    const known = byJournal.get(journal)
    if (known?.context === context && known.tracer === tracer) {
      known.evm.beginTransaction()
      return known.frames
    }
    const fork = forkOf(spec, context)
    const evm = evmFor(commonOf(chainIdOf(spec, context), fork), journal, context)
    if (signers && signers.size > 0) impersonateSigners(evm.precompiles, signers)
    // Their prices are London's and later (native/gas.ts).
    if (natives && isAtLeast(fork, 'london'))
      evm.hostNatives(hostOf(natives, spec, context, tracer))
    evm.runWith({ ...(breathe && { breathe }), ...(tracer && { tracer }) }, journal)
    const frames = createFrames(evm, context, blobPrice(spec, fork, context))
    byJournal.set(journal, { context, tracer, frames, evm })
    return frames
  }
  const forget = (journal: Journal): void => void byJournal.delete(journal)
  /** The call on this journal has ended well; another may have its EVM, unless precompiles moved. */
  const release = (journal: Journal): void => {
    const made = byJournal.get(journal)
    forget(journal)
    if (!made || made.context.precompiles || (signers && signers.size > 0)) return
    spare.set(made.evm.common, made.evm)
  }
  return Object.assign(framesOf, { forget, release })
}

const forkOf = (spec: ChainSpec, { header }: BlockContext): Fork =>
  spec.forkAt(header.number, header.timestamp)

const chainIdOf = (spec: ChainSpec, { chainId }: BlockContext): bigint => chainId ?? spec.chainId

function hostOf(
  natives: Natives,
  spec: ChainSpec,
  context: BlockContext,
  tracer: Tracer | undefined,
): NativeHost {
  const { number, timestamp, feeRecipient } = context.header
  const byAddress = new Map(natives.modules.map((module) => [module.address, module]))
  return {
    natives,
    tracer,
    largeData: createLargeData(),
    block: { number, timestamp, feeRecipient, chainId: chainIdOf(spec, context) },
    moduleAt: (address) => {
      const source = context.precompiles?.get(address)
      return source === null ? undefined : byAddress.get(source ?? address)
    },
  }
}

function blobPrice(spec: ChainSpec, fork: Fork, context: BlockContext): bigint | undefined {
  const { header, blobBaseFee: overridden } = context
  const params = spec.blobParams(fork)
  if (!params || !isAtLeast(fork, 'cancun')) return undefined
  return overridden ?? blobBaseFee(header.excessBlobGas ?? 0n, params)
}

function createFrames(
  evm: TableSharingEvm,
  context: BlockContext,
  blobGasPrice: bigint | undefined,
): Frames {
  const block = { header: headerOf(context, blobGasPrice) }
  const isSelfdestructLimited = evm.common.isActivatedEIP(6780)
  // Overridden ones are as warm as ever, and what stands in their place is no warmer (geth).
  const precompiles = context.precompiles ? getActivePrecompiles(evm.common) : evm.precompiles

  return {
    begin(warm, accessList) {
      for (const address of precompiles.keys()) evm.journal.addAlwaysWarmAddress(address)
      for (const { address } of evm.modules) evm.journal.addAlwaysWarmAddress(address)
      for (const address of warm) evm.journal.addAlwaysWarmAddress(address)
      for (const { address, storageKeys } of accessList) {
        evm.journal.addAlwaysWarmAddress(address)
        for (const key of storageKeys) evm.journal.addAlwaysWarmSlot(address, key)
      }
    },
    warm: (address) => evm.journal.addAlwaysWarmAddress(address),
    run: (call) => runFrame(evm, block, call, isSelfdestructLimited),
    isReserved: (address) => evm.isReserved(address),
    touch: (address) => void touched(evm.journal).add(address.slice(2)),
    async end() {
      await evm.journal.cleanup()
      evm.transientStorage.clear()
      evm.stateManager.originalStorageCache.clear()
    },
  }
}

async function runFrame(
  evm: EVM,
  block: { readonly header: ReturnType<typeof headerOf> },
  call: FrameCall,
  isSelfdestructLimited: boolean,
): Promise<FrameResult> {
  const { execResult, createdAddress } = await evm.runCall({
    block,
    caller: libraryAddress(call.from),
    ...(call.to && { to: libraryAddress(call.to) }),
    value: call.value,
    data: call.data,
    gasLimit: call.gas,
    gasPrice: call.gasPrice,
    blobVersionedHashes: [...call.blobVersionedHashes],
    skipNonceIncrement: true, // transition.ts has raised it
  })
  const { exceptionError, createdAddresses } = execResult
  const error = haltText(execResult)
  const destroyed = [...(execResult.selfdestruct?.keys() ?? [])] as Address[]
  return {
    status:
      exceptionError === undefined
        ? 'success'
        : exceptionError.error === 'revert'
          ? 'revert'
          : 'halt',
    ...(error !== undefined && { error }),
    returnData: execResult.returnValue,
    gasUsed: execResult.executionGasUsed,
    refund: execResult.gasRefund ?? 0n,
    logs: (execResult.logs ?? []).map(([address, topics, data]) => ({
      address: toHex(address),
      topics: topics.map(toHex),
      data,
    })),
    ...(createdAddress && { contractAddress: toHex(createdAddress.bytes) }),
    destroyed: isSelfdestructLimited
      ? destroyed.filter((address) => createdAddresses?.has(address)) // EIP-6780
      : destroyed,
  }
}
