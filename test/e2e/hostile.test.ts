/**
 * One devnet under everything a client should not send: over HTTP, WebSocket and the bare port. It
 * must answer with the right code and never -32603, log no fault, stay small, and afterwards still
 * mine. `hostile-transactions.test.ts` has the transactions, `hostile-files.test.ts` the files.
 */
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { connect, type Socket } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { WebSocket } from 'ws'
import { methodsOf } from '../../rpc/methods/index.ts'
import { anAddress, deep, hostile, inParts, plain } from '../support/hostile.ts'
import { counterCreation, createSigner } from '../support/load.ts'
import { type Devnet, rpcCall, startDevnet } from '../support/node.ts'

type Hex = `0x${string}`
type Answer = {
  readonly id: unknown
  readonly result?: unknown
  readonly error?: { readonly code: number; readonly message: string }
}

const limitMs = 120_000
/** The process with all its caches; V8 alone lets some 100 MB of dead strings lie. */
const maxResidentBytes = 600 * 1_048_576
const codesAllowed = [-32700, -32600, -32601, -32602, -32000, -32002, -32003, -32005, 3]

let node: Devnet
beforeAll(async () => {
  node = await startDevnet(['--ephemeral', '--log-level', 'error'])
}, limitMs)
afterAll(() => node.kill())

const post = (body: string | Uint8Array<ArrayBuffer> | ReadableStream): Promise<Response> =>
  fetch(node.httpUrl, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body,
    ...(body instanceof ReadableStream && { duplex: 'half' as const }),
  })

/** Every answer to `body`; throws where one is not JSON-RPC 2.0 or has a code that must not be. */
async function ask(body: unknown): Promise<Answer[]> {
  const response = await post(typeof body === 'string' ? body : JSON.stringify(body))
  if (response.status === 204) return []
  expect(response.status).toBe(200)
  return check(await response.text(), body)
}

function check(text: string, asked: unknown): Answer[] {
  const parsed = JSON.parse(text) as Answer | Answer[]
  const answers = Array.isArray(parsed) ? parsed : [parsed]
  for (const [i, answer] of answers.entries()) {
    const isGood = answer.error
      ? codesAllowed.includes(answer.error.code) && answer.error.message.length < 600
      : 'result' in answer
    if (isGood) continue
    const about = JSON.stringify(Array.isArray(asked) ? (asked as unknown[])[i] : asked)
    throw new Error(`${about.slice(0, 500)} was answered ${JSON.stringify(answer).slice(0, 1_000)}`)
  }
  return answers
}

const request = (method: string, params: readonly unknown[], id = 1) => ({
  jsonrpc: '2.0',
  id,
  method,
  params,
})

describe('bodies', () => {
  test.each([
    '',
    ' ',
    '{',
    '[1,2',
    '{"jsonrpc":"2.0"',
    'nul',
    '{"a":1}{"a":1}',
    "{'a':1}",
    '\u0000',
    '\ufeff{}x',
    '"\\ud800',
    '1e',
    '[1,]',
  ])('%j is a parse error', async (body) => {
    expect(await ask(body)).toEqual([
      { jsonrpc: '2.0', id: null, error: { code: -32700, message: 'parse error' } },
    ])
  })

  test(
    '10 MB are refused with 413, told or untold, and do not stay in memory',
    async () => {
      const large = JSON.stringify(request('web3_sha3', [`0x${'00'.repeat(5_000_000)}`]))
      expect(large.length).toBeGreaterThan(10_000_000)
      for (let i = 0; i < 5; i++) expect((await post(large)).status).toBe(413)
      const untold = new ReadableStream({
        start(controller) {
          for (const part of inParts([...Buffer.from(large.slice(0, 6_000_000))], 1_000_000))
            controller.enqueue(Uint8Array.from(part))
          controller.close()
        },
      })
      expect((await post(untold)).status).toBe(413)
    },
    limitMs,
  )

  test(
    'over-long hex is measured, not decoded, and not repeated',
    async () => {
      const long = `0x${'ab'.repeat(1_000_000)}`
      const asked = ['eth_getBalance', 'eth_getBlockByHash', 'eth_getStorageAt', 'eth_getLogs']
      for (const name of asked)
        expect(await ask(request(name, [long, long, long].slice(0, 2)))).toMatchObject([
          { error: { code: -32602 } },
        ])
      expect(await ask(request('eth_sendRawTransaction', [long]))).toMatchObject([
        { error: { code: -32000, message: expect.stringContaining('oversized data') } },
      ])
      expect(await ask(request('m'.repeat(4_000_000), []))).toMatchObject([
        { error: { code: -32601 } },
      ])
    },
    limitMs,
  )

  test(
    'batches of 10,000 are refused whole, one of 1,000 pieces of rubbish is answered',
    async () => {
      const all = Array.from({ length: 10_000 }, (_, i) => request('eth_chainId', [], i))
      expect(await ask(all)).toEqual([
        { jsonrpc: '2.0', id: 0, error: { code: -32600, message: 'batch too large' } },
      ])
      const rubbish = Array.from({ length: 1_000 }, (_, i) => hostile[i % hostile.length])
      const codes = (await ask(rubbish)).map(({ error }) => error?.code)
      expect([codes.length, new Set(codes)]).toEqual([1_000, new Set([-32600])])
    },
    limitMs,
  )

  test(
    'nesting hundreds of thousands deep is no danger anywhere',
    async () => {
      for (const nested of [deep(300_000), deep(150_000, '{"a":', '}')]) {
        expect(await ask(nested)).toMatchObject([{ error: { code: -32600 } }])
        for (const name of ['eth_call', 'eth_getLogs', 'eth_getBalance'])
          expect(
            await ask(
              `{"jsonrpc":"2.0","id":1,"method":"${name}",` +
                `"params":[{"topics":${nested},"data":${nested}}]}`,
            ),
          ).toMatchObject([{ error: { code: -32602 } }])
      }
    },
    limitMs,
  )
})

