/** The store against plain maps: every past state, roots, pruning, rollback, readers during commits. */
import { describe, expect, test } from '@jest/globals'
import { emptyCodeHash, emptyTrieRoot, keccakHex, type Hex } from '../../../primitives/index.ts'
import { openStore, type Store } from '../../../state/index.ts'
import { updateTrie } from '../../../state/trie.ts'
import {
  addressOf,
  journalAtHead,
  modelEntries,
  modelReader,
  nextBlock,
  randomChanges,
  randomFrom,
  viewOf,
  type Model,
} from '../../support/state-model.ts'
import { leastCpuOf } from '../../support/cpu.ts'

const accounts = 24
const slots = 12
/** A dozen entries: far less than the state. */
const tinyCache = { cacheBytes: 20_000 }

const rootOf = (entries: readonly (readonly [Uint8Array, Uint8Array])[]): Hex =>
  updateTrie({ get: () => undefined }, entries).root

const expectedView = (model: Model): string => viewOf(modelReader(model), accounts, slots)
const view = (store: Store, height: number): string =>
  viewOf(store.stateAt(BigInt(height)), accounts, slots)

/** Commits `count` random blocks; `models` grows by the state after each. */
async function grow(
  store: Store,
  random: (below: number) => number,
  models: Model[],
  count: number,
): Promise<void> {
  for (let i = 0; i < count; i++) {
    const journal = journalAtHead(store)
    const change = { count: 1 + random(30), accounts, slots }
    const model = randomChanges(random, journal, models.at(-1) ?? new Map(), change)
    const input = nextBlock(store, journal)
    // eslint-disable-next-line no-await-in-loop
    await store.commit(input)
    models.push(model)
  }
}

