/** A sound store has no faults; damage in any table is found and named. */
import { describe, expect, test } from '@jest/globals'
import { keccakHex, toHex, type KeyValue, type Log, type Write } from '../../../primitives/index.ts'
import { checkStore, openStore, storeInfo, type OpenStore } from '../../../state/index.ts'
import {
  addressOf,
  hashed,
  journalAtHead,
  nextBlock,
  randomChanges,
  randomFrom,
  type Model,
} from '../../support/state-model.ts'

const topic = toHex(hashed(7n))
const log: Log = { address: addressOf(3), topics: [topic], data: Uint8Array.of(1) }

const code = Uint8Array.of(0xfe, 1, 2)
const codeInUse = keccakHex(code).slice(2)

async function someStore(): Promise<OpenStore> {
  const store = await openStore({ cacheBytes: 50_000, keepStates: 'archive' })
  const random = randomFrom(77)
  let model: Model = new Map()
  for (let i = 0; i < 12; i++) {
    const journal = journalAtHead(store)
    model = randomChanges(random, journal, model, { count: 40, accounts: 20, slots: 40 })
    journal.setAccount(addressOf(99), { nonce: 1n, balance: 1n, codeHash: journal.putCode(code) })
    await store.commit(nextBlock(store, journal, [[log], []]))
  }
  return store
}

const entries = async (db: KeyValue, table: string): Promise<Write[]> => {
  const gte = Buffer.from(table)
  const found: Write[] = []
  const lt = Buffer.from([gte[0]! + 1])
  for await (const [key, value] of db.range({ gte, lt })) found.push({ key, value })
  return found
}

const flipLast = (bytes: Uint8Array): Uint8Array => {
  const copy = bytes.slice()
  copy[copy.length - 1]! ^= 1
  return copy
}

/** One in the middle; of flat entries one that holds something, of codes one still in use. */
const victimOf = (table: string, list: readonly Write[]): Write => {
  const isFlat = table === 'a' || table === 's'
  const fit = list.filter(
    ({ key, value }) =>
      (!isFlat || value!.length > 10) && (table !== 'c' || toHex(key).slice(4) === codeInUse),
  )
  return fit[Math.floor(fit.length / 2)]!
}

describe('check of a store', () => {
  test('finds nothing in a sound store, also after rollback and pruning', async () => {
    const store = await someStore()
    const stages = new Set<string>()
    const report = await checkStore(store, { onProgress: ({ stage }) => stages.add(stage) })
    expect(report).toMatchObject({ blocks: 12, faults: [], faultCount: 0 })
    expect(report.accounts).toBeGreaterThan(5)
    expect(report.slots).toBeGreaterThan(20)
    expect([...stages]).toEqual(['blocks', 'state'])
    await store.rollback(6n)
    expect((await checkStore(store)).faults).toEqual([])
    await store.close()

    const pruned = await openStore({ cacheBytes: 50_000, keepStates: 2 })
    for (let i = 0; i < 9; i++) {
      const journal = journalAtHead(pruned)
      randomChanges(randomFrom(i), journal, new Map(), { count: 30, accounts: 9, slots: 9 })
      await pruned.commit(nextBlock(pruned, journal))
    }
    expect((await checkStore(pruned)).faults).toEqual([])
    await pruned.close()
  })

  test.each([
    ['a', 'flat'],
    ['s', 'flat'],
    ['c', 'code'],
    ['t', 'trie'],
    ['o', 'trie'],
    ['b', 'block'],
    ['r', 'lookup'],
    ['n', 'lookup'],
    ['i', 'lookup'],
    ['x', 'lookup'],
    ['l', 'lookup'],
    ['h', 'history'],
    ['d', 'history'],
  ])('finds a lost entry of table %s', async (table, type) => {
    const store = await someStore()
    const { db } = store.inside
    const list = await entries(db, table)
    const victim = victimOf(table, list)
    await db.write([{ key: victim.key }])
    const report = await checkStore(store)
    expect(report.faults.map((fault) => fault.type)).toContain(type)
    await db.write([victim])
    expect((await checkStore(store)).faultCount).toBe(0)
    await store.close()
  })

  test.each(['a', 's', 'c', 't', 'o', 'b', 'r', 'n', 'i', 'x'])(
    'finds a flipped bit in table %s',
    async (table) => {
      const store = await someStore()
      const { db } = store.inside
      const victim = victimOf(table, await entries(db, table))
      // Senders are not bound by any hash: only their number can be checked.
      const value = table === 'n' ? victim.value!.subarray(1) : flipLast(victim.value!)
      await db.write([{ key: victim.key, value }])
      expect((await checkStore(store)).faultCount).toBeGreaterThan(0)
      await store.close()
    },
  )

  test.each(['t', 'o', 'i', 'x', 'l'])(
    'finds an entry of table %s that nothing leads to',
    async (table) => {
      const store = await someStore()
      const { db } = store.inside
      const [some] = await entries(db, table)
      const key = some!.key.slice()
      key.fill(0xee, 1)
      await db.write([{ key, value: some!.value }])
      expect((await checkStore(store)).faultCount).toBe(1)
      await store.close()
    },
  )

  test('info names head, genesis and tables', async () => {
    const store = await someStore()
    const info = await storeInfo(store)
    expect(info).toMatchObject({
      name: 'memory',
      version: 1,
      genesisHash: store.blockByNumber(0n)?.block.hash,
      head: { number: 11n, hash: store.head()?.hash },
      oldestState: 0n,
      keepStates: 'archive',
    })
    expect(info.tables.map(({ prefix }) => prefix).join('')).toBe('mashdctoubrknixeqgyplw')
    await store.close()
  })
})
