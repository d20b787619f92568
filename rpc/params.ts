/**
 * Decoders of JSON parameters. Each is declared once and gives the TypeScript type, the check with
 * geth's (Go's) exact words, and a JSON schema for OpenRPC. Reads no chain. Hex is measured before
 * it is decoded.
 */
import type { Address, Hex } from '../primitives/index.ts'
import { echo, invalidParams, missingArgument, ParamError, tooManyArguments } from './errors.ts'

export type JsonSchema = Readonly<Record<string, unknown>>

export interface Decoder<out value> {
  readonly schema: JsonSchema
  /** `place` is where Go would say it was decoding: `Go value`, `Go struct field X.y`. */
  readonly decode: (value: unknown, place?: string) => value
}

export type Decoded<decoder> = decoder extends Decoder<infer value> ? value : never

/** One position of a parameter list. */
export interface Param<out value> {
  readonly name: string
  readonly isRequired: boolean
  readonly decoder: Decoder<value>
}

export type ParamValues<params extends readonly Param<unknown>[]> = {
  [index in keyof params]: params[index] extends Param<infer value> ? value : never
}

export const required = <value>(name: string, decoder: Decoder<value>): Param<value> => ({
  name,
  isRequired: true,
  decoder,
})

/** Absent or null gives undefined. */
export const optional = <value>(
  name: string,
  decoder: Decoder<value>,
): Param<value | undefined> => ({ name, isRequired: false, decoder })

/** Decodes `params` of a request. Throws RpcError -32602. */
export function decodeParams(params: readonly Param<unknown>[], raw: unknown): unknown[] {
  if (raw !== undefined && raw !== null && !Array.isArray(raw))
    throw invalidParams('non-array args')
  const given: readonly unknown[] = raw ?? []
  const values = params.map((param, index) => {
    const value = given[index]
    if (value !== undefined && value !== null) return decodeArgument(param, value, index)
    if (param.isRequired) throw missingArgument(index)
    return undefined
  })
  if (given.length > params.length) throw tooManyArguments(params.length)
  return values
}

function decodeArgument(param: Param<unknown>, value: unknown, index: number): unknown {
  try {
    return param.decoder.decode(value)
  } catch (error) {
    if (error instanceof ParamError)
      throw invalidParams(`invalid argument ${index}: ${error.message}`)
    throw error
  }
}

/** Go's name of a JSON value's kind. */
const kindOf = (value: unknown): string =>
  value === null
    ? 'null'
    : Array.isArray(value)
      ? 'array'
      : typeof value === 'boolean'
        ? 'bool'
        : typeof value

/** encoding/json's words when a value does not fit the type it is decoded into. */
export const cannotUnmarshal = (what: string, type: string, place = 'Go value'): ParamError =>
  new ParamError(`json: cannot unmarshal ${what} into ${place} of type ${type}`)

const digits = /^[0-9a-fA-F]*$/

/** Faults of hexutil; undefined when `text` is 0x and an even number of digits. */
export function bytesFault(text: string): string | undefined {
  if (!/^0[xX]/.test(text)) return 'hex string without 0x prefix'
  if (text.length % 2 !== 0) return 'hex string of odd length'
  return digits.test(text.slice(2)) ? undefined : 'invalid hex string'
}

/** Faults of a minimal hex number of at most `bits` bits. */
export function numberFault(text: string, bits: number): string | undefined {
  if (!/^0[xX]/.test(text)) return 'hex string without 0x prefix'
  if (text.length === 2) return 'hex string "0x"'
  if (text.length > 3 && text[2] === '0') return 'hex number with leading zero digits'
  if (text.length > 2 + bits / 4) return `hex number > ${bits} bits`
  return digits.test(text.slice(2)) ? undefined : 'invalid hex string'
}

const hexNumber = (bits: number, type: string): Decoder<bigint> => ({
  schema: {
    title: 'quantity',
    type: 'string',
    pattern: `^0x(0|[1-9a-f][0-9a-f]{0,${bits / 4 - 1}})$`,
  },
  decode(value, place) {
    if (typeof value !== 'string') throw cannotUnmarshal('non-string', type, place)
    const fault = numberFault(value, bits)
    if (fault !== undefined) throw cannotUnmarshal(fault, type, place)
    return BigInt(value.toLowerCase())
  },
})

export const uint64: Decoder<bigint> = hexNumber(64, 'hexutil.Uint64')
export const uint256: Decoder<bigint> = hexNumber(256, 'hexutil.Big')
/** A position in a list. */
export const index: Decoder<number> = {
  schema: uint64.schema,
  decode: (value, place) => Number(hexNumber(64, 'hexutil.Uint').decode(value, place)),
}

const fixedHex = (length: number, type: string, title: string): Decoder<Hex> => ({
  schema: { title, type: 'string', pattern: `^0x[0-9a-fA-F]{${length * 2}}$` },
  decode(value, place) {
    if (typeof value !== 'string') throw cannotUnmarshal('non-string', type, place)
    const isLong = value.length > 2 + length * 2
    const fault = isLong && /^0[xX]/.test(value) ? undefined : bytesFault(value)
    if (fault !== undefined) throw cannotUnmarshal(fault, type, place)
    const have = value.length - 2
    if (have !== length * 2)
      throw new ParamError(`hex string has length ${have}, want ${length * 2} for ${type}`)
    return value.toLowerCase() as Hex
  },
})

