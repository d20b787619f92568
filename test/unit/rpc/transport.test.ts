/** HTTP and WebSocket as clients, browsers and balancers meet them. */
import { request } from 'node:http'
import { connect } from 'node:net'
import { gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { silentLogger as log } from '../../../primitives/index.ts'
import { createRpcServer, type NodeApi, type RpcServer } from '../../../rpc/index.ts'
import { startDevnet, type Devnet, openSocket, post } from './devnet.ts'

let net: Devnet
beforeAll(async () => {
  net = await startDevnet()
})
afterAll(() => net.stop())

const chainId = { jsonrpc: '2.0', id: 1, method: 'eth_chainId' }
const send = (init: RequestInit): Promise<Response> => fetch(net.httpUrl, init)
const json = { 'content-type': 'application/json' }

/** node:http shows and sends headers that fetch hides. */
const raw = (options: {
  method?: string
  headers?: Record<string, string>
  body?: string | Buffer
}): Promise<{ status: number; headers: Record<string, unknown>; body: Buffer }> =>
  new Promise((resolve, reject) => {
    const { body, ...rest } = options
    const req = request(net.httpUrl, { method: 'POST', ...rest }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: Buffer.concat(chunks),
        }),
      )
    })
    req.on('error', reject)
    req.end(body)
  })

const statusWithHost = async (host: string): Promise<number> =>
  (await raw({ headers: { ...json, host }, body: JSON.stringify(chainId) })).status

