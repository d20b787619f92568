/**
 * Accounts from a mnemonic (BIP-39, BIP-32), for the devnet. Loads viem's word list and derivation:
 * import this file only when the standard accounts will not do.
 */
import { createHash } from 'node:crypto'
import { english, mnemonicToAccount } from 'viem/accounts'
import { type Address, type Hex, invariant, NodeError, toHex } from '../primitives/index.ts'

export interface DerivedAccount {
  readonly address: Address
  readonly privateKey: Hex
}

/** Accounts at m/44'/60'/0'/0/0 and following. Throws NodeError MNEMONIC_INVALID. */
export function deriveAccounts(mnemonic: string, count: number): readonly DerivedAccount[] {
  const fault = faultOf(mnemonic)
  // The words themselves are a secret, so they stand in no message and no fact.
  if (fault !== undefined)
    throw new NodeError(
      'MNEMONIC_INVALID',
      `the mnemonic is not valid: ${fault}; give 12, 15, 18, 21 or 24 English words of BIP-39`,
    )
  return Array.from({ length: count }, (_, addressIndex) => deriveAt(mnemonic, addressIndex))
}

function deriveAt(mnemonic: string, addressIndex: number): DerivedAccount {
  const account = mnemonicToAccount(mnemonic, { addressIndex })
  const key = account.getHdKey().privateKey
  invariant(key !== null, 'an account derived from a seed has a private key')
  return { address: account.address.toLowerCase() as Address, privateKey: toHex(key) }
}

/**
 * Word count, words and checksum as BIP-39 wants them; viem looks at the count only, so a misspelt
 * word would silently give other accounts. Undefined when all is well.
 */
function faultOf(mnemonic: string): string | undefined {
  const words = mnemonic.normalize('NFKD').split(' ')
  if (words.length % 3 !== 0 || words.length < 12 || words.length > 24)
    return `it has ${words.length} words with one space between them`
  const indexes = words.map((word) => english.indexOf(word))
  const unknown = indexes.indexOf(-1)
  if (unknown !== -1) return `word ${unknown + 1} is not in the list`
  const bits = indexes.map((index) => index.toString(2).padStart(11, '0')).join('')
  const checksumBits = words.length / 3
  const entropy = bits.slice(0, -checksumBits).match(/.{8}/g) ?? []
  const hash = createHash('sha256').update(Uint8Array.from(entropy, (byte) => Number(`0b${byte}`)))
  const checksum = (hash.digest()[0] ?? 0).toString(2).padStart(8, '0').slice(0, checksumBits)
  return bits.endsWith(checksum) ? undefined : 'its checksum is wrong (the last word says so)'
}
