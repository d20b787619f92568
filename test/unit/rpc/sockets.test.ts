/** A socket whose peer does not read, over answers that cost nothing to make. */
import { createServer, type Server } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { describe, expect, test } from '@jest/globals'
import { silentLogger } from '../../../primitives/index.ts'
import { createUnsent } from '../../../rpc/http.ts'
import type { Context } from '../../../rpc/method.ts'
import { createSockets } from '../../../rpc/sockets.ts'
import type { NodeApi } from '../../../rpc/node-api.ts'
import { createSubscriptionHub, type Subscriptions } from '../../../rpc/subscriptions.ts'
import { openSocket, startDevnet } from './devnet.ts'

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
  }
  const ofSocket = { forMessage: () => subscriptions, close: () => forgotten.happen() }
  const sockets = createSockets(
    {
      dispatcher: { answer: () => Promise.resolve(megabyte) },
      context: {} as Context,
      unsent: createUnsent(),
      allowedOrigins: ['*'],
      log: { ...silentLogger, debug: cutOff.happen },
    },
    { forSocket: () => ofSocket, close: () => undefined },
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

/** A hub without a chain, and a way to make its listeners hear of a block. */
const heads = { onBlock: () => ['{}'] }
const startHub = () => {
  const commits = new Set<(executed: never) => void>()
  const api = {
    chain: { onCommit: (listener: (executed: never) => void) => commits.add(listener) },
    mempool: { onPending: () => () => undefined },
  }
  const hub = createSubscriptionHub(api as unknown as NodeApi)
  const commit = () => {
    for (const listener of commits) listener({ block: {} } as never)
  }
  return { hub, commit }
}

describe('subscriptions', () => {
  test('one that is made after its socket closed hears nothing', () => {
    const { hub, commit } = startHub()
    const heard: string[] = []
    const socket = hub.forSocket((text) => heard.push(text))
    const message = socket.forMessage()
    socket.close()
    message.add(heads)
    message.begin()
    commit()
    expect(heard).toEqual([])
  })

  test('begins with its own answer, not with that of another message', () => {
    const { hub, commit } = startHub()
    const heard: string[] = []
    const socket = hub.forSocket((text) => heard.push(text))
    const [slow, quick] = [socket.forMessage(), socket.forMessage()]
    const slowId = slow.add(heads)
    const quickId = quick.add(heads)
    quick.begin()
    commit()
    expect(heard.map((text) => text.includes(quickId))).toEqual([true])
    slow.begin()
    commit()
    expect(heard.filter((text) => text.includes(slowId))).toHaveLength(1)
  })
})

test('a client that resets its connection in an upgrade does not end the process', async () => {
  const net = await startDevnet()
  const { port, hostname } = new URL(net.httpUrl)
  const resets = Array.from({ length: 50 }, () => {
    const socket = connect({ port: Number(port), host: hostname })
    return new Promise<void>((resolve) => {
      socket.on('error', () => undefined)
      socket.once('close', () => resolve())
      socket.once('connect', () => {
        socket.write(
          'GET / HTTP/1.1\r\nHost: evil.example\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
        )
        socket.resetAndDestroy()
      })
    })
  })
  await Promise.all(resets)
  expect(await net.ask('eth_chainId')).toBe('0xa77')
  await net.stop()
})

test('evm_mine makes a block on request', async () => {
  const net = await startDevnet({ type: 'manual' })
  expect(await net.ask('evm_mine')).toBe('0x0')
  expect(await net.ask('eth_blockNumber')).toBe('0x1')
  await net.stop()
})
