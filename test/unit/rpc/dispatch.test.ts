/** JSON-RPC 2.0 as geth reads it: ids, batches, notifications, and errors of every code. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { NodeError, silentLogger } from '../../../primitives/index.ts'
import { createDispatcher } from '../../../rpc/dispatch.ts'
import { costly, type Context, method, slowMethod } from '../../../rpc/method.ts'
import { methodsOf } from '../../../rpc/methods/index.ts'
import { createHandClock, turn } from '../../support/clock.ts'
import { startDevnet, type Answer, type Devnet, post } from './devnet.ts'

let net: Devnet
beforeAll(async () => {
  net = await startDevnet()
})
afterAll(() => net.stop())

const chainId = { jsonrpc: '2.0', id: 1, method: 'eth_chainId' }
const send = (body: unknown): Promise<unknown> => post(net.httpUrl, body)

describe('one request', () => {
  test.each(['x', 0, -1.5, null, ''])('the id %j comes back as it was', async (id) => {
    expect(await send({ ...chainId, id })).toEqual({ jsonrpc: '2.0', id, result: '0xa77' })
  })

  test.each([[undefined], [null], [[]]])('params may be %j', async (params) => {
    expect(await send({ ...chainId, params })).toMatchObject({ result: '0xa77' })
  })

  test.each([
    [{ id: 1, method: 'eth_chainId' }, 1],
    [{ ...chainId, jsonrpc: '1.0' }, 1],
    [{ ...chainId, method: 5 }, 1],
    [{ jsonrpc: '2.0', id: 7 }, 7],
    [{ ...chainId, id: {} }, null],
    [{ ...chainId, id: true }, null],
    [{}, null],
    ['text', null],
    [5, null],
    [null, null],
  ])('%j is an invalid request, answered to id %j', async (body, id) => {
    expect(await send(JSON.stringify(body))).toEqual({
      jsonrpc: '2.0',
      id,
      error: { code: -32600, message: 'invalid request' },
    })
  })

  test('an unknown method names itself, but not at any length', async () => {
    expect(await net.call('zks_metadata')).toMatchObject({
      error: {
        code: -32601,
        message: 'the method zks_metadata does not exist/is not available',
      },
    })
    expect((await net.call('constructor')).error?.code).toBe(-32601)
    expect((await net.call('x'.repeat(100_000))).error?.message.length).toBeLessThan(300)
  })

  test('a notification is executed and not answered', async () => {
    const response = await fetch(net.httpUrl, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ jsonrpc: '2.0', method: 'eth_chainId' }),
    })
    expect([response.ok, await response.text()]).toEqual([true, ''])
  })
})

describe('batches', () => {
  test('one answer per call in order; a batch of one is a list', async () => {
    expect(await send([chainId])).toEqual([{ jsonrpc: '2.0', id: 1, result: '0xa77' }])
    const notification = { jsonrpc: '2.0', method: 'eth_chainId' }
    const unknown = { ...chainId, id: 3, method: 'no_such' }
    expect(await send([chainId, notification, 5, unknown])).toMatchObject([
      { id: 1, result: '0xa77' },
      { id: null, error: { code: -32600 } },
      { id: 3, error: { code: -32601 } },
    ])
  })

  test('an empty one and one of 10,000 are refused', async () => {
    expect(await send([])).toEqual({
      jsonrpc: '2.0',
      id: null,
      error: { code: -32600, message: 'empty batch' },
    })
    const many = Array.from({ length: 10_000 }, (_, id) => ({ ...chainId, id: id + 5 }))
    expect(await send(many)).toEqual([
      { jsonrpc: '2.0', id: 5, error: { code: -32600, message: 'batch too large' } },
    ])
    expect(await send(many.slice(0, 1000))).toHaveLength(1000)
  })
})

const throwing = (error: unknown) =>
  method([], () => {
    throw error
  })

/** A dispatcher over hand-made methods, for what a good node does not do. */
describe('handlers that fail', () => {
  const clock = createHandClock()
  const logged: object[] = []
  const held: ((value: unknown) => void)[] = []
  const log = { ...silentLogger, error: (facts: object) => void logged.push(facts) }
  const dispatcher = createDispatcher(
    {
      bug: throwing(new TypeError('secret of the house')),
      pruned: throwing(new NodeError('STATE_PRUNED', 'block 1 is gone')),
      unknown: throwing(new NodeError('STATE_UNKNOWN', 'block 9 is unknown')),
      other: throwing(new NodeError('DISK_FULL', 'the disk is full')),
      bigint: method([], () => ({ a: 1n })),
      never: method([], () => new Promise(() => undefined)),
      large: method([], () => 'x'.repeat(10_000_000)),
      nothing: method([], () => undefined),
      slow: slowMethod([], () => clock.advance(20_000)),
      ...costly({ costly: method([], () => new Promise((resolve) => held.push(resolve))) }),
    },
    clock,
    log,
  )
  const ask = async (name: string): Promise<Answer> =>
    JSON.parse(
      (await dispatcher.answer(
        JSON.stringify({ jsonrpc: '2.0', id: 1, method: name }),
        {} as Context,
      )) ?? '',
    ) as Answer

  test.each(['bug', 'other', 'bigint'])('%s: -32603, logged, and nothing told', async (name) => {
    logged.length = 0
    expect((await ask(name)).error).toEqual({ code: -32603, message: 'internal error' })
    expect(logged).toMatchObject([{ method: name, err: expect.any(Error) }])
  })

  test('states that are gone or unknown are -32000', async () => {
    expect((await ask('pruned')).error).toEqual({
      code: -32000,
      message: 'missing trie node: required historical state unavailable (block 1 is gone)',
    })
    expect((await ask('unknown')).error).toEqual({ code: -32000, message: 'header not found' })
  })

  test('no answer within 30 seconds is -32002', async () => {
    const answer = ask('never')
    await turn()
    await clock.advance(30_000)
    expect((await answer).error).toEqual({ code: -32002, message: 'request timed out' })
  })

  test('a batch stops answering at 25 MB', async () => {
    const text = await dispatcher.answer(
      JSON.stringify([1, 2, 3, 4].map((id) => ({ jsonrpc: '2.0', id, method: 'large' }))),
      {} as Context,
    )
    const answers = JSON.parse(text ?? '') as Answer[]
    expect(answers.map(({ error }) => error?.code)).toEqual([undefined, undefined, -32003, -32003])
    expect(answers[3]?.error?.message).toBe('response too large')
  })

  test('a batch has 30 seconds in all', async () => {
    const text = await dispatcher.answer(
      JSON.stringify([1, 2, 3, 4].map((id) => ({ jsonrpc: '2.0', id, method: 'slow' }))),
      {} as Context,
    )
    const answers = JSON.parse(text ?? '') as Answer[]
    expect(answers.map(({ error }) => error?.code)).toEqual([undefined, undefined, -32002, -32002])
  })

  test('four costly calls are in work at once, the others wait, and too many are sent away', async () => {
    const calls = Array.from({ length: 2_010 }, () => ask('costly'))
    await turn(400)
    expect(held).toHaveLength(4)
    for (let done = 0; done < 2_004; done++) {
      held[done]?.(done)
      await Promise.resolve()
      if (held.length === done + 1) await turn(1)
    }
    const answers = await Promise.all(calls)
    expect(answers.filter(({ error }) => error?.code === -32005)).toHaveLength(6)
    expect(held).toHaveLength(2_004)
  })

  test('nothing is null', async () => {
    expect(await ask('nothing')).toEqual({ jsonrpc: '2.0', id: 1, result: null })
  })

  test('timers of answered calls do not pile up', async () => {
    for (let i = 0; i < 10; i++) await ask('nothing')
    expect(clock.waiting()).toBe(0)
  })
})

