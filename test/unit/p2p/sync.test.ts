/** Range sync against peers that are honest, slow, short of blocks, lying or gone. */
import { describe, expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import { createSync, decodeRange, maxRange, maxRangeBytes } from '../../../p2p/sync.ts'
import {
  encodeRlp,
  fromBigInt,
  ignore,
  NodeError,
  reject,
  silentLogger,
} from '../../../primitives/index.ts'
import { createHandClock } from '../../support/clock.ts'
import { zeroHash } from '../../support/network.ts'

type Behaviour = 'honest' | 'liar' | 'short' | 'broken' | 'large' | 'slow'

const maxBlockBytes = 2 ** 20

/** There is no true block above; who claims more has none. */
const trueTip = 1_000

/** Block h of the true chain is the text `h`; a liar's is `h!`, a large one has spaces behind it. */
function world(
  peers: Readonly<Record<string, { tip: number; does: Behaviour }>>,
  decidedMeanwhile: ReadonlySet<number> = new Set(),
) {
  const clock = createHandClock()
  const chain: string[] = ['0']
  const faults: string[] = []
  const asked: string[] = []
  let inFlight = 0
  let most = 0
  const sync = createSync({
    clock,
    log: silentLogger,
    maxBlockBytes,
    tip: () => BigInt(chain.length - 1),
    async *ask(peerId, request) {
      const peer = peers[peerId]
      const range = decodeRange(request)
      if (!peer || range.type !== 'accept') throw new Error('a bad question')
      asked.push(peerId)
      inFlight += 1
      most = Math.max(most, inFlight)
      try {
        await new Promise((resolve) => setImmediate(resolve))
        if (peer.does === 'broken') throw new NodeError('REQUEST_TIMEOUT', 'silence')
        const count = peer.does === 'short' ? 1 : range.value.count
        const fits = peer.does === 'large' ? maxRangeBytes / maxBlockBytes : count
        for (let i = 0; i < Math.min(count, fits); i++) {
          if (peer.does === 'slow')
            await new Promise<void>((resolve) => void clock.after(9_900, resolve))
          const height = Number(range.value.from) + i
          if (peer.does !== 'liar' && height > Math.min(peer.tip, trueTip)) return
          const text = `${height}${peer.does === 'liar' ? '!' : ''}`
          yield new TextEncoder().encode(peer.does === 'large' ? text.padEnd(maxBlockBytes) : text)
        }
      } finally {
        inFlight -= 1
      }
    },
    async take(height, bytes) {
      const text = new TextDecoder().decode(bytes).trimEnd()
      if (text !== height.toString()) return reject('CERTIFICATE_INVALID', 'not of this chain')
      expect(Number(height)).toBe(chain.length)
      chain.push(text)
      return decidedMeanwhile.has(Number(height)) ? ignore('DECISION_KNOWN', 'is here') : undefined
    },
    fault: (peerId, code) => void faults.push(`${peerId} ${code}`),
  })
  const tell = (): void => {
    for (const [peerId, { tip }] of Object.entries(peers))
      sync.onStatus(peerId, { base: 0n, tip: BigInt(tip), tipHash: zeroHash })
  }
  return { clock, chain, faults, asked, sync, tell, most: () => most }
}

describe('range sync', () => {
  test('takes every block once and in order, from several peers at a time', async () => {
    const { clock, chain, asked, sync, tell, most, faults } = world({
      a: { tip: 1_000, does: 'honest' },
      b: { tip: 1_000, does: 'honest' },
      c: { tip: 990, does: 'honest' },
    })
    tell()
    expect(sync.progress()).toEqual({ start: 0n, current: 0n, highest: 1_000n })
    await clock.advance(60_000)
    expect(chain).toHaveLength(1_001)
    expect(new Set(asked)).toEqual(new Set(['a', 'b', 'c']))
    expect(most()).toBe(3)
    expect(faults).toEqual([])
    expect(sync.progress()).toBe(false)
  })

  test('asks nobody for the two newest blocks: consensus and gossip bring those', async () => {
    const { clock, asked, tell } = world({ a: { tip: 2, does: 'honest' } })
    tell()
    await clock.advance(10_000)
    expect(asked).toEqual([])
  })

  test.each([
    ['liar', 'CERTIFICATE_INVALID'],
    ['short', 'SYNC_TOO_FEW'],
    ['broken', 'REQUEST_TIMEOUT'],
  ] as const)('a %s peer pays, and the sync goes on without it', async (does, code) => {
    const { clock, chain, faults, tell } = world({
      bad: { tip: 500, does },
      good: { tip: 500, does: 'honest' },
    })
    tell()
    await clock.advance(30_000)
    expect(chain).toHaveLength(501)
    expect(new Set(faults)).toEqual(new Set([`bad ${code}`]))
  })

  test('an answer that is full may be short; the rest is asked for, and nobody pays', async () => {
    const { clock, chain, faults, asked, tell } = world({
      a: { tip: 100, does: 'large' },
      b: { tip: 100, does: 'large' },
    })
    tell()
    await clock.advance(5_000)
    expect(chain).toHaveLength(101)
    expect(faults).toEqual([])
    expect(asked.length).toBe(Math.ceil(64 / 16) + Math.ceil(36 / 16))
  })

  test('a block that consensus decides while it is taken is nobody’s fault', async () => {
    const decided = new Set([3, 4, 70])
    const { clock, chain, faults, asked, tell } = world({ a: { tip: 80, does: 'honest' } }, decided)
    tell()
    await clock.advance(1_000)
    expect(chain).toHaveLength(81)
    expect(asked).toEqual(['a', 'a'])
    expect(faults).toEqual([])
  })

  test('a tip that does not exist holds nobody up', async () => {
    const { clock, chain, faults, tell } = world({
      fake: { tip: 1_000_000_000, does: 'short' },
      good: { tip: 100, does: 'honest' },
    })
    tell()
    for (let i = 0; i < 40; i++) {
      await clock.advance(1_000)
      tell()
    }
    expect(chain.length).toBeGreaterThanOrEqual(101)
    expect(faults.length).toBeGreaterThan(3)
  })

  test('a peer with a far tip that sends a block now and then holds nobody up', async () => {
    const peers = { slow: { tip: 1e12, does: 'slow' }, good: { tip: 40, does: 'honest' } } as const
    const { clock, chain, asked, tell } = world(peers)
    tell()
    await clock.advance(3_000)
    expect(chain.length).toBeLessThanOrEqual(1)
    tell()
    await clock.advance(100)
    expect(chain).toHaveLength(41)
    expect(asked).toEqual(['slow', 'good'])
  })

  test('nor does it near the tip, where every range is short', async () => {
    const peers = { slow: { tip: 1e12, does: 'slow' }, good: { tip: 40, does: 'honest' } } as {
      slow: { tip: number; does: Behaviour }
      good: { tip: number; does: Behaviour }
    }
    const { clock, chain, tell, sync } = world(peers)
    const lags: number[] = []
    for (let second = 0; second < 300; second++) {
      tell()
      await clock.advance(1_000)
      lags.push(peers.good.tip - (chain.length - 1))
      peers.good.tip += 1
    }
    expect(Math.max(...lags.slice(20))).toBeLessThanOrEqual(5)
    expect(sync.progress()).toBe(false) // what it claims is nobody's tip
  })

  test('nor do two that fail by turns', async () => {
    const { clock, chain, tell } = world({
      fake: { tip: 320, does: 'short' },
      other: { tip: 322, does: 'short' },
      good: { tip: 300, does: 'honest' },
    })
    for (let i = 0; i < 30; i++) {
      tell()
      await clock.advance(1_000)
    }
    expect(chain.length).toBeGreaterThanOrEqual(299)
  })

  test('whatever mixture of peers, one honest one is enough', async () => {
    const behaviour = fc.constantFrom<Behaviour>('honest', 'liar', 'short', 'broken', 'slow')
    const tip = fc.oneof(fc.integer({ min: 3, max: 400 }), fc.constant(1e12))
    const other = fc.record({ tip, does: behaviour })
    await fc.assert(
      fc.asyncProperty(fc.array(other, { maxLength: 4 }), async (others) => {
        const peers = Object.fromEntries(others.map((peer, i) => [`p${i}`, peer]))
        const { clock, chain, tell } = world({ ...peers, good: { tip: 300, does: 'honest' } })
        for (let i = 0; i < 60; i++) {
          tell()
          await clock.advance(1_000)
        }
        expect(chain.length).toBeGreaterThanOrEqual(299)
      }),
      { numRuns: Number(process.env['SYNC_RUNS'] ?? 25) },
    )
  })
})

const request = (from: bigint, count: bigint): Uint8Array =>
  encodeRlp([fromBigInt(from), fromBigInt(count)])

test('a range asks for 1 to 64 blocks', () => {
  expect(decodeRange(request(5n, BigInt(maxRange)))).toEqual({
    type: 'accept',
    value: { from: 5n, count: maxRange },
  })
  for (const bytes of [
    request(5n, 0n),
    request(5n, 65n),
    request(2n ** 70n, 1n),
    new Uint8Array(3),
  ])
    expect(decodeRange(bytes).type).toBe('reject')
})
