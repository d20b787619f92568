/**
 * Encodes values as solc encodes return data, errors and log data: heads, then tails in order,
 * nothing shared, padding zero. A value outside its type is a bug of ours and throws. Everything is
 * written where it belongs in one piece of memory: this runs in every call of a native method.
 */
import { assertNever, fromHex, invariant, writeHex, type Hex } from '../../primitives/index.ts'
import type { AbiValue } from './abi-decode.ts'
import { textToBytes } from './abi-text.ts'
import {
  headSize,
  headSizeOf,
  isDynamic,
  isNamed,
  isWord,
  type AbiField,
  type AbiType,
  type WordType,
} from './abi-type.ts'

/** The tuple of `values` by `fields`. */
export function encodeValues(fields: readonly AbiField[], values: readonly AbiValue[]): Uint8Array {
  const bytes = new Uint8Array(tupleSize(fields, values))
  writeTuple({ bytes, view: new DataView(bytes.buffer) }, fields, values, 0)
  return bytes
}

function tupleSize(fields: readonly AbiField[], values: readonly AbiValue[]): number {
  invariant(fields.length === values.length, `${fields.length} values wanted, not ${values.length}`)
  let size = headSizeOf(fields)
  for (const [i, { type }] of fields.entries())
    if (isDynamic(type)) size += tailSize(type, values[i] ?? 0)
  return size
}

/** Of a dynamic value, without the offset that says where it is. */
function tailSize(type: AbiType, value: AbiValue): number {
  if (isWord(type)) return 0
  switch (type.kind) {
    case 'bytes':
      return 32 + padded((value as Hex).length / 2 - 1)
    case 'string':
      return 32 + padded((value as string).length)
    case 'array': {
      const items = value as readonly AbiValue[]
      let size = (type.length === undefined ? 32 : 0) + items.length * headSize(type.element)
      if (isDynamic(type.element)) for (const item of items) size += tailSize(type.element, item)
      return size
    }
    case 'tuple':
      return tupleSize(type.fields, tupleValues(type.fields, value))
    default:
      return assertNever(type)
  }
}

const padded = (size: number): number => 32 * Math.ceil(size / 32)

interface Output {
  readonly bytes: Uint8Array
  readonly view: DataView
}

/** Heads from `start`, tails behind them; where they end. */
function writeTuple(
  output: Output,
  fields: readonly AbiField[],
  values: readonly AbiValue[],
  start: number,
): number {
  let [head, tail] = [start, start + headSizeOf(fields)]
  for (const [i, { type }] of fields.entries()) {
    tail = writeAt(output, type, values[i] ?? 0, { start, head, tail })
    head += headSize(type)
  }
  return tail
}

/** A value in its head, or its offset from `start` there and itself at `tail`; where tails end now. */
function writeAt(
  output: Output,
  type: AbiType,
  value: AbiValue,
  { start, head, tail }: { readonly start: number; readonly head: number; readonly tail: number },
): number {
  if (!isDynamic(type)) {
    writeValue(output, type, value, head)
    return tail
  }
  writeNumber(output, tail - start, head)
  return writeValue(output, type, value, tail)
}

/** Where it ends. */
function writeValue(output: Output, type: AbiType, value: AbiValue, at: number): number {
  if (isWord(type)) {
    writeWord(output, type, value, at)
    return at + 32
  }
  switch (type.kind) {
    case 'bytes':
      return writeBytes(output, fromHex(value as Hex), at)
    case 'string':
      return writeBytes(output, textToBytes(value as string), at)
    case 'array':
      return writeArray(output, type, value as readonly AbiValue[], at)
    case 'tuple':
      return writeTuple(output, type.fields, tupleValues(type.fields, value), at)
    default:
      return assertNever(type)
  }
}

function writeArray(
  output: Output,
  { element, length }: Extract<AbiType, { kind: 'array' }>,
  items: readonly AbiValue[],
  at: number,
): number {
  const start = length === undefined ? at + 32 : at
  if (length === undefined) writeNumber(output, items.length, at)
  else invariant(items.length === length, `an array of ${length} has ${items.length} items`)
  const size = headSize(element)
  let [head, tail] = [start, start + items.length * size]
  for (const item of items) {
    tail = writeAt(output, element, item, { start, head, tail })
    head += size
  }
  return tail
}

function tupleValues(fields: readonly AbiField[], value: AbiValue): readonly AbiValue[] {
  if (!isNamed(fields)) return value as readonly AbiValue[]
  const record = value as Readonly<Record<string, AbiValue>>
  return fields.map(({ name }) => {
    const field = record[name]
    invariant(field !== undefined, `field ${name} is missing`)
    return field
  })
}

function writeBytes(output: Output, content: Uint8Array, at: number): number {
  writeNumber(output, content.length, at)
  output.bytes.set(content, at + 32)
  return at + 32 + padded(content.length)
}

/** Of at most 53 bits. */
function writeNumber({ view }: Output, value: number, at: number): void {
  view.setUint32(at + 24, Math.floor(value / 2 ** 32))
  view.setUint32(at + 28, value)
}

/** The lowest 256 bits. */
function writeBigInt({ view }: Output, value: bigint, at: number): void {
  view.setBigUint64(at + 24, value)
  if (value >> 64n === 0n) return
  view.setBigUint64(at + 16, value >> 64n)
  view.setBigUint64(at + 8, value >> 128n)
  view.setBigUint64(at, value >> 192n)
}

function writeWord(output: Output, type: WordType, value: AbiValue, at: number): void {
  switch (type.kind) {
    case 'uint': {
      if (typeof value === 'number') {
        invariant(
          Number.isSafeInteger(value) && value >= 0 && value < 2 ** type.bits,
          `no uint${type.bits}`,
        )
        return writeNumber(output, value, at)
      }
      const integer = value as bigint
      invariant(BigInt.asUintN(type.bits, integer) === integer, `no uint${type.bits}`)
      return writeBigInt(output, integer, at)
    }
    case 'int': {
      const integer = BigInt(value as bigint | number)
      invariant(BigInt.asIntN(type.bits, integer) === integer, `no int${type.bits}`)
      return writeBigInt(output, integer, at)
    }
    case 'bool':
      output.bytes[at + 31] = value === true ? 1 : 0
      return
    case 'address':
      invariant((value as Hex).length === 42, 'an address has 20 bytes')
      return void writeHex(value as Hex, output.bytes, at + 12)
    case 'fixedBytes': {
      const size = (value as Hex).length / 2 - 1
      invariant(size === type.size, `bytes${type.size} has ${size} bytes`)
      return void writeHex(value as Hex, output.bytes, at)
    }
    default:
      return assertNever(type)
  }
}
