/**
 * How a request names a block: a tag, a number, a hash, or EIP-1898's object. Decodes only; what
 * the name stands for on this chain is looked up in blocks.ts.
 */
import type { Hex } from '../primitives/index.ts'
import { ParamError } from './errors.ts'
import { type Decoder, cannotUnmarshal, flag, hash, isObject, numberFault } from './params.ts'

/** Finality is instant, so safe and finalized are latest; pending is latest with the next number. */
export type BlockTag = 'latest' | 'pending' | 'earliest' | 'safe' | 'finalized'

export type BlockRef =
  | { readonly type: 'tag'; readonly tag: BlockTag }
  | { readonly type: 'number'; readonly number: bigint }
  | { readonly type: 'hash'; readonly hash: Hex; readonly requireCanonical: boolean }

const tags: readonly string[] = ['latest', 'pending', 'earliest', 'safe', 'finalized']
const isTag = (text: string): text is BlockTag => tags.includes(text)

export const latest: BlockRef = { type: 'tag', tag: 'latest' }

/** geth keeps block numbers in an int64. */
const maxNumber = 2n ** 63n - 1n

const numberSchema = {
  title: 'block number or tag',
  oneOf: [{ enum: tags }, { type: 'string', pattern: '^0x(0|[1-9a-f][0-9a-f]{0,15})$' }],
}
const hashSchema = { title: 'block hash', type: 'string', pattern: '^0x[0-9a-fA-F]{64}$' }

/** A tag or a number. */
export const blockNumber: Decoder<BlockRef> = {
  schema: numberSchema,
  decode(value) {
    const text = typeof value === 'string' ? value : ''
    if (isTag(text)) return { type: 'tag', tag: text }
    if (text === '' && typeof value === 'string') throw new ParamError('empty hex string')
    const fault = numberFault(text, 64)
    if (fault !== undefined) throw new ParamError(fault)
    const number = BigInt(text.toLowerCase())
    if (number > maxNumber) throw new ParamError('block number larger than int64')
    return { type: 'number', number }
  },
}

/** A tag, a number, a hash, or an object with blockNumber or blockHash (EIP-1898). */
export const blockNumberOrHash: Decoder<BlockRef> = {
  schema: {
    title: 'block number, tag, hash or EIP-1898 object',
    oneOf: [...numberSchema.oneOf, hashSchema, { type: 'object' }],
  },
  decode(value) {
    if (isObject(value)) return decodeObject(value)
    if (typeof value !== 'string') {
      const kind = Array.isArray(value)
        ? 'array'
        : typeof value === 'boolean'
          ? 'bool'
          : typeof value
      throw cannotUnmarshal(kind, 'string')
    }
    if (value.length !== 66) return blockNumber.decode(value)
    return { type: 'hash', hash: hash.decode(value), requireCanonical: false }
  },
}

function decodeObject(value: Readonly<Record<string, unknown>>): BlockRef {
  const [number, blockHash] = [value['blockNumber'] ?? undefined, value['blockHash'] ?? undefined]
  if (number !== undefined && blockHash !== undefined)
    throw new ParamError('cannot specify both BlockHash and BlockNumber, choose one or the other')
  if (number !== undefined) return blockNumber.decode(number)
  if (blockHash === undefined)
    throw new ParamError('invalid arguments; neither block nor hash specified')
  const canonical = value['requireCanonical'] ?? false
  return {
    type: 'hash',
    hash: hash.decode(blockHash, 'Go struct field erased.blockHash'),
    requireCanonical: flag.decode(canonical, 'Go struct field erased.requireCanonical'),
  }
}
