/**
 * Schemas: one description of a value gives its encoding, its decoding and its limits. The bytes are
 * strict RLP, one form for one value, so `encode(decode(bytes))` is `bytes`. Sizes are checked
 * before anything is decoded. Knows no message; whoever defines one builds it from these pieces.
 */
import { toBigInt, toHex, type Hex } from './bytes.ts'
import { invariant } from './errors.ts'
import {
  asBytes,
  asList,
  decodeRlp,
  encodePassingRlp,
  RlpError,
  type RlpInput,
  type RlpItem,
} from './rlp.ts'
import { accept, reject, type Verdict } from './verdict.ts'

export interface Schema<value> {
  /** Throws for a value the schema has no form for: a mistake of the caller. */
  encode(value: value): RlpInput
  /** Throws RlpError, naming `what`, for anything but the one form of a value. */
  decode(item: RlpItem, what: string): value
}

/** A value as bytes of limited size, which are sent or logged and then forgotten. */
export interface Codec<value> {
  readonly maxBytes: number
  encode(value: value): Uint8Array
  /** The same behind so many zeros, for whoever says there what follows. */
  encodeBehind(zeros: number, value: value): Uint8Array
  decode(bytes: Uint8Array): Verdict<value, 'TOO_LARGE' | 'MALFORMED'>
}

export const createCodec = <value>(schema: Schema<value>, maxBytes: number): Codec<value> => ({
  maxBytes,
  encode: (value) => encodePassingRlp(schema.encode(value)),
  encodeBehind: (zeros, value) => encodePassingRlp(schema.encode(value), zeros),
  decode(bytes) {
    if (bytes.length > maxBytes)
      return reject('TOO_LARGE', `${bytes.length} bytes, the limit is ${maxBytes}`)
    try {
      return accept(schema.decode(decodeRlp(bytes), 'message'))
    } catch (error) {
      if (!(error instanceof RlpError)) throw error
      return reject('MALFORMED', error.message)
    }
  },
})

/** An integer of at most `bits` bits. */
export const uint = (bits: number): Schema<bigint> => {
  const limit = 1n << BigInt(bits)
  return {
    encode(value) {
      if (value < 0n || value >= limit)
        throw new RangeError(`${value.toString()} does not fit ${bits} bits`)
      return value
    },
    decode(item, what) {
      const bytes = asBytes(item, what)
      if (bytes[0] === 0) throw new RlpError(`${what} has leading zeros`)
      if (bytes.length * 8 > bits + 7) throw new RlpError(`${what} does not fit ${bits} bits`)
      const value = toBigInt(bytes)
      if (value >= limit) throw new RlpError(`${what} does not fit ${bits} bits`)
      return value
    },
  }
}

/** A number from `min` to `max`; sent as the distance from `min`. */
export const integer = (min: number, max: number): Schema<number> => {
  invariant(Number.isSafeInteger(min) && Number.isSafeInteger(max - min), 'a distance is exact')
  const distance = uint(53)
  return {
    encode(value) {
      if (!Number.isInteger(value) || value < min || value > max)
        throw new RangeError(`${value} is not in ${min}..${max}`)
      return value - min
    },
    decode(item, what) {
      const value = Number(distance.decode(item, what)) + min
      if (value > max) throw new RlpError(`${what} is over ${max}`)
      return value
    },
  }
}

/** Exactly `length` bytes, as hex. */
export const fixedHex = (length: number): Schema<Hex> => ({
  encode(value) {
    if (value.length !== 2 + 2 * length) throw new RangeError(`${value} has not ${length} bytes`)
    return value
  },
  decode: (item, what) => toHex(asBytes(item, what, length)),
})

/** Up to `max` bytes. */
export const bytes = (max: number): Schema<Uint8Array> => ({
  encode(value) {
    if (value.length > max) throw new RangeError(`${value.length} bytes are over ${max}`)
    return value
  },
  decode(item, what) {
    const value = asBytes(item, what)
    if (value.length > max) throw new RlpError(`${what} has over ${max} bytes`)
    return value
  },
})

