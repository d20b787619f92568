/**
 * Calls of native modules in words: which function is called, and which error came back. Their ABI is
 * known here, as no other contract's is. Says nothing of other addresses.
 */
import type { Abi, AbiParameter } from 'viem'
import { decodeErrorResult, hexToBigInt, toFunctionSelector } from 'viem/utils'
import { moduleAbis, moduleAddresses, type ModuleName } from '../attribution/abi.ts'
import { shortText } from '../attribution/views/index.ts'
import { type Address, type Hex, toHex } from '../primitives/index.ts'
import { revertReason } from './revert.ts'

const errorAbi: Abi = moduleAbis.registry.filter(({ type }) => type === 'error')

/** `NotFound(99)`; undefined for bytes that are no module's error. */
export function moduleError(returnData: Uint8Array): string | undefined {
  try {
    const {
      errorName,
      args = [],
      abiItem,
    } = decodeErrorResult({
      abi: errorAbi,
      data: toHex(returnData),
    })
    const inputs: readonly AbiParameter[] = 'inputs' in abiItem ? abiItem.inputs : []
    return `${errorName}(${args.map((value, i) => argumentText(inputs[i], value)).join(', ')})`
  } catch {
    return undefined
  }
}

/** Numbers stand in a word as ids, names as text; a hash stays one. */
function argumentText(input: AbiParameter | undefined, value: unknown): string {
  if (input?.type !== 'bytes32') return String(value)
  const word = value as Hex
  if (input.name !== 'id') return shortText(word)
  return hexToBigInt(word) < 2n ** 64n ? hexToBigInt(word).toString() : word
}

const names: ReadonlyMap<string, ModuleName> = new Map(
  Object.entries(moduleAddresses).map(([name, address]) => [address, name as ModuleName]),
)

/** Of a call to `to` that reverted: what geth says of any contract, or the error's name of a module. */
export const reasonOf = (
  { hasModules, to }: { readonly hasModules: boolean; readonly to: Address | null },
  returnData: Uint8Array,
): string | undefined =>
  revertReason(returnData) ??
  (hasModules && to !== null && names.has(to) ? moduleError(returnData) : undefined)

/** `datanet.submit`; undefined where it is no function of a module. */
export function moduleFunction(to: Address, data: Uint8Array): string | undefined {
  const module = names.get(to)
  if (module === undefined) return undefined
  const functions = functionsOf.get(module) ?? selectorsOf(moduleAbis[module])
  functionsOf.set(module, functions)
  const name = functions.get(toHex(data.subarray(0, 4)))
  return name && `${module}.${name}`
}

/** Each made when it is asked for first: hashing all of them is no part of a start. */
const functionsOf = new Map<ModuleName, ReadonlyMap<Hex, string>>()

const selectorsOf = (abi: Abi): ReadonlyMap<Hex, string> =>
  new Map(
    abi.flatMap((item) =>
      item.type === 'function' ? [[toFunctionSelector(item), item.name] as const] : [],
    ),
  )
