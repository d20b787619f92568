/**
 * Accounts from a mnemonic (BIP-39, BIP-32), for the devnet. Loads viem's word list and derivation:
 * import this file only when the standard accounts will not do.
 */
import { mnemonicToAccount } from 'viem/accounts'
import { type Address, type Hex, NodeError, toHex } from '../primitives/index.ts'

export interface DerivedAccount {
  readonly address: Address
  readonly privateKey: Hex
}

/** Accounts at m/44'/60'/0'/0/0 and following. Throws NodeError MNEMONIC_INVALID. */
export function deriveAccounts(mnemonic: string, count: number): readonly DerivedAccount[] {
  return Array.from({ length: count }, (_, addressIndex) => deriveAt(mnemonic, addressIndex))
}

function deriveAt(mnemonic: string, addressIndex: number): DerivedAccount {
  try {
    const account = mnemonicToAccount(mnemonic, { addressIndex })
    const key = account.getHdKey().privateKey
    if (!key) throw new Error('a derived account has no private key')
    return { address: account.address.toLowerCase() as Address, privateKey: toHex(key) }
  } catch (cause) {
    // The words themselves are a secret, so they stand in no message and no fact.
    throw new NodeError(
      'MNEMONIC_INVALID',
      'the mnemonic is not valid: give 12, 15, 18, 21 or 24 English words of BIP-39 with a right checksum',
      {},
      cause,
    )
  }
}
