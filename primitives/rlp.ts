/**
 * RLP (Yellow Paper, appendix B): encoding, and decoding that accepts only the one canonical form.
 * The codec is @ethereumjs/rlp; this file narrows it to bytes in, bytes out, and to a thrown
 * `RlpError`, which decoders of larger things turn into a verdict.
 */
import { RLP, type Decoded } from '@ethereumjs/rlp'
import { toBigInt } from './bytes.ts'

export type RlpItem = Uint8Array | readonly RlpItem[]

export const encodeRlp = (item: RlpItem): Uint8Array =>
  RLP.encode(item as Parameters<typeof RLP.encode>[0])

/** Throws RlpError for anything but one canonical item with nothing behind it. */
export function decodeRlp(bytes: Uint8Array): RlpItem {
  try {
    if (bytes.length === 0) throw new Error('no bytes')
    return RLP.decode(bytes)
  } catch (cause) {
    throw new RlpError(`not canonical RLP: ${cause instanceof Error ? cause.message : ''}`, cause)
  }
}

/** Splits RLP items that stand one after the other, as in geth's `chain.rlp`. */
export function* decodeRlpStream(bytes: Uint8Array): Generator<RlpItem> {
  let rest = bytes
  while (rest.length > 0) {
    let item: Decoded
    try {
      item = RLP.decode(rest, true)
    } catch (cause) {
      throw new RlpError('the stream breaks off inside an item', cause)
    }
    yield item.data
    rest = item.remainder
  }
}

/** Reads a decoded item as a list of `length` items. */
export function asList(
  item: RlpItem | undefined,
  what: string,
  length?: number,
): readonly RlpItem[] {
  if (item === undefined || item instanceof Uint8Array) throw new RlpError(`${what} is not a list`)
  if (length !== undefined && item.length !== length)
    throw new RlpError(`${what} has ${item.length} items, not ${length}`)
  return item
}

/** Reads a decoded item as bytes, of exactly `length` where given. */
export function asBytes(item: RlpItem | undefined, what: string, length?: number): Uint8Array {
  if (!(item instanceof Uint8Array)) throw new RlpError(`${what} is not bytes`)
  if (length !== undefined && item.length !== length)
    throw new RlpError(`${what} has ${item.length} bytes, not ${length}`)
  return item
}

/** Reads a decoded item as an integer of at most `maxBytes`, without leading zeros. */
export function asInteger(item: RlpItem | undefined, what: string, maxBytes = 32): bigint {
  const bytes = asBytes(item, what)
  if (bytes.length > maxBytes) throw new RlpError(`${what} is longer than ${maxBytes} bytes`)
  if (bytes[0] === 0) throw new RlpError(`${what} has leading zeros`)
  return toBigInt(bytes)
}

/** The bytes are not what the schema says; the message names the field. */
export class RlpError extends Error {
  override readonly name = 'RlpError'
  constructor(message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
  }
}
