/**
 * The library's EVM as this node runs it: with native modules, with opcode tables that are made once a fork,
 * and with jumps and calls that let others work. The only file that makes one. Knows no transaction.
 */
import type { Common, StateManagerInterface } from '@ethereumjs/common'
import {
  EVM,
  type EVMResult,
  EVMError,
  type ExecResult,
  getOpcodesForHF,
  type Message,
  NobleBN254,
} from '@ethereumjs/evm'
import { Account, type Address as LibraryAddress, createZeroAddress } from '@ethereumjs/util'
import { type Address, invariant, toHex } from '../primitives/index.ts'
import type { Journal } from '../state/index.ts'
import { blockchainOf } from './evm-block.ts'
import { hookEvm, type OpcodeMap } from './evm-hooks.ts'
import {
  evmOf,
  interpreterOf,
  journalTo,
  learnInterpreter,
  restMark,
  type RunState,
  toldBy,
} from './library-insides.ts'
import { type NativeHost, runNativeFrame, runNativeView } from './native-frame.ts'
import type { Natives } from './native/run.ts'
import { addressText } from './state-manager.ts'
import type { QuickCode, QuickEvm } from './straight-call.ts'
import { straighten } from './straight.ts'
import type { Tracer } from './tracer.ts'
import type { BlockContext, Breathe, RunOptions } from './types.ts'

type CallMessage = Message & { readonly to: LibraryAddress }

const nobody = createZeroAddress()

/** A fork's opcodes as the library has them, with jumps and calls that breathe, and both made straight. */
interface Tables {
  readonly library: ReturnType<typeof getOpcodesForHF>
  readonly breathing: OpcodeMap
  readonly straight: OpcodeMap
  readonly straightBreathing: OpcodeMap
}

const madeTables = new WeakMap<Common, Tables>()
function tablesOf(common: Common): Tables {
  const known = madeTables.get(common)
  if (known) return known
  const library = getOpcodesForHF(common)
  const breathing = withBreath(library.opcodeMap)
  const made = {
    library,
    breathing,
    straight: straighten(library.opcodeMap, common, false),
    straightBreathing: straighten(breathing, common, true),
  }
  madeTables.set(common, made)
  return made
}

/** JUMP, JUMPI, CREATE, CALL, CALLCODE, DELEGATECALL, CREATE2, STATICCALL. */
const jumpsAndCalls = [0x56, 0x57, 0xf0, 0xf1, 0xf2, 0xf4, 0xf5, 0xfa] as const

/**
 * Every jump and call first asks the `breathe` of its EVM. A program that runs long does one or the
 * other: code without either ends with its 24 KB.
 */
function withBreath(opcodeMap: OpcodeMap): OpcodeMap {
  const breathing = [...opcodeMap]
  for (const opcode of jumpsAndCalls) {
    const entry = opcodeMap[opcode]
    if (!entry) continue
    const { opHandler, opcodeInfo } = entry
    breathing[opcode] = {
      ...entry,
      opcodeInfo: Object.assign(
        Object.create(Object.getPrototypeOf(opcodeInfo) as object) as typeof opcodeInfo,
        opcodeInfo,
        { isAsync: true },
      ),
      opHandler: async (state, common) => {
        restMark.set(state, undefined)
        await (evmOf(state) as TableSharingEvm).breathe?.()
        await opHandler(state, common)
      },
    }
  }
  return breathing
}

/**
 * The library's EVM with native modules. Opcode tables depend on the fork only, and cost more to
 * make than a small call to run: all share them.
 */
export class TableSharingEvm extends EVM implements QuickEvm {
  breathe: Breathe | undefined
  tracer: Tracer | undefined
  #host: NativeHost | undefined

  hostNatives(host: NativeHost): void {
    this.#host = host
  }

  /** What one transaction may ask for is counted anew. */
  beginTransaction(): void {
    this.#host?.largeData.begin()
  }

  get modules(): Natives['modules'] {
    return this.#host?.natives.modules ?? []
  }