describe('HTTP', () => {
  test('answers with 200 and JSON, errors included', async () => {
    const good = await send({ method: 'POST', headers: json, body: JSON.stringify(chainId) })
    expect([good.status, good.headers.get('content-type')]).toEqual([200, 'application/json'])
    expect(await good.json()).toEqual({ jsonrpc: '2.0', id: 1, result: '0xa77' })
    const bad = await send({ method: 'POST', headers: json, body: '{' })
    expect(bad.status).toBe(200)
    expect(await bad.json()).toEqual({
      jsonrpc: '2.0',
      id: null,
      error: { code: -32700, message: 'parse error' },
    })
  })

  test.each(['application/json; charset=utf-8', 'application/json-rpc', 'Application/JSON'])(
    'takes content type %s',
    async (type) => {
      const { status } = await send({
        method: 'POST',
        headers: { 'content-type': type },
        body: JSON.stringify(chainId),
      })
      expect(status).toBe(200)
    },
  )

  test('refuses other content types with 415, other verbs with 405', async () => {
    const text = { 'content-type': 'text/plain' }
    const answer = await send({ method: 'POST', headers: text, body: JSON.stringify(chainId) })
    expect(answer.status).toBe(415)
    expect((await raw({ body: JSON.stringify(chainId) })).status).toBe(415)
    expect((await send({ method: 'PUT', headers: json, body: '{}' })).status).toBe(405)
  })

  test('GET / is 200 and nothing; a browser reads in a line where it is', async () => {
    const page = await send({ headers: { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' } })
    const { headers } = page
    expect([
      page.status,
      headers.get('content-type'),
      headers.get('vary'),
      await page.text(),
    ]).toEqual([
      200,
      'text/plain; charset=utf-8',
      'origin, accept',
      expect.stringMatching(/^anvil\/v0\.0\.0-test, chain 2679: JSON-RPC by POST [^\n]+\n$/),
    ])
    for (const answer of [await send({}), await send({ method: 'HEAD' })])
      expect([answer.status, await answer.text()]).toEqual([200, ''])
  })

  test('GET /health is 503 while the node syncs', async () => {
    const statuses: number[] = []
    const behind = { startingBlock: 0n, currentBlock: 1n, highestBlock: 9n }
    for (const syncing of [false, behind] as const) {
      const server = serverBeside({}, { syncing: () => syncing })
      const { httpUrl } = await server.listen()
      statuses.push((await fetch(`${httpUrl}/health`)).status, (await fetch(httpUrl)).status)
      await server.close()
    }
    expect(statuses).toEqual([200, 200, 503, 200])
  })

  test('a preflight is answered with what it asks for', async () => {
    const answer = await send({
      method: 'OPTIONS',
      headers: {
        origin: 'https://dapp.example',
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'content-type,x-own',
      },
    })
    expect(answer.ok).toBe(true)
    expect(answer.headers.get('access-control-allow-origin')).toBe('*')
    expect(answer.headers.get('access-control-allow-methods')).toContain('POST')
    expect(answer.headers.get('access-control-allow-headers')).toBe('content-type,x-own')
    expect(Number(answer.headers.get('access-control-max-age'))).toBeGreaterThan(0)
    const posted = await send({ method: 'POST', headers: json, body: JSON.stringify(chainId) })
    expect(posted.headers.get('access-control-allow-origin')).toBe('*')
  })

  test('large answers are compressed when the client wants it, small ones are not', async () => {
    const body = JSON.stringify(Array.from({ length: 400 }, (_, id) => ({ ...chainId, id })))
    const headers = { ...json, 'accept-encoding': 'gzip' }
    const large = await raw({ headers, body })
    expect(large.headers['content-encoding']).toBe('gzip')
    expect(JSON.parse(gunzipSync(large.body).toString())).toHaveLength(400)
    const small = await raw({ headers, body: JSON.stringify(chainId) })
    expect(small.headers['content-encoding']).toBeUndefined()
    expect((await raw({ headers: json, body })).headers['content-encoding']).toBeUndefined()
  })

  test('idle connections are kept for at least a minute', async () => {
    const { headers } = await raw({
      headers: { ...json, connection: 'keep-alive' },
      body: JSON.stringify(chainId),
    })
    expect(Number(/timeout=(\d+)/.exec(String(headers['keep-alive']))?.[1])).toBeGreaterThanOrEqual(
      60,
    )
  })

  test.each([true, false])(
    'a body of 10 MB is refused with 413 (length told: %s)',
    async (told) => {
      const body = Buffer.alloc(10_000_000, 0x20)
      const chunked = new ReadableStream<Uint8Array>({
        start(controller) {
          for (let i = 0; i < 10; i++) controller.enqueue(body.subarray(0, 1_000_000))
          controller.close()
        },
      })
      const init = told ? { body } : { body: chunked, duplex: 'half' }
      const answer = await send({ method: 'POST', headers: json, ...init } as RequestInit)
      expect(answer.status).toBe(413)
      expect(await post(net.httpUrl, chainId)).toMatchObject({ result: '0xa77' })
    },
  )

  test('a foreign Host header is refused, configured and loopback ones are not', async () => {
    expect(await statusWithHost('evil.example:8545')).toBe(403)
    expect(await statusWithHost('localhost:8545')).toBe(200)
    expect(await statusWithHost('node.example')).toBe(200)
    expect(await statusWithHost('[::1]:8545')).toBe(200)
  })

  test('a client that goes away in mid-body leaves nothing behind', async () => {
    const { hostname, port } = new URL(net.httpUrl)
    await new Promise<void>((resolve) => {
      const socket = connect(Number(port), hostname, () => {
        socket.write(
          'POST / HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 999\r\n\r\n{',
        )
        setImmediate(() => socket.destroy())
      })
      socket.on('close', () => resolve())
    })
    expect(await post(net.httpUrl, chainId)).toMatchObject({ result: '0xa77' })
  })
})

describe('WebSocket', () => {
  test('answers calls, batches and nonsense on the same port', async () => {
    const socket = await openSocket(net.wsUrl)
    socket.send({ ...chainId, id: 'a' })
    expect(await socket.next()).toEqual({ jsonrpc: '2.0', id: 'a', result: '0xa77' })
    socket.send([chainId])
    expect(await socket.next()).toEqual([{ jsonrpc: '2.0', id: 1, result: '0xa77' }])
    socket.send('nonsense')
    expect(await socket.next()).toMatchObject({ id: null, error: { code: -32700 } })
    socket.ws.close()
  })

  test('answers pings', async () => {
    const socket = await openSocket(net.wsUrl)
    const pong = new Promise<Buffer>((resolve) => socket.ws.once('pong', resolve))
    socket.ws.ping('still there?')
    expect((await pong).toString()).toBe('still there?')
    socket.ws.close()
  })

  test('a frame over 32 MB closes the socket (1009), and only that socket', async () => {
    const socket = await openSocket(net.wsUrl)
    const closed = new Promise<number>((resolve) => socket.ws.once('close', resolve))
    socket.ws.send(Buffer.alloc(33 * 1_048_576, 0x20))
    expect(await closed).toBe(1009)
    expect(await post(net.httpUrl, chainId)).toMatchObject({ result: '0xa77' })
  })

  test('a foreign Host header is refused', async () => {
    const refused = openSocket(net.wsUrl, { headers: { host: 'evil.example' } })
    await expect(refused).rejects.toThrow('403')
  })
})

/** Another door to the same node. */
function serverBeside(
  options: { port?: number; allowedOrigins?: readonly string[] },
  changes: Partial<NodeApi> = {},
): RpcServer {
  const { chain, mempool } = net.node
  const api: NodeApi = {
    chain,
    mempool,
    log,
    clock: net.clock,
    clientVersion: 'x',
    submit: () => Promise.reject(new Error('not asked for')),
    nextBlock: () => chain.head().header,
    peerCount: () => 0,
    isListening: () => true,
    syncing: () => false,
    ...changes,
  }
  return createRpcServer({ host: '127.0.0.1', port: 0, allowedHosts: [], ...options }, { api, log })
}

describe('a list of origins', () => {
  const dapp = 'https://dapp.example'
  test('lets their pages in, and no others', async () => {
    const server = serverBeside({ allowedOrigins: [dapp] })
    const { httpUrl, wsUrl } = await server.listen()
    const allowFor = async (origin: string): Promise<string | null> => {
      const answer = await fetch(httpUrl, { method: 'OPTIONS', headers: { origin } })
      return answer.headers.get('access-control-allow-origin')
    }
    expect(await allowFor(dapp)).toBe(dapp)
    expect(await allowFor('https://evil.example')).toBeNull()
    const evil = openSocket(wsUrl, { headers: { origin: 'https://evil.example' } })
    await expect(evil).rejects.toThrow('403')
    const good = await openSocket(wsUrl, { headers: { origin: dapp } })
    good.send(chainId)
    expect(await good.next()).toMatchObject({ result: '0xa77' })
    const tool = await openSocket(wsUrl)
    tool.send(chainId)
    expect(await tool.next()).toMatchObject({ result: '0xa77' })
    await server.close()
  })
})

describe('start and stop', () => {
  test('a busy port is a sentence with a code', async () => {
    const port = Number(new URL(net.httpUrl).port)
    const second = serverBeside({ port })
    await expect(second.listen()).rejects.toMatchObject({
      code: 'PORT_BUSY',
      message: expect.stringContaining(`port ${port} on 127.0.0.1`),
    })
  })

  test('stops within a second although sockets idle and a request hangs in mid-body', async () => {
    const other = await startDevnet()
    await other.ask('eth_chainId') // fetch keeps this connection
    const socket = await openSocket(other.wsUrl)
    const { hostname, port } = new URL(other.httpUrl)
    const hanging = connect(Number(port), hostname)
    hanging.on('error', () => undefined)
    hanging.write(
      'POST / HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\r\n{',
    )
    const closed = new Promise((resolve) => socket.ws.once('close', resolve))
    const before = performance.now()
    await other.stop()
    expect(performance.now() - before).toBeLessThan(1_000)
    await closed
    hanging.destroy()
  })
})
