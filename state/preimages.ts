/**
 * Which address and slot stand behind a hashed key: kept by devnets, whose whole state can be written
 * out. Never deleted, for a hash has one preimage whatever becomes of the chain.
 */
import {
  type Account,
  type Address,
  fromBigInt,
  fromHex,
  type Hex,
  NodeError,
  type SlotValue,
  type StateChanges,
  toBigInt,
  toHex,
  type Write,
} from '../primitives/index.ts'
import type { Database } from './database.ts'
import { decodeAccount, type Flat } from './flat.ts'
import { keys, tableRange, valueOf } from './tables.ts'

/** One account as it stands at the head, with all its slots. */
export interface WholeAccount {
  readonly address: Address
  readonly account: Account
  readonly code: Uint8Array
  readonly slots: readonly SlotValue[]
}

/** For keys that the database does not hold yet. */
export function preimageWrites(db: Database, flat: Flat, { accounts }: StateChanges): Write[] {
  const writes: Write[] = []
  for (const [address, change] of accounts) {
    const addressHash = flat.hashOf(address)
    if (db.get(keys.account(addressHash)) === undefined)
      writes.push({ key: keys.preimage(addressHash), value: fromHex(address) })
    for (const [slot] of change?.slots ?? []) {
      const slotHash = flat.hashOf(slot)
      if (db.get(keys.slot(addressHash, slotHash)) === undefined)
        writes.push({ key: keys.preimage(slotHash), value: fromBigInt(slot) })
    }
  }
  return writes
}

/** Every account of the head's state, in the order of hashes. Nothing may be committed meanwhile. */
export async function* wholeState(db: Database, flat: Flat): AsyncGenerator<WholeAccount> {
  for await (const [key, version] of db.range(tableRange('a'))) {
    const value = valueOf(version)
    if (value.length === 0) continue
    const account = decodeAccount(value)
    const slots: SlotValue[] = []
    for await (const [slotKey, slotVersion] of db.range(tableRange('s', key.subarray(1)))) {
      const slotValue = valueOf(slotVersion)
      if (slotValue.length > 0)
        slots.push([toBigInt(preimageOf(db, slotKey.subarray(33))), toBigInt(slotValue)])
    }
    const address: Hex = toHex(preimageOf(db, key.subarray(1)))
    yield { address, account, code: flat.code(account.codeHash), slots }
  }
}

/** Throws NodeError PREIMAGE_MISSING. */
function preimageOf(db: Database, hash: Uint8Array): Uint8Array {
  const preimage = db.get(keys.preimage(hash))
  if (preimage) return preimage
  throw new NodeError(
    'PREIMAGE_MISSING',
    'the state cannot be written out: this chain was begun by a node that kept no addresses; --reset begins anew',
  )
}
