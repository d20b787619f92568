/**
 * What a caller of eth_getLogs, a filter or a subscription asks for, with the words of geth's
 * FilterCriteria. Decodes only; logs.ts searches.
 */
import type { Address, Hex } from '../primitives/index.ts'
import { type BlockRef, blockNumber } from './block-ref.ts'
import { ParamError, serverError } from './errors.ts'
import { type Decoder, bytesFault, cannotUnmarshal, hash, isObject } from './params.ts'

export interface LogCriteria {
  readonly blockHash?: Hex
  readonly from?: BlockRef
  readonly to?: BlockRef
  /** Empty: any. */
  readonly addresses: readonly Address[]
  /** By position; null: any. */
  readonly topics: readonly (readonly Hex[] | null)[]
}

/** An EVM log has at most four topics. */
const maxTopics = 4
/** geth's limit for addresses, and for alternatives at one topic position. */
const maxAlternatives = 1000

export const logCriteria: Decoder<LogCriteria> = {
  schema: {
    title: 'log filter',
    type: 'object',
    properties: {
      fromBlock: blockNumber.schema,
      toBlock: blockNumber.schema,
      blockHash: hash.schema,
      address: { oneOf: [{ type: 'string' }, { type: 'array', items: { type: 'string' } }] },
      topics: { type: 'array', maxItems: maxTopics },
    },
  },
  decode(value) {
    if (!isObject(value)) throw cannotUnmarshal(kindOf(value), 'filters.input')
    const [blockHash, from, to] = ['blockHash', 'fromBlock', 'toBlock'].map(
      (name) => value[name] ?? undefined,
    )
    if (blockHash !== undefined && (from !== undefined || to !== undefined))
      throw new ParamError(
        'cannot specify both BlockHash and FromBlock/ToBlock, choose one or the other',
      )
    return {
      ...(blockHash !== undefined && {
        blockHash: hash.decode(blockHash, 'Go struct field input.blockHash'),
      }),
      ...(from !== undefined && { from: blockNumber.decode(from) }),
      ...(to !== undefined && { to: blockNumber.decode(to) }),
      addresses: decodeAddresses(value['address'] ?? undefined),
      topics: decodeTopics(value['topics'] ?? undefined),
    }
  },
}

const kindOf = (value: unknown): string =>
  Array.isArray(value) ? 'array' : typeof value === 'boolean' ? 'bool' : typeof value

function decodeAddresses(value: unknown): Address[] {
  if (value === undefined) return []
  if (typeof value === 'string') return [fixed(value, 20, 'address', 'invalid address: ')]
  if (!Array.isArray(value)) throw new ParamError('invalid addresses in query')
  if (value.length > maxAlternatives) throw serverError('exceed max addresses')
  return value.map((entry: unknown, i) => {
    if (typeof entry !== 'string') throw new ParamError(`non-string address at index ${i}`)
    return fixed(entry, 20, 'address', `invalid address at index ${i}: `)
  })
}

function decodeTopics(value: unknown): (Hex[] | null)[] {
  if (value === undefined) return []
  if (!Array.isArray(value))
    throw cannotUnmarshal(kindOf(value), '[]interface {}', 'Go struct field input.topics')
  if (value.length > maxTopics) throw serverError('exceed max topics')
  return value.map((entry: unknown) => {
    if (entry === null) return null
    if (typeof entry === 'string') return [fixed(entry, 32, 'topic', '')]
    if (!Array.isArray(entry)) throw new ParamError('invalid topic(s)')
    if (entry.length > maxAlternatives) throw serverError('exceed max topics')
    return alternatives(entry)
  })
}

/** One null among the alternatives means any topic, as in geth. */
function alternatives(entries: readonly unknown[]): Hex[] | null {
  if (entries.length === 0 || entries.includes(null)) return null
  return entries.map((entry) => {
    if (typeof entry !== 'string') throw new ParamError('invalid topic(s)')
    return fixed(entry, 32, 'topic', '')
  })
}

/** Hex of exactly `length` bytes. */
function fixed(text: string, length: number, name: string, prefix: string): Hex {
  if (text === '') throw new ParamError(`${prefix}empty hex string`)
  const isLong = text.length > 2 + 2 * length
  const fault =
    isLong && /^0[xX]/.test(text) && text.length % 2 === 0 ? undefined : bytesFault(text)
  if (fault !== undefined) throw new ParamError(prefix + fault)
  const have = text.length / 2 - 1
  if (have !== length)
    throw new ParamError(
      `${prefix}hex has invalid length ${have} after decoding; expected ${length} for ${name}`,
    )
  return text.toLowerCase() as Hex
}
