/**
 * What waits to be sent to one peer, by lane: a lower lane goes first. Every lane is bounded in
 * messages and bytes; a full one drops its oldest, because in every protocol here the newer message
 * is worth more. What waits already is not put behind itself: else what is said again and again would push
 * its own end out, and a slow peer would get its beginning for ever. Sends nothing.
 */

/** Bounds of what may wait in a lane for one peer. */
export interface LaneLimits {
  readonly maxMessages: number
  readonly maxBytes: number
}

export interface Outbox {
  push(lane: number, message: Uint8Array): void
  /** The next to send; undefined when nothing waits. */
  shift(): Uint8Array | undefined
  /** Messages dropped so far. */
  dropped(): number
  size(): number
}

export function createOutbox(limits: readonly LaneLimits[]): Outbox {
  const lanes = limits.map((limit) => ({ limit, messages: [] as Uint8Array[], bytes: 0 }))
  let dropped = 0
  return {
    push(at, message) {
      const lane = lanes[at]
      if (!lane) throw new RangeError(`no lane ${at}`)
      if (lane.messages.some((waiting) => isSame(waiting, message))) return
      lane.messages.push(message)
      lane.bytes += message.length
      const isOver = () =>
        lane.messages.length > lane.limit.maxMessages || lane.bytes > lane.limit.maxBytes
      while (isOver() && lane.messages.length > 1) {
        lane.bytes -= lane.messages.shift()?.length ?? 0
        dropped += 1
      }
    },
    shift() {
      const lane = lanes.find(({ messages }) => messages.length > 0)
      const message = lane?.messages.shift()
      if (lane && message) lane.bytes -= message.length
      return message
    },
    dropped: () => dropped,
    size: () => lanes.reduce((sum, { messages }) => sum + messages.length, 0),
  }
}

/** Length and last byte tell most messages apart: a slow peer's lane may be long. */
const isSame = (a: Uint8Array, b: Uint8Array): boolean =>
  a.length === b.length && a.at(-1) === b.at(-1) && Buffer.compare(a, b) === 0
