/** The sealer against a chain and a pool of plain values: when blocks are made, and who waits. */
import { describe, expect, test } from '@jest/globals'
import type { Chain, ExecutedBlock, Mempool, PooledTransaction } from '../../../execution/index.ts'
import {
  accept,
  makeBlock,
  reject,
  silentLogger,
  toWord,
  type Block,
  type Header,
  type Hex,
} from '../../../primitives/index.ts'
import type { Sealing } from '../../../node/beat.ts'
import { createSealer } from '../../../node/sealer.ts'
import { createHandClock, turn } from '../../support/clock.ts'

const zeros = (bytes: number): Hex => `0x${'00'.repeat(bytes)}`
const alice: Hex = `0x${'aa'.repeat(20)}`

const header = (number: bigint, timestamp: bigint): Header => ({
  parentHash: zeros(32),
  unclesHash: zeros(32),
  feeRecipient: zeros(20),
  stateRoot: zeros(32),
  transactionsRoot: zeros(32),
  receiptsRoot: zeros(32),
  logsBloom: zeros(256),
  difficulty: 0n,
  number,
  gasLimit: 30_000_000n,
  gasUsed: 0n,
  timestamp,
  extraData: '0x',
  prevRandao: zeros(32),
  nonce: zeros(8),
  baseFeePerGas: 7n,
})

/** A transaction is its nonce, written as one byte; a second byte is the fee cap. */
const transaction = (raw: Uint8Array): PooledTransaction => ({
  type: 'feeMarket',
  chainId: 1n,
  nonce: BigInt(raw[0]!),
  maxFeePerGas: BigInt(raw[1] ?? 7),
  maxPriorityFeePerGas: 0n,
  gasLimit: 21_000n,
  to: alice,
  value: 0n,
  data: new Uint8Array(0),
  accessList: [],
  signature: { r: 1n, s: 1n, yParity: 0 },
  hash: toWord(BigInt(raw[0]!)),
  raw,
  from: alice,
})

/** A chain whose blocks hold at most `room` transactions and take a turn of the loop to build. */
function setUp(sealing: Sealing, room = 100) {
  const clock = createHandClock()
  const pool = new Map<Hex, PooledTransaction>()
  const blocks: Block[] = [makeBlock({ header: header(0n, 0n), transactions: [], uncles: [] })]
  const faults: unknown[] = []
  let accountNonce = 0n
  let doomed: Hex | undefined
  const pendingNonce = (): bigint => {
    let nonce = accountNonce
    while (pool.has(toWord(nonce))) nonce++
    return nonce
  }
  const mempool = {
    add: (raw: Uint8Array) => {
      if (raw.length === 0) return reject('TX_MALFORMED', 'typed transaction too short')
      const tx = transaction(raw)
      if (pool.has(tx.hash)) return reject('ALREADY_KNOWN', 'already known')
      pool.set(tx.hash, tx)
      return accept(tx)
    },
    get: (hash: Hex) => pool.get(hash),
    pendingNonce,
    remove: (hash: Hex) => void pool.delete(hash),
    best: (baseFee: bigint) =>
      [...pool.values()]
        .filter(
          (tx) =>
            tx.nonce < pendingNonce() && tx.type === 'feeMarket' && tx.maxFeePerGas >= baseFee,
        )
        .toSorted((a, b) => Number(a.nonce - b.nonce)),
  } satisfies Partial<Mempool>
  const chain: Pick<Chain, 'head' | 'build' | 'commit'> = {
    head: () => blocks.at(-1)!,
    async build(template, offered) {
      const all = [...offered]
      await turn(3)
      const fits = all.filter((tx) => tx.hash !== doomed).slice(0, room)
      const block = makeBlock({
        header: header(template.parent.header.number + 1n, template.timestamp),
        transactions: fits,
        uncles: [],
      })
      const refused = all
        .filter((tx) => !fits.includes(tx))
        .map((tx) =>
          tx.hash === doomed
            ? { tx, code: 'INSUFFICIENT_FUNDS', message: 'insufficient funds' }
            : { tx, code: 'GAS_LIMIT_EXCEEDED', message: 'gas limit reached' },
        )
      return { executed: { block } as ExecutedBlock, requests: [], refused }
    },
    async commit({ block }) {
      await turn(3)
      blocks.push(block)
      for (const tx of block.transactions) {
        pool.delete(tx.hash)
        accountNonce = tx.nonce + 1n
      }
    },
  }
  const sealer = createSealer(
    { sealing, feeRecipient: zeros(20) },
    {
      chain,
      mempool,
      clock,
      log: silentLogger,
      baseFeeAfter: () => 7n,
      seedsAfter: () => ({
        prevRandao: zeros(32),
        parentBeaconBlockRoot: zeros(32),
        extraData: '0x',
      }),
      onFault: (error) => faults.push(error),
    },
  )
  const sizes = () => blocks.slice(1).map((block) => block.transactions.length)
  const doom = (hash: Hex): void => {
    doomed = hash
  }
  return { sealer, clock, blocks, sizes, faults, pool, doom, chain }
}

const raw = (nonce: number, feeCap?: number): Uint8Array =>
  Uint8Array.from(feeCap === undefined ? [nonce] : [nonce, feeCap])

