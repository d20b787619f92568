/** The accounts of a devnet: addresses with their keys, from the standard words or others. */
import type { Address, Hex } from '../../primitives/index.ts'
import { devnetKeys, devnetMnemonic } from '../devnet-keys.ts'

export type Key = readonly [address: Address, privateKey: Hex]

/** Derives only what is not written out already: the library for it costs a quarter of a second. */
export async function keysOf(
  count: number,
  mnemonic: string = devnetMnemonic,
): Promise<readonly Key[]> {
  if (mnemonic === devnetMnemonic && count <= devnetKeys.length) return devnetKeys.slice(0, count)
  const { deriveAccounts } = await import('../accounts.ts')
  const derived = deriveAccounts(mnemonic, count)
  return derived.map(({ address, privateKey }) => [address, privateKey])
}
