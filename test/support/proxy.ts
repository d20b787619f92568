/**
 * A bad line: a TCP proxy on loopback that delays what it carries, holds chunks back as a lost and
 * repeated segment would, or carries nothing at all. Bytes are never changed or reordered: TCP
 * above would not let it be seen.
 */
import { connect, createServer, type Socket } from 'node:net'

export interface Line {
  /** One way, milliseconds. */
  readonly delayMs: number
  /** Share of chunks that are lost once and sent again after `retryMs`. */
  readonly loss: number
}

export interface Proxy {
  readonly port: number
  setLine(line: Line): void
  /** Cut: open connections carry nothing, new ones are refused. Healed: as before. */
  setCut(isCut: boolean): void
  close(): Promise<void>
}

/** The least a kernel waits before it sends a segment again (Linux: TCP_RTO_MIN). */
const retryMs = 200

export async function createProxy(
  target: number,
  isLost: (share: number) => boolean,
): Promise<Proxy> {
  let line: Line = { delayMs: 0, loss: 0 }
  let isCut = false
  const sockets = new Set<Socket>()
  const held: (() => void)[] = []

  const carry = (from: Socket, to: Socket): void => {
    const waiting: { readonly chunk: Buffer; readonly atMs: number }[] = []
    const deliver = (): void => {
      if (isCut) return void held.push(deliver)
      while ((waiting[0]?.atMs ?? Infinity) <= Date.now()) {
        const next = waiting.shift()
        if (next && to.writable && !to.write(next.chunk)) pauseUntilDrained(from, to)
      }
      const [next] = waiting
      if (next) setTimeout(deliver, next.atMs - Date.now())
    }
    from.on('data', (chunk) => {
      const dueMs = Date.now() + line.delayMs + (isLost(line.loss) ? retryMs : 0)
      // A chunk that is late holds back those behind it.
      waiting.push({ chunk, atMs: Math.max(dueMs, waiting.at(-1)?.atMs ?? 0) })
      if (waiting.length === 1) deliver()
    })
    from.once('close', () => to.destroy())
    from.on('error', () => to.destroy())
  }
  const server = createServer((client) => {
    if (isCut) {
      client.destroy()
      return
    }
    const upstream = connect(target, '127.0.0.1')
    for (const socket of [client, upstream]) {
      socket.setNoDelay(true)
      sockets.add(socket)
      socket.once('close', () => sockets.delete(socket))
    }
    carry(client, upstream)
    carry(upstream, client)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  return {
    port: typeof address === 'object' && address ? address.port : 0,
    setLine: (next) => void (line = next),
    setCut(next) {
      isCut = next
      if (!isCut) for (const deliver of held.splice(0)) deliver()
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        for (const socket of sockets) socket.destroy()
      }),
  }
}

function pauseUntilDrained(from: Socket, to: Socket): void {
  from.pause()
  to.once('drain', () => from.resume())
}
