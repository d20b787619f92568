/** Parameters as anvil and Hardhat read them: more lenient than geth's, for the same tools call both. */
import { ParamError } from '../../errors.ts'
import { cannotUnmarshal, type Decoder } from '../../params.ts'
import { type Hex, toWord } from '../../../primitives/index.ts'

/** A JSON number, or text in hex or decimal, of at most `bits`; leading zeros are let pass. */
const lenientNumber = (bits: number): Decoder<bigint> => ({
  schema: { oneOf: [{ type: 'integer', minimum: 0 }, { type: 'string' }] },
  decode(value, place) {
    const number = toNumber(value)
    if (number === undefined)
      throw cannotUnmarshal(typeof value === 'string' ? 'string' : typeof value, 'number', place)
    if (number >= 1n << BigInt(bits)) throw new ParamError(`number > ${bits} bits`)
    return number
  },
})

/** Longest text of a 256-bit number: 78 decimal digits. */
const maxDigits = 80

function toNumber(value: unknown): bigint | undefined {
  if (typeof value === 'number')
    return Number.isSafeInteger(value) && value >= 0 ? BigInt(value) : undefined
  if (typeof value !== 'string' || value.length > maxDigits) return undefined
  return /^(0[xX][0-9a-fA-F]+|[0-9]+)$/.test(value) ? BigInt(value) : undefined
}

export const anyUint64 = lenientNumber(64)
export const anyUint256 = lenientNumber(256)

/** At most 32 bytes in hex, whatever the number of digits. */
export const word: Decoder<bigint> = {
  schema: { type: 'string', pattern: '^0x[0-9a-fA-F]{0,64}$' },
  decode(value, place) {
    if (typeof value !== 'string' || !/^0x[0-9a-fA-F]{0,64}$/.test(value))
      throw cannotUnmarshal('anything but 32 bytes of hex', 'common.Hash', place)
    return value === '0x' ? 0n : BigInt(value)
  },
}

/** 32 bytes, given as such or as a number. */
export const wordText: Decoder<Hex> = {
  schema: word.schema,
  decode: (value, place) => toWord(word.decode(value, place)),
}
