/** A clock that a test turns by hand: time passes only in `advance`, and timers fire in order. */
import type { Clock } from '../../primitives/index.ts'

export interface HandClock extends Clock {
  /** Lets `ms` pass; between timers the event loop gets a turn, so that their work can happen. */
  advance(ms: number): Promise<void>
  /** Time passes and nobody is called, as in a process that is stopped. */
  sleep(ms: number): void
  /** Timers that wait. */
  waiting(): number
}

interface Timer {
  readonly dueMs: number
  readonly order: number
  readonly task: () => void
}

export function createHandClock(startMs = 1_700_000_000_000): HandClock {
  let nowMs = startMs
  let order = 0
  const timers = new Set<Timer>()
  const next = (untilMs: number): Timer | undefined =>
    [...timers]
      .filter((timer) => timer.dueMs <= untilMs)
      .toSorted((a, b) => a.dueMs - b.dueMs || a.order - b.order)[0]
  return {
    nowMs: () => nowMs,
    after(delayMs, task) {
      const timer = { dueMs: nowMs + delayMs, order: order++, task }
      timers.add(timer)
      return () => timers.delete(timer)
    },
    async advance(ms) {
      const untilMs = nowMs + ms
      for (let timer = next(untilMs); timer; timer = next(untilMs)) {
        timers.delete(timer)
        nowMs = Math.max(nowMs, timer.dueMs)
        timer.task()
        await turn()
      }
      nowMs = untilMs
      await turn()
    },
    sleep: (ms) => void (nowMs += ms),
    waiting: () => timers.size,
  }
}

/** A few turns of the event loop: enough for promise chains and setImmediate to settle. */
export async function turn(times = 20): Promise<void> {
  for (let i = 0; i < times; i++) await new Promise((resolve) => setImmediate(resolve))
}
