/**
 * Virtual time: a queue of events that happen in order of time, then of scheduling. Nothing waits for
 * real; a run of minutes takes milliseconds. Keeps the auditor's hash: equal seeds, equal hash.
 */
export interface World {
  nowMs(): number
  after(delayMs: number, task: () => void): () => void
  /** The same of what nobody cancels. */
  later(delayMs: number, task: () => void): void
  /** Tells the auditor what happened, as whole numbers below 2^32. */
  audit(what: number, detail: number): void
  auditHash(): string
  /** Promises have been settled: their followers must run before the next event. */
  settle(): void
  /** Real work that an event has begun (a database in memory): virtual time stands still until it is done. */
  hold(work: Promise<unknown>): void
  /** Runs events until a time, or until `isOver`. */
  run(untilMs: number, isOver?: () => boolean): Promise<void>
  events(): number
}

interface Event {
  task: (() => void) | undefined
}

export function createWorld(startMs: number): World {
  const queue = createQueue()
  let nowMs = startMs
  let events = 0
  let hash = 0x811c9dc5
  let second = 0x01000193
  let isUnsettled = false
  const held: Promise<unknown>[] = []
  const plan = (delayMs: number, task: () => void): Event => {
    const event: Event = { task }
    queue.push(nowMs + Math.max(0, delayMs), event)
    return event
  }
  return {
    nowMs: () => nowMs,
    after(delayMs, task) {
      const event = plan(delayMs, task)
      return () => {
        event.task = undefined
      }
    },
    later: (delayMs, task) => void plan(delayMs, task),
    audit(what, detail) {
      // Times are no whole numbers: the millisecond and the millionth of it.
      const ms = Math.floor(nowMs)
      hash = mix(hash, ms >>> 0)
      hash = mix(hash, Math.floor((nowMs - ms) * 1e6))
      hash = mix(mix(hash, what), detail)
      second = (Math.imul(second, 31) + hash) >>> 0
    },
    auditHash: () => hash.toString(16).padStart(8, '0') + second.toString(16).padStart(8, '0'),
    settle() {
      isUnsettled = true
    },
    hold: (work) => void held.push(work),
    async run(untilMs, isOver = () => false) {
      while (queue.nextMs() <= untilMs) {
        const atMs = queue.nextMs()
        const event = queue.pop()
        if (!event) break
        if (!event.task) continue
        nowMs = atMs
        events++
        event.task()
        while (held.length > 0) await held.shift()
        while (isUnsettled) {
          isUnsettled = false
          // Longest chain of an engine: promise, then, its catch.
          for (let i = 0; i < 4; i++) await Promise.resolve()
        }
        if (isOver()) return
      }
      nowMs = Math.max(nowMs, untilMs)
    },
    events: () => events,
  }
}

/** A step of MurmurHash3 (Austin Appleby): two runs that differ in one bit end with another hash. */
function mix(hash: number, part: number): number {
  let word = Math.imul(part, 0xcc9e2d51)
  word = Math.imul((word << 15) | (word >>> 17), 0x1b873593)
  const mixed = hash ^ word
  return (Math.imul((mixed << 13) | (mixed >>> 19), 5) + 0xe6546b64) >>> 0
}

/**
 * A binary heap. Times and orders stand in arrays of their own, where comparing them follows no pointer.
 */
function createQueue() {
  let times = new Float64Array(1_024)
  let orders = new Float64Array(1_024)
  const events: Event[] = []
  let planned = 0
  const put = (at: number, atMs: number, order: number, event: Event): void => {
    times[at] = atMs
    orders[at] = order
    events[at] = event
  }
  const isBefore = (at: number, otherMs: number, otherOrder: number): boolean => {
    const atMs = times[at] ?? 0
    return atMs < otherMs || (atMs === otherMs && (orders[at] ?? 0) < otherOrder)
  }
  const move = (from: number, to: number): void =>
    put(to, times[from] ?? 0, orders[from] ?? 0, events[from] as Event)
  return {
    nextMs: (): number => (events.length > 0 ? (times[0] ?? 0) : Infinity),
    push(atMs: number, event: Event): void {
      let at = events.length
      if (at === times.length) [times, orders] = [doubled(times), doubled(orders)]
      // What is planned last comes last of its time.
      for (let up = (at - 1) >> 1; at > 0 && (times[up] ?? 0) > atMs; up = (at - 1) >> 1) {
        move(up, at)
        at = up
      }
      put(at, atMs, planned++, event)
    },
    pop(): Event | undefined {
      const [first] = events
      const last = events.pop()
      const { length } = events
      if (!last || length === 0) return first
      const lastMs = times[length] ?? 0
      const lastOrder = orders[length] ?? 0
      let at = 0
      for (let child = 1; child < length; child = 2 * at + 1) {
        if (child + 1 < length && isBefore(child + 1, times[child] ?? 0, orders[child] ?? 0))
          child++
        if (!isBefore(child, lastMs, lastOrder)) break
        move(child, at)
        at = child
      }
      put(at, lastMs, lastOrder, last)
      return first
    },
  }
}

function doubled(old: Float64Array<ArrayBuffer>): Float64Array<ArrayBuffer> {
  const larger = new Float64Array(2 * old.length)
  larger.set(old)
  return larger
}
