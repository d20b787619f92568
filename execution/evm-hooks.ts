/**
 * Wires a `Tracer` into @ethereumjs's EVM so that it sees what geth's tracers see: its events for
 * frames, wrapped opcode tables for the rest (calls that fail before they begin, SELFDESTRUCT, logs,
 * steps with geth's costs). Changes no result; an EVM without a tracer does not come here.
 */
import {
  type EVM,
  EVMError,
  type EVMResult,
  type ExecResult,
  type getOpcodesForHF,
  type Message,
} from '@ethereumjs/evm'
import { generateAddress, generateAddress2 } from '@ethereumjs/util'
import { type Address, fromBigInt, toFixedBytes, toHex, toWord } from '../primitives/index.ts'
import type { Journal } from '../state/index.ts'
import { haltText } from './halt-text.ts'
import { stackInputs } from './opcodes.ts'
import { addressText } from './state-manager.ts'
import { type FrameType, type Tracer, wordToAddress } from './tracer.ts'

export type OpcodeMap = ReturnType<typeof getOpcodesForHF>['opcodeMap']
type Entry = OpcodeMap[number]
type RunState = Parameters<Entry['opHandler']>[0]

const callTypes: ReadonlyMap<number, FrameType> = new Map([
  [0xf0, 'CREATE'],
  [0xf1, 'CALL'],
  [0xf2, 'CALLCODE'],
  [0xf4, 'DELEGATECALL'],
  [0xf5, 'CREATE2'],
  [0xfa, 'STATICCALL'],
])
const selfdestructOpcode = 0xff
const logOpcodes = [0xa0, 0xa1, 0xa2, 0xa3, 0xa4] as const
const stackLimit = 1024
const noBytes = new Uint8Array(0)

/** What the wrapped opcodes and the events tell each other. */
interface Wire {
  /** Opcode whose handler is running, as a frame's type. */
  type: FrameType | undefined
  /** Frames begun so far. */
  begun: number
}

/** Subscribes to the EVM's events; answers with the opcode table to use instead of `table`. */
export function hookEvm(evm: EVM, table: OpcodeMap, tracer: Tracer, journal: Journal): OpcodeMap {
  const hooked = [...table]
  const wire: Wire = { type: undefined, begun: 0 }
  if (tracer.enter || tracer.exit || tracer.step) {
    listenToFrames(evm, tracer, journal, wire)
    for (const [opcode, type] of callTypes)
      wrap(hooked, opcode, (entry) => callEntry(entry, type, { tracer, wire, journal }))
    wrap(hooked, selfdestructOpcode, (entry) => selfdestructEntry(entry, tracer, journal))
  }
  const { log, step } = tracer
  if (log) for (const opcode of logOpcodes) wrap(hooked, opcode, (entry) => logEntry(entry, log))
  if (step)
    for (let opcode = 0; opcode < 256; opcode++)
      wrap(hooked, opcode, (entry) => stepEntry(entry, opcode, step))
  return hooked
}

function wrap(table: OpcodeMap, opcode: number, make: (entry: Entry) => Entry): void {
  const entry = table[opcode]
  if (entry) table[opcode] = make(entry)
}

/** The opcode's facts with some changed; the library's own are frozen and shared. */
function withFacts(
  { opcodeInfo }: Entry,
  facts: { readonly isAsync?: boolean; readonly dynamicGas?: boolean },
): Entry['opcodeInfo'] {
  const copy = Object.create(Object.getPrototypeOf(opcodeInfo) as object) as Entry['opcodeInfo']
  return Object.assign(copy, opcodeInfo, facts)
}

function listenToFrames(evm: EVM, tracer: Tracer, journal: Journal, wire: Wire): void {
  const depths: number[] = []
  evm.events.on('beforeMessage', (message) => {
    wire.begun++
    depths.push(message.depth)
    const type = typeOf(message, wire)
    tracer.enter?.({
      type,
      depth: message.depth,
      from: addressText(type === 'DELEGATECALL' && message.to ? message.to : message.caller),
      to: message.to ? addressText(message.codeAddress) : createdBy(message, journal),
      input: message.data,
      gas: message.gasLimit,
      value: type === 'STATICCALL' ? undefined : message.value,
    })
  })
  evm.events.on('afterMessage', ({ execResult }: EVMResult) => {
    if (tracer.step) tellFinalStop(execResult, tracer.step)
    tracer.exit?.({
      depth: depths.pop() ?? 0,
      output: execResult.returnValue,
      gasUsed: execResult.executionGasUsed,
      error: haltText(execResult),
    })
  })
}