describe('parameters', () => {
  test(
    'every position of every method takes anything',
    async () => {
      const asked = Object.entries(methodsOf(true)).flatMap(([name, { params }]) => [
        request(name, [...params.map((param) => plain(param.name)), 1, 2, 3]),
        ...params.flatMap((_, at) =>
          hostile.map((value) =>
            request(
              name,
              params.map((param, i) => (i === at ? value : plain(param.name))),
            ),
          ),
        ),
        request(
          name,
          params.map(() => `0x${'f'.repeat(64)}`),
        ),
      ])
      expect(asked.length).toBeGreaterThan(1_000)
      let failed = 0
      for (const part of inParts(asked, 500)) {
        const answers = await ask(part)
        expect(answers.length).toBe(part.length)
        failed += answers.filter(({ error }) => error).length
      }
      expect(failed).toBeGreaterThan(asked.length / 3)
    },
    limitMs,
  )

  test(
    'every field of calls and overrides takes the largest numbers and wrong types',
    async () => {
      const words = [0n, 1n, 2n ** 32n, 2n ** 63n, 2n ** 64n - 1n, 2n ** 64n, 2n ** 256n - 1n]
      const values = [
        ...words.map((value) => `0x${value.toString(16)}`),
        `0x1${'0'.repeat(64)}`,
        `0x${'ff'.repeat(60_000)}`,
        -1,
        {},
        [{}],
      ]
      const authorization = { chainId: '0xa77', address: anAddress, nonce: '0x0', r: '0x1' }
      const asked = values.flatMap((value) => [
        ...(
          'from to gas gasPrice maxFeePerGas maxPriorityFeePerGas value nonce data input chainId' +
          ' accessList authorizationList type'
        )
          .split(' ')
          .map((field) => [{ to: anAddress, [field]: value }]),
        // The opcodes that read them: NUMBER, TIMESTAMP, GASLIMIT, PREVRANDAO, BASEFEE, BLOCKHASH...
        ...'number difficulty time gasLimit feeRecipient prevRandao baseFeePerGas blobBaseFee'
          .split(' ')
          .map((field) => [
            { data: '0x43424544484a41434060005260206000f3', gasPrice: '0x1' },
            'latest',
            {},
            { [field]: value },
          ]),
        ...'nonce code balance state stateDiff movePrecompileToAddress'
          .split(' ')
          .map((field) => [
            { from: anAddress, data: '0x3031600055', value: '0x1' },
            'latest',
            { [anAddress]: { [field]: value } },
          ]),
        [{ to: anAddress, accessList: [{ address: anAddress, storageKeys: [value] }] }],
        ...['chainId', 'nonce', 'yParity', 's'].map((field) => [
          { to: anAddress, authorizationList: [{ ...authorization, [field]: value }] },
        ]),
      ])
      const requests = ['eth_call', 'eth_estimateGas'].flatMap((name) =>
        asked.map((params) => request(name, params)),
      )
      let answered = 0
      for (const part of inParts(requests, 100)) answered += (await ask(part)).length
      expect(answered).toBe(requests.length)
    },
    limitMs,
  )
})