  isReserved(address: Address): boolean {
    return this.#host?.natives.isReserved(address) === true
  }

  /** A module's code is a function that sees the message: caller, value, static and call kind. */
  protected override async _loadCode(message: Message): Promise<void> {
    const host = message.code ? undefined : this.#host
    const module = host?.moduleAt(addressText(message.codeAddress))
    if (!host || !module) return super._loadCode(message)
    message.code = ({ gasLimit }) => runNativeFrame(this, message, gasLimit, host, module)
    message.isCompiled = true
  }

  /** As `_loadCode` finds it, for calls that need no message. */
  quickCode(address: Address, input: Uint8Array): QuickCode | undefined {
    const host = this.#host
    const module = host?.moduleAt(address)
    if (host && module) {
      const isView = module.methods.get(toHex(input.subarray(0, 4)))?.isView === true
      return isView ? (frame) => runNativeView(this, host, module, frame) : undefined
    }
    const precompile = this.precompiles.get(address.slice(2))
    if (!precompile || precompile.constructor.name === 'AsyncFunction') return undefined
    // A precompile that is not async answers at once.
    return (frame) => this.runPrecompile(precompile, frame.input, frame.gas) as ExecResult
  }

  /**
   * As the library's for the forks there are (its own knows experiments, and copies every message): value moves,
   * code is found and run, by whoever it is to be run.
   */
  protected override async _executeCall(message: CallMessage): Promise<EVMResult> {
    const error = await this.#moveValue(message)
    await this._loadCode(message)
    const { code, gasLimit } = message
    if (!code || (typeof code !== 'function' && code.length === 0) || error) {
      const ending = error ? { exceptionError: error } : {}
      const returnValue = new Uint8Array(0)
      const { gasRefund } = message
      return { execResult: { ...ending, gasRefund, executionGasUsed: 0n, returnValue } }
    }
    let execResult: ExecResult
    if (typeof code === 'function') {
      execResult = await this.runPrecompile(code, message.data, gasLimit)
      execResult.gasRefund = message.gasRefund // a native module has added its own
    } else execResult = await this.runInterpreter(message)
    if (message.depth === 0) this.transientStorage.clear()
    return { execResult }
  }