/** Opcodes that end a frame well. */
const endings: ReadonlySet<number> = new Set([0x00, 0xf3, 0xff])

/** Code that runs off its end stops there: a STOP that is not in the code. */
function tellFinalStop(
  { runState, exceptionError, gasRefund }: ExecResult,
  tell: NonNullable<Tracer['step']>,
): void {
  if (!runState || exceptionError || endings.has(runState.opCode)) return
  const state = Object.assign({}, runState, { gasRefund: gasRefund ?? 0n })
  reporter(state, 0x00, tell)(0n, undefined)
}

function typeOf(message: Message, wire: Wire): FrameType {
  const { type } = wire
  wire.type = undefined // what a native module sends is a message without an opcode
  if (message.depth > 0 && type) return type
  return message.to ? 'CALL' : 'CREATE'
}

/** The creator's nonce has been raised by now; a call may set it to where that wraps. */
function createdBy({ caller, salt, data }: Message, journal: Journal): Address {
  if (salt) return toHex(generateAddress2(caller.bytes, salt, data))
  const nonce = (journal.account(addressText(caller))?.nonce ?? 1n) - 1n
  return toHex(generateAddress(caller.bytes, fromBigInt(BigInt.asUintN(64, nonce))))
}

interface CallPorts {
  readonly tracer: Tracer
  readonly wire: Wire
  readonly journal: Journal
}

/** Tells frames that fail before they begin, which the library's events leave out. */
function callEntry(entry: Entry, type: FrameType, { tracer, wire, journal }: CallPorts): Entry {
  return {
    ...entry,
    opcodeInfo: withFacts(entry, { isAsync: true }),
    opHandler: async (state, common) => {
      const failed = attempt(state, type, journal)
      const before = wire.begun
      wire.type = type
      await entry.opHandler(state, common)
      if (wire.begun !== before) return
      const { depth, ...frame } = failed()
      tracer.enter?.({ type, depth, ...frame })
      tracer.exit?.({
        depth,
        output: noBytes,
        gasUsed: 0n,
        error: depth > stackLimit ? 'max call depth exceeded' : 'insufficient balance for transfer',
      })
    },
  }
}

/** The frame a call asks for. Arguments are read now, costly parts only if it never began. */
function attempt(state: RunState, type: FrameType, journal: Journal) {
  const { stack, memory, env } = state
  const words = stack.peek(Math.min(stackInputs(state.opCode), stack.length))
  const self = addressText(env.address)
  const gas = state.messageGasLimit ?? 0n
  const isCreation = type === 'CREATE' || type === 'CREATE2'
  const hasValue = isCreation || type === 'CALL' || type === 'CALLCODE'
  const at = isCreation ? 1 : hasValue ? 3 : 2
  return () => {
    const input = memory.read(Number(words[at] ?? 0n), Number(words[at + 1] ?? 0n))
    const value = isCreation ? words[0] : hasValue ? words[2] : undefined
    const nonce = journal.account(self)?.nonce ?? 0n
    return {
      depth: env.depth + 1,
      from: self,
      to: isCreation
        ? toHex(
            type === 'CREATE2'
              ? generateAddress2(env.address.bytes, toFixedBytes(words[3] ?? 0n, 32), input)
              : generateAddress(env.address.bytes, fromBigInt(nonce)),
          )
        : wordToAddress(words[1] ?? 0n),
      input,
      gas: gas + (value !== undefined && value > 0n && !isCreation ? callStipend : 0n),
      value: type === 'DELEGATECALL' ? env.callValue : value,
    }
  }
}

/** Gas that comes free with a call that carries value (Yellow Paper, G_callstipend). */
const callStipend = 2_300n

function selfdestructEntry(entry: Entry, tracer: Tracer, journal: Journal): Entry {
  return {
    ...entry,
    opHandler: async (state, common) => {
      const { env, stack } = state
      if (!env.isStatic && stack.length > 0) {
        const depth = env.depth + 1
        const from = addressText(env.address)
        tracer.enter?.({
          type: 'SELFDESTRUCT',
          depth,
          from,
          to: wordToAddress(stack.peek(1)[0] ?? 0n),
          input: noBytes,
          gas: 0n,
          value: journal.account(from)?.balance ?? 0n,
        })
        tracer.exit?.({ depth, output: noBytes, gasUsed: 0n, error: undefined })
      }
      await entry.opHandler(state, common)
    },
  }
}

