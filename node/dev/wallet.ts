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
  NodeError,
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
  const passwords = new Map<Address, string>()
  let isEverybody = false

  const actFor = (address: Address, isOn: boolean): void => {
    impersonated.delete(address)
    if (!isOn) return
    impersonated.add(address)
    const [oldest] = impersonated
    if (impersonated.size > maxImpersonated && oldest) impersonated.delete(oldest)
  }
  /** An account of the mnemonic has no password: any will do. */
  const isKnown = (address: Address, password: string): boolean => {
    const wanted = passwords.get(address)
    if (wanted === undefined) return keys.has(address)
    if (wanted !== password) throw wrongPassword(address)
    return true
  }

  const sign = (address: Address, hash: Uint8Array): Signature | undefined => {
    const key = keys.get(address)
    return key && secp256k1.sign(hash, key)
  }
  return {
    accounts: () => [...new Set([...keys.keys(), ...passwords.keys(), ...impersonated])],
    sign,
    authorize(tx, from) {
      const signature = sign(from, signingHash(tx))
      if (signature) return withSignature(tx, signature)
      const isActedFor = isEverybody || impersonated.has(from)
      return isActedFor ? withSignature(tx, impersonation(from)) : undefined
    },
    unsigned: (tx, from) => withSignature(tx, impersonation(from)),
    submit: (tx, from) => sealer.submit(tx.raw, isImpersonated(tx, from) ? from : undefined),
    impersonate: actFor,
    add(address, password) {
      if (keys.has(address) || passwords.has(address)) return false
      if (passwords.size >= maxImpersonated) return false
      passwords.set(address, password)
      return true
    },
    remove(address, password) {
      if (!isKnown(address, password)) return false
      actFor(address, false)
      return passwords.delete(address) || keys.delete(address)
    },
    unlock(address, password) {
      if (!isKnown(address, password)) return false
      if (!keys.has(address)) actFor(address, true)
      return true
    },
    lock(address) {
      actFor(address, false)
      return passwords.has(address)
    },
    impersonateAll: (isOn) => void (isEverybody = isOn),
    stopImpersonating() {
      impersonated.clear()
      passwords.clear()
      isEverybody = false
    },
  }
}

const wrongPassword = (address: Address): NodeError =>
  new NodeError('WRONG_PASSWORD', `the password is not the one ${address} was added with`)
