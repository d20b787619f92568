/**
 * Shares the event loop among calls: when they have had it for a slice, what else waits (a block in
 * the making, new connections) comes first, and then the calls in the order of their coming, one a
 * turn where they take long. Runs nothing itself, and bounds nothing: who waits is held by the
 * bounds of its connection.
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
  // What calls take is known a turn later: while they are short, more of them share the next one.
  let share = 1
  const onTurn = (): void => {
    const isShort = startedMs !== undefined && nowMs() - startedMs <= 1
    share = isShort ? Math.min(share * 2, callsPerTurn) : 1
    startedMs = undefined
    const released = waiting.splice(0, share)
    if (released.length === 0) return
    begin()
    for (const go of released) go()
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
