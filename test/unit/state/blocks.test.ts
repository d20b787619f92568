/** Blocks, receipts, lookups and the log index through the store's front. */
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { toHex, type Hex, type Log } from '../../../primitives/index.ts'
import { openStore, type OpenStore } from '../../../state/index.ts'
import { addressOf, hashed, journalAtHead, nextBlock } from '../../support/state-model.ts'

const options = { cacheBytes: 10_000, keepStates: 'archive' } as const
const topic = (n: number): Hex => toHex(hashed(BigInt(n)))
const logOf = (address: number, ...topics: number[]): Log => ({
  address: addressOf(address),
  topics: topics.map(topic),
  data: Uint8Array.of(address),
})

const commit = async (store: OpenStore, lists: readonly (readonly Log[])[], extra: Hex = '0x') => {
  const journal = journalAtHead(store)
  const input = nextBlock(store, journal, lists, extra)
  await store.commit(input)
  return input
}

const found = async (
  store: OpenStore,
  query: Partial<Parameters<OpenStore['blocksWithLogs']>[0]>,
) => {
  const heights: number[] = []
  const full = { from: 0n, to: 10_000n, addresses: [], topics: [], ...query }
  for await (const height of store.blocksWithLogs(full)) heights.push(Number(height))
  return heights
}

describe('blocks of a store', () => {
  test('come back as they went in, by number, by hash, by transaction', async () => {
    const store = await openStore(options)
    const first = await commit(store, [])
    const second = await commit(store, [[logOf(1, 2)], [], [logOf(3)]])
    for (const input of [first, second]) {
      const stored = { block: input.block, senders: input.senders }
      expect(store.blockByNumber(input.block.header.number)).toEqual(stored)
      expect(store.blockByHash(input.block.hash)).toEqual(stored)
      expect(store.receipts(input.block.header.number)).toEqual(input.receipts)
    }
    const { hash } = second.block.transactions[2]!
    expect(store.transactionPlace(hash)).toEqual({ blockNumber: 1n, index: 2 })
    expect(store.blockByNumber(2n)).toBeUndefined()
    expect(store.blockByNumber(-1n)).toBeUndefined()
    expect(store.receipts(2n)).toBeUndefined()
    expect(store.blockByHash(topic(1))).toBeUndefined()
    expect(store.transactionPlace(topic(1))).toBeUndefined()
    await store.close()
  })

  test('are gone after a rollback, with all that led to them', async () => {
    const store = await openStore(options)
    await commit(store, [])
    const gone = await commit(store, [[logOf(1, 2)]])
    await store.rollback(0n)
    expect(store.blockByNumber(1n)).toBeUndefined()
    expect(store.blockByHash(gone.block.hash)).toBeUndefined()
    expect(store.transactionPlace(gone.block.transactions[0]!.hash)).toBeUndefined()
    expect(await found(store, {})).toEqual([])
    const other = await commit(store, [], '0x01')
    expect(store.blockByNumber(1n)?.block.hash).toBe(other.block.hash)
    expect(store.blockByHash(gone.block.hash)).toBeUndefined()
    await store.close()
  })

  test('what does not fit the head is a broken invariant, and changes nothing', async () => {
    const store = await openStore(options)
    const first = await commit(store, [])
    const next = nextBlock(store, journalAtHead(store), [[]])
    await expect(store.commit(first)).rejects.toThrow('does not follow the head')
    await expect(store.commit({ ...next, senders: [] })).rejects.toThrow('one sender')
    await expect(store.commit({ ...next, receipts: [] })).rejects.toThrow('one receipt')
    const bare = {
      root: next.update.root,
      parent: next.update.parent,
      changes: next.update.changes,
    }
    await expect(store.commit({ ...next, update: bare })).rejects.toThrow('computeUpdate')
    expect(store.head()?.hash).toBe(first.block.hash)
    await store.commit(next)
    expect(store.head()?.hash).toBe(next.block.hash)
    await store.close()
  })
})

describe('log index', () => {
  test('finds by address, by topic in its position, by both, within bounds', async () => {
    const store = await openStore(options)
    await commit(store, [])
    await commit(store, [[logOf(1, 10, 20)]])
    await commit(store, [[], [logOf(2, 20, 10), logOf(2, 20, 10)]])
    await commit(store, [])
    await commit(store, [[logOf(1), logOf(2, 10)]])
    expect(await found(store, {})).toEqual([1, 2, 4])
    expect(await found(store, { addresses: [addressOf(1)] })).toEqual([1, 4])
    expect(await found(store, { addresses: [addressOf(1), addressOf(2)] })).toEqual([1, 2, 4])
    expect(await found(store, { topics: [[topic(10)]] })).toEqual([1, 4])
    expect(await found(store, { topics: [null, [topic(10)]] })).toEqual([2])
    expect(await found(store, { topics: [[topic(10), topic(20)], []] })).toEqual([1, 2, 4])
    expect(await found(store, { addresses: [addressOf(2)], topics: [[topic(20)]] })).toEqual([2])
    expect(await found(store, { addresses: [addressOf(9)] })).toEqual([])
    expect(await found(store, { from: 2n, to: 3n })).toEqual([2])
    expect(await found(store, { from: 5n })).toEqual([])
    await store.close()
  })

  test('law: ascending, and every block that matches is among them', async () => {
    const log = fc.record({
      address: fc.integer({ min: 0, max: 3 }),
      topics: fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 4 }),
    })
    const query = fc.record({
      addresses: fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 2 }),
      topics: fc.array(fc.option(fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 2 })), {
        maxLength: 4,
      }),
    })
    const chain = fc.array(fc.array(log, { maxLength: 3 }), { minLength: 1, maxLength: 12 })
    await fc.assert(
      fc.asyncProperty(
        chain,
        fc.array(query, { minLength: 1, maxLength: 6 }),
        async (blocks, queries) => {
          const store = await openStore(options)
          for (const logs of blocks)
            await commit(store, [logs.map((l) => logOf(l.address, ...l.topics))])
          for (const { addresses, topics } of queries) {
            const heights = await found(store, {
              addresses: addresses.map(addressOf),
              topics: topics.map((list) => list && list.map(topic)),
            })
            expect(heights).toEqual([...heights].toSorted((a, b) => a - b))
            const exact = blocks.flatMap((logs, height) =>
              logs.some(
                (l) =>
                  (addresses.length === 0 || addresses.includes(l.address)) &&
                  topics.every(
                    (list, i) =>
                      !list ||
                      list.length === 0 ||
                      (l.topics[i] !== undefined && list.includes(l.topics[i])),
                  ),
              )
                ? [height]
                : [],
            )
            expect(heights).toEqual(expect.arrayContaining(exact))
          }
          await store.close()
        },
      ),
      { numRuns: 25 },
    )
  })
})
