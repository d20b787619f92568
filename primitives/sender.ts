/** Who signed a transaction or an authorization; nobody, when the signature is not a good one. */
import { fromHex, type Address } from './bytes.ts'
import { keccak256 } from './keccak.ts'
import { encodeRlp } from './rlp.ts'
import { curveOrder, publicKeyToAddress, type Secp256k1, type Signature } from './secp256k1.ts'
import { signingHash, type Authorization, type Transaction } from './transaction.ts'

/** Homestead's rule against a second valid signature (EIP-2). Frontier blocks may break it. */
export const isLowS = (s: bigint): boolean => s <= curveOrder / 2n

export function recoverSender(tx: Transaction, curve: Secp256k1): Address | undefined {
  const publicKey = curve.recover(signingHash(tx), tx.signature)
  return publicKey && publicKeyToAddress(publicKey)
}

/**
 * What a devnet puts on a transaction that it sends in the name of an account without its key: r is
 * the sender, s is 1, so each sender's transactions have hashes of their own.
 */
export const impersonation = (from: Address): Signature => ({ r: BigInt(from), s: 1n, yParity: 0 })

/**
 * Whether `sender` was given, not recovered. A key that recovers to the very address in its r would
 * take 2^160 trials, so no signed transaction can pretend it.
 */
export const isImpersonated = ({ signature }: Transaction, sender: Address): boolean =>
  signature.s === 1n && signature.r === BigInt(sender)

/** keccak256(0x05 ‖ rlp([chainId, address, nonce])), EIP-7702. */
export function authorizationHash(a: Authorization): Uint8Array {
  const fields = encodeRlp([a.chainId, fromHex(a.address), a.nonce])
  const message = new Uint8Array(fields.length + 1)
  message[0] = 5
  message.set(fields, 1)
  return keccak256(message)
}

export function recoverAuthority(a: Authorization, curve: Secp256k1): Address | undefined {
  if (a.yParity > 1n || !isLowS(a.s)) return undefined
  const signature = { r: a.r, s: a.s, yParity: a.yParity === 1n ? 1 : 0 } as const
  const publicKey = curve.recover(authorizationHash(a), signature)
  return publicKey && publicKeyToAddress(publicKey)
}
