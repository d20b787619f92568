/**
 * How many costly calls run at once: traces, simulations and the like hold megabytes each and hours
 * of others' patience together. The rest waits in order; beyond a bound it is told to come back.
 */
import { limitExceeded } from './errors.ts'

/** In work at once: one thread runs them anyway, and each may hold a hundred megabytes. */
const mostRunning = 4
/** A batch of a thousand may wait, and some more. */
const mostWaiting = 2_000

export interface Gate {
  /** Throws RpcError -32005 when too many wait. */
  enter(): Promise<void>
  leave(): void
}

export function createGate(): Gate {
  const waiting: (() => void)[] = []
  let running = 0
  return {
    async enter() {
      if (running < mostRunning) {
        running++
        return
      }
      if (waiting.length >= mostWaiting)
        throw limitExceeded('too many costly calls in work; try again later')
      await new Promise<void>((resolve) => waiting.push(resolve))
    },
    leave() {
      const next = waiting.shift()
      if (next) next() // takes the place over
      else running--
    },
  }
}

/** A costly call that is cut off goes on until its next breath, and keeps its place until then. */
export async function throughGate(gate: Gate, task: () => unknown): Promise<unknown> {
  await gate.enter()
  try {
    return await task()
  } finally {
    gate.leave()
  }
}
