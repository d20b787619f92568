/** Runs of empty blocks kept as one record: read like any others, cut by rollbacks, checked. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from '@jest/globals'
import { hashHeader, invariant, type Hex } from '../../../primitives/index.ts'
import { checkStore, openStore, type OpenStore } from '../../../state/index.ts'
import { addressOf, journalAtHead, nextBlock } from '../../support/state-model.ts'

const seal = async (store: OpenStore, balance?: bigint): Promise<void> => {
  const journal = journalAtHead(store)
  if (balance !== undefined)
    journal.setAccount(addressOf(1), {
      nonce: 1n,
      balance,
      codeHash: journal.putCode(new Uint8Array(0)),
    })
  await store.commit(nextBlock(store, journal))
}
const blockAt = (store: OpenStore, height: number) => {
  const found = store.blockByNumber(BigInt(height))
  invariant(found !== undefined, `block ${height}`)
  return found.block
}
const hashAt = (store: OpenStore, height: number): Hex => blockAt(store, height).hash
const balanceAt = (store: OpenStore, height: number) =>
  store.stateAt(BigInt(height)).account(addressOf(1))?.balance

/** Blocks 0 and 1, a run to 3001, a block, a run to 3503. */
async function someStore(path?: string): Promise<OpenStore> {
  const store = await openStore({
    ...(path !== undefined && { path }),
    cacheBytes: 2 ** 20,
    keepStates: 'archive',
  })
  await seal(store)
  await seal(store, 5n)
  await store.commitQuiet(3_000, 7n)
  await seal(store, 6n)
  await store.commitQuiet(501, 1n)
  return store
}

test('every block has the header of a chain: number, time, parent, hash, and is found by each', async () => {
  const store = await someStore()
  expect(store.head()?.header.number).toBe(3_503n)
  for (let height = 1; height <= 3_503; height++) {
    const block = blockAt(store, height)
    expect(block.header.number).toBe(BigInt(height))
    expect(block.header.parentHash).toBe(hashAt(store, height - 1))
    expect(hashHeader(block.header)).toBe(block.hash)
    expect(store.blockByHash(block.hash)?.block.header.number).toBe(BigInt(height))
  }
  const [one, two] = [blockAt(store, 1_000), blockAt(store, 1_001)]
  expect(two.header.timestamp - one.header.timestamp).toBe(7n)
  expect(store.receipts(1_000n)).toEqual([])
  expect(store.blockByHash(`0x${'77'.repeat(32)}`)).toBeUndefined()
  expect(balanceAt(store, 2_000)).toBe(5n)
  expect(balanceAt(store, 3_400)).toBe(6n)
  expect(store.proof(3_400n, addressOf(1), []).account?.balance).toBe(6n)
  expect((await checkStore(store)).faults).toEqual([])
  await store.close()
})

test.each([3_200, 3_002, 3_001, 2_500, 1_025, 2, 1, 0])(
  'a rollback to %i leaves a chain that can be built on and read',
  async (target) => {
    const store = await someStore()
    const [head, gone] = [hashAt(store, target), hashAt(store, target + 1)]
    const reader = store.stateAt(BigInt(target))
    await store.rollback(BigInt(target))
    expect(store.head()?.hash).toBe(head)
    expect(store.blockByHash(gone)).toBeUndefined()
    expect(store.blockByNumber(BigInt(target + 1))).toBeUndefined()
    expect(reader.account(addressOf(1))?.balance).toBe(balanceAt(store, target))
    await seal(store, 9n)
    await store.commitQuiet(1_100, 2n)
    expect(balanceAt(store, target + 1_000)).toBe(9n)
    expect(hashAt(store, target + 2)).toBe(blockAt(store, target + 3).header.parentHash)
    expect((await checkStore(store)).faults).toEqual([])
    await store.close()
  },
)

test('numbers and times that grow a byte in the middle of a run hash as their headers do', async () => {
  const store = await openStore({ cacheBytes: 2 ** 20, keepStates: 'archive' })
  await seal(store)
  await seal(store)
  await store.commitQuiet(70_000, 300n)
  for (const height of [
    2, 126, 127, 128, 129, 218, 219, 255, 256, 257, 1_024, 1_025, 1_026, 55_924, 55_925, 65_535,
    65_536, 70_001,
  ])
    expect(store.blockByHash(blockAt(store, height).hash)?.block.header.number).toBe(BigInt(height))
  expect(blockAt(store, 70_001).hash).toBe(store.head()?.hash)
  for (let height = 2; height < 300; height++)
    expect(blockAt(store, height + 1).header.parentHash).toBe(hashAt(store, height))
  await store.close()
})

test('a database opened again still has them, its head inside one too', async () => {
  const path = await mkdtemp(join(tmpdir(), 'tributary-quiet-'))
  try {
    const store = await someStore(path)
    const hashes = [10, 3_000, 3_002, 3_503].map((height) => hashAt(store, height))
    await store.close()
    const again = await openStore({ path, cacheBytes: 2 ** 20, keepStates: 'archive' })
    expect([10, 3_000, 3_002, 3_503].map((height) => hashAt(again, height))).toEqual(hashes)
    expect(again.head()?.hash).toBe(hashes[3])
    await again.rollback(100n)
    await again.close()
    const third = await openStore({ path, cacheBytes: 2 ** 20, keepStates: 'archive' })
    expect(third.head()?.header.number).toBe(100n)
    expect((await checkStore(third)).faults).toEqual([])
    await third.close()
  } finally {
    await rm(path, { recursive: true })
  }
})

test('a lost anchor is damage that a check names', async () => {
  const store = await someStore()
  const key = Buffer.concat([Buffer.from('y'), Buffer.from([0, 0, 0, 0, 0, 2]), Buffer.from([5])])
  await store.inside.db.write([{ key }])
  const { faults } = await checkStore(store)
  expect(faults.length).toBeGreaterThan(0)
  expect(faults[0]?.message).toContain('its hash is not found in its run')
  await store.close()
})
