/**
 * Decodes call data exactly as a contract compiled by solc does (ABI coder v2, parameters in
 * memory): the same inputs are refused, with the same revert data, in the same order. Libraries do
 * not (dirty bits, aliased tails), and every difference here would split the chain from its
 * Solidity twins. Function names in comments are those of solc's generated Yul.
 */
import { assertNever, toBigInt, toHex } from '../../primitives/index.ts'
import { bytesToText } from './abi-text.ts'
import {
  type AbiField,
  type AbiType,
  headSize,
  headSizeOf,
  isDynamic,
  isNamed,
  isSmallInteger,
  isWord,
  type WordType,
} from './abi-type.ts'

/** What a decoded value can be; `ContractFunctionArgs` of viem gives the precise type. */
export type AbiValue =
  | bigint
  | number
  | boolean
  /** Addresses, fixed bytes and bytes as hex; a string as one character a byte. */
  | string
  | readonly AbiValue[]
  | { readonly [field: string]: AbiValue }

export type Decoded =
  | { readonly type: 'values'; readonly values: readonly AbiValue[] }
  /** The call reverts with these bytes: none, or Panic(0x41). */
  | { readonly type: 'revert'; readonly data: Uint8Array }

/** Called with the number of 32-byte words about to be decoded; throws when gas runs out. */
export type ChargeWords = (words: number) => void

/**
 * Decodes the arguments that follow the selector. Trailing bytes are allowed, as solc allows them.
 * Work is bounded by what `charge` permits, since tails may be shared by many offsets.
 */
export function decodeArguments(
  fields: readonly AbiField[],
  data: Uint8Array,
  charge: ChargeWords,
): Decoded {
  const reader: Reader = { data, charge, free: memoryStart }
  try {
    if (data.length < headSizeOf(fields)) throw new Revert(noBytes)
    return { type: 'values', values: decodeFields(reader, fields, 0n) }
  } catch (error) {
    if (error instanceof Revert) return { type: 'revert', data: error.data }
    throw error
  }
}

/** Where solc's free memory begins. */
const memoryStart = 0x80n
/** Offsets and lengths above this are refused; so is memory that would end above it. */
const maxOffset = 0xffff_ffff_ffff_ffffn
const noBytes = new Uint8Array(0)
/** Panic(uint256) with code 0x41: too much memory was asked for. */
const panicMemory = Uint8Array.from([0x4e, 0x48, 0x7b, 0x71, ...new Uint8Array(31), 0x41])

interface Reader {
  readonly data: Uint8Array
  readonly charge: ChargeWords
  /** solc's free memory pointer, kept because its overflow panics where other faults revert. */
  free: bigint
}

/** `abi_decode_tuple` and the body of `abi_decode_t_struct`: offsets count from `start`. */
function decodeFields(reader: Reader, fields: readonly AbiField[], start: bigint): AbiValue[] {
  let at = start
  return fields.map(({ type }) => {
    const value = decodeAt(reader, type, at, start)
    at += BigInt(headSize(type))
    return value
  })
}

/** The value whose head is at `head`; a dynamic one lies at an offset from `base`. */
function decodeAt(reader: Reader, type: AbiType, head: bigint, base: bigint): AbiValue {
  if (!isDynamic(type)) return decodeValue(reader, type, head)
  const offset = readWord(reader, head)
  if (offset > maxOffset) throw new Revert(noBytes)
  return decodeValue(reader, type, base + offset)
}

function decodeValue(reader: Reader, type: AbiType, at: bigint): AbiValue {
  if (isWord(type)) {
    reader.charge(1)
    return decodeWord(type, readWord(reader, at))
  }
  switch (type.kind) {
    case 'bytes':
    case 'string':
      return decodeBytes(reader, type.kind, at)
    case 'array':
      return decodeArray(reader, type.element, type.length, at)
    case 'tuple':
      return decodeStruct(reader, type.fields, at)
    default:
      return assertNever(type)
  }
}

