/**
 * What a native module is: an address, an ABI and one synchronous handler per function, typed by
 * the ABI, so that a missing or mistyped handler does not compile. Knows no EVM; run.ts calls the
 * handlers, and everything they may touch comes in as their first argument.
 */
import type {
  Abi,
  AbiParameter,
  AbiParameterToPrimitiveType,
  AbiStateMutability,
  ContractErrorArgs,
  ContractErrorName,
  ContractEventName,
  ContractFunctionArgs,
  ContractFunctionName,
  ContractFunctionReturnType,
} from 'viem'
import { type Address, type Hex, invariant, keccakHex } from '../../primitives/index.ts'
import type { AbiValue } from './abi-decode.ts'
import { type AbiField, parseAbiFields, withEnums } from './abi-type.ts'
import type { GasMeter } from './gas.ts'
import type { Slots } from './slots.ts'

type ViewMutability = 'view' | 'pure'

/** Arguments of an event by name. */
type EventFields<abi extends Abi, name extends ContractEventName<abi>> = {
  readonly [
    input in Extract<
      abi[number],
      { type: 'event'; name: name }
    >['inputs'][number] as input['name'] & string
  ]: AbiParameterToPrimitiveType<input>
}

/** Money that leaves the module after everything else has been done. */
export interface Transfer {
  readonly to: Address
  /** Wei. */
  readonly value: bigint
}

/** A handler's result together with money to be sent; made by `paying`. */
export class Paying<result> {
  readonly result: result
  readonly transfers: readonly Transfer[]
  constructor(result: result, transfers: readonly Transfer[]) {
    this.result = result
    this.transfers = transfers
  }
}

/** The host sends the money last, each with 63/64 of the gas, and reverts everything if one fails. */
export const paying = <result>(result: result, transfers: readonly Transfer[]): Paying<result> =>
  new Paying(result, transfers)

export interface CallMessage {
  readonly caller: Address
  /** Wei; already credited to the module. */
  readonly value: bigint
  readonly isStatic: boolean
}

/** What a handler may know of its block. */
export interface NativeBlock {
  readonly number: bigint
  /** Seconds since the Unix epoch. */
  readonly timestamp: bigint
  readonly feeRecipient: Address
  readonly chainId: bigint
}

export interface ModuleInterface<abi extends Abi = Abi> {
  readonly address: Address
  readonly abi: abi
}

/** Everything a handler may touch. */
export interface Context<abi extends Abi = Abi> {
  readonly message: CallMessage
  /** The module's own address. */
  readonly self: Address
  readonly block: NativeBlock
  /** The module's own slots; solidity layout in layout.ts. */
  readonly storage: Slots
  readonly gas: Pick<GasMeter, 'charge' | 'left'>
  /** `abi.decode`: reverts where Solidity would. */
  readonly decode: <const parameters extends readonly AbiParameter[]>(
    parameters: parameters,
    data: Hex,
  ) => Values<parameters>
  /** `abi.encode`. */
  readonly encode: <const parameters extends readonly AbiParameter[]>(
    parameters: parameters,
    values: Values<parameters>,
  ) => Uint8Array
  /** keccak256, paid for. */
  readonly keccak: (data: Uint8Array) => Hex
  readonly log: <name extends ContractEventName<abi>>(
    name: name,
    fields: EventFields<abi, name>,
  ) => void
  /** The error to throw: `throw context.revert('NotFound', [id])`. Unused gas goes back. */
  readonly revert: <name extends ContractErrorName<abi>>(
    name: name,
    args: ContractErrorArgs<abi, name>,
  ) => Error
  /** A view of another module, as by STATICCALL; its revert passes through. */
  readonly view: <
    const other extends Abi,
    name extends ContractFunctionName<other, ViewMutability>,
    const args extends ContractFunctionArgs<other, ViewMutability, name>,
  >(
    module: ModuleInterface<other>,
    name: name,
    args: args,
  ) => ContractFunctionReturnType<other, ViewMutability, name, args>
  /** False: the transaction asks for more than every node can have at hand (large-data.ts). */
  readonly allowsLargeData: (key: Hex, tokens: bigint) => boolean
  /** Of one of the 8,191 blocks before this one; undefined where the chain does not keep them. */
  readonly blockHash: (number: bigint) => Hex | undefined
  /** Whether a fork of the native modules is active in this block. */
  readonly isActive: (fork: string) => boolean
}

/** A tuple of values by their types. */
type Values<parameters extends readonly AbiParameter[]> = {
  readonly [i in keyof parameters]: AbiParameterToPrimitiveType<parameters[i]>
}
type FunctionOf<abi extends Abi, name> = Extract<abi[number], { type: 'function'; name: name }>
/** Nothing, the value itself, or a tuple of several. */
type Result<outputs extends readonly AbiParameter[]> = outputs extends readonly []
  ? void
  : outputs extends readonly [infer only extends AbiParameter]
    ? AbiParameterToPrimitiveType<only>
    : Values<outputs>
/** Only functions that write may send money. */
type Answer<item extends Extract<Abi[number], { type: 'function' }>> =
  item['stateMutability'] extends ViewMutability
    ? Result<item['outputs']>
    : Result<item['outputs']> | Paying<Result<item['outputs']>>
