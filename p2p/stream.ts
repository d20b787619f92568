/**
 * A stream of bytes between two peers, and frames on it: a 4-byte big-endian length, then as many
 * bytes. A length over the reader's limit ends the stream before anything is kept. Knows no message.
 */
import { NodeError } from '../primitives/index.ts'

/** What is left of a libp2p stream once its types are gone. */
export interface ByteStream {
  /** False: the buffers are full, wait for `drained` before the next. Throws once it is closed. */
  send(bytes: Uint8Array): boolean
  drained(): Promise<void>
  readonly chunks: AsyncIterable<Uint8Array>
  /** No more from this side. */
  close(): Promise<void>
  abort(reason: Error): void
}

/** The parts of a libp2p stream used here (structural: host.ts alone knows the library). */
interface Source {
  send(bytes: Uint8Array): boolean
  onDrain(): Promise<void>
  close(): Promise<void>
  abort(reason: Error): void
  pause(): void
  resume(): void
  readonly readableEnded: boolean
  readonly readStatus: string
  addEventListener(type: 'message', listener: (event: { data: Chunk }) => void): void
  addEventListener(type: 'end', listener: () => void): void
  addEventListener(type: 'close', listener: (event: { error?: Error }) => void): void
}
type Chunk = Uint8Array | { subarray(): Uint8Array }

export const createByteStream = (source: Source): ByteStream => ({
  send: (bytes) => source.send(bytes),
  drained: () => source.onDrain(),
  chunks: chunksOf(source),
  close: () => source.close(),
  abort: (reason) => source.abort(reason),
})

/** 256 KiB: the first window of yamux. Above it the sender is told to wait. */
const maxUnreadBytes = 2 ** 18

/** The library's own iterator buffers without end; this one pauses the stream. */
async function* chunksOf(source: Source): AsyncGenerator<Uint8Array> {
  const unread: Uint8Array[] = []
  let unreadBytes = 0
  let end: { readonly error?: Error } | undefined
  let wake: (() => void) | undefined
  source.addEventListener('message', ({ data }) => {
    const chunk = data instanceof Uint8Array ? data : data.subarray()
    unread.push(chunk)
    unreadBytes += chunk.length
    if (unreadBytes > maxUnreadBytes && source.readStatus === 'readable') source.pause()
    wake?.()
  })
  const finish = (event: { readonly error?: Error }): void => {
    end ??= event
    wake?.()
  }
  source.addEventListener('end', () => finish({}))
  source.addEventListener('close', ({ error }) => {
    if (error || source.readStatus !== 'paused') finish(error ? { error } : {})
  })
  if (source.readableEnded) finish({})

  for (;;) {
    const chunk = unread.shift()
    if (chunk) {
      unreadBytes -= chunk.length
      yield chunk
    } else if (source.readStatus === 'paused') source.resume()
    else if (end?.error) throw end.error
    else if (end) return
    else
      await new Promise<void>((resolve) => {
        wake = resolve
      })
  }
}

const headerBytes = 4

export function frame(payload: Uint8Array): Uint8Array {
  const framed = new Uint8Array(headerBytes + payload.length)
  new DataView(framed.buffer).setUint32(0, payload.length)
  framed.set(payload, headerBytes)
  return framed
}

/** Sends one frame and waits while the peer is slow. */
export async function writeFrame(stream: ByteStream, payload: Uint8Array): Promise<void> {
  if (!stream.send(frame(payload))) await stream.drained()
}

/**
 * Frames as they arrive. Reads no further than its consumer: a slow one slows the sender down.
 * Throws NodeError FRAME_TOO_LARGE, and FRAME_CUT when the stream ends inside a frame.
 */
export async function* readFrames(
  { chunks }: Pick<ByteStream, 'chunks'>,
  maxBytes: number,
): AsyncGenerator<Uint8Array> {
  let pending: Uint8Array[] = []
  let have = 0
  /** Of the frame being read, header included; unknown until its header is there. */
  let need: number | undefined
  for await (const chunk of chunks) {
    pending.push(chunk)
    have += chunk.length
    while (have >= (need ?? headerBytes)) {
      const [first = chunk] = pending
      const joined: Uint8Array = pending.length === 1 ? first : Buffer.concat(pending, have)
      need ??= headerBytes + lengthOf(joined, maxBytes)
      pending = [joined]
      if (have < need) break
      const payload = joined.subarray(headerBytes, need)
      pending = [joined.subarray(need)]
      have -= need
      need = undefined
      yield payload
    }
  }
  if (have > 0)
    throw new NodeError('FRAME_CUT', 'a stream ended in the middle of a message', { have })
}

function lengthOf(bytes: Uint8Array, maxBytes: number): number {
  const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0)
  if (length <= maxBytes) return length
  throw new NodeError('FRAME_TOO_LARGE', 'a message is longer than its protocol allows', {
    length,
    maxBytes,
  })
}

/** What was thrown, as an Error. */
export const asError = (error: unknown): Error =>
  error instanceof Error ? error : new Error(String(error))
