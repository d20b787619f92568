/**
 * WebSocket connections: messages in, answers and subscription events out. A reader that does not
 * read is cut off before its backlog costs memory; a silent peer is found by pings.
 */
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { type WebSocket, WebSocketServer } from 'ws'
import type { Door } from './server.ts'
import type { SubscriptionHub } from './subscriptions.ts'

/** geth's limit for one message. */
const maxFrameBytes = 32 * 1_048_576
/** Unsent bytes at which a reader counts as gone. */
const maxBacklogBytes = 64 * 1_048_576
/** Messages of one socket in work at once; beyond it the socket is not read. */
const maxInWork = 256
const pingMs = 30_000
const maxSockets = 1_024

export interface Sockets {
  accept(request: IncomingMessage, socket: Duplex, head: Buffer): void
  close(): void
}

export function createSockets(door: Door, hub: SubscriptionHub): Sockets {
  const server = new WebSocketServer({
    noServer: true,
    maxPayload: maxFrameBytes,
    perMessageDeflate: false,
  })
  const answered = new WeakSet<WebSocket>()
  server.on('connection', (socket, request) => {
    answered.add(socket)
    socket.on('pong', () => answered.add(socket))
    serveSocket(door, hub, socket, request.headers.origin)
  })
  const beat = setInterval(() => {
    for (const socket of server.clients) {
      if (!answered.delete(socket)) socket.terminate()
      else socket.ping()
    }
  }, pingMs)
  beat.unref()

  return {
    accept(request, socket, head) {
      if (server.clients.size >= maxSockets) {
        socket.end('HTTP/1.1 503 Service Unavailable\r\n\r\n')
        return
      }
      server.handleUpgrade(request, socket, head, (client) =>
        server.emit('connection', client, request),
      )
    },
    close() {
      clearInterval(beat)
      for (const socket of server.clients) {
        socket.close(1001, 'the node is shutting down')
        setImmediate(() => socket.terminate())
      }
      server.close()
    },
  }
}

function serveSocket(
  { dispatcher, context, log }: Door,
  hub: SubscriptionHub,
  socket: WebSocket,
  origin: string | undefined,
) {
  const push = (text: string): void => {
    if (socket.readyState !== socket.OPEN) return
    if (socket.bufferedAmount > maxBacklogBytes) {
      log.debug({ backlogBytes: socket.bufferedAmount }, 'slow WebSocket reader cut off')
      socket.terminate()
      return
    }
    socket.send(text)
  }
  const ofSocket = hub.forSocket(push)
  let inWork = 0
  const answer = async (message: string): Promise<void> => {
    if (++inWork >= maxInWork) socket.pause()
    const subscriptions = ofSocket.forMessage()
    const text = await dispatcher.answer(message, { ...context, subscriptions, origin })
    if (text !== undefined) push(text)
    subscriptions.begin()
    if (--inWork === maxInWork - 1 && socket.readyState === socket.OPEN) socket.resume()
  }
  socket.on('message', (data) => {
    answer((data as Buffer).toString('utf8')).catch((error: unknown) => {
      log.error({ err: error }, 'a WebSocket message failed in a way it must not')
      socket.terminate()
    })
  })
  socket.on('close', () => ofSocket.close())
  socket.on('error', (error) => {
    log.debug({ err: error }, 'WebSocket closed by a fault of its peer')
    socket.terminate()
  })
}