describe('automine', () => {
  test('answers after the block with the transaction is committed', async () => {
    const { sealer, blocks } = setUp({ type: 'automine' })
    const verdict = await sealer.submit(raw(0))
    expect(verdict).toEqual(accept(toWord(0n)))
    expect(blocks.at(-1)!.transactions.map((tx) => tx.hash)).toEqual([toWord(0n)])
  })

  test('what arrives while a block is sealed shares the next one', async () => {
    const { sealer, sizes } = setUp({ type: 'automine' })
    const first = [0, 1].map((nonce) => sealer.submit(raw(nonce)))
    await new Promise((resolve) => setImmediate(resolve))
    const later = [2, 3, 4].map((nonce) => sealer.submit(raw(nonce)))
    expect((await Promise.all([...first, ...later])).every((v) => v.type === 'accept')).toBe(true)
    expect(sizes()).toEqual([2, 3])
  })

  test('goes on until everything that waits is in a block', async () => {
    const { sealer, sizes } = setUp({ type: 'automine' }, 2)
    await Promise.all([0, 1, 2, 3, 4].map((nonce) => sealer.submit(raw(nonce))))
    expect(sizes()).toEqual([2, 2, 1])
  })

  test('a nonce gap or a fee cap below the base fee is answered from the pool', async () => {
    const { sealer, sizes, pool } = setUp({ type: 'automine' })
    expect(await sealer.submit(raw(5))).toEqual(accept(toWord(5n)))
    expect(await sealer.submit(raw(0, 6))).toEqual(accept(toWord(0n)))
    expect(sizes()).toEqual([])
    expect(pool.size).toBe(2)
  })

  test('a refusal of the pool is the answer, and no block is made', async () => {
    const { sealer, sizes } = setUp({ type: 'automine' })
    expect(await sealer.submit(new Uint8Array(0))).toMatchObject({ code: 'TX_MALFORMED' })
    expect(sizes()).toEqual([])
  })

  test('a transaction that execution refuses leaves the pool with the reason', async () => {
    const { sealer, pool, doom, sizes } = setUp({ type: 'automine' })
    doom(toWord(0n))
    expect(await sealer.submit(raw(0))).toMatchObject({ code: 'INSUFFICIENT_FUNDS' })
    expect([pool.size, sizes()]).toEqual([0, []])
  })

  test('makes no block by the clock', async () => {
    const { sealer, clock, sizes } = setUp({ type: 'automine' })
    sealer.start()
    await clock.advance(60_000)
    expect(sizes()).toEqual([])
  })

  test('a chain that breaks is reported once and stops nobody from asking', async () => {
    const { sealer, chain, faults } = setUp({ type: 'automine' })
    chain.build = () => Promise.reject(new Error('broken'))
    void sealer.submit(raw(0))
    await turn()
    expect(faults).toEqual([new Error('broken')])
  })
})

describe('interval', () => {
  test('a block every block time, also an empty one, and answers at once', async () => {
    const { sealer, clock, sizes } = setUp({ type: 'interval', blockTimeMs: 2000 })
    sealer.start()
    expect(await sealer.submit(raw(0))).toEqual(accept(toWord(0n)))
    expect(sizes()).toEqual([])
    await clock.advance(2000)
    await clock.advance(2000)
    expect(sizes()).toEqual([1, 0])
  })
})

describe('mixed', () => {
  test('at once for what arrives, and on the beat', async () => {
    const { sealer, clock, sizes } = setUp({ type: 'mixed', blockTimeMs: 1000 })
    sealer.start()
    await sealer.submit(raw(0))
    expect(sizes()).toEqual([1])
    await clock.advance(1000)
    expect(sizes()).toEqual([1, 0])
  })
})

describe('manual', () => {
  test('only on request', async () => {
    const { sealer, clock, sizes } = setUp({ type: 'manual' })
    sealer.start()
    await sealer.submit(raw(0))
    await clock.advance(60_000)
    expect(sizes()).toEqual([])
    await sealer.seal()
    expect(sizes()).toEqual([1])
  })
})

describe('stop', () => {
  test('the block in work is finished and answered, the rest is refused', async () => {
    const { sealer, sizes } = setUp({ type: 'automine' }, 1)
    const answers = [0, 1].map((nonce) => sealer.submit(raw(nonce)))
    await new Promise((resolve) => setImmediate(resolve))
    await sealer.stop()
    expect(await Promise.all(answers)).toMatchObject([
      { type: 'accept' },
      { code: 'SHUTTING_DOWN' },
    ])
    expect(sizes()).toEqual([1])
    expect(await sealer.submit(raw(2))).toMatchObject({ code: 'SHUTTING_DOWN' })
  })

  test('leaves no timer behind', async () => {
    const { sealer, clock } = setUp({ type: 'interval', blockTimeMs: 1000 })
    sealer.start()
    await clock.advance(1000)
    await sealer.stop()
    expect(clock.waiting()).toBe(0)
  })
})

test('timestamps: the clock in whole seconds, or one more than the parent', async () => {
  const { sealer, clock, blocks } = setUp({ type: 'manual' })
  await sealer.seal()
  await sealer.seal()
  await clock.advance(10_500)
  await sealer.seal()
  const start = BigInt(Math.floor((clock.nowMs() - 10_500) / 1000))
  expect(blocks.slice(1).map((b) => b.header.timestamp - start)).toEqual([0n, 1n, 10n])
})
