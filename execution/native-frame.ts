/**
 * Native modules inside @ethereumjs/evm: one frame of a module as the library wants it answered, its
 * outgoing transfers made as ordinary messages. What a module does is not known here; the rules of
 * its call are native/run.ts's. The library's own checkpoint around every message takes back what a
 * failed frame wrote.
 */
import { EVM, EVMError, type ExecResult, Message } from '@ethereumjs/evm'
import { Address as LibraryAddress } from '@ethereumjs/util'
import { type Address, fromHex, toBigInt, toFixedBytes } from '../primitives/index.ts'
import { isWarmSlot } from './library-insides.ts'
import { createGasMeter, type GasMeter, OutOfGas, prices } from './native/gas.ts'
import type { NativeBlock, NativeModule, Transfer } from './native/module.ts'
import type { LargeData } from './native/large-data.ts'
import { type NativeOutcome, type Natives, runNative, transferFailed } from './native/run.ts'
import type { StateAccess } from './native/slots.ts'
import type { QuickCode } from './straight-call.ts'
import { addressText, type JournalManager } from './state-manager.ts'
import type { Tracer } from './tracer.ts'

/** What a frame needs of the execution it is part of. */
export interface NativeHost {
  readonly natives: Natives
  readonly block: NativeBlock
  /** The module whose code stands at an address, overrides considered. */
  readonly moduleAt: (address: Address) => NativeModule | undefined
  readonly tracer: Pick<Tracer, 'log' | 'slot'> | undefined
  readonly largeData: LargeData
}

/** Deeper calls fail (Yellow Paper, 9.1). */
const maxDepth = 1_024
const noBytes = new Uint8Array(0)

type Failure = keyof typeof EVMError.errorMessages

export async function runNativeFrame(
  evm: EVM,
  message: Message,
  gasLimit: bigint,
  host: NativeHost,
  module: NativeModule,
): Promise<ExecResult> {
  const gas = createGasMeter(gasLimit, message.gasRefund)
  const outcome = runNative({
    module,
    caller: addressText(message.caller),
    value: message.value,
    data: message.data,
    isStatic: message.isStatic,
    isDirect: isDirect(message),
    gas,
    state: stateAccess(evm, host.tracer?.slot),
    block: host.block,
    natives: host.natives,
    largeData: host.largeData,
  })
  if (outcome.type === 'return') for (const log of outcome.logs) host.tracer?.log?.(log)
  if (outcome.type === 'return') return payOut(evm, message, gas, gasLimit, module, outcome)
  return failureOf(outcome, gas, gasLimit)
}

function failureOf(
  outcome: Exclude<NativeOutcome, { type: 'return' }>,
  gas: GasMeter,
  gasLimit: bigint,
): ExecResult {
  if (outcome.type === 'revert') return failed('REVERT', gas.used(), outcome.data)
  const reason = outcome.reason === 'static' ? 'STATIC_STATE_CHANGE' : 'OUT_OF_GAS'
  return failed(reason, gasLimit, noBytes)
}

/** A direct call of a view without value (straight-call.ts): only what it found cold may outlive it. */
export function runNativeView(
  evm: EVM,
  host: NativeHost,
  module: NativeModule,
  { caller, input, gas: gasLimit, isStatic }: Parameters<QuickCode>[0],
): ExecResult {
  const gas = createGasMeter(gasLimit, 0n)
  const state = stateAccess(evm, host.tracer?.slot)
  const seen = new Map<bigint, Set<Address>>()
  const outcome = runNative({
    module,
    caller,
    value: 0n,
    data: input,
    isStatic,
    isDirect: true,
    gas,
    state: {
      ...state,
      isWarm: (address, slot) =>
        state.isWarm(address, slot) || seen.get(slot)?.has(address) === true,
      warm: (address, slot) =>
        void seen.set(slot, (seen.get(slot) ?? new Set<Address>()).add(address)),
    },
    block: host.block,
    natives: host.natives,
    largeData: host.largeData,
  })
  if (outcome.type !== 'return') return failureOf(outcome, gas, gasLimit)
  for (const [slot, addresses] of seen) for (const address of addresses) state.warm(address, slot)
  return { executionGasUsed: gas.used(), returnValue: outcome.data }
}

/** CALLCODE runs the module's code at another address, DELEGATECALL with another's identity. */
const isDirect = (message: Message): boolean =>
  !message.delegatecall &&
  message.to !== undefined &&
  addressText(message.to) === addressText(message.codeAddress)

const failed = (error: Failure, executionGasUsed: bigint, returnValue: Uint8Array): ExecResult => ({
  exceptionError: new EVMError(EVMError.errorMessages[error]),
  executionGasUsed,
  returnValue,
})

