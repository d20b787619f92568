/**
 * Keeps a long call from holding up everything else: the EVM never lets the event loop turn by
 * itself. Between two turns it gets a few milliseconds, and in all as long as geth gives it.
 */
import { setImmediate } from 'node:timers/promises'
import type { Breathe } from '../execution/index.ts'
import { type Clock, NodeError } from '../primitives/index.ts'

/** geth's --rpc.evmtimeout. */
const timeoutMs = 5_000
/** Longest stretch without a turn of the event loop: what a ping may wait. */
const sliceMs = 8

/** How long, and what it is called when it was too long. */
export interface TimeLimit {
  readonly timeoutMs: number
  readonly text: string
}

const callLimit: TimeLimit = {
  timeoutMs,
  text: `execution aborted (timeout = ${timeoutMs / 1000}s)`,
}

/** For one request, however many times it runs the EVM. Throws NodeError CALL_TIMEOUT. */
export function createBreather(clock: Clock, limit: TimeLimit = callLimit): Breathe {
  const startedMs = clock.nowMs()
  let sliceFromMs = startedMs
  const yieldTurn = async (): Promise<void> => {
    await setImmediate()
    sliceFromMs = clock.nowMs()
  }
  return () => {
    const nowMs = clock.nowMs()
    if (nowMs - startedMs > limit.timeoutMs) throw new NodeError('CALL_TIMEOUT', limit.text)
    return nowMs - sliceFromMs > sliceMs ? yieldTurn() : undefined
  }
}
