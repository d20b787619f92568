/**
 * Runs one call of a native module: finds the function, holds it to the rules of call kinds, decodes,
 * calls the handler, encodes. Synchronous, and over ports only, so that any engine can host it. A
 * rule broken by the caller reverts or halts; whatever else a handler throws is a fault of the node
 * and passes through. Sends no money: the engine performs the returned transfers.
 */
import type { AbiParameter } from 'viem'
import {
  type Address,
  concat,
  fromHex,
  type Hex,
  invariant,
  keccak256,
  type Log,
  toHex,
} from '../../primitives/index.ts'
import { type AbiValue, decodeArguments } from './abi-decode.ts'
import { encodeValues } from './abi-encode.ts'
import { type AbiField, isWord, parseAbiFields } from './abi-type.ts'
import { type GasMeter, keccakGas, OutOfGas, prices, words } from './gas.ts'
import { historyContract, readBlockHash } from './history.ts'
import type { LargeData } from './large-data.ts'
import {
  type Context,
  type NativeBlock,
  type NativeMethod,
  type NativeModule,
  Paying,
  selectorOf,
  type Transfer,
} from './module.ts'
import { createSlots, type StateAccess, StaticViolation } from './slots.ts'

/** The modules of a chain. */
export interface Natives {
  readonly modules: readonly NativeModule[]
  /** The module whose view `isPaused(address)` is asked before every write but an exit. */
  readonly pausedBy?: Address
  /** When each later fork of the modules begins, seconds since the Unix epoch. */
  readonly forks?: Readonly<Record<string, bigint>>
  /** Addresses where nothing but a module may ever have code. */
  readonly isReserved: (address: Address) => boolean
}

/** One call, as the engine sees it. */
export interface NativeCall {
  readonly module: NativeModule
  readonly caller: Address
  readonly value: bigint
  readonly data: Uint8Array
  readonly isStatic: boolean
  /** False for DELEGATECALL, CALLCODE and delegated accounts: the module is not `address(this)`. */
  readonly isDirect: boolean
  readonly gas: GasMeter
  readonly state: StateAccess
  readonly block: NativeBlock
  readonly natives: Natives
  readonly largeData: Pick<LargeData, 'allows'>
}

export type NativeOutcome =
  | {
      readonly type: 'return'
      readonly data: Uint8Array
      readonly logs: readonly Log[]
      readonly transfers: readonly Transfer[]
    }
  /** Unused gas goes back. */
  | { readonly type: 'revert'; readonly data: Uint8Array }
  /** All gas is gone. */
  | { readonly type: 'halt'; readonly reason: 'outOfGas' | 'static' }

export function runNative(call: NativeCall): NativeOutcome {
  const logs: Log[] = []
  try {
    return { type: 'return', logs, ...dispatch(call, logs) }
  } catch (error) {
    if (error instanceof Revert) return { type: 'revert', data: error.data }
    if (error instanceof OutOfGas) return { type: 'halt', reason: 'outOfGas' }
    if (error instanceof StaticViolation) return { type: 'halt', reason: 'static' }
    throw error
  }
}

/** `TransferFailed(address,uint256)`: the receiver of an outgoing transfer rejected it. */
export const transferFailed = ({ to, value }: Transfer): Uint8Array =>
  concat(
    selectorBytes('TransferFailed', 'address', 'uint256'),
    encodeValues(transferFields, [to, value]),
  )

const transferFields: readonly AbiField[] = [
  { name: 'to', type: { kind: 'address' } },
  { name: 'amount', type: { kind: 'uint', bits: 256 } },
]

const selectorBytes = (name: string, ...types: readonly string[]): Uint8Array =>
  fromHex(
    selectorOf(
      name,
      types.map((type) => ({ type })),
    ),
  )

const notDirectCall = selectorBytes('NotDirectCall')
const modulePaused = selectorBytes('ModulePaused')
const nothing = new Uint8Array(0)

/** Ends a frame with revert data. */
class Revert extends Error {
  readonly data: Uint8Array
  constructor(data: Uint8Array) {
    super('reverted')
    this.data = data
  }
}

/** The order is solc's with modifiers: function, value, arguments, call kind, pause, body. */
function dispatch(
  call: NativeCall,
  logs: Log[],
): { readonly data: Uint8Array; readonly transfers: readonly Transfer[] } {
  const { module, data, gas } = call
  gas.charge(prices.dispatch)
  const method = module.methods.get(toHex(data.subarray(0, 4)))
  if (!method || !isActive(call, method.since)) throw new Revert(nothing)
  if (!method.isPayable && call.value > 0n) throw new Revert(nothing)
  const args = decodeOrRevert(method.inputs, data.subarray(4), gas)
  if (!call.isDirect) throw new Revert(notDirectCall)
  if (!method.isView && call.isStatic) throw new StaticViolation()
  if (!method.isView && !method.isExit && isPaused(call)) throw new Revert(modulePaused)

  const answer = method.run(createContext(call, method, logs), args)
  const result = answer instanceof Paying ? (answer.result as unknown) : answer
  const returned = encodeResult(method.outputs, result)
  gas.charge(prices.returnWord * words(returned.length))
  return { data: returned, transfers: answer instanceof Paying ? answer.transfers : [] }
}

