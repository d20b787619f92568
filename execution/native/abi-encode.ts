/**
 * Encodes values as solc encodes return data, errors and log data: heads, then tails in order,
 * nothing shared, padding zero. A value outside its type is a bug of ours and throws.
 */
import {
  assertNever,
  concat,
  fromHex,
  invariant,
  toFixedBytes,
  type Hex,
} from '../../primitives/index.ts'
import type { AbiValue } from './abi-decode.ts'
import { textToBytes } from './abi-text.ts'
import {
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
  invariant(fields.length === values.length, `${fields.length} values wanted, not ${values.length}`)
  const heads: Uint8Array[] = []
  const tails: Uint8Array[] = []
  let tailAt = headSizeOf(fields)
  fields.forEach(({ type }, i) => {
    const encoded = encodeValue(type, values[i] ?? 0)
    if (!isDynamic(type)) {
      heads.push(encoded)
      return
    }
    heads.push(toFixedBytes(BigInt(tailAt), 32))
    tails.push(encoded)
    tailAt += encoded.length
  })
  return concat(...heads, ...tails)
}

function encodeValue(type: AbiType, value: AbiValue): Uint8Array {
  if (isWord(type)) return encodeWord(type, value)
  switch (type.kind) {
    case 'bytes':
      return encodeBytes(fromHex(value as Hex))
    case 'string':
      return encodeBytes(textToBytes(value as string))
    case 'array': {
      const items = value as readonly AbiValue[]
      const fields = items.map(() => ({ name: '', type: type.element }))
      const body = encodeValues(fields, items)
      if (type.length === undefined) return concat(toFixedBytes(BigInt(items.length), 32), body)
      invariant(
        items.length === type.length,
        `an array of ${type.length} has ${items.length} items`,
      )
      return body
    }
    case 'tuple':
      return encodeValues(type.fields, tupleValues(type.fields, value))
    default:
      return assertNever(type)
  }
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

function encodeBytes(bytes: Uint8Array): Uint8Array {
  const padded = new Uint8Array(32 + 32 * Math.ceil(bytes.length / 32))
  padded.set(toFixedBytes(BigInt(bytes.length), 32), 0)
  padded.set(bytes, 32)
  return padded
}

function encodeWord(type: WordType, value: AbiValue): Uint8Array {
  switch (type.kind) {
    case 'uint': {
      const integer = BigInt(value as bigint | number)
      invariant(integer >= 0n && integer >> BigInt(type.bits) === 0n, `no uint${type.bits}`)
      return toFixedBytes(integer, 32)
    }
    case 'int': {
      const integer = BigInt(value as bigint | number)
      invariant(BigInt.asIntN(type.bits, integer) === integer, `no int${type.bits}`)
      return toFixedBytes(BigInt.asUintN(256, integer), 32)
    }
    case 'bool':
      return toFixedBytes(value === true ? 1n : 0n, 32)
    case 'address':
      invariant((value as Hex).length === 42, 'an address has 20 bytes')
      return toFixedBytes(BigInt(value as Hex), 32)
    case 'fixedBytes': {
      const bytes = fromHex(value as Hex)
      invariant(bytes.length === type.size, `bytes${type.size} has ${bytes.length} bytes`)
      return concat(bytes, new Uint8Array(32 - bytes.length))
    }
    default:
      return assertNever(type)
  }
}
