/** Account and storage proofs (EIP-1186) from the tries as they stood at a recent height. */
import { emptyTrieRoot, toHex, type Address, type StateReader } from '../primitives/index.ts'
import type { Flat } from './flat.ts'
import { proveKey } from './proof.ts'
import type { AccountProof } from './types.ts'
import { proofTooOld, proofWindow, type World } from './world.ts'

/** `at` reads the state of `height`. Throws NodeError PROOF_TOO_OLD. */
export function proveAccount(
  { flat, world }: { readonly flat: Flat; readonly world: World },
  place: { readonly at: StateReader; readonly height: number; readonly head: number },
  address: Address,
  slots: readonly bigint[],
): AccountProof {
  const { at, height, head } = place
  if (head - height > proofWindow) throw proofTooOld(height, head)
  const addressHash = flat.hashOf(address)
  const owner = toHex(addressHash).slice(2)
  const paths = slots.map((slot) => `${owner}/${toHex(flat.hashOf(slot)).slice(2)}`)
  const tries = world.triesAt(height, head, [`/${owner}`, ...paths])
  const account = at.account(address)
  const hasStorage = account !== undefined && account.storageRoot !== emptyTrieRoot
  return {
    account,
    accountProof: proveKey(tries(''), addressHash),
    storage: slots.map((slot) => ({
      slot,
      value: at.storage(address, slot),
      proof: hasStorage ? proveKey(tries(owner), flat.hashOf(slot)) : [],
    })),
  }
}
