/** notes/rpc.md, section 6, Transport: what balancers, browsers and libraries rely on. */
import { request } from 'node:http'
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals'
import { type Devnet, openSocket, post, startDevnet } from '../../unit/rpc/devnet.ts'

let net: Devnet
beforeAll(async () => {
  net = await startDevnet()
})
afterAll(() => net.stop())

const json = { 'content-type': 'application/json' }
const chainId = { jsonrpc: '2.0', id: 1, method: 'eth_chainId' }
const send = (init: RequestInit) => fetch(net.httpUrl, { method: 'POST', headers: json, ...init })

test.each<[string, unknown]>([
  ['an unknown method', { ...chainId, method: 'eth_nothing' }],
  ['bad parameters', { ...chainId, method: 'eth_getBalance', params: ['0x1'] }],
  ['a revert', { ...chainId, method: 'eth_call', params: [{ data: '0x60006000fd' }, 'latest'] }],
  ['no request at all', { hello: 'world' }],
  ['an empty batch', []],
])('HTTP 200 for every JSON-RPC answer: %s', async (_, body) => {
  const response = await send({ body: JSON.stringify(body) })
  expect(response.status).toBe(200)
  expect(response.headers.get('content-type')).toBe('application/json')
  expect(await response.json()).toHaveProperty('error')
})

test('HTTP 200 with a parse error for bad JSON, never an empty body', async () => {
  const response = await send({ body: '{"jsonrpc":' })
  expect(response.status).toBe(200)
  expect(await response.json()).toMatchObject({ error: { code: -32700 } })
})

test.each([
  ['application/json', 200],
  ['application/json; charset=utf-8', 200],
  ['APPLICATION/JSON', 200],
  ['text/plain', 415],
  ['application/x-www-form-urlencoded', 415],
])('content type %s: %i', async (type, status) => {
  const response = await send({ headers: { 'content-type': type }, body: JSON.stringify(chainId) })
  expect(response.status).toBe(status)
})

test('OPTIONS: 2xx with origin, methods, the headers asked for, and an age', async () => {
  const response = await fetch(net.httpUrl, {
    method: 'OPTIONS',
    headers: {
      origin: 'https://dapp.example',
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'content-type, x-custom',
    },
  })
  expect(response.ok).toBe(true)
  expect(response.headers.get('access-control-allow-origin')).toBe('*')
  expect(response.headers.get('access-control-allow-methods')).toContain('POST')
  expect(response.headers.get('access-control-allow-headers')).toBe('content-type, x-custom')
  expect(Number(response.headers.get('access-control-max-age'))).toBeGreaterThan(0)
  const posted = await send({
    headers: { ...json, origin: 'https://dapp.example' },
    body: JSON.stringify(chainId),
  })
  expect(posted.headers.get('access-control-allow-origin')).toBe('*')
})

test('GET / is 200 and empty', async () => {
  const response = await fetch(net.httpUrl)
  expect([response.status, await response.text()]).toEqual([200, ''])
})

test('gzip if asked; keep-alive for at least 60 s', async () => {
  const batch = JSON.stringify(
    Array.from({ length: 50 }, (_, id) => ({ ...chainId, id, method: 'eth_config' })),
  )
  const headers = await new Promise<NodeJS.Dict<string | string[]>>((resolve, reject) => {
    const outgoing = request(
      net.httpUrl,
      { method: 'POST', headers: { ...json, 'accept-encoding': 'gzip', connection: 'keep-alive' } },
      (response) => {
        response.resume()
        response.once('end', () => resolve(response.headers))
      },
    )
    outgoing.once('error', reject)
    outgoing.end(batch)
  })
  expect(headers['content-encoding']).toBe('gzip')
  expect(Number(/timeout=(\d+)/.exec(String(headers['keep-alive']))?.[1])).toBeGreaterThanOrEqual(
    60,
  )
})

const padded = (length: number) => JSON.stringify(chainId).padEnd(length, ' ')

test('a body of 5 MB passes, more is 413', async () => {
  expect((await send({ body: padded(5_000_000) })).status).toBe(200)
  expect((await send({ body: padded(6_000_000) })).status).toBe(413)
})

const batch = (length: number) => Array.from({ length }, (_, id) => ({ ...chainId, id }))

test('a batch: a thousand pass, one more is refused as a whole', async () => {
  expect(await post(net.httpUrl, batch(1000))).toHaveLength(1000)
  expect(await post(net.httpUrl, batch(1001))).toMatchObject([
    { error: { code: -32600, message: 'batch too large' } },
  ])
})

test('a batch of one is answered as a list; what cannot be answered has its own error', async () => {
  expect(await post(net.httpUrl, [chainId])).toMatchObject([{ id: 1, result: '0xa77' }])
  expect(await post(net.httpUrl, [chainId, 7, { ...chainId, id: 2 }])).toMatchObject([
    { id: 1, result: '0xa77' },
    { id: null, error: { code: -32600 } },
    { id: 2, result: '0xa77' },
  ])
})

test.each([0, 'a string', 12_345_678_901, null])('the id %p comes back as it was', async (id) => {
  expect(await post(net.httpUrl, { ...chainId, id })).toEqual({
    jsonrpc: '2.0',
    id,
    result: '0xa77',
  })
})

test('WebSocket on the same port: calls, batches, pings answered, subscriptions end with it', async () => {
  expect(new URL(net.wsUrl).port).toBe(new URL(net.httpUrl).port)
  const socket = await openSocket(net.wsUrl)
  socket.send([chainId, { ...chainId, id: 2 }])
  expect(await socket.next()).toMatchObject([{ id: 1 }, { id: 2 }])
  const pong = new Promise((resolve) => socket.ws.once('pong', resolve))
  socket.ws.ping()
  await pong
  socket.send({ ...chainId, method: 'eth_subscribe', params: ['newHeads'] })
  const { result: id } = await socket.next()
  socket.ws.close()
  const other = await openSocket(net.wsUrl)
  other.send({ ...chainId, method: 'eth_unsubscribe', params: [id] })
  expect(await other.next()).toMatchObject({ error: { message: 'subscription not found' } })
  other.ws.close()
})

const statusFor = (host: string) =>
  new Promise<number | undefined>((resolve, reject) => {
    const outgoing = request(
      net.httpUrl,
      { method: 'POST', headers: { ...json, host } },
      (answer) => {
        answer.resume()
        resolve(answer.statusCode)
      },
    )
    outgoing.once('error', reject)
    outgoing.end(JSON.stringify(chainId))
  })

test('a foreign Host is refused, a configured one is not', async () => {
  expect(await statusFor('evil.example')).toBe(403)
  expect(await statusFor('node.example')).toBe(200)
})

test('WebSocket: the node pings every 30 s, and lets go of a peer that is silent', async () => {
  jest.useFakeTimers({ doNotFake: [...otherTimers] })
  const beside = await startDevnet()
  const socket = await openSocket(beside.wsUrl)
  const pinged = new Promise((resolve) => socket.ws.once('ping', resolve))
  jest.advanceTimersByTime(30_000)
  await pinged
  const silent = await openSocket(beside.wsUrl, { autoPong: false })
  const closed = new Promise((resolve) => silent.ws.once('close', () => resolve('let go')))
  jest.advanceTimersByTime(60_000)
  expect(await closed).toBe('let go')
  jest.useRealTimers()
  await beside.stop()
})

/** All that fake timers could replace, but intervals. */
const otherTimers = [
  'Date',
  'hrtime',
  'nextTick',
  'performance',
  'queueMicrotask',
  'setImmediate',
  'clearImmediate',
  'setTimeout',
  'clearTimeout',
] as const
