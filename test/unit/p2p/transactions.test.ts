/** Batches, announcements and fetches between pools that hear each other with delay or not at all. */
import { describe, expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import type { PeerMessage } from '../../../p2p/index.ts'
import { createTransactions } from '../../../p2p/transactions.ts'
import { type Hex, keccakHex, reject, toHex } from '../../../primitives/index.ts'
import { createHandClock } from '../../support/clock.ts'

/** `n` pools joined in full mesh; `loses` says which messages never arrive. */
function mesh(
  n: number,
  isValidator: (i: number) => boolean,
  loses: (from: number, to: number, lane: number) => boolean = () => false,
) {
  const clock = createHandClock()
  const sent = [0, 0, 0]
  const submitted = Array.from({ length: n }, () => 0)
  const verdicts: (string | undefined)[] = []
  const nodes = Array.from({ length: n }, (_, i) => {
    const pool = new Map<Hex, Uint8Array>()
    const transactions = createTransactions({
      clock,
      random: () => 0.25,
      peers: () =>
        Array.from({ length: n }, (_peer, j) => ({
          peerId: `${j}`,
          isValidator: isValidator(j),
        })).filter(({ peerId }) => peerId !== `${i}`),
      channel: {
        send(peerId, lane, payload) {
          sent[lane] = (sent[lane] ?? 0) + 1
          if (!loses(i, Number(peerId), lane))
            clock.after(5, () => deliver(i, Number(peerId), lane, payload))
        },
      },
      pool: {
        has: (hash) => pool.has(hash),
        raw: (hash) => pool.get(hash),
        pending: () => pool.keys(),
        async submit(raw) {
          submitted[i] = (submitted[i] ?? 0) + 1
          if (raw[0] === 0xee) return reject('SIGNATURE_INVALID', 'a test says so')
          take(i, raw)
          return undefined
        },
      },
    })
    return { pool, transactions }
  })
  const take = (i: number, raw: Uint8Array): void => {
    nodes[i]!.pool.set(keccakHex(raw), raw)
    nodes[i]!.transactions.taken(keccakHex(raw), raw)
  }
  const deliver = (from: number, to: number, lane: number, payload: Uint8Array): void => {
    const message: PeerMessage = { peerId: `${from}`, lane, payload }
    void nodes[to]!.transactions.onMessage(message).then((verdict) => verdicts.push(verdict?.code))
  }
  return {
    clock,
    nodes,
    take,
    sent,
    submitted,
    verdicts,
    sizes: () => nodes.map(({ pool }) => pool.size),
  }
}

const tx = (i: number, size = 120): Uint8Array => {
  const raw = new Uint8Array(size).fill(i % 200)
  new DataView(raw.buffer).setUint32(1, i)
  return raw
}

describe('transactions', () => {
  test('reach every validator in a batch, each exactly once', async () => {
    const { clock, take, sizes, submitted, sent } = mesh(4, () => true)
    for (let i = 0; i < 500; i++) take(i % 4, tx(i))
    await clock.advance(2_000)
    expect(sizes()).toEqual([500, 500, 500, 500])
    // 125 of each pool are its own; nobody is asked twice about the same.
    expect(submitted).toEqual([375, 375, 375, 375])
    expect(sent[2]).toBeLessThan(100)
  })

  test('are pushed to a square root of the full nodes and fetched by the rest', async () => {
    const { clock, take, sizes, sent, submitted } = mesh(10, () => false)
    take(0, tx(1))
    await clock.advance(31)
    expect(sent).toEqual([0, 6, 3])
    await clock.advance(20_000)
    expect(sizes()).toEqual(Array.from({ length: 10 }, () => 1))
    expect(submitted.reduce((a, b) => a + b)).toBe(9)
  })

  test('are asked of another who announced them when the first does not answer', async () => {
    const { clock, take, sizes, nodes } = mesh(
      3,
      () => false,
      (from, to, lane) => lane === 2 && (from === 0 || to !== 2),
    )
    take(0, tx(7))
    take(1, tx(7))
    for (const node of nodes) node.transactions.onFriend('2')
    await clock.advance(12_000)
    expect(sizes()[2]).toBe(1)
  })

  test('that wait in the pool are told to a new friend', async () => {
    const { clock, nodes, take, sizes } = mesh(
      2,
      () => false,
      () => isCut,
    )
    let isCut = true
    for (let i = 0; i < 300; i++) take(0, tx(i))
    await clock.advance(1_000)
    expect(sizes()).toEqual([300, 0])
    isCut = false
    nodes[0]!.transactions.onFriend('1')
    await clock.advance(3_000)
    expect(sizes()).toEqual([300, 300])
  })

  test('that are refused cost their sender, and go no further', async () => {
    const { clock, take, sizes, verdicts } = mesh(3, (i) => i === 1)
    take(0, Uint8Array.of(0xee, 1, 2, 3))
    await clock.advance(300)
    expect(verdicts).toContain('SIGNATURE_INVALID')
    expect(sizes()[1]).toBe(0)
  })

  test('messages that are none are refused, whatever they hold', async () => {
    const { nodes } = mesh(2, () => true)
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 100 }), fc.nat(2), async (payload, lane) => {
        const verdict = await nodes[0]!.transactions.onMessage({ peerId: '1', lane, payload })
        expect([undefined, 'TRANSACTIONS_MALFORMED', 'SIGNATURE_INVALID']).toContain(verdict?.code)
      }),
    )
    const long = new Uint8Array(32 * 257)
    expect(
      await nodes[0]!.transactions.onMessage({ peerId: '1', lane: 0, payload: long }),
    ).toMatchObject({ code: 'TRANSACTIONS_MALFORMED' })
    expect(toHex(long)).toHaveLength(2 + 64 * 257)
  })
})
