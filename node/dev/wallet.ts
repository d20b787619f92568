/**
 * The keys of a devnet, and the accounts it acts for without a key. Signs and marks transactions;
 * shows no key to anybody, logs included.
 */
import {
  type Address,
  fromHex,
  type Hex,
  impersonation,
  isImpersonated,
  publicKeyToAddress,
  type Secp256k1,
  type Signature,
  signingHash,
  type Transaction,
  type UnsignedTransaction,
  withSignature,
} from '../../primitives/index.ts'
import type { Wallet } from '../../rpc/index.ts'
import type { Sealer } from '../sealer.ts'

export interface WalletPorts {
  readonly secp256k1: Secp256k1
  readonly sealer: Pick<Sealer, 'submit'>
}

export function createWallet(privateKeys: readonly Hex[], ports: WalletPorts): Wallet {
  const { secp256k1, sealer } = ports
  const keys = new Map<Address, Uint8Array>()
  const add = (privateKey: Uint8Array): Address => {
    const address = publicKeyToAddress(secp256k1.publicKey(privateKey))
    keys.set(address, privateKey)
    return address
  }
  for (const privateKey of privateKeys) add(fromHex(privateKey))
  const impersonated = new Set<Address>()

  const sign = (address: Address, hash: Uint8Array): Signature | undefined => {
    const key = keys.get(address)
    return key && secp256k1.sign(hash, key)
  }
  return {
    accounts: () => [...new Set([...keys.keys(), ...impersonated])],
    sign,
    authorize(tx: UnsignedTransaction, from): Transaction | undefined {
      const signature = sign(from, signingHash(tx))
      if (signature) return withSignature(tx, signature)
      return impersonated.has(from) ? withSignature(tx, impersonation(from)) : undefined
    },
    submit: (tx, from) => sealer.submit(tx.raw, isImpersonated(tx, from) ? from : undefined),
  }
}