/** One handler for each function of the ABI. */
export type Handlers<abi extends Abi> = {
  readonly [name in ContractFunctionName<abi>]: (
    context: Context<abi>,
    args: ContractFunctionArgs<abi, AbiStateMutability, name>,
  ) => Answer<FunctionOf<abi, name>>
}

export interface ModuleDefinition<abi extends Abi> {
  /** Lower case, in the reserved range. */
  readonly address: Address
  /** As in a genesis file: `datanet`. */
  readonly name: string
  readonly abi: abi
  readonly handlers: NoInfer<Handlers<abi>>
  /** Functions that work while the module is paused: ways out for other people's money. */
  readonly exits?: readonly ContractFunctionName<abi, 'nonpayable' | 'payable'>[]
  /** Which integers of arguments are enums in Solidity, and of how many values: by function, then path. */
  readonly enums?: Readonly<
    Partial<Record<ContractFunctionName<abi>, Readonly<Record<string, number>>>>
  >
  /** Functions that exist only from a fork of the native modules on, by its name. */
  readonly since?: Readonly<Partial<Record<ContractFunctionName<abi>, string>>>
}

/** A function, ready to be called by the host. */
export interface NativeMethod {
  readonly name: string
  readonly inputs: readonly AbiField[]
  readonly outputs: readonly AbiField[]
  readonly isView: boolean
  readonly isPayable: boolean
  readonly isExit: boolean
  readonly since: string | undefined
  readonly run: (context: Context, args: readonly AbiValue[]) => unknown
}

export interface NativeEvent {
  readonly topic: Hex
  readonly inputs: readonly (AbiField & { readonly isIndexed: boolean })[]
}

export interface NativeError {
  readonly selector: Hex
  readonly inputs: readonly AbiField[]
}

/** A module with its types forgotten: what the host dispatches to. */
export interface NativeModule {
  readonly address: Address
  readonly name: string
  readonly abi: Abi
  /** By selector, `0x` and eight digits. */
  readonly methods: ReadonlyMap<Hex, NativeMethod>
  readonly methodsByName: ReadonlyMap<string, NativeMethod>
  readonly events: ReadonlyMap<string, NativeEvent>
  readonly errors: ReadonlyMap<string, NativeError>
}

/** Code of a module's account: INVALID, so that an EVM which does not know modules fails loudly. */
export const stubCode = Uint8Array.of(0xfe)

/** Functions, events and errors have one name each: handlers go by name. */
export function defineModule<const abi extends Abi>(
  definition: ModuleDefinition<abi>,
): NativeModule {
  const { address, name, abi } = definition
  invariant(/^0x[0-9a-f]{40}$/.test(address), `${name} has an address in lower case`)
  const methods = new Map<Hex, NativeMethod>()
  const methodsByName = new Map<string, NativeMethod>()
  const events = new Map<string, NativeEvent>()
  const errors = new Map<string, NativeError>()
  for (const item of abi) {
    if (item.type === 'function') {
      invariant(!methodsByName.has(item.name), `${name}.${item.name} is overloaded`)
      const method = methodOf(definition, item)
      methodsByName.set(item.name, method)
      methods.set(selectorOf(item.name, item.inputs), method)
    } else if (item.type === 'event') {
      const fields = parseAbiFields(item.inputs)
      events.set(item.name, {
        topic: signatureHash(item.name, item.inputs),
        inputs: fields.map((field, i) => ({
          ...field,
          isIndexed: item.inputs[i]?.indexed === true,
        })),
      })
    } else if (item.type === 'error')
      errors.set(item.name, {
        selector: selectorOf(item.name, item.inputs),
        inputs: parseAbiFields(item.inputs),
      })
  }
  return { address, name, abi, methods, methodsByName, events, errors }
}

function methodOf<abi extends Abi>(
  { handlers, exits = [], enums, since }: ModuleDefinition<abi>,
  item: Extract<Abi[number], { type: 'function' }>,
): NativeMethod {
  const { name, stateMutability } = item
  // The types of `handlers` say that every function has one; the host only ever has its name.
  const run = (handlers as unknown as Readonly<Record<string, NativeMethod['run']>>)[name]
  invariant(run !== undefined, `${name} has a handler`)
  return {
    name,
    inputs: withEnums(parseAbiFields(item.inputs), byName(enums)?.[name] ?? {}),
    outputs: parseAbiFields(item.outputs),
    isView: stateMutability === 'view' || stateMutability === 'pure',
    isPayable: stateMutability === 'payable',
    isExit: (exits as readonly string[]).includes(name),
    since: byName(since)?.[name],
    run,
  }
}

/** The host only ever has a function's name as a text. */
const byName = <value>(by: Readonly<Partial<Record<string, value>>> | undefined) => by

/** First four bytes of the signature's hash (Solidity ABI specification, function selector). */
export const selectorOf = (name: string, inputs: readonly AbiParameter[]): Hex =>
  signatureHash(name, inputs).slice(0, 10) as Hex

const signatureHash = (name: string, inputs: readonly AbiParameter[]): Hex =>
  keccakHex(new TextEncoder().encode(`${name}(${inputs.map(canonicalType).join(',')})`))

function canonicalType(parameter: AbiParameter): string {
  if (!parameter.type.startsWith('tuple') || !('components' in parameter)) return parameter.type
  return `(${parameter.components.map(canonicalType).join(',')})${parameter.type.slice(5)}`
}
