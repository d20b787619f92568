/**
 * The door: HTTP and WebSocket on one port, in front of one dispatcher. Measures everything before
 * it reads it; knows transports and sockets, no methods. Rules: notes on geth's rpc package.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { type Logger, NodeError } from '../primitives/index.ts'
import { createBlockTexts } from './bounded-texts.ts'
import { createDispatcher, type Dispatcher } from './dispatch.ts'
import { createFilters } from './filters.ts'
import { createFeeOracle } from './gas-oracle.ts'
import { createHostCheck, isAllowedOrigin } from './hosts.ts'
import { answerHttp, createUnsent, type Unsent } from './http.ts'
import type { Context } from './method.ts'
import { methodsOf } from './methods/index.ts'
import type { NodeApi } from './node-api.ts'
import type { RowsDoor } from './rows-http.ts'
import { createProvider, type Provider } from './provider.ts'
import { createSockets } from './sockets.ts'
import { createSubscriptionHub } from './subscriptions.ts'

export interface RpcServerOptions {
  readonly host: string
  /** 0: any free one. */
  readonly port: number
  /** Names accepted in the Host header besides localhost and IP addresses; `*` for all. */
  readonly allowedHosts: readonly string[]
  /** Origins of pages that may call from a browser (`https://dapp.example`); absent: all. */
  readonly allowedOrigins?: readonly string[]
}

export interface RpcServer {
  /** Answers in this process, also when nothing listens. */
  readonly provider: Provider
  /** Throws NodeError PORT_BUSY, PORT_FORBIDDEN, HOST_UNKNOWN. */
  listen(port?: number): Promise<{ readonly httpUrl: string; readonly wsUrl: string }>
  /** Answers what is in work, for at most half a second; then everything is cut. */
  close(): Promise<void>
}

/** A browser holds six per origin, an indexer some dozen. */
const maxConnections = 4_096
/** Longer than the 60 s for which clients and balancers keep idle connections. */
const keepAliveMs = 65_000
const closeGraceMs = 500

/** What both transports share. */
export interface Door {
  readonly dispatcher: Dispatcher
  readonly context: Omit<Context, 'subscriptions'>
  readonly log: Logger
  /** `*` for all. */
  readonly allowedOrigins: readonly string[]
  readonly unsent: Unsent
  /** Absent: this node keeps no rows. */
  readonly rows?: RowsDoor
}

export function createRpcServer(
  options: RpcServerOptions,
  { api, log }: { readonly api: NodeApi; readonly log: Logger },
): RpcServer {
  const filters = createFilters(api.chain, api.mempool, api.clock)
  const hub = createSubscriptionHub(api)
  const methods = methodsOf(
    api.dev !== undefined,
    api.isTesting ?? api.dev !== undefined,
    api.admin !== undefined,
  )
  const context = {
    api,
    filters,
    fees: createFeeOracle(api.chain, () => api.nextBlock()),
    blocks: createBlockTexts(),
    methods,
  }
  const allowedOrigins = options.allowedOrigins?.map((origin) => origin.toLowerCase()) ?? ['*']
  const dispatcher = createDispatcher(methods, api.clock, log)
  const rows = api.rows && { rows: { rows: api.rows, uploads: 0 } }
  const door: Door = {
    dispatcher,
    context,
    log,
    allowedOrigins,
    unsent: createUnsent(),
    ...rows,
  }
  const sockets = createSockets(door, hub)
  const isAllowedName = createHostCheck(options.allowedHosts)
  const isAllowed = (request: IncomingMessage): boolean => isAllowedName(request.headers.host)

  const server = createServer((request, response) => {
    serve(door, isAllowed(request), request, response).catch((error: unknown) => {
      log.error({ err: error }, 'an HTTP request failed in a way it must not')
      response.destroy()
    })
  })
  server.maxConnections = maxConnections
  server.keepAliveTimeout = keepAliveMs
  server.headersTimeout = keepAliveMs + 1_000
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    // Node has let go of the socket: a reset by the peer would otherwise end the process.
    socket.on('error', () => socket.destroy())
    const isOurs = isAllowedOrigin(request.headers.origin, allowedOrigins)
    if (isAllowed(request) && isOurs) sockets.accept(request, socket, head)
    else socket.end('HTTP/1.1 403 Forbidden\r\n\r\n')
  })

  return {
    provider: createProvider(door, hub),
    listen: (port = options.port) => listen(server, { ...options, port }),
    async close() {
      sockets.close()
      await closeServer(server)
      filters.close()
      hub.close()
    },
  }
}

async function serve(
  door: Door,
  isAllowed: boolean,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  if (!isAllowed) {
    response.writeHead(403, { 'content-type': 'text/plain' }).end('invalid host specified\n')
    return
  }
  await answerHttp(door, request, response)
}

async function listen(server: Server, { host, port }: RpcServerOptions) {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(listenError(error, host, port)))
    server.listen(port, host, resolve)
  })
  const bound = (server.address() as AddressInfo).port
  const name = host.includes(':') ? `[${host}]` : host
  return { httpUrl: `http://${name}:${bound}`, wsUrl: `ws://${name}:${bound}` }
}

function listenError(error: NodeJS.ErrnoException, host: string, port: number): Error {
  const [code, message] = listenFaults(host, port)[error.code ?? ''] ?? []
  return code && message ? new NodeError(code, message, { host, port }, error) : error
}

/** By the system's code: ours, and what to do. */
const listenFaults = (
  host: string,
  port: number,
): Readonly<Record<string, readonly [code: string, message: string]>> => ({
  EADDRINUSE: [
    'PORT_BUSY',
    `port ${port} on ${host} is in use: stop the program that listens there, or choose another with --port`,
  ],
  EACCES: [
    'PORT_FORBIDDEN',
    `port ${port} needs rights this process does not have: choose one above 1023 with --port`,
  ],
  EADDRNOTAVAIL: [
    'HOST_UNKNOWN',
    `${host} is no address of this machine: choose another with --host`,
  ],
  ENOTFOUND: [
    'HOST_UNKNOWN',
    `${host} is not known: choose an address of this machine with --host`,
  ],
})

async function closeServer(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve) => {
    server.close(() => resolve())
  })
  server.closeIdleConnections()
  const timer = setTimeout(() => server.closeAllConnections(), closeGraceMs)
  await closed
  clearTimeout(timer)
}
