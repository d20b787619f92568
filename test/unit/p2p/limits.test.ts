/** The small rules of the network: budgets, queues, scores, frames, hellos, addresses. */
import { describe, expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import { createMeter } from '../../../p2p/budget.ts'
import { createDialer, peerIdOf } from '../../../p2p/dialer.ts'
import { decodeHello, encodeHello, type Hello } from '../../../p2p/hello.ts'
import { createOutbox } from '../../../p2p/outbox.ts'
import { createScores } from '../../../p2p/scores.ts'
import { decodeStatus, encodeStatus } from '../../../p2p/status.ts'
import { frame, readFrames } from '../../../p2p/stream.ts'
import { concat, NodeError, silentLogger, toHex } from '../../../primitives/index.ts'
import { createHandClock } from '../../support/clock.ts'

const address = (n: number) =>
  `/ip4/127.0.0.1/tcp/1/p2p/12D3KooWPjceQrSwdWXPyLLeABRXmuqt69Rg3sBYbU1Nft9HyQ${'6789ABCDEFGH'[n] ?? ''}X`

function dialerFor(answers: (address: string) => boolean) {
  const clock = createHandClock()
  const dialled: number[] = []
  const dialer = createDialer({
    clock,
    log: silentLogger,
    random: () => 0.5,
    ownPeerId: 'self',
    isWanted: () => true,
    async dial(at) {
      dialled.push(clock.nowMs())
      if (!answers(at)) throw new NodeError('PEER_UNREACHABLE', 'nobody')
    },
  })
  return { clock, dialled, dialer }
}

async function* chunked(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

async function framesOf(bytes: Uint8Array, size: number, maxBytes: number): Promise<Uint8Array[]> {
  const frames: Uint8Array[] = []
  for await (const each of readFrames({ chunks: chunked(bytes, size) }, maxBytes)) frames.push(each)
  return frames
}

describe('frames', () => {
  test('come out as they went in, however the stream cuts them', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 8 }),
        fc.integer({ min: 1, max: 64 }),
        async (payloads, size) => {
          const got = await framesOf(concat(...payloads.map(frame)), size, 300)
          expect(got.map(toHex)).toEqual(payloads.map(toHex))
        },
      ),
    )
  })

  test('longer than allowed end the stream before their bytes are read', async () => {
    let read = 0
    async function* endless(): AsyncGenerator<Uint8Array> {
      yield Uint8Array.of(0x7f, 0xff, 0xff, 0xff)
      for (;;) {
        read += 1
        yield new Uint8Array(1_000)
      }
    }
    const reading = async () => {
      for await (const _ of readFrames({ chunks: endless() }, 1_000)) throw new Error('a frame')
    }
    await expect(reading()).rejects.toMatchObject({ code: 'FRAME_TOO_LARGE' })
    expect(read).toBe(0)
  })

  test('cut off in the middle are an error, not a shorter message', async () => {
    const cut = frame(new Uint8Array(10)).subarray(0, 8)
    await expect(framesOf(cut, 8, 100)).rejects.toMatchObject({ code: 'FRAME_CUT' })
  })
})

describe('budget', () => {
  test('a burst passes at once, what comes above the rate waits as long as it is above', () => {
    const meter = createMeter({ perSecond: 10, burst: 5 })
    expect(Array.from({ length: 5 }, () => meter.take(1, 0))).toEqual([0, 0, 0, 0, 0])
    expect(meter.take(1, 0)).toBe(100)
    expect(meter.take(1, 200)).toBe(0)
    expect(meter.take(1, 60_000)).toBe(0)
  })

  test('over any time no more passes than the rate and one burst', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.integer({ min: 1, max: 20 }), fc.nat(300)), { maxLength: 60 }),
        (takes) => {
          const meter = createMeter({ perSecond: 100, burst: 50 })
          let nowMs = 0
          let total = 0
          for (const [units, pauseMs] of takes) {
            nowMs += pauseMs + meter.take(units, nowMs + pauseMs)
            total += units
          }
          expect(total).toBeLessThanOrEqual(nowMs / 10 + 50 + 1e-6)
        },
      ),
    )
  })
})

describe('outbox', () => {
  test('a lower lane goes first, each lane in order', () => {
    const box = createOutbox([
      { maxMessages: 9, maxBytes: 99 },
      { maxMessages: 9, maxBytes: 99 },
    ])
    for (const [lane, byte] of [
      [1, 1],
      [0, 2],
      [1, 3],
      [0, 4],
    ] as const)
      box.push(lane, Uint8Array.of(byte))
    expect(Array.from({ length: 5 }, () => box.shift()?.[0])).toEqual([2, 4, 1, 3, undefined])
  })

  test('a full lane drops its oldest, by number and by bytes, and counts what it dropped', () => {
    const box = createOutbox([{ maxMessages: 3, maxBytes: 10 }])
    for (const byte of [1, 2, 3, 4]) box.push(0, Uint8Array.of(byte))
    box.push(0, new Uint8Array(9).fill(5))
    expect([box.dropped(), box.size()]).toEqual([3, 2])
    expect([box.shift()?.[0], box.shift()?.[0]]).toEqual([4, 5])
  })

  test('what is said again and again reaches a slow peer whole', () => {
    const box = createOutbox([{ maxMessages: 8, maxBytes: 1_024 }])
    const got = new Set<number>()
    for (let time = 0; time < 8; time++) {
      for (let part = 0; part < 6; part++) box.push(0, Uint8Array.of(part))
      for (let i = 0; i < 2; i++) got.add(box.shift()?.[0] ?? -1)
    }
    expect(got).toEqual(new Set([0, 1, 2, 3, 4, 5]))
    expect(box.dropped()).toBe(0)
  })
})

