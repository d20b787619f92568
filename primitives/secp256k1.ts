/**
 * The curve of Ethereum's signatures, as a port: a public key from a signature, a signature from a
 * private key. This implementation (noble) runs anywhere; the node picks a faster one at start.
 * Low-s and chain id are the business of the transaction, not of the curve.
 */
import { secp256k1 as curve } from '@noble/curves/secp256k1.js'
import { toFixedBytes, toHex, type Address } from './bytes.ts'
import { keccak256 } from './keccak.ts'

export interface Signature {
  readonly r: bigint
  readonly s: bigint
  readonly yParity: 0 | 1
}

export interface Secp256k1 {
  readonly name: string
  /** The 64-byte public key (x, y), or undefined when no key could have made this signature. */
  recover(hash: Uint8Array, signature: Signature): Uint8Array | undefined
  /** Deterministic (RFC 6979), low s. Throws for an invalid key. */
  sign(hash: Uint8Array, privateKey: Uint8Array): Signature
  /** The 64-byte public key. Throws for an invalid key. */
  publicKey(privateKey: Uint8Array): Uint8Array
}

/** Order of the group (SEC 2, 2.4.1). */
export const curveOrder = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n

/** r and s of a signature that may be handed to a curve library. */
export const isInRange = ({ r, s }: Signature): boolean =>
  r > 0n && r < curveOrder && s > 0n && s < curveOrder

export const compactSignature = ({ r, s }: Signature): Uint8Array => {
  const bytes = new Uint8Array(64)
  bytes.set(toFixedBytes(r, 32), 0)
  bytes.set(toFixedBytes(s, 32), 32)
  return bytes
}

/** The last 20 bytes of the key's hash (Yellow Paper, appendix F). */
export const publicKeyToAddress = (publicKey: Uint8Array): Address =>
  toHex(keccak256(publicKey).subarray(12))

export const nobleSecp256k1: Secp256k1 = {
  name: 'noble',
  recover(hash, signature) {
    if (!isInRange(signature)) return undefined
    try {
      return curve.Signature.fromBytes(compactSignature(signature))
        .addRecoveryBit(signature.yParity)
        .recoverPublicKey(hash)
        .toBytes(false)
        .subarray(1)
    } catch {
      return undefined // no curve point has this x
    }
  },
  sign(hash, privateKey) {
    const bytes = curve.sign(hash, privateKey, { prehash: false, format: 'recovered' })
    const { r, s, recovery } = curve.Signature.fromBytes(bytes, 'recovered')
    return { r, s, yParity: recovery === 1 ? 1 : 0 }
  },
  publicKey: (privateKey) => curve.getPublicKey(privateKey, false).subarray(1),
}