/** 20 bytes in any case; lower case inside the node. */
export const address: Decoder<Address> = fixedHex(20, 'common.Address', 'address')
export const hash: Decoder<Hex> = fixedHex(32, 'common.Hash', '32 bytes')

/** Any bytes; the size of the request bounds them. */
export const bytes: Decoder<Uint8Array> = {
  schema: { title: 'bytes', type: 'string', pattern: '^0x([0-9a-fA-F]{2})*$' },
  decode(value, place) {
    if (typeof value !== 'string') throw cannotUnmarshal('non-string', 'hexutil.Bytes', place)
    if (value === '') return new Uint8Array(0)
    const fault = bytesFault(value)
    if (fault !== undefined) throw cannotUnmarshal(fault, 'hexutil.Bytes', place)
    return new Uint8Array(Buffer.from(value.slice(2), 'hex'))
  },
}

export const text: Decoder<string> = {
  schema: { title: 'text', type: 'string' },
  decode(value, place) {
    if (typeof value === 'string') return value
    throw cannotUnmarshal(kindOf(value), 'string', place)
  },
}

export const flag: Decoder<boolean> = {
  schema: { title: 'true or false', type: 'boolean' },
  decode(value, place) {
    if (typeof value === 'boolean') return value
    throw cannotUnmarshal(kindOf(value), 'bool', place)
  },
}

export const float: Decoder<number> = {
  schema: { title: 'number', type: 'number' },
  decode(value, place) {
    if (typeof value === 'number') return value
    throw cannotUnmarshal(kindOf(value), 'float64', place)
  },
}

/** Hex or decimal, as text or as a JSON number (geth's HexOrDecimal64: feeHistory's count). */
export const hexOrDecimal: Decoder<bigint> = {
  schema: { title: 'quantity or number', oneOf: [uint64.schema, { type: 'integer', minimum: 0 }] },
  decode(value) {
    const written = typeof value === 'number' ? String(value) : value
    const isNumber =
      typeof written === 'string' &&
      (/^0[xX][0-9a-fA-F]{1,16}$/.test(written) || /^[0-9]{1,19}$/.test(written))
    if (isNumber) return BigInt(written.toLowerCase())
    // An object's toString is the caller's to choose, so it is not asked.
    const shown = typeof written === 'string' ? echo(written) : kindOf(written)
    throw new ParamError(`invalid hex or decimal integer "${shown}"`)
  },
}

/** `most` bounds the work a caller can ask for; `type` is Go's name of the slice. */
export const list = <value>(
  item: Decoder<value>,
  type: string,
  most: number,
): Decoder<readonly value[]> => ({
  schema: { type: 'array', items: item.schema, maxItems: most },
  decode(value, place) {
    if (!Array.isArray(value)) throw cannotUnmarshal(kindOf(value), type, place)
    if (value.length > most)
      throw new ParamError(`too many items: ${value.length}, want at most ${most}`)
    return value.map((entry: unknown) => item.decode(entry, place))
  },
})

export type Fields = Readonly<Record<string, Decoder<unknown>>>

export type FieldValues<fields extends Fields> = {
  readonly [name in keyof fields]?: Decoded<fields[name]>
}

/** An object whose fields may all be absent or null; fields it does not know are let pass. */
export const struct = <const fields extends Fields>(
  type: string,
  fields: fields,
): Decoder<FieldValues<fields>> => ({
  schema: {
    type: 'object',
    properties: Object.fromEntries(Object.entries(fields).map(([name, d]) => [name, d.schema])),
  },
  decode(value, place) {
    if (!isObject(value)) throw cannotUnmarshal(kindOf(value), type, place)
    const short = type.slice(type.indexOf('.') + 1)
    const entries: [string, unknown][] = []
    for (const [name, decoder] of Object.entries(fields)) {
      const field = Object.hasOwn(value, name) ? value[name] : undefined
      if (field !== undefined && field !== null)
        entries.push([name, decoder.decode(field, `Go struct field ${short}.${name}`)])
    }
    return Object.fromEntries(entries) as FieldValues<fields>
  },
})

/** An object from names to values, such as the state overrides of a call. */
export const record = <value>(
  key: Decoder<Hex>,
  item: Decoder<value>,
  type: string,
  most: number,
): Decoder<ReadonlyMap<Hex, value>> => ({
  schema: { type: 'object', additionalProperties: item.schema, maxProperties: most },
  decode(value, place) {
    if (!isObject(value)) throw cannotUnmarshal(kindOf(value), type, place)
    const entries = Object.entries(value)
    if (entries.length > most)
      throw new ParamError(`too many items: ${entries.length}, want at most ${most}`)
    return new Map(entries.map(([name, entry]) => [key.decode(name), item.decode(entry)]))
  },
})

export const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