describe('rubbish', () => {
  const almost = fc.record(
    {
      jsonrpc: fc.constantFrom('2.0', '1.0', 2),
      id: fc.oneof(fc.integer(), fc.string(), fc.constant(null), fc.jsonValue()),
      method: fc.oneof(fc.constantFrom(...Object.keys(methodsOf(true))), fc.string()),
      params: fc.oneof(
        fc.array(fc.oneof(fc.constantFrom(...hostile), fc.jsonValue()), { maxLength: 4 }),
        fc.jsonValue(),
      ),
    },
    { requiredKeys: ['method'] },
  )

  test(
    'over HTTP: any bytes, any JSON, requests that are almost right',
    async () => {
      const bytes = fc.uint8Array({ maxLength: 2_000 }).map((raw) => new Uint8Array(raw))
      await fc.assert(
        fc.asyncProperty(fc.array(almost, { minLength: 1, maxLength: 50 }), async (batch) => {
          await ask(batch)
        }),
        { numRuns: 40 },
      )
      await fc.assert(
        fc.asyncProperty(fc.oneof(bytes, fc.string(), fc.json()), async (body) => {
          const response = await post(body)
          expect(response.status).toBe(200)
          check(await response.text(), body)
        }),
        { numRuns: 150 },
      )
    },
    limitMs,
  )

  test(
    'over WebSocket: text and binary frames, each answered',
    async () => {
      const socket = await connectSocket()
      const frame = fc.oneof(fc.string(), fc.json(), fc.uint8Array({ maxLength: 500 }))
      await fc.assert(
        fc.asyncProperty(frame, async (data) => {
          const answer = once(socket, 'message') as Promise<[Buffer]>
          socket.send(data)
          expect(check((await answer)[0].toString(), 'a frame')).not.toEqual([])
        }),
        { numRuns: 200 },
      )
      socket.terminate()
    },
    limitMs,
  )

  test(
    'frames over 32 MB, and what is no WebSocket, end their own connection only',
    async () => {
      const bystander = await connectSocket()
      for (const isBinary of [false, true]) {
        const socket = await connectSocket()
        socket.on('error', () => {}) // the node hangs up in mid-sentence
        const closed = closing(socket)
        socket.send(Buffer.alloc(33 * 1_048_576, '['), { binary: isBinary })
        await closed
      }
      const upgrade =
        'GET / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
        'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n'
      const noise = [
        '\x81\x05hello', // not masked
        '\xff\x80\x00\x00\x00\x00', // reserved bits, unknown opcode
        '\x09\xfe\xff\xff', // a fragmented ping
        '\x80\x80\x00\x00\x00\x00', // continues nothing
        '\x81\xff\x7f\xff\xff\xff\xff\xff\xff\xff\x00\x00\x00\x00', // says it has 2^63 bytes
        '\x81\x82\x00\x00\x00\x00\xc3\x28', // text that is no UTF-8
      ]
      for (const bytes of noise) await hearEnd(upgrade, bytes)
      for (const bytes of [
        'SSH-2.0-OpenSSH_9.6\r\n\r\n',
        'POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: -5\r\n\r\n',
        'POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n',
        `GET / HTTP/1.1\r\nHost: localhost\r\nX: ${'a'.repeat(100_000)}\r\n\r\n`,
        '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', // a TLS hello
      ])
        await hearEnd('', bytes)
      const answer = once(bystander, 'message') as Promise<[Buffer]>
      // The chain id is whatever the random calls above have set.
      bystander.send(JSON.stringify(request('eth_getBlockByNumber', ['0x0', false])))
      expect(JSON.parse((await answer)[0].toString())).toMatchObject({ result: { number: '0x0' } })
      bystander.terminate()
    },
    limitMs,
  )
})

describe('afterwards', () => {
  test(
    'the node is up and small, has logged no fault, and mines',
    async () => {
      const status = await readFile(`/proc/${node.pid}/status`, 'utf8')
      const residentBytes = Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) * 1_024
      expect(residentBytes).toBeGreaterThan(0)
      expect(residentBytes).toBeLessThan(maxResidentBytes)
      expect(node.stderr()).toBe('')
      // Random calls of a devnet's own methods have set prices, limits and modes at will.
      await rpcCall(node.httpUrl, 'anvil_reset', [])
      const signer = createSigner(node.accounts[0]!.privateKey, node.chainId, 0)
      const raw = await signer.next(null, 0n, counterCreation)
      const hash = await rpcCall<Hex>(node.httpUrl, 'eth_sendRawTransaction', [raw])
      expect(await rpcCall(node.httpUrl, 'eth_getTransactionReceipt', [hash])).toMatchObject({
        status: '0x1',
      })
      expect(await node.stop()).toEqual({ code: 0, signal: null })
    },
    limitMs,
  )
})

async function connectSocket(): Promise<WebSocket> {
  const socket = new WebSocket(node.wsUrl)
  await once(socket, 'open')
  return socket
}

/** Also where an error comes before, at which `once` would throw. */
const closing = (connection: WebSocket | Socket): Promise<void> =>
  new Promise((resolve) => connection.once('close', () => resolve()))

/** Sends bytes to the bare port after `hello` was answered, and waits until the node hangs up. */
async function hearEnd(hello: string, bytes: string): Promise<void> {
  const socket = connect(Number(new URL(node.httpUrl).port), '127.0.0.1')
  socket.on('error', () => {})
  const ended = closing(socket)
  if (hello !== '') {
    socket.write(hello)
    await once(socket, 'data')
  }
  socket.write(Buffer.from(bytes, 'latin1'))
  socket.resume()
  await ended
}