/** `abi_decode_t_struct`. */
function decodeStruct(reader: Reader, fields: readonly AbiField[], at: bigint): AbiValue {
  if (end(reader) - at < BigInt(headSizeOf(fields))) throw new Revert(noBytes)
  allocate(reader, 32n * BigInt(fields.length))
  const values = decodeFields(reader, fields, at)
  if (!isNamed(fields)) return values
  return Object.fromEntries(fields.map((field, i) => [field.name, values[i] ?? 0]))
}

/** `abi_decode_t_array` and `abi_decode_available_length_t_array`. */
function decodeArray(
  reader: Reader,
  element: AbiType,
  fixedLength: number | undefined,
  at: bigint,
): AbiValue[] {
  if (at + 31n >= end(reader)) throw new Revert(noBytes)
  const length = fixedLength === undefined ? readWord(reader, at) : BigInt(fixedLength)
  const first = fixedLength === undefined ? at + 32n : at
  if (length > maxOffset) throw new Revert(panicMemory)
  allocate(reader, 32n * length + (fixedLength === undefined ? 32n : 0n))
  const stride = BigInt(headSize(element))
  if (first + length * stride > end(reader)) throw new Revert(noBytes)
  const values: AbiValue[] = []
  for (let i = 0n; i < length; i++)
    values.push(decodeAt(reader, element, first + i * stride, first))
  return values
}

/** `abi_decode_t_bytes_memory_ptr` and `abi_decode_available_length_t_bytes`. */
function decodeBytes(reader: Reader, kind: 'bytes' | 'string', at: bigint): string {
  if (at + 31n >= end(reader)) throw new Revert(noBytes)
  const length = readWord(reader, at)
  if (length > maxOffset) throw new Revert(panicMemory)
  allocate(reader, 32n + 32n * ((length + 31n) / 32n))
  const first = at + 32n
  if (first + length > end(reader)) throw new Revert(noBytes)
  reader.charge(Number((length + 31n) / 32n) + 1)
  const bytes = reader.data.subarray(Number(first), Number(first + length))
  return kind === 'bytes' ? toHex(bytes) : bytesToText(bytes)
}

/**
 * `validator_revert`: bits outside the type must be zero (or the sign, for signed integers), and an enum
 * has no more values than its names.
 */
function decodeWord(type: WordType, word: bigint): AbiValue {
  switch (type.kind) {
    case 'uint':
      if (word >> BigInt(type.bits) !== 0n) throw new Revert(noBytes)
      if (type.values !== undefined && word >= BigInt(type.values)) throw new Revert(noBytes)
      return isSmallInteger(type.bits) ? Number(word) : word
    case 'int': {
      const value = BigInt.asIntN(type.bits, word)
      if (BigInt.asUintN(256, value) !== word) throw new Revert(noBytes)
      return isSmallInteger(type.bits) ? Number(value) : value
    }
    case 'bool':
      if (word > 1n) throw new Revert(noBytes)
      return word === 1n
    case 'address':
      if (word >> 160n !== 0n) throw new Revert(noBytes)
      return `0x${word.toString(16).padStart(40, '0')}`
    case 'fixedBytes': {
      const unused = BigInt(256 - 8 * type.size)
      if (BigInt.asUintN(Number(unused), word) !== 0n) throw new Revert(noBytes)
      return `0x${(word >> unused).toString(16).padStart(2 * type.size, '0')}`
    }
    default:
      return assertNever(type)
  }
}

/** Moves the free pointer as `allocate_memory` does. */
function allocate(reader: Reader, size: bigint): void {
  reader.free += size
  if (reader.free > maxOffset) throw new Revert(panicMemory)
}

const end = (reader: Reader): bigint => BigInt(reader.data.length)

/** `calldataload`: bytes past the end are zero. */
function readWord(reader: Reader, at: bigint): bigint {
  if (at >= end(reader)) return 0n
  const from = Number(at)
  const bytes = reader.data.subarray(from, from + 32)
  return toBigInt(bytes) << BigInt(8 * (32 - bytes.length))
}

class Revert extends Error {
  readonly data: Uint8Array
  constructor(data: Uint8Array) {
    super('call data refused')
    this.data = data
  }
}
