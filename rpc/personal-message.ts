/**
 * What a wallet signs that is no transaction: messages (EIP-191) and typed data (EIP-712), as the
 * hash under the signature. Holds no key.
 */
import { concat, keccak256, type Signature, toFixedBytes, toHex } from '../primitives/index.ts'
import type { Hex } from '../primitives/index.ts'
import { ParamError } from './errors.ts'
import { cannotUnmarshal, type Decoder, isObject } from './params.ts'

/** `0x19 "Ethereum Signed Message:\n" length message` (EIP-191, version 0x45). */
export function messageHash(message: Uint8Array): Uint8Array {
  const prefix = `\u0019Ethereum Signed Message:\n${message.length}`
  return keccak256(concat(new TextEncoder().encode(prefix), message))
}

/** r, s and 27 or 28, as wallets answer it. */
export const signatureText = ({ r, s, yParity }: Signature): Hex =>
  toHex(concat(toFixedBytes(r, 32), toFixedBytes(s, 32), Uint8Array.of(27 + yParity)))

/** EIP-712 JSON, as an object or as text. */
export const typedData: Decoder<Readonly<Record<string, unknown>>> = {
  schema: { type: 'object', required: ['types', 'primaryType', 'domain', 'message'] },
  decode(value) {
    const parsed = typeof value === 'string' ? parse(value) : value
    if (!isObject(parsed)) throw cannotUnmarshal('non-object', 'apitypes.TypedData')
    return parsed
  },
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new ParamError('typed data is not JSON')
  }
}

/** Throws ParamError for data that does not follow its own types. */
export async function typedDataHash(data: Readonly<Record<string, unknown>>): Promise<Uint8Array> {
  // Loaded on first use: it is large, and most nodes never sign.
  const { hashTypedData, toBytes } = await import('viem/utils')
  try {
    return toBytes(hashTypedData(data as unknown as Parameters<typeof hashTypedData>[0]))
  } catch (error) {
    const [line] = String(error instanceof Error ? error.message : error).split('\n')
    throw new ParamError(`invalid typed data: ${line ?? ''}`)
  }
}
