/**
 * The network of validators on one machine: plain TCP on loopback, one connection each way between two
 * peers. Not authenticated and not encrypted, so it refuses to listen anywhere else; messages carry
 * their own seals. Goes out of use when p2p/ lands behind the same ports.
 *
 * Frame: length (4 bytes, big-endian), channel (1), payload. A connection's first frame is the hello.
 */
import { connect, createServer, type Server, type Socket } from 'node:net'
import type { Network, PeerId } from '../../consensus/index.ts'
import {
  accept,
  concat,
  type Clock,
  type Hex,
  type Logger,
  NodeError,
  type Verdict,
} from '../../primitives/index.ts'

export interface TcpNetworkOptions {
  /** 0: any free one. */
  readonly port: number
  /** Ports of the others, on 127.0.0.1. */
  readonly peers: readonly number[]
  readonly genesisHash: Hex
}

export type Channel = 'consensus' | 'transactions'

export interface TcpNetwork {
  /** Port listened on. Throws NodeError PORT_BUSY. */
  start(): Promise<number>
  stop(): Promise<void>
  channel(name: Channel): Network
  peerCount(): number
  /** Demo of a partition: nothing goes to these peers and nothing from them is heard. */
  cut(ports: readonly number[]): void
}

const loopback = '127.0.0.1'
const channels: readonly (Channel | 'hello')[] = ['hello', 'consensus', 'transactions']
/** A block of 8 MiB with its certificate, or a batch of transactions. */
const maxFrameBytes = 8 * 2 ** 20 + 131_072
/** A peer that reads no more loses messages, which consensus sends again; memory is bounded. */
const maxQueuedBytes = 32 * 2 ** 20
const retryMs = [50, 100, 200, 400, 800] as const
/** Twice the validators of a set may try at once. */
const maxInbound = 512

interface State {
  readonly options: TcpNetworkOptions
  readonly clock: Clock
  readonly log: Logger
  readonly outbound: Map<number, Socket>
  readonly inbound: Set<Socket>
  readonly listeners: Map<Channel, (message: Uint8Array, from: PeerId) => Verdict<undefined>>
  cut: ReadonlySet<number>
  ownPort: number
  isStopped: boolean
}

export function createTcpNetwork(
  options: TcpNetworkOptions,
  ports: { readonly clock: Clock; readonly log: Logger },
): TcpNetwork {
  const state: State = {
    ...ports,
    options,
    outbound: new Map(),
    inbound: new Set(),
    listeners: new Map(),
    cut: new Set(),
    ownPort: options.port,
    isStopped: false,
  }
  const server = createServer((socket) => welcome(state, socket))
  server.maxConnections = maxInbound
  return {
    async start() {
      state.ownPort = await listen(server, options.port)
      for (const port of options.peers) dial(state, port, 0)
      return state.ownPort
    },
    async stop() {
      state.isStopped = true
      for (const socket of [...state.outbound.values(), ...state.inbound]) socket.destroy()
      await new Promise<void>((resolve) => server.close(() => resolve()))
    },
    channel: (name) => ({
      broadcast(message) {
        const frame = frameOf(name, message)
        for (const [port, socket] of state.outbound) write(state, port, socket, frame)
      },
      send(peer, message) {
        const port = Number(peer)
        const socket = state.outbound.get(port)
        if (socket) write(state, port, socket, frameOf(name, message))
      },
      listen: (receive) => void state.listeners.set(name, receive),
    }),
    peerCount: () => state.outbound.size,
    cut(cutPorts) {
      state.cut = new Set(cutPorts)
    },
  }
}

const listen = (server: Server, port: number): Promise<number> =>
  new Promise((resolve, refuse) => {
    server.once('error', (cause) => {
      const message = `port ${port} of the validators' network is in use; choose another`
      refuse(new NodeError('PORT_BUSY', message, { port }, cause))
    })
    server.listen(port, loopback, () => {
      const address = server.address()
      resolve(typeof address === 'object' && address ? address.port : port)
    })
  })

function frameOf(channel: Channel | 'hello', payload: Uint8Array): Uint8Array {
  const head = new Uint8Array(5)
  new DataView(head.buffer).setUint32(0, payload.length + 1)
  head[4] = channels.indexOf(channel)
  return concat(head, payload)
}

function write({ cut }: State, port: number, socket: Socket, frame: Uint8Array): void {
  if (cut.has(port) || socket.writableLength > maxQueuedBytes) return
  socket.write(frame)
}

/** Keeps one connection to a peer, for sending. */
function dial(state: State, port: number, attempt: number): void {
  if (state.isStopped) return
  const socket = connect({ host: loopback, port, noDelay: true })
  socket.on('connect', () => {
    attempt = 0
    const hello = JSON.stringify({ genesisHash: state.options.genesisHash, port: state.ownPort })
    socket.write(frameOf('hello', new TextEncoder().encode(hello)))
    state.outbound.set(port, socket)
    state.log.debug({ port }, 'connected to a validator')
  })
  socket.on('error', () => undefined) // 'close' follows
  socket.on('close', () => {
    state.outbound.delete(port)
    const delayMs = retryMs[Math.min(attempt, retryMs.length - 1)] ?? 0
    state.clock.after(delayMs, () => dial(state, port, attempt + 1))
  })
  socket.resume()
}

/** Reads frames of a peer; whoever sends something else is cut off. */
function welcome(state: State, socket: Socket): void {
  state.inbound.add(socket)
  socket.setNoDelay(true)
  let from: number | undefined
  let rest: Uint8Array = new Uint8Array(0)
  const refuse = (reason: string): void => {
    state.log.warn({ reason }, 'a peer was cut off')
    socket.destroy()
  }
  socket.on('error', () => undefined)
  socket.on('close', () => state.inbound.delete(socket))
  socket.on('data', (bytes: Buffer) => {
    rest = rest.length === 0 ? bytes : concat(rest, bytes)
    while (rest.length >= 5 && !socket.destroyed) {
      const length = new DataView(rest.buffer, rest.byteOffset).getUint32(0)
      if (length < 1 || length > maxFrameBytes) return refuse('a frame of no possible length')
      if (rest.length < 4 + length) return
      const channel = channels[rest[4] ?? -1]
      const payload = rest.subarray(5, 4 + length)
      rest = rest.subarray(4 + length)
      if (from === undefined) {
        from = channel === 'hello' ? readHello(payload, state.options.genesisHash) : undefined
        if (from === undefined) return refuse('no hello of this chain')
      } else if (channel === undefined || channel === 'hello') return refuse('an unknown channel')
      else deliver(state, channel, payload.slice(), from)
    }
  })
}

function deliver(state: State, channel: Channel, payload: Uint8Array, from: number): void {
  if (state.isStopped || state.cut.has(from)) return
  const verdict = state.listeners.get(channel)?.(payload, String(from)) ?? accept(undefined)
  if (verdict.type === 'reject')
    state.log.warn(
      { from, code: verdict.code, reason: verdict.message },
      'a message of a validator was refused',
    )
}

/** Port of the peer, when it is of the same chain. */
function readHello(payload: Uint8Array, genesisHash: Hex): number | undefined {
  if (payload.length > 1_024) return undefined
  try {
    const hello: unknown = JSON.parse(new TextDecoder().decode(payload))
    if (typeof hello !== 'object' || hello === null) return undefined
    if (!('genesisHash' in hello) || hello.genesisHash !== genesisHash) return undefined
    return 'port' in hello && typeof hello.port === 'number' ? hello.port : undefined
  } catch {
    return undefined
  }
}
