/**
 * Request and response over a stream of its own: one frame asks, frames answer, the end of the
 * stream ends the answer. Both sides bound what they read, how long they wait and how much one peer
 * may ask. Knows no message.
 */
import { type Clock, type Logger, NodeError } from '../primitives/index.ts'
import { type Budget, createMeters } from './budget.ts'
import type { Host } from './host.ts'
import { asError, type ByteStream, readFrames, writeFrame } from './stream.ts'

export interface RequestOptions {
  readonly protocol: string
  readonly maxRequestBytes: number
  /** Of one frame of the answer. */
  readonly maxFrameBytes: number
  /** Of the whole answer. */
  readonly maxResponseBytes: number
  /** Longest silence between two frames, and of all of them together (`minBytesPerMs`). */
  readonly timeoutMs: number
  /** Requests a peer may make; more are answered later. */
  readonly budget: Budget
}

export interface RequestPorts {
  readonly host: Host
  readonly clock: Clock
  readonly log: Logger
  readonly isFriend: (peerId: string) => boolean
  /** Frames of the answer. Throws NodeError for a request no honest peer makes. */
  readonly answer: (request: Uint8Array, peerId: string) => AsyncIterable<Uint8Array>
  readonly onFault: (peerId: string, code: string) => void
}

/** Asks `peerId`; throws NodeError REQUEST_TIMEOUT, RESPONSE_TOO_LARGE or the stream's own. */
export type Ask = (peerId: string, request: Uint8Array) => AsyncGenerator<Uint8Array>

/** 64 KiB/s: the least that an answer must come with over all, besides never being silent for long. */
const minBytesPerMs = 65_536 / 1_000
/** Open requests of one peer at a time. */
const maxStreams = 8

export async function createRequests(options: RequestOptions, ports: RequestPorts): Promise<Ask> {
  const meters = createMeters(options.budget)
  await ports.host.serve(options.protocol, maxStreams, (stream, peerId) => {
    if (!ports.isFriend(peerId)) return stream.abort(new Error('no hello yet'))
    const waitMs = meters.take(peerId, 1, ports.clock.nowMs())
    respond(stream, peerId, waitMs, options, ports).catch((error: unknown) => {
      stream.abort(asError(error))
      if (error instanceof NodeError) ports.onFault(peerId, error.code)
      else ports.log.debug({ peerId, error }, 'a request was not answered')
    })
  })
  return (peerId, request) => ask(peerId, request, options, ports)
}

async function respond(
  stream: ByteStream,
  peerId: string,
  waitMs: number,
  { maxRequestBytes, timeoutMs }: RequestOptions,
  { clock, answer }: RequestPorts,
): Promise<void> {
  if (waitMs > 0) await new Promise<void>((resolve) => void clock.after(waitMs, resolve))
  for await (const request of readFrames(stream, maxRequestBytes)) {
    for await (const part of answer(request, peerId))
      await inTime(writeFrame(stream, part), timeoutMs, clock)
    break // one request a stream
  }
  await stream.close()
}

/** Who asks and does not read holds what the answer is made of: not for longer than one waits. */
async function inTime(written: Promise<void>, timeoutMs: number, clock: Clock): Promise<void> {
  let cancel: (() => void) | undefined
  const late = new Promise<never>((_resolve, refuse) => {
    cancel = clock.after(timeoutMs, () => refuse(new Error('a peer does not read its answer')))
  })
  try {
    await Promise.race([written, late])
  } finally {
    cancel?.()
  }
}

async function* ask(
  peerId: string,
  request: Uint8Array,
  { protocol, maxFrameBytes, maxResponseBytes, timeoutMs }: RequestOptions,
  { host, clock }: RequestPorts,
): AsyncGenerator<Uint8Array> {
  const stream = await host.open(peerId, protocol)
  const startMs = clock.nowMs()
  const giveUp = () =>
    stream.abort(new NodeError('REQUEST_TIMEOUT', 'a peer does not answer', { peerId, protocol }))
  let cancel = clock.after(timeoutMs, giveUp)
  let bytes = 0
  let isRead = false
  try {
    await writeFrame(stream, request)
    for await (const part of readFrames(stream, maxFrameBytes)) {
      cancel()
      bytes += part.length
      if (bytes > maxResponseBytes)
        throw new NodeError('RESPONSE_TOO_LARGE', 'an answer is longer than asked for', { peerId })
      yield part
      const leftMs = startMs + timeoutMs + bytes / minBytesPerMs - clock.nowMs()
      cancel = clock.after(Math.max(0, Math.min(timeoutMs, leftMs)), giveUp)
    }
    isRead = true
  } finally {
    cancel()
    if (isRead) await stream.close().catch(() => undefined) // it is broken already
    else stream.abort(new Error('the rest of an answer is not needed')) // nor made any further
  }
}