function logEntry(entry: Entry, log: NonNullable<Tracer['log']>): Entry {
  return {
    ...entry,
    opHandler: (state, common) => {
      const { stack, memory, env, opCode } = state
      const inputs = stackInputs(opCode)
      const [offset = 0n, size = 0n, ...topics] = stack.length >= inputs ? stack.peek(inputs) : []
      void entry.opHandler(state, common)
      log({
        address: addressText(env.address),
        topics: topics.map((topic) => toWord(topic)),
        data: memory.read(Number(offset), Number(size)),
      })
    },
  }
}

/**
 * Every opcode's gas goes through here, because geth tells a step after its price is known and
 * before anything is taken: with the gas passed on to a call, and with the fault when it cannot run.
 */
function stepEntry(entry: Entry, opcode: number, tell: NonNullable<Tracer['step']>): Entry {
  const { opcodeInfo, gasHandler } = entry
  const constantGas = opcodeInfo.feeBigInt
  return {
    ...entry,
    opcodeInfo: withFacts(entry, { dynamicGas: true }),
    gasHandler: async (state, gas, common) => {
      const report = reporter(state, opcode, tell)
      const misfit = stackFault(state, opcode)
      if (misfit !== undefined) report(constantGas, misfit)
      let price = gas
      if (opcodeInfo.dynamicGas)
        try {
          price = await gasHandler(state, gas, common)
        } catch (error) {
          if (misfit === undefined && error instanceof EVMError)
            report(constantGas, isUnpaid(error, state) ? 'out of gas' : undefined)
          throw error
        }
      if (misfit === undefined) {
        const passedOn = opcode === 0xf0 || opcode === 0xf5 ? 0n : (state.messageGasLimit ?? 0n)
        const isCall = callTypes.has(opcode)
        const cost = isCall ? price + passedOn : price
        report(cost, state.gasLeft < price ? 'out of gas' : undefined)
      }
      return price
    },
  }
}

/** RETURNDATACOPY beyond the end is no lack of gas, though the library says so. */
const isUnpaid = (error: EVMError, state: RunState): boolean =>
  error.error === EVMError.errorMessages.OUT_OF_GAS && state.opCode !== 0x3e

/** Takes what must be seen before the gas handler runs; the rest is read when asked for. */
function reporter(state: RunState, opcode: number, tell: NonNullable<Tracer['step']>) {
  const { stack, memory, env, gasLeft: gas, programCounter: pc } = state
  const sizeBytes = Number(state.memoryWordCount) * 32
  return (cost: bigint, error: string | undefined): void => {
    tell({
      pc,
      opcode,
      gas,
      cost,
      depth: env.depth + 1,
      address: addressText(env.address),
      refund: state.gasRefund,
      error,
      returnData: state.returnBytes,
      stackSize: stack.length,
      peek: (index) => (index < stack.length ? (stack.peek(index + 1)[index] ?? 0n) : 0n),
      stack: () => stack.peek(stack.length).toReversed(),
      memory: () => memory.read(0, sizeBytes),
    })
  }
}

function stackFault({ stack }: RunState, opcode: number): string | undefined {
  const inputs = stackInputs(opcode)
  if (stack.length < inputs) return `stack underflow (${stack.length} <=> ${inputs})`
  return stack.length >= stackLimit && grows(opcode)
    ? `stack limit reached ${stack.length} (${stackLimit - 1})`
    : undefined
}

/** Opcodes that leave one word more than they found: PUSH, DUP and those without inputs. */
const grows = (opcode: number): boolean =>
  (opcode >= 0x5f && opcode < 0x90) || (opcode >= 0x30 && opcode < 0x5f && pushers.has(opcode))
const pushers: ReadonlySet<number> = new Set([
  0x30, 0x32, 0x33, 0x34, 0x36, 0x38, 0x3a, 0x3d, 0x41, 0x42, 0x43, 0x44, 0x45, 0x46, 0x47, 0x48,
  0x4a, 0x58, 0x59, 0x5a,
])
