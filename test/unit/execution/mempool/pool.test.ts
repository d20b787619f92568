/** The pool: replacement, what waits and what can run, order, limits. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import type { Address, Hex } from '../../../../primitives/index.ts'
import {
  addressOf,
  ether,
  gwei,
  openChain,
  seal,
  signBy,
  transfer,
  type ChainParts,
} from '../../../support/chain.ts'
import { add, noncesOf, poolOver, tips } from '../../../support/pool.ts'

let shared: ChainParts
beforeAll(async () => {
  shared = await openChain()
})
afterAll(() => shared.store.close())

const open: ChainParts[] = []
afterEach(async () => {
  for (const { store } of open.splice(0)) await store.close()
})

const fresh = async () => {
  const parts = await openChain()
  open.push(parts)
  return { ...parts, pool: poolOver(parts) }
}
describe('replacement', () => {
  const first = { maxFeePerGas: 100n * gwei, maxPriorityFeePerGas: 10n * gwei }
  test.each([
    ['both by 10 %', 110n, 11n, true],
    ['only the cap', 200n, 10n, false],
    ['only the tip', 100n, 20n, false],
    ['just below', 109n, 11n, false],
  ])('%s', (_name, cap, tip, isTaken) => {
    const pool = poolOver(shared)
    const old = add(pool, 0, 0n, first)
    const next = add(pool, 0, 0n, { maxFeePerGas: cap * gwei, maxPriorityFeePerGas: tip * gwei })
    const message = 'message' in next ? next.message : 'accepted'
    expect(message).toBe(isTaken ? 'accepted' : 'replacement transaction underpriced')
    const kept = isTaken ? next : old
    expect([...pool.best(0n)]).toEqual([kept.type === 'accept' && kept.value])
    expect(pool.counts()).toEqual({ pending: 1, queued: 0 })
  })

  test('a fee of a few wei must still grow', () => {
    const pool = poolOver(shared)
    const low = { maxFeePerGas: 1n, maxPriorityFeePerGas: 1n }
    expect(add(pool, 0, 0n, low).type).toBe('accept')
    expect(add(pool, 0, 0n, { ...low, value: 2n })).toMatchObject({
      code: 'REPLACEMENT_UNDERPRICED',
    })
    expect(add(pool, 0, 0n, { maxFeePerGas: 2n, maxPriorityFeePerGas: 2n }).type).toBe('accept')
  })
})

describe('pending and queued', () => {
  test('a gap holds back what stands behind it; filling it lets all run, each announced once', () => {
    const pool = poolOver(shared)
    const told: (readonly [Address, bigint])[] = []
    const stop = pool.onPending((tx) => told.push([tx.from, tx.nonce]))
    for (const nonce of [0n, 3n, 2n]) add(pool, 0, nonce)
    expect(pool.pendingNonce(addressOf(0))).toBe(1n)
    expect(pool.counts()).toEqual({ pending: 1, queued: 2 })
    expect(noncesOf(pool.content().queued.get(addressOf(0)))).toEqual([2n, 3n])
    add(pool, 0, 1n)
    expect(pool.pendingNonce(addressOf(0))).toBe(4n)
    expect(noncesOf(pool.content().pending.get(addressOf(0)))).toEqual([0n, 1n, 2n, 3n])
    expect(told.map(([, nonce]) => nonce)).toEqual([0n, 1n, 2n, 3n])
    stop()
    add(pool, 0, 4n)
    expect(told).toHaveLength(4)
  })

  test('a block takes its transactions out, promotes what it made possible, and drops the impossible', async () => {
    const { chain, pool } = await fresh()
    const told: Hex[] = []
    chain.onCommit((executed) => pool.onBlock(executed))
    for (const nonce of [0n, 1n, 3n]) add(pool, 0, nonce)
    add(pool, 1, 0n, { value: 60n * ether })
    pool.onPending(({ hash }) => told.push(hash))
    // Account 0 used nonces 0 to 2 elsewhere; account 1 spent with nonce 0 what it had.
    await seal(
      chain,
      [0n, 1n, 2n].map((nonce) => signBy(0, transfer(nonce, { value: 2n }))),
    )
    expect(pool.pendingNonce(addressOf(0))).toBe(4n)
    expect(told).toEqual([signBy(0, transfer(3n)).hash])
    await seal(chain, [signBy(1, transfer(0n, { value: 80n * ether }))])
    expect(pool.content().pending.get(addressOf(1))).toBeUndefined()
    expect(pool.counts()).toEqual({ pending: 1, queued: 0 })
    add(pool, 1, 1n, { value: 10n * ether })
    await seal(chain, [signBy(1, transfer(1n, { value: 5n * ether }))])
    expect(pool.counts()).toEqual({ pending: 1, queued: 0 })
  })

  test('reset follows a state that changed without a block of ours', async () => {
    const { chain, store, pool } = await fresh()
    await seal(chain, [signBy(0, transfer(0n))])
    add(pool, 0, 1n)
    await seal(chain, [signBy(0, transfer(1n, { value: 2n }))]) // the pool is not told
    expect(pool.pendingNonce(addressOf(0))).toBe(2n)
    pool.reset()
    expect(pool.counts()).toEqual({ pending: 0, queued: 0 })
    add(pool, 0, 2n)
    await store.rollback(0n)
    pool.reset()
    expect(pool.counts()).toEqual({ pending: 0, queued: 1 })
    expect(pool.pendingNonce(addressOf(0))).toBe(0n)
  })

  test('remove takes one out, and the ones behind it wait', () => {
    const pool = poolOver(shared)
    const verdicts = [0n, 1n, 2n].map((nonce) => add(pool, 0, nonce))
    const second = verdicts[1]!
    if (second.type !== 'accept') throw new Error(second.message)
    pool.remove(second.value.hash)
    expect(pool.get(second.value.hash)).toBeUndefined()
    expect(pool.counts()).toEqual({ pending: 1, queued: 1 })
  })
})

describe('order', () => {
  test('best tip first, arrival among equals, nonces in order, the unpayable left out', () => {
    const pool = poolOver(shared)
    add(pool, 0, 0n, tips(2n))
    add(pool, 0, 1n, tips(9n))
    add(pool, 1, 0n, tips(5n))
    add(pool, 2, 0n, tips(5n))
    add(pool, 3, 0n, { maxFeePerGas: 99n, ...tips(99n) })
    const order = [...pool.best(100n)].map((tx) => [tx.from, tx.nonce])
    expect(order).toEqual([
      [addressOf(1), 0n],
      [addressOf(2), 0n],
      [addressOf(0), 0n],
      [addressOf(0), 1n],
    ])
  })

  test('an offer in use is not disturbed by what the pool does meanwhile', () => {
    const pool = poolOver(shared)
    for (const nonce of [0n, 1n, 2n]) add(pool, 0, nonce)
    const offer = pool.best(0n)[Symbol.iterator]()
    const first: unknown = offer.next().value
    for (const tx of Array.from(pool.best(0n))) pool.remove(tx.hash)
    add(pool, 1, 0n)
    expect(first).toMatchObject({ nonce: 0n })
    expect([offer.next().value, offer.next().value]).toMatchObject([{ nonce: 1n }, { nonce: 2n }])
    expect(offer.next().done).toBe(true)
  })
})

describe('limits', () => {
  test('per account', () => {
    const pool = poolOver(shared, { perAccount: 2 })
    add(pool, 0, 0n)
    add(pool, 0, 1n)
    expect(add(pool, 0, 2n)).toMatchObject({ code: 'ACCOUNT_LIMIT' })
    const better = { maxFeePerGas: 20n * gwei, ...tips(2n * gwei) }
    expect(add(pool, 0, 1n, better).type).toBe('accept') // replaces
  })

  test('a full pool lets the cheapest go, from the end of its sender, for a better one only', () => {
    const pool = poolOver(shared, { transactions: 3 })
    add(pool, 0, 0n, tips(5n))
    add(pool, 1, 0n, tips(3n))
    add(pool, 1, 1n, tips(50n)) // cannot run before the cheap one: worth 3
    expect(add(pool, 2, 0n, tips(3n))).toMatchObject({
      code: 'UNDERPRICED',
      message: 'transaction underpriced',
    })
    expect(add(pool, 2, 0n, tips(4n)).type).toBe('accept')
    expect(noncesOf(pool.content().pending.get(addressOf(1)))).toEqual([0n])
    expect(pool.counts()).toEqual({ pending: 3, queued: 0 })
  })

  test('one that would only wait takes nobody’s place, nor does one behind a cheap one', () => {
    const pool = poolOver(shared, { transactions: 2 })
    add(pool, 0, 0n, tips(2n))
    add(pool, 1, 0n, tips(3n))
    expect(add(pool, 2, 1n, tips(9n))).toMatchObject({ message: 'txpool is full' })
    expect(add(pool, 0, 1n, tips(9n))).toMatchObject({ message: 'transaction underpriced' })
  })

  test('bytes: all victims or none, replacements included', () => {
    const size = signBy(0, transfer(0n)).raw.length
    const pool = poolOver(shared, { bytes: 3 * size + 10 })
    for (const i of [0, 1, 2]) add(pool, i, 0n, tips(BigInt(i + 2)))
    const large = { data: new Uint8Array(2 * size), gasLimit: 100_000n }
    expect(add(pool, 3, 0n, { ...large, ...tips(4n) })).toMatchObject({ code: 'UNDERPRICED' })
    expect(pool.counts().pending).toBe(3) // the one that was cheaper is still there
    expect(add(pool, 2, 0n, { ...large, maxFeePerGas: 20n * gwei, ...tips(5n) }).type).toBe(
      'accept',
    )
    expect(pool.counts().pending).toBe(1)
  })
})
