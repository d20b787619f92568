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
  readonly atMs: number
  readonly order: number
  task: (() => void) | undefined
}

export function createWorld(startMs: number): World {
  const heap: Event[] = []
  let nowMs = startMs
  let order = 0
  let events = 0
  let hash = 0x811c9dc5
  let second = 0x01000193
  let isUnsettled = false
  const held: Promise<unknown>[] = []
  const plan = (delayMs: number, task: () => void): Event => {
    const event: Event = { atMs: nowMs + Math.max(0, delayMs), order: order++, task }
    push(heap, event)
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
      for (let event = heap[0]; event && event.atMs <= untilMs; event = heap[0]) {
        pop(heap)
        if (!event.task) continue
        nowMs = event.atMs
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

const isBefore = (a: Event, b: Event): boolean =>
  a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order)

function push(heap: Event[], event: Event): void {
  let at = heap.length
  heap.push(event)
  while (at > 0) {
    const up = (at - 1) >> 1
    const parent = heap[up]
    if (!parent || isBefore(parent, event)) break
    heap[at] = parent
    at = up
  }
  heap[at] = event
}

function pop(heap: Event[]): void {
  const last = heap.pop()
  if (!last || heap.length === 0) return
  let at = 0
  for (;;) {
    let down = 2 * at + 1
    const left = heap[down]
    const right = heap[down + 1]
    if (!left) break
    let child = left
    if (right && isBefore(right, left)) {
      child = right
      down++
    }
    if (isBefore(last, child)) break
    heap[at] = child
    at = down
  }
  heap[at] = last
}
