/** Laws of the pool over random traffic. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import type { Mempool, PooledTransaction } from '../../../../execution/index.ts'
import { maxFeePerGas, maxPriorityFeePerGas } from '../../../../primitives/index.ts'
import {
  addressOf,
  gwei,
  openChain,
  signBy,
  transfer,
  type ChainParts,
} from '../../../support/chain.ts'
import { noncesOf, poolOver, tips } from '../../../support/pool.ts'

let shared: ChainParts
beforeAll(async () => {
  shared = await openChain()
})
afterAll(() => shared.store.close())

const expectSound = (pool: Mempool, bound: number): void => {
  const { pending, queued } = pool.content()
  const seen = new Set<string>()
  for (const list of [...pending.values(), ...queued.values()])
    for (const { from, nonce } of list) {
      expect(seen.has(`${from} ${nonce}`)).toBe(false)
      seen.add(`${from} ${nonce}`)
    }
  expect(seen.size).toBeLessThanOrEqual(bound)
  for (let i = 0; i < 3; i++) {
    const ready = pending.get(addressOf(i)) ?? []
    expect(noncesOf(ready)).toEqual(ready.map((_, at) => BigInt(at)))
    expect(pool.pendingNonce(addressOf(i))).toBe(BigInt(ready.length))
    const [next] = queued.get(addressOf(i)) ?? []
    if (next) expect(next.nonce).toBeGreaterThan(BigInt(ready.length))
  }
  expect(pool.counts()).toEqual({
    pending: [...pending.values()].flat().length,
    queued: [...queued.values()].flat().length,
  })
}

describe('laws', () => {
  // Signed once: signing is most of the time of a run.
  const offers = Array.from({ length: 3 }, (_, i) =>
    Array.from({ length: 5 }, (_n, nonce) =>
      [1n, 2n, 3n].map((tip) =>
        signBy(
          i,
          transfer(BigInt(nonce), { maxFeePerGas: (8n + 2n * tip) * gwei, ...tips(tip * gwei) }),
        ),
      ),
    ),
  )
  const all = offers.flat(2)
  const arrival = fc.array(fc.constantFrom(...all), { maxLength: 30 })

  test('one transaction a nonce, no gap among the pending, bounds kept, whatever arrives and leaves', () => {
    const removal = fc.record({ remove: fc.constantFrom(...all) })
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.constantFrom(...all), removal), { maxLength: 40 }),
        (steps) => {
          const pool = poolOver(shared, { transactions: 7, perAccount: 4 })
          for (const step of steps) {
            if ('remove' in step) pool.remove(step.remove.hash)
            else pool.add(step.raw)
            expect(pool.counts().pending).toBeLessThanOrEqual(7)
            expectSound(pool, 7)
          }
        },
      ),
      { numRuns: 40 },
    )
  })

  test('the offer holds all that is pending and payable, tips falling but for nonces', () => {
    fc.assert(
      fc.property(arrival, fc.bigInt(0n, 15n * gwei), (txs, baseFee) => {
        const pool = poolOver(shared)
        for (const { raw } of txs) pool.add(raw)
        const tipOf = (tx: PooledTransaction): bigint => {
          const room = maxFeePerGas(tx) - baseFee
          return room < maxPriorityFeePerGas(tx) ? room : maxPriorityFeePerGas(tx)
        }
        const rest = new Map(
          [...pool.content().pending].map(([from, list]) => {
            const stop = list.findIndex((tx) => maxFeePerGas(tx) < baseFee)
            return [from, stop < 0 ? [...list] : list.slice(0, stop)]
          }),
        )
        for (const tx of pool.best(baseFee)) {
          const heads = [...rest.values()].flatMap((list) => list.slice(0, 1))
          expect(heads).toContain(tx)
          for (const head of heads) expect(tipOf(head) <= tipOf(tx)).toBe(true)
          rest.get(tx.from)?.shift()
        }
        expect([...rest.values()].flat()).toEqual([])
      }),
      { numRuns: 40 },
    )
  })

  test('without replacements the order of arrival does not matter', () => {
    const distinct = offers.flat().map(([tx]) => tx!)
    fc.assert(
      fc.property(fc.shuffledSubarray(distinct), (txs) => {
        const [one, other] = [poolOver(shared), poolOver(shared)]
        for (const { raw } of txs) one.add(raw)
        for (const { raw } of txs.toReversed()) other.add(raw)
        for (const part of ['pending', 'queued'] as const)
          expect(new Map(other.content()[part])).toEqual(new Map(one.content()[part]))
      }),
      { numRuns: 40 },
    )
  })
})