describe('store', () => {
  test.each([
    ['far smaller than it', tinyCache],
    ['larger than it', { cacheBytes: 10_000_000 }],
  ])('has the root of the state, and every past state, with a cache %s', async (_, cache) => {
    const store = await openStore({ ...cache, keepStates: 'archive' })
    const models: Model[] = []
    const random = randomFrom(1)
    for (let i = 0; i < 40; i++) {
      await grow(store, random, models, 1)
      const root = rootOf(modelEntries(models.at(-1)!, rootOf))
      expect(store.head()?.header.stateRoot).toBe(root)
      expect(view(store, i)).toBe(expectedView(models.at(-1)!))
    }
    models.forEach((model, height) => expect(view(store, height)).toBe(expectedView(model)))
    expect(store.oldestState()).toBe(0n)
    await store.close()
  })

  test('a certificate is stored with its block and goes with it', async () => {
    const store = await openStore({ ...tinyCache, keepStates: 'archive' })
    const random = randomFrom(3)
    const certificates = [undefined, Uint8Array.of(1), Uint8Array.of(2)]
    for (const certificate of certificates) {
      const journal = journalAtHead(store)
      randomChanges(random, journal, new Map(), { count: 3, accounts, slots })
      await store.commit({ ...nextBlock(store, journal), ...(certificate && { certificate }) })
    }
    expect([0n, 1n, 2n, 3n].map((height) => store.certificate(height))).toEqual([
      ...certificates,
      undefined,
    ])
    await store.rollback(1n)
    await grow(store, random, [new Map()], 1)
    expect(store.certificate(2n)).toBeUndefined()
    await store.close()
  })

  test('keeps the states it promises, forgets the rest, and says so', async () => {
    const store = await openStore({ ...tinyCache, keepStates: 5 })
    const models: Model[] = []
    const random = randomFrom(2)
    await grow(store, random, models, 3)
    const early = store.stateAt(1n)
    for (let i = 3; i < 40; i++) {
      await grow(store, random, models, 1)
      const oldest = Math.max(0, i - 5)
      expect(store.oldestState()).toBe(BigInt(oldest))
      for (let height = oldest; height <= i; height++)
        expect(view(store, height)).toBe(expectedView(models[height]!))
    }
    expect(() => store.stateAt(33n)).toThrow(expect.objectContaining({ code: 'STATE_PRUNED' }))
    expect(() => early.account(addressOf(1))).toThrow(
      expect.objectContaining({ code: 'STATE_PRUNED' }),
    )
    expect(() => store.stateAt(40n)).toThrow(expect.objectContaining({ code: 'STATE_UNKNOWN' }))
    await store.close()
  })

  test('pruning leaves no version behind that nobody can read', async () => {
    const store = await openStore({ ...tinyCache, keepStates: 1 })
    const random = randomFrom(3)
    await grow(store, random, [], 30)
    const journal = journalAtHead(store)
    for (let n = 0; n < accounts; n++) journal.deleteAccount(addressOf(n))
    await store.commit(nextBlock(store, journal))
    for (let i = 0; i < 3; i++) await store.commit(nextBlock(store, journalAtHead(store)))
    expect(store.head()?.header.stateRoot).toBe(emptyTrieRoot)
    const left: string[] = []
    const { db } = store.inside
    for (const table of ['a', 's', 'h', 't', 'o']) {
      const gte = Buffer.from(table)
      for await (const [key] of db.range({ gte, lt: Buffer.from([gte[0]! + 1]) }))
        left.push(Buffer.from(key).toString('hex'))
    }
    expect(left).toEqual([])
    await store.close()
  })

  test('rolls back to any kept height, and goes on from there', async () => {
    const store = await openStore({ ...tinyCache, keepStates: 'archive' })
    const random = randomFrom(4)
    let models: Model[] = []
    await grow(store, random, models, 10)
    for (const target of [7, 7, 2, 6, 0, 3]) {
      while (models.length <= target) await grow(store, random, models, 1)
      await grow(store, random, models, 4)
      const doomed = store.stateAt(BigInt(target + 1))
      const spared = store.stateAt(BigInt(target))
      await store.rollback(BigInt(target))
      expect(store.head()?.header.number).toBe(BigInt(target))
      models = models.slice(0, target + 1)
      expect(() => doomed.account(addressOf(1))).toThrow(
        expect.objectContaining({ code: 'STATE_UNKNOWN' }),
      )
      await grow(store, random, models, 3)
      expect(store.head()?.header.stateRoot).toBe(rootOf(modelEntries(models.at(-1)!, rootOf)))
      models.forEach((model, height) => expect(view(store, height)).toBe(expectedView(model)))
      expect(viewOf(spared, accounts, slots)).toBe(expectedView(models[target]!))
      expect(() => doomed.storage(addressOf(1), 1n)).toThrow(
        expect.objectContaining({ code: 'STATE_UNKNOWN' }),
      )
    }
    await store.close()
  })

  test('readers at any height, and candidates on the head, are right while a block is written', async () => {
    const store = await openStore({ ...tinyCache, keepStates: 'archive' })
    const random = randomFrom(5)
    const models: Model[] = []
    await grow(store, random, models, 8)
    for (let i = 0; i < 12; i++) {
      const journal = journalAtHead(store)
      const change = { count: 30, accounts, slots }
      const next = randomChanges(random, journal, models.at(-1)!, change)
      const input = nextBlock(store, journal)
      const progress = { isDone: false }
      const commit = store.commit(input).finally(() => {
        progress.isDone = true
      })
      let looks = 0
      for (; !progress.isDone; looks++) {
        const height = random(models.length)
        expect(view(store, height)).toBe(expectedView(models[height]!))
        const again = store.computeUpdate(journal.changes())
        expect(again.root).toBe(input.update.root)
        await new Promise((resolve) => setImmediate(resolve))
      }
      await commit
      expect(looks).toBeGreaterThan(0)
      models.push(next)
    }
    await store.close()
  })

  test('all is right between the moment the disk has a block and the moment we know', async () => {
    const store = await openStore({ ...tinyCache, keepStates: 'archive' })
    const random = randomFrom(8)
    const models: Model[] = []
    await grow(store, random, models, 6)
    const { db } = store.inside
    const write = db.write.bind(db)
    /** Runs where no event loop turn can be timed to: after the write, before its answer. */
    let inBetween: (() => void) | undefined
    db.write = async (...args) => {
      inBetween?.()
      await write(...args)
      inBetween?.()
    }
    let looks = 0
    for (let i = 0; i < 8; i++) {
      const head = models.length - 1
      const trial = journalAtHead(store)
      randomChanges(random, trial, models.at(-1)!, { count: 20, accounts, slots })
      const { root } = store.computeUpdate(trial.changes())
      const [isRolledBack, kept] = [i % 3 === 2, models.slice()]
      inBetween = () => {
        looks++
        const again = isRolledBack ? root : store.computeUpdate(trial.changes()).root
        expect(again).toBe(root)
        const newest = isRolledBack ? head - 1 : head
        expect(store.head()?.header.number).toBe(BigInt(newest))
        for (let height = newest; height >= 0; height--)
          expect(view(store, height)).toBe(expectedView(kept[height]!))
        const proof = store.proof(BigInt(newest), addressOf(1), [])
        const { stateRoot } = store.head()!.header
        expect(keccakHex(proof.accountProof[0]!)).toBe(stateRoot)
      }
      if (isRolledBack) {
        await store.rollback(BigInt(head - 1))
        models.pop()
      } else await grow(store, random, models, 1)
      expect(view(store, models.length - 1)).toBe(expectedView(models.at(-1)!))
    }
    expect(looks).toBe(16)
    await store.close()
  })

  test('several candidates can stand on one head; only one is committed', async () => {
    const store = await openStore({ ...tinyCache, keepStates: 'archive' })
    await grow(store, randomFrom(6), [], 2)
    const build = (balance: bigint) => {
      const journal = journalAtHead(store)
      journal.setAccount(addressOf(1), { nonce: 1n, balance, codeHash: emptyTrieRoot })
      return nextBlock(store, journal)
    }
    const [first, second] = [build(11n), build(22n)]
    await store.commit(second)
    await expect(store.commit(first)).rejects.toThrow('invariant broken')
    expect(store.stateAt(2n).account(addressOf(1))?.balance).toBe(22n)
    await store.close()
  })
})

test('reading slots chosen to be alike costs no more than reading others', async () => {
  const store = await openStore({ cacheBytes: 10_000_000, keepStates: 1 })
  const journal = journalAtHead(store)
  journal.setAccount(addressOf(1), { nonce: 1n, balance: 0n, codeHash: emptyCodeHash })
  await store.commit(nextBlock(store, journal))
  const costOf = (slotAt: (n: number) => bigint): number =>
    leastCpuOf(() => {
      const reader = store.stateAt(0n)
      for (let n = 0; n < 6_000; n++) reader.storage(addressOf(1), slotAt(n))
    })
  const usual = costOf((n) => 2n ** 255n + BigInt(n))
  // Equal in the 64 bits by which V8 finds a bigint.
  expect(costOf((n) => (BigInt(n) << 64n) + 7n)).toBeLessThan(8 * usual + 20_000)
})