  /** Both accounts are written, so touched (EIP-161), whatever the value is. */
  async #moveValue(message: CallMessage): Promise<EVMError | undefined> {
    const { caller, to, delegatecall } = message
    let failure: unknown
    const sender = (await this.stateManager.getAccount(caller)) ?? new Account()
    if (!delegatecall)
      await this._reduceSenderBalance(sender, message).catch((error: unknown) => (failure = error))
    const receiver = (await this.stateManager.getAccount(to)) ?? new Account()
    if (!delegatecall)
      await this._addToBalance(receiver, message).catch((error: unknown) => (failure = error))
    return failure as EVMError | undefined
  }

  /** As the library's, without the forty fields that it merges into a result for its readers. */
  protected override async runInterpreter(message: Message): Promise<ExecResult> {
    const Interpreter = interpreterOf()
    if (!Interpreter) {
      const result = await super.runInterpreter(message)
      learnInterpreter(result)
      return result
    }
    const { selfdestruct, createdAddresses, gasLimit } = message
    const { stateManager, blockchain, journal } = this
    const env = await this.#environmentOf(message)
    const interpreter = new Interpreter(this, stateManager, blockchain, env, gasLimit, journal)
    const told = toldBy(interpreter)
    if (selfdestruct) told.selfdestruct = selfdestruct
    if (createdAddresses) told.createdAddresses = createdAddresses
    const { runState, exceptionError } = await interpreter.run(env.code)
    const { gasLeft: gas, gasRefund } = runState
    const returnValue = told.returnValue ?? new Uint8Array(0)
    const common = { runState, gas, gasRefund, returnValue }
    if (!exceptionError) return { ...told, ...common, executionGasUsed: gasLimit - gas }
    const isRevert = exceptionError.error === EVMError.errorMessages.REVERT
    return {
      ...common,
      exceptionError,
      executionGasUsed: isRevert ? gasLimit - gas : gasLimit,
      logs: [],
      selfdestruct: new Map(),
      createdAddresses: new Set(),
    }
  }

  async #environmentOf(message: Message): Promise<RunState['env']> {
    const { to = nobody, caller, data, value, depth, isStatic, isCreate, gasRefund } = message
    const { code, codeAddress, blobVersionedHashes = [], createdAddresses } = message
    const { _tx: transaction, _block: block } = this
    const isCode = code instanceof Uint8Array
    invariant(transaction !== undefined && block !== undefined && isCode, 'a frame runs in a call')
    const { gasPrice, origin } = transaction
    return {
      address: to,
      caller,
      callData: data,
      callValue: value,
      code,
      isStatic,
      isCreate: isCreate ?? false,
      depth,
      gasPrice,
      origin,
      block,
      contract: (await this.stateManager.getAccount(to)) ?? new Account(),
      codeAddress,
      gasRefund,
      blobVersionedHashes,
      ...(createdAddresses && { createdAddresses }),
    }
  }

  /** No contract comes to stand where modules do; like any collision it burns the gas. */
  protected override async _executeCreate(message: Message): Promise<EVMResult> {
    if (this.#host) {
      message.code ??= message.data
      const createdAddress = await this._generateAddress(message)
      if (this.isReserved(addressText(createdAddress)))
        return {
          createdAddress,
          execResult: {
            returnValue: new Uint8Array(0),
            exceptionError: new EVMError(EVMError.errorMessages.CREATE_COLLISION),
            executionGasUsed: message.gasLimit,
          },
        }
    }
    return super._executeCreate(message)
  }

  override getActiveOpcodes(): ReturnType<EVM['getActiveOpcodes']> {
    const { library, straight } = tablesOf(this.common)
    const { opcodes, dynamicGasHandlers, handlers } = library
    Object.assign(this, {
      _opcodes: opcodes,
      _dynamicGasHandlers: dynamicGasHandlers,
      _handlers: handlers,
      _opcodeMap: straight,
    })
    return opcodes
  }

  /** For another call, on another state: as a new one would be, and cheaper. */
  moveTo(stateManager: StateManagerInterface, context: BlockContext): void {
    this.events.removeAllListeners()
    this.stateManager = stateManager
    this.blockchain = blockchainOf(context)
    journalTo(this.journal, stateManager)
  }

  /** From now on long programs ask `breathe`, and `tracer` is told: of every step, if that is its wish. */
  runWith({ breathe, tracer }: RunOptions, journal: Journal): void {
    this.breathe = breathe
    this.tracer = tracer
    const { library, breathing, straight, straightBreathing } = tablesOf(this.common)
    const stepwise = breathe ? breathing : library.opcodeMap
    const table = tracer?.step ? stepwise : breathe ? straightBreathing : straight
    const wanted = tracer ? hookEvm(this, table, tracer, journal) : table
    Object.assign(this, { _opcodeMap: wanted })
  }
}

export function createEvm(
  common: Common,
  stateManager: StateManagerInterface,
  context: BlockContext,
): TableSharingEvm {
  const evm = new TableSharingEvm({
    common,
    stateManager,
    blockchain: blockchainOf(context),
    bn254: new NobleBN254(),
  })
  // Every EVM would listen for ever to a change of fork that shared tables never make.
  common.events.removeAllListeners('hardforkChanged')
  if (context.precompiles) movePrecompiles(evm, context.precompiles)
  return evm
}

/** All sources are read before anything moves, so that two may change places. */
function movePrecompiles(evm: EVM, places: NonNullable<BlockContext['precompiles']>): void {
  const usual = new Map(evm.precompiles)
  for (const [at, source] of places) {
    const code = source === null ? undefined : usual.get(source.slice(2))
    if (code) evm.precompiles.set(at.slice(2), code)
    else evm.precompiles.delete(at.slice(2))
  }
}
