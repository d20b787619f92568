/** Value types as bits of a storage slot, lowest bit first. Packing is layout.ts's business. */
import { assertNever, type Hex, invariant } from '../../primitives/index.ts'
import type { AbiValue } from './abi-decode.ts'
import { isSmallInteger, type WordType } from './abi-type.ts'

/** Bytes in storage. */
export function sizeOfWord(type: WordType): number {
  switch (type.kind) {
    case 'uint':
    case 'int':
      return type.bits / 8
    case 'address':
      return 20
    case 'bool':
      return 1
    case 'fixedBytes':
      return type.size
    default:
      return assertNever(type)
  }
}

/** The value in the lowest bits; higher ones are others' and ignored. */
export function bitsToWord(type: WordType, bits: bigint): AbiValue {
  const size = sizeOfWord(type)
  const own = BigInt.asUintN(8 * size, bits)
  switch (type.kind) {
    case 'uint':
      return isSmallInteger(type.bits) ? Number(own) : own
    case 'int': {
      const value = BigInt.asIntN(type.bits, own)
      return isSmallInteger(type.bits) ? Number(value) : value
    }
    case 'bool':
      return own !== 0n
    case 'address':
    case 'fixedBytes':
      return `0x${own.toString(16).padStart(2 * size, '0')}`
    default:
      return assertNever(type)
  }
}

/** A value outside its type is a bug of ours and throws. */
export function wordToBits(type: WordType, value: AbiValue): bigint {
  if (type.kind === 'bool') return value === true ? 1n : 0n
  if (!('bits' in type)) {
    const size = sizeOfWord(type)
    invariant((value as Hex).length === 2 + 2 * size, `${size} bytes wanted`)
    return BigInt(value as Hex)
  }
  const integer = BigInt(value as bigint | number)
  const bits = BigInt.asUintN(type.bits, integer)
  const back = type.kind === 'int' ? BigInt.asIntN(type.bits, bits) : bits
  invariant(back === integer, `${integer} is no ${type.kind}${type.bits}`)
  return bits
}
