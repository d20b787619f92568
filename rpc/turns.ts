/**
 * Shares the event loop among calls: when they have had it for a slice, what else waits (a block in
 * the making, new connections) comes first, and then one call after the other in the order of their
 * coming. Runs nothing itself, and bounds nothing: who waits is held by its connection's bounds.
 */

/** Milliseconds of calls in one turn of the event loop; a call itself is not interrupted. */
const sliceMs = 8
/** Calls in one turn: those that come in one burst all ask before the first of them has worked. */
const callsPerTurn = 16

export interface Turns {
  /** Undefined: go on at once. Otherwise wait for it. */
  take(): Promise<void> | undefined
}

export function createTurns(nowMs: () => number): Turns {
  const waiting: (() => void)[] = []
  let startedMs: number | undefined
  let started = 0
  const begin = (): void => {
    startedMs = nowMs()
    started = 1
    setImmediate(onTurn)
  }
  // One waiting call a turn: only the next turn tells what it took.
  const onTurn = (): void => {
    startedMs = undefined
    const go = waiting.shift()
    if (go === undefined) return
    begin()
    go()
  }
  return {
    take() {
      if (startedMs === undefined) {
        begin()
        return undefined
      }
      const isSliceLeft = started < callsPerTurn && nowMs() - startedMs < sliceMs
      if (waiting.length === 0 && isSliceLeft) {
        started++
        return undefined
      }
      return new Promise((resolve) => void waiting.push(resolve))
    },
  }
}
