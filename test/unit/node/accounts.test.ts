/** Derivation from a mnemonic, and the constants that spare it. */
import { expect, test } from '@jest/globals'
import { generateMnemonic, english } from 'viem/accounts'
import { devnetAddresses } from '../../../genesis/index.ts'
import { deriveAccounts } from '../../../node/accounts.ts'
import { devnetKeys, devnetMnemonic } from '../../../node/devnet-keys.ts'

test('the accounts written out are those of the standard mnemonic', () => {
  const derived = deriveAccounts(devnetMnemonic, 20)
  expect(derived.map(({ address, privateKey }) => [address, privateKey])).toEqual(devnetKeys)
  expect(derived.map(({ address }) => address)).toEqual(devnetAddresses)
})

test.each([128, 160, 192, 224, 256])('takes %d bits of entropy', (strength) => {
  expect(deriveAccounts(generateMnemonic(english, strength), 1)).toHaveLength(1)
})

test.each([
  ['', 'it has 1 words with one space between them'],
  ['test test', 'it has 2 words with one space between them'],
  [devnetMnemonic.replace('junk', 'junky'), 'word 12 is not in the list'],
  [devnetMnemonic.replace('junk', 'zoo'), 'its checksum is wrong (the last word says so)'],
])('refuses %j and does not repeat it', (mnemonic, fault) => {
  expect(() => deriveAccounts(mnemonic, 1)).toThrow(
    expect.objectContaining({
      code: 'MNEMONIC_INVALID',
      message: `the mnemonic is not valid: ${fault}; give 12, 15, 18, 21 or 24 English words of BIP-39`,
      facts: {},
    }),
  )
})
