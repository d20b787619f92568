/** Proofs of recent heights, verified by @ethereumjs/mpt against the header's state root. */
import { verifyMerkleProof } from '@ethereumjs/mpt'
import { expect, jest, test } from '@jest/globals'
import {
  emptyTrieRoot,
  encodeAccount,
  encodeRlp,
  fromBigInt,
  fromHex,
  keccak256,
  toHex,
} from '../../../primitives/index.ts'
import { openStore, type AccountProof, type Store } from '../../../state/index.ts'
import {
  addressOf,
  hashed,
  journalAtHead,
  nextBlock,
  randomChanges,
  randomFrom,
  type Model,
} from '../../support/state-model.ts'

const verify = async (key: Uint8Array, proof: readonly Uint8Array[]): Promise<Uint8Array | null> =>
  verifyMerkleProof(key, [...proof], {})

/** The reference checks each node's hash; that the first is the root's is ours to see. */
async function expectProven(store: Store, height: number, n: number, model: Model): Promise<void> {
  const address = addressOf(n)
  const slots = [0n, 1n, 2n, 3n]
  const proof: AccountProof = store.proof(BigInt(height), address, slots)
  const root = store.blockByNumber(BigInt(height))!.block.header.stateRoot
  expect(keccak256(proof.accountProof[0]!)).toEqual(fromHex(root))
  const expected = model.get(address)
  const value = await verify(keccak256(fromHex(address)), proof.accountProof)
  expect(value).toEqual(proof.account ? encodeAccount(proof.account) : null)
  expect(proof.account?.balance).toBe(expected?.balance)
  for (const [i, slot] of slots.entries()) {
    const inTrie = expected?.slots.get(slot)
    const { value: given, proof: path } = proof.storage[i]!
    expect(given).toBe(inTrie ?? 0n)
    const storageRoot = proof.account?.storageRoot ?? emptyTrieRoot
    const [top] = path
    expect(toHex(keccak256(top ?? encodeRlp(new Uint8Array(0))))).toBe(storageRoot)
    const found = top ? await verify(hashed(slot), path) : null
    expect(found).toEqual(inTrie === undefined ? null : encodeRlp(fromBigInt(inTrie)))
  }
}

test('an account and its slots are proven at the head and at earlier heights', async () => {
  const store = await openStore({ cacheBytes: 30_000, keepStates: 'archive' })
  const random = randomFrom(21)
  const models: Model[] = []
  for (let i = 0; i < 25; i++) {
    const journal = journalAtHead(store)
    const change = { count: 30, accounts: 20, slots: 6 }
    models.push(randomChanges(random, journal, models.at(-1) ?? new Map(), change))
    await store.commit(nextBlock(store, journal))
  }
  expect(store.head()?.header.number).toBe(24n)
  for (const height of [24, 23, 20, 11, 1])
    for (let n = 0; n < 22; n++) await expectProven(store, height, n, models[height]!)

  await store.rollback(15n)
  for (let n = 0; n < 22; n += 3) await expectProven(store, 9, n, models[9]!)
  await store.close()
})

test('proofs end with the window of kept nodes, and say so', async () => {
  const store = await openStore({ cacheBytes: 1_000_000, keepStates: 'archive' })
  const models: Model[] = []
  const random = randomFrom(22)
  for (let i = 0; i < 132; i++) {
    const journal = journalAtHead(store)
    const change = { count: 3, accounts: 6, slots: 4 }
    models.push(randomChanges(random, journal, models.at(-1) ?? new Map(), change))
    await store.commit(nextBlock(store, journal))
  }
  await expectProven(store, 3, 1, models[3]!)
  const tooOld = expect.objectContaining({ code: 'PROOF_TOO_OLD' })
  expect(() => store.proof(2n, addressOf(1), [])).toThrow(tooOld)
  expect(() => store.proof(132n, addressOf(1), [])).toThrow(
    expect.objectContaining({ code: 'STATE_UNKNOWN' }),
  )
  // A rollback brings no node record back, so the window is shorter for a while.
  await store.rollback(100n)
  await expectProven(store, 4, 1, models[4]!)
  expect(() => store.proof(2n, addressOf(1), [])).toThrow(tooOld)
  await store.close()
})

test('a proof of an earlier height compares no replaced node with every wanted key', async () => {
  const store = await openStore({ cacheBytes: 1_000_000, keepStates: 'archive' })
  const random = randomFrom(23)
  let model: Model = new Map()
  for (let i = 0; i < 4; i++) {
    const journal = journalAtHead(store)
    model = randomChanges(random, journal, model, { count: 60, accounts: 20, slots: 6 })
    await store.commit(nextBlock(store, journal))
  }
  const startsWith = jest.spyOn(String.prototype, 'startsWith')
  store.proof(1n, addressOf(1), [0n, 1n, 2n, 3n, 4n, 5n])
  const calls = startsWith.mock.calls.length
  startsWith.mockRestore()
  expect(calls).toBeLessThan(20)
  await store.close()
})
