/**
 * What waits to be sent to one peer, by lane: a lower lane goes first. Every lane is bounded in
 * messages and bytes; a full one drops its oldest, because in every protocol here the newer message
 * is worth more. Sends nothing.
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
