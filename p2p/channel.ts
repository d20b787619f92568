/**
 * A protocol of one-way messages over long-lived streams: each side opens one stream to every peer
 * it is friends with and reads the one the peer opened. Messages wait in lanes (outbox.ts), are
 * never waited for, and may be sent again at will. What they mean is the listener's business.
 */
import { type Clock, concat, type Logger, NodeError } from '../primitives/index.ts'
import { type Breath, createBreath } from './breath.ts'
import { type Budget, createMeters, type Meters } from './budget.ts'
import type { Host } from './host.ts'
import { createOutbox, type LaneLimits, type Outbox } from './outbox.ts'
import { asError, type ByteStream, frame, readFrames } from './stream.ts'

export interface ChannelOptions {
  readonly protocol: string
  /** Longest message, lane byte not counted. */
  readonly maxBytes: number
  /** By lane: lane 0 goes first. */
  readonly lanes: readonly LaneLimits[]
  /** What one peer may send here, in bytes, over all its streams; a faster one is read more slowly. */
  readonly budget: Budget
}

export interface ChannelPorts {
  readonly host: Host
  readonly clock: Clock
  readonly log: Logger
  /** The next message of the same peer is read when this has settled. */
  readonly onMessage: (message: PeerMessage) => Promise<void> | void
  /** A peer broke the protocol itself. */
  readonly onFault: (peerId: string, code: string) => void
  /** Whether messages of this peer are heard; streams of strangers are refused. */
  readonly isFriend: (peerId: string) => boolean
}

export interface PeerMessage {
  readonly peerId: string
  readonly lane: number
  readonly payload: Uint8Array
}

export interface Channel {
  /** Opens the stream to a peer that has become a friend. */
  join(peerId: string): void
  leave(peerId: string): void
  send(peerId: string, lane: number, payload: Uint8Array): void
  broadcast(lane: number, payload: Uint8Array, except?: string): void
  /** Messages waiting and dropped, over all peers. */
  load(): { readonly waiting: number; readonly dropped: number }
  /** Leaves everybody. */
  close(): void
}

/** A second stream appears for a moment when both sides reconnect. */
const maxStreams = 4
/** After a stream broke with the connection still up. */
const reopenMs = 1_000
/** The lane in front of every message. */
const laneBytes = 1

interface Link {
  readonly outbox: Outbox
  readonly wake: () => void
  readonly close: () => void
}

export async function createChannel(
  options: ChannelOptions,
  ports: ChannelPorts,
): Promise<Channel> {
  const links = new Map<string, Link>()
  const pace: Pace = { meters: createMeters(options.budget), breathe: createBreath(ports.clock) }
  let droppedBefore = 0

  await ports.host.serve(options.protocol, maxStreams, (stream, peerId) => {
    if (!ports.isFriend(peerId)) return stream.abort(stranger(peerId))
    receive(stream, peerId, options, ports, pace).catch((error: unknown) => {
      stream.abort(asError(error))
      if (error instanceof NodeError) ports.onFault(peerId, error.code)
    })
  })

  const send = (peerId: string, lane: number, payload: Uint8Array): void => {
    const link = links.get(peerId)
    if (!link) return
    link.outbox.push(lane, withLane(lane, payload))
    link.wake()
  }
  const leave = (peerId: string): void => {
    const link = links.get(peerId)
    links.delete(peerId)
    droppedBefore += link?.outbox.dropped() ?? 0
    link?.close()
  }
  return {
    join(peerId) {
      if (!links.has(peerId)) links.set(peerId, openLink(peerId, options, ports))
    },
    leave,
    close() {
      for (const peerId of links.keys()) leave(peerId)
    },
    send,
    broadcast(lane, payload, except) {
      for (const peerId of links.keys()) if (peerId !== except) send(peerId, lane, payload)
    },
    load() {
      const boxes = [...links.values()].map(({ outbox }) => outbox)
      const waiting = boxes.reduce((sum, box) => sum + box.size(), 0)
      return { waiting, dropped: boxes.reduce((sum, box) => sum + box.dropped(), droppedBefore) }
    },
  }
}

interface Pace {
  readonly meters: Meters
  readonly breathe: Breath
}

async function receive(
  stream: ByteStream,
  peerId: string,
  { maxBytes, lanes }: ChannelOptions,
  { clock, onMessage, isFriend }: ChannelPorts,
  { meters, breathe }: Pace,
): Promise<void> {
  for await (const message of readFrames(stream, maxBytes + laneBytes)) {
    const lane = message[0]
    if (lane === undefined || lane >= lanes.length)
      throw new NodeError('LANE_UNKNOWN', 'a message names a lane its protocol does not have')
    if (!isFriend(peerId)) return stream.abort(stranger(peerId))
    const waitMs = meters.take(peerId, message.length, clock.nowMs())
    if (waitMs > 0) await new Promise<void>((resolve) => void clock.after(waitMs, resolve))
    await breathe()
    await onMessage({ peerId, lane, payload: message.subarray(laneBytes) })
  }
}

/** One stream to one peer, opened again while the peer stays. */
function openLink(
  peerId: string,
  { protocol, lanes }: ChannelOptions,
  { host, clock, log }: ChannelPorts,
): Link {
  const outbox = createOutbox(lanes)
  let isClosed = false
  let stream: ByteStream | undefined
  let isPumping = false
  /** Of the timer that opens the stream again. */
  let cancel: (() => void) | undefined

  const pump = async (): Promise<void> => {
    try {
      stream ??= await host.open(peerId, protocol)
      for (let next = takeFrames(outbox); next; next = takeFrames(outbox))
        if (!stream.send(next)) await stream.drained()
    } catch (error) {
      stream = undefined
      if (isClosed) return
      log.debug({ peerId, protocol, error }, 'a stream broke and is opened again')
      cancel = clock.after(reopenMs, () => {
        cancel = undefined
        wake()
      })
    }
  }
  const wake = (): void => {
    if (isPumping || isClosed || cancel) return
    isPumping = true
    void pump().finally(() => {
      isPumping = false
      if (outbox.size() > 0) wake() // came in while the last was leaving
    })
  }
  return {
    outbox,
    wake,
    close() {
      isClosed = true
      cancel?.()
      void stream?.close().catch(() => undefined) // the connection is gone already
    },
  }
}

/** 64 KiB: small messages that wait together leave in one write, a tenth of the cost of each alone. */
const writeBytes = 65_536

function takeFrames(outbox: Outbox): Uint8Array | undefined {
  const frames: Uint8Array[] = []
  for (let bytes = 0; bytes < writeBytes;) {
    const message = outbox.shift()
    if (!message) break
    bytes += message.length
    frames.push(frame(message))
  }
  return frames.length > 1 ? concat(...frames) : frames[0]
}

function withLane(lane: number, payload: Uint8Array): Uint8Array {
  const message = new Uint8Array(laneBytes + payload.length)
  message[0] = lane
  message.set(payload, laneBytes)
  return message
}

const stranger = (peerId: string): NodeError =>
  new NodeError('PEER_STRANGER', 'a peer speaks before it has said hello', { peerId })