function decodeOrRevert(
  fields: readonly AbiField[],
  data: Uint8Array,
  gas: GasMeter,
): readonly AbiValue[] {
  const decoded = decodeArguments(fields, data, (count) =>
    gas.charge(prices.argumentWord * BigInt(count)),
  )
  if (decoded.type === 'revert') throw new Revert(decoded.data)
  return decoded.values
}

/** Parsed once: handlers pass the same lists every time. */
const parsedFields = new WeakMap<readonly AbiParameter[], readonly AbiField[]>()
function fieldsOf(parameters: readonly AbiParameter[]): readonly AbiField[] {
  let fields = parsedFields.get(parameters)
  if (!fields) parsedFields.set(parameters, (fields = parseAbiFields(parameters)))
  return fields
}

/** viem's rule: nothing, the value itself, or an array of several. */
function encodeResult(outputs: readonly AbiField[], result: unknown): Uint8Array {
  if (outputs.length === 0) return nothing
  return encodeValues(outputs, (outputs.length === 1 ? [result] : result) as readonly AbiValue[])
}

function isPaused(call: NativeCall): boolean {
  const { pausedBy } = call.natives
  return (
    pausedBy !== undefined && callView(call, pausedBy, 'isPaused', [call.module.address]) === true
  )
}

function isActive({ natives, block }: NativeCall, fork: string | undefined): boolean {
  if (fork === undefined) return true
  const begin = natives.forks?.[fork]
  return begin !== undefined && block.timestamp >= begin
}

/** What a STATICCALL to a warm address and its dispatch would do, without encoding in between. */
function callView(
  call: NativeCall,
  address: Address,
  name: string,
  args: readonly AbiValue[],
): unknown {
  call.gas.charge(prices.warmAccess + prices.dispatch)
  const module = call.natives.modules.find((one) => one.address === address)
  const method = module?.methodsByName.get(name)
  if (!module || !method || !isActive(call, method.since)) throw new Revert(nothing)
  invariant(method.isView, `${module.name}.${name} is no view`)
  const inner = { ...call, module, caller: call.module.address, value: 0n, isStatic: true }
  return method.run(createContext(inner, method, []), args)
}

function createContext(call: NativeCall, method: NativeMethod, logs: Log[]): Context {
  const { module, gas, block, caller, value } = call
  const isStatic = call.isStatic || method.isView
  const context: Omit<Context, 'view' | 'decode' | 'encode'> & Readonly<Record<string, unknown>> = {
    message: { caller, value, isStatic },
    self: module.address,
    block,
    storage: createSlots(call.state, module.address, gas, isStatic),
    gas,
    decode: (parameters: readonly AbiParameter[], encoded: Hex) =>
      decodeOrRevert(fieldsOf(parameters), fromHex(encoded), gas),
    encode(parameters: readonly AbiParameter[], values: readonly AbiValue[]) {
      const encoded = encodeValues(fieldsOf(parameters), values)
      gas.charge(prices.returnWord * words(encoded.length))
      return encoded
    },
    keccak(data) {
      gas.charge(keccakGas(data.length))
      return toHex(keccak256(data))
    },
    log(name, fields) {
      if (isStatic) throw new StaticViolation()
      logs.push(makeLog(module, gas, name, fields as Readonly<Record<string, AbiValue>>))
    },
    revert(name, args) {
      const error = module.errors.get(name)
      invariant(error !== undefined, `${module.name} has no error ${name}`)
      const values = encodeValues(error.inputs, (args ?? []) as readonly AbiValue[])
      return new Revert(concat(fromHex(error.selector), values))
    },
    view: (
      other: { readonly address: Address },
      name: string,
      args: readonly AbiValue[],
    ): unknown => callView(call, other.address, name, args),
    allowsLargeData: (key: Hex, tokens: bigint) => call.largeData.allows(key, tokens),
    blockHash: (number: bigint) =>
      readBlockHash(createSlots(call.state, historyContract, gas, true), block.number, number),
    isActive: (fork) => isActive(call, fork),
  }
  return context as unknown as Context
}

function makeLog(
  module: NativeModule,
  gas: GasMeter,
  name: string,
  fields: Readonly<Record<string, AbiValue>>,
): Log {
  const event = module.events.get(name)
  invariant(event !== undefined, `${module.name} has no event ${name}`)
  const valueOf = (field: AbiField): AbiValue => {
    const value = fields[field.name]
    invariant(value !== undefined, `${name} lacks ${field.name}`)
    return value
  }
  const topics: Hex[] = [event.topic]
  const rest: AbiField[] = []
  for (const field of event.inputs) {
    if (!field.isIndexed) {
      rest.push(field)
      continue
    }
    invariant(isWord(field.type), `an indexed field is one word: ${name}.${field.name}`)
    topics.push(toHex(encodeValues([field], [valueOf(field)])))
  }
  const data = encodeValues(rest, rest.map(valueOf))
  gas.charge(
    prices.log + prices.logTopic * BigInt(topics.length) + prices.logByte * BigInt(data.length),
  )
  return { address: module.address, topics, data }
}
