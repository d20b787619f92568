/**
 * One node of bench/p2p, in a process of its own: libp2p as the product has it, or plain TCP with the same
 * frames. Sends what its parent orders and reports when things arrived. Measures by the monotonic clock,
 * which all processes of a machine share.
 */
import { connect, createServer, type Socket } from 'node:net'
import { createTransactions, type Network, type PeerMessage } from '../../p2p/index.ts'
import { encodeRlp, keccakHex, type Hex } from '../../primitives/index.ts'
import { startNetwork, systemClock } from '../../test/support/network.ts'

export type Kind = 'libp2p' | 'tcp'

/** What a parent says. */
export type Order =
  | { readonly type: 'start'; readonly kind: Kind; readonly index: number }
  | { readonly type: 'join'; readonly addresses: readonly string[] }
  | {
      readonly type: 'send'
      readonly bytes: number
      readonly count: number
      readonly everyMs: number
    }
  | {
      readonly type: 'submit'
      readonly bytes: number
      readonly count: number
      readonly perSecond: number
    }
  | { readonly type: 'report' }
  | { readonly type: 'end' }

/** What a node answers. */
export type Answer =
  | { readonly type: 'started'; readonly address: string }
  | { readonly type: 'report'; readonly report: Report }

export interface Report {
  readonly peers: number
  /** Milliseconds from send to arrival, since the last report. */
  readonly latencies: readonly number[]
  /** Transactions held. */
  readonly transactions: number
  /** Milliseconds of the monotonic clock: the newest transaction. */
  readonly lastAtMs: number
  /** CPU milliseconds since the last report. */
  readonly cpuMs: number
}

interface Mesh {
  readonly address: string
  join(addresses: readonly string[]): Promise<void>
  peers(): number
  broadcast(payload: Uint8Array): void
  submit(raw: Uint8Array): void
}

const stampBytes = 8
const nowMs = (): number => Number(process.hrtime.bigint()) / 1e6

let latencies: number[] = []
const pool = new Map<Hex, Uint8Array>()
let lastAtMs = 0
let cpu = process.cpuUsage()

/** Every message begins with the time it was sent. */
function arrived(payload: Uint8Array): void {
  latencies.push(nowMs() - new DataView(payload.buffer, payload.byteOffset).getFloat64(0))
}

async function startLibp2p(index: number): Promise<Mesh> {
  let network: Network | undefined
  const transactions = createTransactions({
    clock: systemClock,
    random: Math.random,
    channel: { send: (...message) => network?.transactions.send(...message) },
    peers: () => (network?.friends() ?? []).map(({ peerId }) => ({ peerId, isValidator: true })),
    pool: {
      has: (hash) => pool.has(hash),
      raw: (hash) => pool.get(hash),
      pending: () => pool.keys(),
      async submit(raw) {
        take(raw)
        return undefined
      },
    },
  })
  const take = (raw: Uint8Array): void => {
    const hash = keccakHex(raw)
    if (pool.has(hash)) return
    pool.set(hash, raw)
    lastAtMs = nowMs()
    transactions.taken(hash, raw)
  }
  const started = await startNetwork(
    index + 1,
    {
      onConsensus({ payload }: PeerMessage) {
        arrived(payload)
        return undefined
      },
      onTransactions: (message) => transactions.onMessage(message),
      onFriend: ({ peerId }) => transactions.onFriend(peerId),
    },
    { maxBlockBytes: 2 ** 21 },
  )
  network = started
  return {
    address: started.addresses()[0] ?? '',
    async join(addresses) {
      for (const address of addresses) started.add(address)
    },
    peers: () => started.friends().length,
    broadcast(payload) {
      for (const { peerId } of started.friends()) started.consensus.send(peerId, 0, payload)
    },
    submit: take,
  }
}

/** The floor: one connection a pair, frames, nothing else. */
async function startTcp(): Promise<Mesh> {
  const sockets = new Set<Socket>()
  const adopt = (socket: Socket): void => {
    sockets.add(socket.setNoDelay(true))
    let pending = Buffer.alloc(0)
    socket.on('data', (chunk) => {
      pending = pending.length === 0 ? chunk : Buffer.concat([pending, chunk])
      while (pending.length >= 4 && pending.length >= 4 + pending.readUInt32BE(0)) {
        const end = 4 + pending.readUInt32BE(0)
        arrived(pending.subarray(4, end))
        pending = pending.subarray(end)
      }
    })
    socket.on('error', () => undefined)
  }
  const server = createServer(adopt)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const bound = server.address()
  return {
    address: String(typeof bound === 'object' && bound ? bound.port : 0),
    async join(addresses) {
      for (const port of addresses) adopt(connect(Number(port), '127.0.0.1'))
    },
    peers: () => sockets.size,
    broadcast(payload) {
      const header = Buffer.alloc(4)
      header.writeUInt32BE(payload.length)
      const framed = Buffer.concat([header, payload])
      for (const socket of sockets) socket.write(framed)
    },
    submit: () => undefined,
  }
}

async function sendMany(
  mesh: Mesh,
  { bytes, count, everyMs }: Extract<Order, { type: 'send' }>,
): Promise<void> {
  for (let i = 0; i < count; i++) {
    const payload = new Uint8Array(Math.max(bytes, stampBytes))
    new DataView(payload.buffer).setFloat64(0, nowMs())
    mesh.broadcast(payload)
    await new Promise((resolve) => setTimeout(resolve, everyMs))
  }
}

/** Different ones, at a steady rate in steps of 10 ms. */
async function submitMany(
  mesh: Mesh,
  { bytes, count, perSecond }: Extract<Order, { type: 'submit' }>,
): Promise<void> {
  const startMs = nowMs()
  for (let i = 0; i < count;) {
    const due = Math.min(count, Math.floor(((nowMs() - startMs) * perSecond) / 1_000))
    for (; i < due; i++) {
      const body = new Uint8Array(bytes - 8)
      new DataView(body.buffer).setFloat64(0, i)
      mesh.submit(encodeRlp([body]))
    }
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

let mesh: Mesh | undefined
const say = (answer: Answer): void => void process.send?.(answer)
process.on('message', (order: Order) => void obey(order))
process.on('disconnect', () => process.exit(0))

async function obey(order: Order): Promise<void> {
  if (order.type === 'end') process.exit(0)
  if (order.type === 'start') {
    mesh = order.kind === 'libp2p' ? await startLibp2p(order.index) : await startTcp()
    return say({ type: 'started', address: mesh.address })
  }
  if (!mesh) throw new Error('not started')
  if (order.type === 'join') await mesh.join(order.addresses)
  else if (order.type === 'send') await sendMany(mesh, order)
  else if (order.type === 'submit') await submitMany(mesh, order)
  else {
    const used = process.cpuUsage(cpu)
    cpu = process.cpuUsage()
    const report = {
      peers: mesh.peers(),
      latencies,
      transactions: pool.size,
      lastAtMs,
      cpuMs: (used.user + used.system) / 1_000,
    }
    latencies = []
    say({ type: 'report', report })
  }
}
