/**
 * Decodes call data exactly as a contract compiled by solc does (ABI coder v2, parameters in
 * memory): the same inputs are refused, with the same revert data, in the same order. Libraries do
 * not (dirty bits, aliased tails), and every difference here would split the chain from its
 * Solidity twins. Function names in comments are those of solc's generated Yul.
 */
import { assertNever, toBigInt, toHex, type Hex } from '../../primitives/index.ts'
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
  const view = new DataView(data.buffer, data.byteOffset, data.length)
  const reader: Reader = { data, view, charge, free: memoryStart }
  try {
    if (data.length < headSizeOf(fields)) throw new Revert(noBytes)
    return { type: 'values', values: decodeFields(reader, fields, 0) }
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
  readonly view: DataView
  readonly charge: ChargeWords
  /** solc's free memory pointer, kept because its overflow panics where other faults revert. */
  free: bigint
}

/**
 * `abi_decode_tuple` and the body of `abi_decode_t_struct`: offsets count from `start`. Places are numbers: one
 * above 2^53 is not exact, and beyond the end of any data.
 */
function decodeFields(reader: Reader, fields: readonly AbiField[], start: number): AbiValue[] {
  let at = start
  return fields.map(({ type }) => {
    const value = decodeAt(reader, type, at, start)
    at += headSize(type)
    return value
  })
}

/** The value whose head is at `head`; a dynamic one lies at an offset from `base`. */
function decodeAt(reader: Reader, type: AbiType, head: number, base: number): AbiValue {
  if (!isDynamic(type)) return decodeValue(reader, type, head)
  const offset = readWord(reader, head)
  if (offset > maxOffset) throw new Revert(noBytes)
  return decodeValue(reader, type, base + Number(offset))
}

function decodeValue(reader: Reader, type: AbiType, at: number): AbiValue {
  if (isWord(type)) {
    reader.charge(1)
    return decodeWord(type, reader, at)
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
function decodeStruct(reader: Reader, fields: readonly AbiField[], at: number): AbiValue {
  if (reader.data.length - at < headSizeOf(fields)) throw new Revert(noBytes)
  allocate(reader, 32n * BigInt(fields.length))
  const values = decodeFields(reader, fields, at)
  if (!isNamed(fields)) return values
  const record: Record<string, AbiValue> = {}
  for (const [i, { name }] of fields.entries()) record[name] = values[i] ?? 0
  return record
}

/** `abi_decode_t_array` and `abi_decode_available_length_t_array`. */
function decodeArray(
  reader: Reader,
  element: AbiType,
  fixedLength: number | undefined,
  at: number,
): AbiValue[] {
  if (at + 31 >= reader.data.length) throw new Revert(noBytes)
  const length = fixedLength === undefined ? readWord(reader, at) : BigInt(fixedLength)
  const first = fixedLength === undefined ? at + 32 : at
  if (length > maxOffset) throw new Revert(panicMemory)
  allocate(reader, 32n * length + (fixedLength === undefined ? 32n : 0n))
  const stride = headSize(element)
  if (first + Number(length) * stride > reader.data.length) throw new Revert(noBytes)
  const values: AbiValue[] = []
  for (let i = 0; i < Number(length); i++)
    values.push(decodeAt(reader, element, first + i * stride, first))
  return values
}

/** `abi_decode_t_bytes_memory_ptr` and `abi_decode_available_length_t_bytes`. */
function decodeBytes(reader: Reader, kind: 'bytes' | 'string', at: number): string {
  if (at + 31 >= reader.data.length) throw new Revert(noBytes)
  const word = readWord(reader, at)
  if (word > maxOffset) throw new Revert(panicMemory)
  allocate(reader, 32n + 32n * ((word + 31n) / 32n))
  const [first, length] = [at + 32, Number(word)]
  if (first + length > reader.data.length) throw new Revert(noBytes)
  reader.charge(Math.ceil(length / 32) + 1)
  const bytes = reader.data.subarray(first, first + length)
  return kind === 'bytes' ? toHex(bytes) : bytesToText(bytes)
}

/**
 * `validator_revert`: bits outside the type must be zero (or the sign, for signed integers), and an enum
 * has no more values than its names.
 */
function decodeWord(type: WordType, reader: Reader, at: number): AbiValue {
  switch (type.kind) {
    case 'uint': {
      const small = smallWord(reader, at)
      if (small !== undefined && isSmallInteger(type.bits)) {
        if (small >= 2 ** type.bits || small >= (type.values ?? Infinity)) throw new Revert(noBytes)
        return small
      }
      const word = small === undefined ? readWord(reader, at) : BigInt(small)
      if (BigInt.asUintN(type.bits, word) !== word) throw new Revert(noBytes)
      if (type.values !== undefined && word >= BigInt(type.values)) throw new Revert(noBytes)
      return isSmallInteger(type.bits) ? Number(word) : word
    }
    case 'int': {
      const word = readWord(reader, at)
      const value = BigInt.asIntN(type.bits, word)
      if (BigInt.asUintN(256, value) !== word) throw new Revert(noBytes)
      return isSmallInteger(type.bits) ? Number(value) : value
    }
    case 'bool': {
      const word = readWord(reader, at)
      if (word > 1n) throw new Revert(noBytes)
      return word === 1n
    }
    case 'address':
      return readDigits(reader, at, 12, 32)
    case 'fixedBytes':
      return readDigits(reader, at, 0, type.size)
    default:
      return assertNever(type)
  }
}

/** Bytes from .. end - 1 of a word as hex; the others must be zero. */
function readDigits({ data }: Reader, at: number, from: number, end: number): Hex {
  let bytes = data.subarray(at, at + 32)
  if (bytes.length < 32) (bytes = new Uint8Array(32)).set(data.subarray(at, at + 32))
  for (let i = 0; i < from; i++) if (bytes[i] !== 0) throw new Revert(noBytes)
  for (let i = end; i < 32; i++) if (bytes[i] !== 0) throw new Revert(noBytes)
  return toHex(bytes.subarray(from, end))
}

/** A word below 2^48, which most are, without a bigint; undefined: it is none, or runs past the end. */
function smallWord({ data, view }: Reader, at: number): number | undefined {
  if (at + 32 > data.length) return undefined
  const isLarge =
    view.getBigUint64(at) !== 0n ||
    view.getBigUint64(at + 8) !== 0n ||
    view.getBigUint64(at + 16) !== 0n
  const high = view.getUint32(at + 24)
  return isLarge || high >= 2 ** 16 ? undefined : high * 2 ** 32 + view.getUint32(at + 28)
}

/** Moves the free pointer as `allocate_memory` does. */
function allocate(reader: Reader, size: bigint): void {
  reader.free += size
  if (reader.free > maxOffset) throw new Revert(panicMemory)
}

/** `calldataload`: bytes past the end are zero. */
function readWord({ data }: Reader, at: number): bigint {
  if (at >= data.length) return 0n
  const bytes = data.subarray(at, at + 32)
  return toBigInt(bytes) << BigInt(8 * (32 - bytes.length))
}

class Revert extends Error {
  readonly data: Uint8Array
  constructor(data: Uint8Array) {
    super('call data refused')
    this.data = data
  }
}
