/**
 * A pause for who reads without end: frames that are there already are read in one turn of the event loop,
 * and while that lasts no timer rings and no other peer is heard. Shared by all streams of a protocol, so that
 * each of them has its share of a turn. Limits nothing; budget.ts does.
 */
import type { Clock } from '../primitives/index.ts'

/** Undefined: go on. */
export type Breath = () => Promise<void> | undefined

/** Milliseconds of one turn. */
const turnMs = 5

export function createBreath(clock: Clock): Breath {
  /** Of the turn of the event loop that is going on; undefined in a new one. */
  let startMs: number | undefined
  return () => {
    if (startMs === undefined) {
      startMs = clock.nowMs()
      setImmediate(() => (startMs = undefined))
    } else if (clock.nowMs() >= startMs + turnMs)
      return new Promise((resolve) => void setImmediate(resolve))
    return undefined
  }
}
