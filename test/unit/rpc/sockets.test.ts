/** A socket whose peer does not read, over answers that cost nothing to make. */
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, test } from '@jest/globals'
import { silentLogger } from '../../../primitives/index.ts'
import type { Context } from '../../../rpc/method.ts'
import { createSockets } from '../../../rpc/sockets.ts'
import type { Subscriptions } from '../../../rpc/subscriptions.ts'
import { openSocket } from './devnet.ts'

const megabyte = `"${'x'.repeat(1_048_576)}"`

const listen = (server: Server): Promise<number> =>
  new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port))
  })

/** A promise and the function that fulfils it. */
function event<value>() {
  const resolvers: ((value: value) => void)[] = []
  const happened = new Promise<value>((resolve) => resolvers.push(resolve))
  return { happened, happen: (value: value) => resolvers.forEach((resolve) => resolve(value)) }
}

test('a reader that does not read is cut off at a backlog of 64 MiB', async () => {
  const cutOff = event<object>()
  const forgotten = event<void>()
  const subscriptions: Subscriptions = {
    add: () => '0x1',
    remove: () => true,
    begin: () => undefined,
    close: () => forgotten.happen(),
  }
  const sockets = createSockets(
    {
      dispatcher: { answer: () => Promise.resolve(megabyte) },
      context: {} as Context,
      allowedOrigins: ['*'],
      log: { ...silentLogger, debug: cutOff.happen },
    },
    { forSocket: () => subscriptions, close: () => undefined },
  )
  const server = createServer()
  server.on('upgrade', (request, socket, head) => sockets.accept(request, socket, head))
  const { ws } = await openSocket(`ws://127.0.0.1:${await listen(server)}`)
  ws.pause()
  for (let i = 0; i < 200; i++) ws.send('x')
  const { backlogBytes } = (await cutOff.happened) as { readonly backlogBytes: number }
  expect(backlogBytes).toBeGreaterThan(64 * 1_048_576)
  expect(backlogBytes).toBeLessThan(66 * 1_048_576)
  await forgotten.happened
  ws.terminate()
  sockets.close()
  await new Promise((resolve) => server.close(resolve))
})