describe('scores', () => {
  test('faults add up to a ban, which ends when they have halved often enough', async () => {
    const clock = createHandClock()
    const scores = createScores(clock, () => false)
    expect([scores.penalise('a', 10), scores.penalise('a', 25)]).toEqual(['keep', 'disconnect'])
    expect(scores.penalise('a', 25)).toBe('ban')
    expect(scores.isBanned('a')).toBe(true)
    expect(scores.isBanned('b')).toBe(false)
    await clock.advance(600_000)
    expect([scores.scoreOf('a'), scores.isBanned('a')]).toEqual([-30, true])
    await clock.advance(600_000)
    expect(scores.isBanned('a')).toBe(false)
  })

  test('a validator is let go, never banned', () => {
    const scores = createScores(createHandClock(), (peerId) => peerId === 'validator')
    expect(scores.penalise('validator', 1_000)).toBe('disconnect')
    expect(scores.isBanned('validator')).toBe(false)
  })

  test('what is remembered is bounded however many peers misbehave', () => {
    const scores = createScores(createHandClock(), () => false)
    scores.penalise('first', 1_000)
    for (let i = 0; i < 5_000; i++) scores.penalise(`peer ${i}`, 1)
    expect(scores.scoreOf('first')).toBe(0)
  })
})

describe('hello and status', () => {
  const hello: Hello = {
    version: 1,
    genesisHash: new Uint8Array(32).fill(3),
    forkDigest: new Uint8Array(8).fill(4),
    tip: 7n,
    clientVersion: 'Tributary/v0.1.0',
    proof: new Uint8Array(),
    addresses: ['/ip4/127.0.0.1/tcp/1/p2p/12D3KooWPjceQrSwdWXPyLLeABRXmuqt69Rg3sBYbU1Nft9HyQ6X'],
  }

  test('a hello reads back as it was', () => {
    expect(decodeHello(encodeHello(hello))).toEqual({ type: 'accept', value: hello })
  })

  test('a client version cannot write to the terminal of whoever reads the log', () => {
    const verdict = decodeHello(encodeHello({ ...hello, clientVersion: 'a\u001b[2Jb\n' }))
    expect(verdict).toMatchObject({ type: 'accept', value: { clientVersion: 'a?[2Jb?' } })
  })

  test('bytes that are no hello or no status are refused, never thrown', () => {
    const good = encodeHello(hello)
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(good.length - 1), (bytes, at) => {
        const bent = good.slice()
        bent[at] = (bent[at] ?? 0) ^ 0x55
        for (const candidate of [bytes, bent, good.subarray(0, at)]) {
          expect(['accept', 'reject']).toContain(decodeHello(candidate).type)
          expect(['accept', 'reject']).toContain(decodeStatus(candidate).type)
        }
      }),
    )
    expect(decodeHello(good.subarray(1)).type).toBe('reject')
  })

  test('a status whose lowest block is above its highest is refused', () => {
    const tipHash = toHex(new Uint8Array(32))
    expect(decodeStatus(encodeStatus({ base: 1n, tip: 2n, tipHash }))).toMatchObject({
      type: 'accept',
      value: { base: 1n, tip: 2n },
    })
    expect(decodeStatus(encodeStatus({ base: 3n, tip: 2n, tipHash }))).toMatchObject({
      code: 'STATUS_MALFORMED',
    })
  })
})

describe('dialer', () => {
  test('pauses grow while nobody answers, up to half a minute', async () => {
    const { clock, dialled, dialer } = dialerFor(() => false)
    const startMs = clock.nowMs()
    dialer.learn(address(1), true)
    await clock.advance(120_000)
    const at = dialled.map((ms) => ms - startMs)
    expect(at.slice(0, 8)).toEqual([0, 1_000, 3_000, 8_000, 18_000, 48_000, 78_000, 108_000])
    dialer.stop()
  })

  test('an address nobody named is forgotten when it has failed for long, a bootnode never', async () => {
    const { clock, dialer } = dialerFor(() => false)
    dialer.learn(address(1), false)
    dialer.learn(address(2), true)
    await clock.advance(3_600_000)
    expect(dialer.addresses()).toEqual([address(2)])
    dialer.stop()
  })

  test('takes only whole multiaddresses, and no more than it can dial', () => {
    const { dialer } = dialerFor(() => true)
    expect(dialer.learn('127.0.0.1:30303', true)).toBe(false)
    expect(dialer.learn('/ip4/127.0.0.1/tcp/1', true)).toBe(false)
    expect(peerIdOf(address(3))).toHaveLength(52)
    dialer.stop()
  })
})
