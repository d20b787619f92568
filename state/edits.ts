/**
 * Accounts set by hand between two blocks, as devnets allow. An edit is written at once, counts as
 * part of the block after the head, and stays on record under that block's height, so that the block
 * can be executed again. Knows no journal of blocks: store.ts says when they come and go.
 */
import {
  type Account,
  asBytes,
  asInteger,
  asList,
  decodeRlp,
  emptyCodeHash,
  encodeRlp,
  fromBigInt,
  fromHex,
  type RlpItem,
  toHex,
  type Write,
} from '../primitives/index.ts'
import type { Database } from './database.ts'
import { keys } from './tables.ts'
import type { AccountEdit, Journal } from './types.ts'

/** Edits on record before block `height`, in order; each record is one call's. */
export function* recordedEdits(db: Database, height: number): Generator<readonly AccountEdit[]> {
  for (let index = 0; ; index++) {
    const record = db.get(keys.edit(height, index))
    if (record === undefined) return
    yield asList(decodeRlp(record), 'edits').map(decodeEdit)
  }
}

export const editWrite = (height: number, index: number, edits: readonly AccountEdit[]): Write => ({
  key: keys.edit(height, index),
  value: encodeRlp(edits.map(encodeEdit)),
})

/** Deletes all that is on record before block `height`. */
export function editRemovals(db: Database, height: number): Write[] {
  const writes: Write[] = []
  for (let index = 0; db.get(keys.edit(height, index)) !== undefined; index++)
    writes.push({ key: keys.edit(height, index) })
  return writes
}

/** A field that may be absent is a list of none or one. */
const encodeEdit = ({ address, nonce, balance, code, slots }: AccountEdit): RlpItem => [
  fromHex(address),
  nonce === undefined ? [] : [fromBigInt(nonce)],
  balance === undefined ? [] : [fromBigInt(balance)],
  code === undefined ? [] : [code],
  Array.from(slots ?? [], ([slot, value]) => [fromBigInt(slot), fromBigInt(value)]),
]

/** Throws RlpError. */
function decodeEdit(item: RlpItem): AccountEdit {
  const [address, nonces, balances, codes, slots] = asList(item, 'edit', 5)
  const [nonce] = asList(nonces, 'nonce')
  const [balance] = asList(balances, 'balance')
  const [code] = asList(codes, 'code')
  return {
    address: toHex(asBytes(address, 'address', 20)),
    ...(nonce && { nonce: asInteger(nonce, 'nonce', 8) }),
    ...(balance && { balance: asInteger(balance, 'balance') }),
    ...(code && { code: asBytes(code, 'code') }),
    slots: asList(slots, 'slots').map((pair) => {
      const [slot, value] = asList(pair, 'slot', 2)
      return [asInteger(slot, 'slot'), asInteger(value, 'value')] as const
    }),
  }
}

/** Sets what the edits say. An account that is left with nothing is none (EIP-161). */
export function applyEdits(journal: Journal, edits: readonly AccountEdit[]): void {
  for (const { address, slots, ...edit } of edits) {
    const before = journal.account(address)
    const after = {
      nonce: edit.nonce ?? before?.nonce ?? 0n,
      balance: edit.balance ?? before?.balance ?? 0n,
      codeHash: edit.code ? codeHashOf(journal, edit.code) : (before?.codeHash ?? emptyCodeHash),
    }
    const hasSlots = (slots?.length ?? 0) > 0 || journal.hasStorage(address)
    if (isNothing(after) && !hasSlots) {
      if (before) journal.deleteAccount(address)
      continue
    }
    journal.setAccount(address, after)
    for (const [slot, value] of slots ?? []) journal.setStorage(address, slot, value)
  }
}

const codeHashOf = (journal: Journal, code: Uint8Array) =>
  code.length === 0 ? emptyCodeHash : journal.putCode(code)

const isNothing = ({ nonce, balance, codeHash }: Omit<Account, 'storageRoot'>): boolean =>
  nonce === 0n && balance === 0n && codeHash === emptyCodeHash
