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
  withSignature,
} from '../../primitives/index.ts'
import type { Wallet } from '../../rpc/index.ts'
import type { Sealer } from '../sealer.ts'

export interface WalletPorts {
  readonly secp256k1: Secp256k1
  readonly sealer: Pick<Sealer, 'submit'>
}

/** A test impersonates a handful; the oldest make room. */
const maxImpersonated = 10_000

export interface DevWallet extends Wallet {
  stopImpersonating(): void
}

export function createWallet(privateKeys: readonly Hex[], ports: WalletPorts): DevWallet {
  const { secp256k1, sealer } = ports
  const keys = new Map<Address, Uint8Array>(
    privateKeys
      .map(fromHex)
      .map((key) => [publicKeyToAddress(secp256k1.publicKey(key)), key] as const),
  )
  const impersonated = new Set<Address>()
  let isEverybody = false

  const sign = (address: Address, hash: Uint8Array): Signature | undefined => {
    const key = keys.get(address)
    return key && secp256k1.sign(hash, key)
  }
  return {
    accounts: () => [...new Set([...keys.keys(), ...impersonated])],
    sign,
    authorize(tx, from) {
      const signature = sign(from, signingHash(tx))
      if (signature) return withSignature(tx, signature)
      const isActedFor = isEverybody || impersonated.has(from)
      return isActedFor ? withSignature(tx, impersonation(from)) : undefined
    },
    submit: (tx, from) => sealer.submit(tx.raw, isImpersonated(tx, from) ? from : undefined),
    impersonate(address, isOn) {
      impersonated.delete(address)
      if (!isOn) return
      impersonated.add(address)
      const [oldest] = impersonated
      if (impersonated.size > maxImpersonated && oldest) impersonated.delete(oldest)
    },
    impersonateAll: (isOn) => void (isEverybody = isOn),
    stopImpersonating() {
      impersonated.clear()
      isEverybody = false
    },
  }
}
