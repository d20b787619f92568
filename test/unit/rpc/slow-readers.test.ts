/** Readers that do not read: what their answers hold is bounded, and they are cut off. */
import { createServer, type Server } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { afterEach, expect, test } from '@jest/globals'
import { silentLogger } from '../../../primitives/index.ts'
import { createDispatcher } from '../../../rpc/dispatch.ts'
import { answerHttp, type Unsent } from '../../../rpc/http.ts'
import { method } from '../../../rpc/method.ts'
import type { Door } from '../../../rpc/server.ts'
import { createHandClock } from '../../support/clock.ts'
import { until } from '../../support/until.ts'

/** More than the system's buffers take. */
const largeBytes = 32 * 1_048_576
const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'large', params: [] })
const request =
  'POST / HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n' +
  `content-length: ${body.length}\r\n\r\n${body}`

let server: Server | undefined
const sockets: Socket[] = []
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy()
  server?.close()
})

async function serve(unsent: Unsent): Promise<number> {
  const methods = { large: method([], () => 'a'.repeat(largeBytes)) }
  const door = {
    dispatcher: createDispatcher(methods, createHandClock(), silentLogger),
    context: {} as Door['context'], // the one method asks nothing of it
    log: silentLogger,
    allowedOrigins: ['*'],
    unsent,
  }
  server = createServer((incoming, response) => void answerHttp(door, incoming, response))
  await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}

/** Asks, and reads nothing unless told. */
function ask(port: number): Socket {
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => undefined)
  socket.pause()
  socket.write(request)
  sockets.push(socket)
  return socket
}

/** The first line of what comes. */
const statusOf = (socket: Socket): Promise<string> =>
  new Promise((resolve) => {
    socket.once('data', (chunk: Buffer) => resolve(chunk.toString('latin1').split('\r\n')[0] ?? ''))
    socket.resume()
  })

test('answers that nobody takes leave room for so many bytes, and the next is refused', async () => {
  const unsent = { bytes: 0, maxBytes: largeBytes * 1.5, maxStallMs: 60_000 }
  const port = await serve(unsent)
  const slow = ask(port)
  await until(() => unsent.bytes > largeBytes)
  expect(await statusOf(ask(port))).toBe('HTTP/1.1 503 Service Unavailable')
  expect(unsent.bytes).toBeLessThan(largeBytes * 1.5)
  slow.destroy()
  await until(() => unsent.bytes === 0)
  expect(await statusOf(ask(port))).toBe('HTTP/1.1 200 OK')
})

test('a reader that takes nothing is cut off, one that reads gets all', async () => {
  const unsent = { bytes: 0, maxBytes: largeBytes * 4, maxStallMs: 500 }
  const port = await serve(unsent)
  const slow = ask(port)
  // Made one after the other: the making of both is a pause that neither reader is to blame for.
  await until(() => unsent.bytes > largeBytes)
  const reader = ask(port)
  let read = 0
  reader.on('data', (chunk: Buffer) => void (read += chunk.length))
  reader.resume()
  await until(() => read > largeBytes)
  await until(() => unsent.bytes === 0)
  let closed = false
  slow.on('close', () => void (closed = true))
  slow.resume()
  await until(() => closed)
  expect(slow.bytesRead).toBeLessThan(largeBytes)
})