/** All effects stand; the money goes last. One refused transfer takes everything back. */
async function payOut(
  evm: EVM,
  message: Message,
  gas: GasMeter,
  gasLimit: bigint,
  module: NativeModule,
  { data, logs, transfers }: Extract<NativeOutcome, { type: 'return' }>,
): Promise<ExecResult> {
  const all: NonNullable<ExecResult['logs']> = logs.map((log) => [
    fromHex(log.address),
    log.topics.map(fromHex),
    log.data,
  ])
  for (const transfer of transfers) {
    const sent = await send(evm, message, gas, module.address, transfer)
    if (sent === 'outOfGas') return failed('OUT_OF_GAS', gasLimit, noBytes)
    if (sent === 'refused') return failed('REVERT', gas.used(), transferFailed(transfer))
    all.push(...sent)
  }
  // The library gives the frame the refund of its message.
  message.gasRefund = gas.refunded()
  return {
    executionGasUsed: gas.used(),
    returnValue: data,
    logs: all,
    ...(message.selfdestruct && { selfdestruct: message.selfdestruct }),
    ...(message.createdAddresses && { createdAddresses: message.createdAddresses }),
  }
}

/** A CALL without data from the module, at the price and with the gas it has in the EVM. */
async function send(
  evm: EVM,
  parent: Message,
  gas: GasMeter,
  from: Address,
  { to, value }: Transfer,
): Promise<NonNullable<ExecResult['logs']> | 'refused' | 'outOfGas'> {
  const receiver = new LibraryAddress(fromHex(to))
  try {
    await chargeCall(evm, gas, receiver, value)
  } catch (error) {
    if (error instanceof OutOfGas) return 'outOfGas'
    throw error
  }
  const balance = (await evm.stateManager.getAccount(new LibraryAddress(fromHex(from))))?.balance
  if (parent.depth >= maxDepth || (balance ?? 0n) < value) return 'refused'
  const forwarded = gas.left() - gas.left() / 64n
  const { selfdestruct, createdAddresses } = parent
  const child = new Message({
    caller: new LibraryAddress(fromHex(from)),
    to: receiver,
    value,
    gasLimit: value > 0n ? forwarded + prices.stipend : forwarded,
    depth: parent.depth + 1,
    gasRefund: gas.refunded(),
    ...(selfdestruct && { selfdestruct: new Map(selfdestruct) }),
    ...(createdAddresses && { createdAddresses: new Set(createdAddresses) }),
  })
  const { execResult } = await evm.runCall({ message: child })
  const stipend = value > 0n ? prices.stipend : 0n
  const burnt = execResult.executionGasUsed - stipend
  if (burnt > 0n) gas.charge(burnt)
  else gas.giveBack(-burnt)
  if (execResult.exceptionError) return 'refused'
  gas.refund((execResult.gasRefund ?? 0n) - gas.refunded())
  for (const [address, heir] of child.selfdestruct ?? []) selfdestruct?.set(address, heir)
  for (const address of child.createdAddresses ?? []) createdAddresses?.add(address)
  return execResult.logs ?? []
}

async function chargeCall(
  evm: EVM,
  gas: GasMeter,
  receiver: LibraryAddress,
  value: bigint,
): Promise<void> {
  const isWarm = evm.journal.isWarmedAddress(receiver.bytes)
  gas.charge(isWarm ? prices.warmAccess : prices.coldAccount)
  if (!isWarm) evm.journal.addWarmedAddress(receiver.bytes)
  if (value === 0n) return
  gas.charge(prices.transferValue)
  const account = await evm.stateManager.getAccount(receiver)
  if (!account || account.isEmpty()) gas.charge(prices.newAccount)
}

/** The journal below, and the library's record of what is warm, read and written synchronously. */
function stateAccess(evm: EVM, tell: Tracer['slot']): StateAccess {
  // createEvm of evm.ts gave it this state manager.
  const manager = evm.stateManager as JournalManager
  const state = manager.journal
  /** A frame asks about its own module's slots, mostly. */
  let [last, account]: [Address, string] = ['0x', '']
  const accountOf = (address: Address): string => {
    if (address !== last) [last, account] = [address, address.slice(2)]
    return account
  }
  return {
    read: (address, slot) => state.storage(address, slot),
    original: (address, slot) => toBigInt(manager.originalStorage(address, slot)),
    write: (address, slot, value) => state.setStorage(address, slot, value),
    isWarm(address, slot) {
      tell?.(address, slot) // asked before every look at a slot
      return isWarmSlot(evm.journal, accountOf(address), slot)
    },
    warm: (address, slot) => evm.journal.addWarmedStorage(fromHex(address), toFixedBytes(slot, 32)),
  }
}
