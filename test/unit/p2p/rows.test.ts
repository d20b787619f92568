/** Rows between peers: honest, without rows, short, false, broken off; real pieces of a real batch. */
import { describe, expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import { createRowPieces } from '../../../node/validator/row-pieces.ts'
import { createRowsExchange, rowsPieceCodec, rowsRequestCodec } from '../../../p2p/index.ts'
import { equalBytes, NodeError, silentLogger, toHex } from '../../../primitives/index.ts'
import { createHandClock } from '../../support/clock.ts'
import { addressOf, startNetwork } from '../../support/network.ts'
import { batchOf } from '../../support/rows-node.ts'
import { until } from '../../support/until.ts'

const batch = batchOf(
  ...Array.from({ length: 3_000 }, (_, i) => `row ${i} ${'x'.repeat(i % 1_500)}`),
)
const root = toHex(batch.root)
const wanted = { root, rows: batch.rows.length, sizeBytes: batch.bytes.length }
const pieces = createRowPieces(
  async (asked) => (asked === root ? batch.bytes : undefined),
  createHandClock(),
)

/** A comparison of matchers takes seconds over megabytes. */
const isBatch = (bytes: Uint8Array | undefined): boolean =>
  bytes !== undefined && equalBytes(bytes, batch.bytes)
const answerRows = (request: Uint8Array) => pieces.serve(request)

type Behaviour = 'honest' | 'none' | 'short' | 'false' | 'moved' | 'broken'

async function* answerOf(does: Behaviour, request: Uint8Array): AsyncGenerator<Uint8Array> {
  await new Promise((resolve) => setImmediate(resolve))
  if (does === 'none') return
  let sent = 0
  for await (const frame of pieces.serve(request)) {
    if (does === 'short' && sent++ === 1) return
    if (does === 'broken' && sent++ === 1) throw new NodeError('REQUEST_TIMEOUT', 'silence')
    yield does === 'false' || does === 'moved' ? spoil(does, frame) : frame
  }
}

function spoil(does: 'false' | 'moved', frame: Uint8Array): Uint8Array {
  const piece = rowsPieceCodec.decode(frame)
  if (piece.type !== 'accept') throw new Error('our own piece')
  if (does === 'moved') return rowsPieceCodec.encode({ ...piece.value, from: piece.value.from + 1 })
  const rows = piece.value.rows.slice()
  rows[5] = (rows[5] ?? 0) ^ 1
  return rowsPieceCodec.encode({ ...piece.value, rows })
}

function world(peers: Readonly<Record<string, Behaviour>>) {
  const asked: string[] = []
  const faults: string[] = []
  const present = new Map(Object.entries(peers))
  const exchange = createRowsExchange({
    log: silentLogger,
    peers: () => [...present.keys()],
    ask(peerId, request) {
      asked.push(peerId)
      return answerOf(present.get(peerId) ?? 'none', request)
    },
    check: pieces.check,
    fault: (peerId, code) => void faults.push(`${peerId} ${code}`),
  })
  return { exchange, asked, faults, present }
}

describe('rows from peers', () => {
  test('come whole, from several peers at once', async () => {
    const { exchange, asked, faults } = world({ a: 'honest', b: 'honest', c: 'honest' })
    expect(isBatch(await exchange.fetch(wanted))).toBe(true)
    expect(new Set(asked)).toEqual(new Set(['a', 'b', 'c']))
    expect(faults).toEqual([])
  })

  test('of which nobody has any are not there, and nobody pays', async () => {
    const { exchange, faults } = world({ a: 'none', b: 'none' })
    expect(await exchange.fetch(wanted)).toBeUndefined()
    expect(await exchange.fetch({ ...wanted, root: `0x${'77'.repeat(32)}` })).toBeUndefined()
    expect(faults).toEqual([])
  })

  test.each(['false', 'moved'] as const)('that are %s cost who sent them', async (does) => {
    const { exchange, faults } = world({ bad: does, good: 'honest' })
    expect(isBatch(await exchange.fetch(wanted))).toBe(true)
    expect(faults).toEqual(['bad ROWS_FALSE'])
  })

  test('that were broken off go on where they were, when another peer comes', async () => {
    const { exchange, asked, present } = world({ a: 'broken' })
    expect(await exchange.fetch(wanted)).toBeUndefined()
    const before = asked.length
    present.delete('a')
    present.set('b', 'honest')
    expect(isBatch(await exchange.fetch(wanted))).toBe(true)
    // Each stretch but the first was still to come; of the first a piece was here.
    expect(asked.slice(before).every((peerId) => peerId === 'b')).toBe(true)
  })

  test('asked for by two at once are fetched once', async () => {
    const { exchange, asked } = world({ a: 'honest' })
    const [one, two] = await Promise.all([exchange.fetch(wanted), exchange.fetch(wanted)])
    expect([one, two].map(isBatch)).toEqual([true, true])
    const alone = world({ a: 'honest' })
    await alone.exchange.fetch(wanted)
    expect(asked).toHaveLength(alone.asked.length)
  })

  test('that are longer than was said are given up at once, and nobody pays', async () => {
    const { exchange, asked, faults } = world({ a: 'honest', b: 'honest' })
    const claimed = { ...wanted, sizeBytes: wanted.sizeBytes - 1 }
    expect(await exchange.fetch(claimed)).toBeUndefined()
    const stretches = Math.ceil(wanted.sizeBytes / 2 ** 20) + 1
    expect(asked.length).toBeLessThanOrEqual(2 * stretches)
    asked.length = 0
    expect(await exchange.fetch({ ...wanted, sizeBytes: 1_024 })).toBeUndefined()
    expect(asked).toHaveLength(1) // its first piece was too long
    expect(faults).toEqual([])
    expect(isBatch(await exchange.fetch(wanted))).toBe(true)
  })

  test('that somebody describes otherwise come as they are to who describes them rightly', async () => {
    const { exchange } = world({ a: 'honest' })
    const others = [
      { ...wanted, sizeBytes: 1_024 },
      { ...wanted, rows: wanted.rows + 1 },
    ]
    const all = await Promise.all([...others, wanted].map((one) => exchange.fetch(one)))
    expect(all.map(isBatch)).toEqual([false, false, true])
  })

  test('come from whatever mixture of peers, when one is honest', async () => {
    const behaviour = fc.constantFrom<Behaviour>('honest', 'none', 'short', 'false', 'broken')
    await fc.assert(
      fc.asyncProperty(fc.array(behaviour, { maxLength: 6 }), async (others) => {
        const bad = Object.fromEntries(others.map((does, i) => [`p${i}`, does]))
        const { exchange, faults } = world({ ...bad, good: 'honest' })
        expect(isBatch(await exchange.fetch(wanted))).toBe(true)
        expect(faults.every((fault) => !fault.startsWith('good'))).toBe(true)
      }),
      { numRuns: 10 },
    )
  })

  test('go over real streams; rows of another root are asked for in vain', async () => {
    const faults: string[] = []
    const first = await startNetwork(1, { answerRows })
    const second = await startNetwork(2, {}, { bootnodes: [addressOf(first)] })
    try {
      await until(() => second.friends().length === 1)
      const exchange = createRowsExchange({
        log: silentLogger,
        peers: () => second.friends().map(({ peerId }) => peerId),
        ask: (peerId, request) => second.askRows(peerId, request),
        check: pieces.check,
        fault: (_, code) => void faults.push(code),
      })
      expect(isBatch(await exchange.fetch(wanted))).toBe(true)
      expect(await exchange.fetch({ ...wanted, root: `0x${'77'.repeat(32)}` })).toBeUndefined()
      expect(faults).toEqual([])
    } finally {
      await Promise.all([first.stop(), second.stop()])
    }
  })
})

describe('on the wire', () => {
  const small = batchOf('a', 'b', 'c')
  const request = { root: toHex(small.root), from: 1, count: 2 }

  test('what is no request, or asks for nothing or too much, is refused', async () => {
    const good = rowsRequestCodec.encode(request)
    for (const bytes of [
      new Uint8Array(),
      good.subarray(1),
      new Uint8Array(100),
      good.slice(0, -1),
    ])
      expect(rowsRequestCodec.decode(bytes).type).toBe('reject')
    expect(() => rowsRequestCodec.encode({ ...request, count: 0 })).toThrow('not in')
    expect(() => rowsRequestCodec.encode({ ...request, from: 65_536 })).toThrow('not in')
    const asks = createRowPieces(async () => small.bytes, createHandClock()).serve(
      new Uint8Array(3),
    )
    await expect(asks.next()).rejects.toMatchObject({ code: 'ROWS_ASK_MALFORMED' })
  })

  test('rows beyond the last are none', async () => {
    const bytes = rowsRequestCodec.encode({ ...request, from: 7 })
    const asks = createRowPieces(async () => small.bytes, createHandClock()).serve(bytes)
    expect((await asks.next()).done).toBe(true)
  })

  test('no changed byte of a piece passes for rows of the batch', async () => {
    const asked = rowsRequestCodec.encode(request)
    const served = createRowPieces(async () => small.bytes, createHandClock())
    const verdicts: unknown[] = []
    for await (const frame of served.serve(asked))
      for (let at = 0; at < frame.length; at++) {
        const changed = frame.slice()
        changed[at] = (changed[at] ?? 0) ^ 1
        const piece = rowsPieceCodec.decode(changed)
        if (piece.type === 'accept') verdicts.push(served.check(request.root, piece.value))
      }
    expect(verdicts.length).toBeGreaterThan(50)
    expect(verdicts.every((rows) => rows === undefined)).toBe(true)
  })
})