const isAnswer = (value: unknown): value is Answer =>
  typeof value === 'object' &&
  value !== null &&
  (value as Answer).jsonrpc === '2.0' &&
  'id' in value &&
  'result' in value !== 'error' in value

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

describe('whatever arrives', () => {
  /** Values that look like what methods want, and values that do not. */
  const plausible = fc.oneof(
    fc.constantFrom<unknown>(
      'latest',
      'pending',
      '0x0',
      '0x1',
      '0x',
      null,
      true,
      [],
      {},
      `0x${'11'.repeat(20)}`,
      `0x${'22'.repeat(32)}`,
      { to: `0x${'11'.repeat(20)}`, data: '0x1234' },
      { data: '0x600160005260206000f3', gas: '0xffffffffffffffff' },
      { fromBlock: 'earliest', toBlock: 'latest', topics: [null] },
      [25, 50],
    ),
    fc.jsonValue({ maxDepth: 3 }),
    fc.string().map((s) => `0x${s}`),
    fc.bigInt({ min: 0n, max: 2n ** 256n }).map((n) => `0x${n.toString(16)}`),
  )

  test('JSON of any shape gets a valid answer and never -32603', async () => {
    await fc.assert(
      fc.asyncProperty(fc.jsonValue({ maxDepth: 4 }), async (body) => {
        const answer = await send(JSON.stringify(body))
        const all = Array.isArray(answer) ? answer : [answer]
        for (const one of all) {
          expect(isAnswer(one)).toBe(true)
          expect((one as Answer).error?.code).not.toBe(-32603)
        }
      }),
      { numRuns: 150 },
    )
  })

  test('text that is no JSON gets -32700', async () => {
    const noJson = fc.string().filter((text) => !isJson(text))
    await fc.assert(
      fc.asyncProperty(noJson, async (body) => {
        expect(await send(body)).toMatchObject({ id: null, error: { code: -32700 } })
      }),
      { numRuns: 100 },
    )
  })

  test('every method meets any parameters with a result or a typed error', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...Object.keys(methodsOf(true))),
        fc.array(plausible, { maxLength: 4 }),
        async (name, params) => {
          const answer = await net.call(name, ...params)
          expect(isAnswer(answer)).toBe(true)
          expect(answer.error?.code).not.toBe(-32603)
        },
      ),
      { numRuns: 600 },
    )
    expect(net.faults).toEqual([])
  }, 60_000)
})
