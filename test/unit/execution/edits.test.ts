/** Accounts set by hand: seen at once, in the next block's root, on record, gone with a rollback. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from '@jest/globals'
import type { Address } from '../../../primitives/index.ts'
import { checkStore, createJournal, applyEdits, openStore } from '../../../state/index.ts'
import {
  addressOf,
  type ChainParts,
  openChain,
  seal,
  signBy,
  transfer,
} from '../../support/chain.ts'

const open: ChainParts[] = []
const start = async (path?: string): Promise<ChainParts> => {
  const parts = await openChain(path === undefined ? {} : { path })
  open.push(parts)
  return parts
}
afterEach(async () => {
  for (const { store } of open.splice(0)) await store.close()
})

const nobody: Address = `0x${'ab'.repeat(20)}`
const at = ({ chain }: ChainParts, number: bigint) => chain.stateAt(number).account(nobody)

test('an edit shows in the head’s state at once and makes no block; the block after has it in its root', async () => {
  const parts = await start()
  const { chain } = parts
  const before = chain.head()
  await chain.edit([
    { address: nobody, balance: 5n, nonce: 7n, code: Uint8Array.of(0), slots: [[3n, 4n]] },
  ])
  expect(chain.head()).toBe(before)
  expect(at(parts, 0n)).toMatchObject({ balance: 5n, nonce: 7n })
  expect(chain.stateAt(0n).storage(nobody, 3n)).toBe(4n)

  const { block, update } = await seal(chain, [signBy(0, transfer(0n, { to: nobody, value: 2n }))])
  expect(at(parts, 1n)).toMatchObject({ balance: 7n, nonce: 7n })
  expect(at(parts, 0n)).toBeUndefined()
  expect(update.changes.accounts.get(nobody)).toMatchObject({ balance: 7n })
  expect(block.header.stateRoot).toBe(update.root)
  expect((await checkStore(parts.store)).faults).toEqual([])
})

test('later edits win; zero everything removes the account; an empty one is never made', async () => {
  const parts = await start()
  const { chain } = parts
  await chain.edit([
    { address: nobody, balance: 5n },
    { address: nobody, balance: 6n },
  ])
  const reader = chain.stateAt(0n)
  await chain.edit([{ address: nobody, nonce: 1n }])
  expect(at(parts, 0n)).toMatchObject({ balance: 6n, nonce: 1n })
  expect(reader.account(nobody)).toMatchObject({ nonce: 0n }) // whoever reads is not disturbed
  await seal(chain, [])
  await chain.edit([{ address: nobody, balance: 0n, nonce: 0n }])
  await chain.edit([{ address: addressOf(77), balance: 0n }])
  expect(at(parts, 1n)).toBeUndefined()
  const { update } = await seal(chain, [])
  expect(update.changes.accounts.has(addressOf(77))).toBe(false)
  expect(at(parts, 2n)).toBeUndefined()
})

test('a block can be executed again from its parent and the record of its edits', async () => {
  const { chain, store } = await start()
  await chain.edit([{ address: nobody, slots: [[1n, 2n]], nonce: 1n }])
  await chain.edit([{ address: nobody, balance: 9n }])
  await seal(chain, [])
  await seal(chain, [])
  const journal = createJournal(store.stateAt(0n))
  applyEdits(journal, store.editsBefore(1n))
  expect(journal.account(nobody)).toMatchObject({ nonce: 1n, balance: 9n })
  expect(journal.storage(nobody, 1n)).toBe(2n)
  expect(store.editsBefore(2n)).toEqual([])
})

test('a rollback takes edits back, those before its blocks and those since', async () => {
  const parts = await start()
  const { chain, store } = parts
  await chain.edit([{ address: nobody, balance: 1n }])
  await seal(chain, [])
  await chain.edit([{ address: nobody, balance: 2n }])
  await chain.rollback(1n)
  expect(at(parts, 1n)).toMatchObject({ balance: 1n })
  await chain.edit([{ address: nobody, balance: 3n }])
  expect(at(parts, 1n)).toMatchObject({ balance: 3n })
  const told: bigint[] = []
  chain.onRollback(({ header }) => told.push(header.number))
  await chain.rollback(0n)
  expect(told).toEqual([0n])
  expect(at(parts, 0n)).toBeUndefined()
  await seal(chain, [])
  expect(at(parts, 1n)).toBeUndefined()
  expect((await checkStore(store)).faults).toEqual([])
})

test('what was set by hand is still there when the database is opened again', async () => {
  const path = await mkdtemp(join(tmpdir(), 'tributary-edits-'))
  try {
    const { chain, store } = await start(path)
    await seal(chain, [])
    await chain.edit([{ address: nobody, balance: 1n }])
    await chain.edit([{ address: nobody, nonce: 4n }])
    await store.close()
    open.length = 0
    const again = await openStore({ path, cacheBytes: 2 ** 20, keepStates: 'archive' })
    expect(again.editsBefore(2n)).toEqual([
      { address: nobody, balance: 1n, slots: [] },
      { address: nobody, nonce: 4n, slots: [] },
    ])
    await again.edit([{ address: nobody, balance: 2n }])
    expect(again.editsBefore(2n).length).toBe(3)
    expect((await checkStore(again)).faults).toEqual([])
    await again.close()
  } finally {
    await rm(path, { recursive: true })
  }
})