const encoder = new TextEncoder()
const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Up to `max` bytes of UTF-8. */
export const text = (max: number): Schema<string> => {
  const raw = bytes(max)
  return {
    encode: (value) => raw.encode(encoder.encode(value)),
    decode(item, what) {
      try {
        return strict.decode(raw.decode(item, what))
      } catch (cause) {
        throw cause instanceof RlpError ? cause : new RlpError(`${what} is not UTF-8`, cause)
      }
    },
  }
}

/** A value or `null`, which is no bytes; for schemas whose values are never empty. */
export const nullable = <value>(schema: Schema<value>): Schema<value | null> => ({
  encode: (value) => (value === null ? new Uint8Array(0) : schema.encode(value)),
  decode: (item, what) =>
    item instanceof Uint8Array && item.length === 0 ? null : schema.decode(item, what),
})

/** One of some words, each sent as its number. */
export const oneOf = <word extends string>(
  numbers: Readonly<Record<word, number>>,
): Schema<word> => {
  const number = uint(8)
  const words = Object.keys(numbers) as word[]
  for (const word of words)
    invariant(numbers[word] === (numbers[word] & 0xff), 'the number of a word is one byte')
  return {
    encode: (value) => numbers[value],
    decode(item, what) {
      const sent = Number(number.decode(item, what))
      const found = words.find((word) => numbers[word] === sent)
      if (found === undefined) throw new RlpError(`${what} is ${sent}, which means nothing`)
      return found
    },
  }
}

/** Up to `max` values. */
export const list = <value>(schema: Schema<value>, max: number): Schema<readonly value[]> => ({
  encode(values) {
    if (values.length > max) throw new RangeError(`${values.length} items are over ${max}`)
    return values.map((value) => schema.encode(value))
  },
  decode(item, what) {
    const items = asList(item, what)
    if (items.length > max) throw new RlpError(`${what} has over ${max} items`)
    return items.map((each, index) => schema.decode(each, `${what}[${index}]`))
  },
})

type Fields<value> = { readonly [key in keyof value]-?: Schema<value[key]> }

/** Named fields, on the wire in the order of the literal (which the language keeps for names). */
export function record<value extends object>(fields: Fields<value>): Schema<value> {
  const names = Object.keys(fields) as (keyof value & string)[]
  const inOrder = names.map((name) => ({ name, schema: fields[name] }))
  return {
    encode: (value) => inOrder.map(({ name, schema }) => schema.encode(value[name])),
    decode(item, what) {
      const items = asList(item, what, inOrder.length)
      const value: Partial<value> = {}
      for (let i = 0; i < inOrder.length; i++) {
        const field = inOrder[i]
        if (field) value[field.name] = field.schema.decode(items[i] ?? [], `${what}.${field.name}`)
      }
      return value as value
    },
  }
}

type Variants<value extends { readonly type: string }> = {
  readonly [type in value['type']]: {
    readonly number: number
    readonly schema: Schema<Omit<Extract<value, { readonly type: type }>, 'type'>>
  }
}

/** One of several records told apart by `type`: on the wire the number, then the record. */
export function variants<value extends { readonly type: string }>(
  table: Variants<value>,
): Schema<value> {
  const types = Object.keys(table) as value['type'][]
  const numbers = Object.fromEntries(types.map((type) => [type, table[type].number]))
  const tag = oneOf(numbers as Record<value['type'], number>)
  return {
    encode(value) {
      const type: value['type'] = value.type
      const schema = table[type].schema as unknown as Schema<value>
      return [tag.encode(type), schema.encode(value)]
    },
    decode(item, what) {
      const [number, fields] = asList(item, what, 2)
      const type = tag.decode(number ?? [], `${what}.type`)
      const value = table[type].schema.decode(fields ?? [], `${what}.${type}`)
      return { type, ...(value as object) } as unknown as value
    },
  }
}

/** A value that is checked further, or made from, what another schema reads. */
export const mapped = <wire, value>(
  schema: Schema<wire>,
  map: {
    readonly toWire: (value: value) => wire
    /** Returns the fault as a string where the wire form stands for no value. */
    readonly fromWire: (wire: wire) => { readonly value: value } | { readonly fault: string }
  },
): Schema<value> => ({
  encode: (value) => schema.encode(map.toWire(value)),
  decode(item, what) {
    const made = map.fromWire(schema.decode(item, what))
    if ('fault' in made) throw new RlpError(`${what} ${made.fault}`)
    return made.value
  },
})
