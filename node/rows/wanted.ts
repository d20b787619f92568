/**
 * Rows that are to be here and are not: fetched in the background from whoever has them, tried again with
 * growing pauses, a few at a time. Keeps no rows and decides nothing about who wants which.
 */
import { nameOfWanted, type WantedRows } from '../../p2p/index.ts'
import type { Clock, Hex, Logger } from '../../primitives/index.ts'

export interface WantedPorts {
  readonly clock: Clock
  readonly log: Logger
  readonly has: (root: Hex) => boolean
  /** Fetches and keeps; undefined: nobody at hand has them. */
  readonly fetch: (wanted: WantedRows) => Promise<Uint8Array | undefined>
}

export interface Wanted {
  want(wanted: WantedRows): void
  /** Lets fetches in work end by themselves. */
  stop(): void
}

/** Batches wanted at once; the oldest make room. */
const maxWanted = 4_096
/** Each holds a batch of 16 MiB in memory. */
const maxFetches = 2
const firstPauseMs = 1_000
const longestPauseMs = 60_000

interface Wish {
  readonly wanted: WantedRows
  pauseMs: number
  notBeforeMs: number
}

export function createWanted({ clock, log, has, fetch }: WantedPorts): Wanted {
  /** By name: of two that describe a root otherwise, one lies, and which is not known. */
  const wishes = new Map<string, Wish>()
  const fetching = new Set<string>()
  let isStopped = false
  let cancel: (() => void) | undefined

  async function attempt(name: string, wish: Wish): Promise<void> {
    const { root } = wish.wanted
    fetching.add(name)
    try {
      if (has(root) || (await fetch(wish.wanted))) wishes.delete(name)
    } catch (error) {
      log.warn({ root, err: error }, 'rows cannot be fetched now')
    } finally {
      fetching.delete(name)
      wish.notBeforeMs = clock.nowMs() + wish.pauseMs
      wish.pauseMs = Math.min(2 * wish.pauseMs, longestPauseMs)
      step()
    }
  }

  /** At `atMs`, and at no time set before: an attempt that ended at once has taken a step itself. */
  function stepAt(atMs: number): void {
    cancel?.()
    cancel = clock.after(Math.max(1, atMs - clock.nowMs()), step)
  }

  function step(): void {
    cancel?.()
    if (isStopped) return
    let nextMs = Number.POSITIVE_INFINITY
    for (const [name, wish] of wishes) {
      if (fetching.size === maxFetches) return // whoever ends takes the next step
      if (fetching.has(name)) continue
      if (wish.notBeforeMs <= clock.nowMs()) void attempt(name, wish)
      else nextMs = Math.min(nextMs, wish.notBeforeMs)
    }
    if (nextMs < Number.POSITIVE_INFINITY) stepAt(nextMs)
  }

  return {
    want(wanted) {
      const name = nameOfWanted(wanted)
      if (has(wanted.root) || wishes.has(name)) return
      wishes.set(name, { wanted, pauseMs: firstPauseMs, notBeforeMs: 0 })
      const [oldest] = wishes.keys()
      if (wishes.size > maxWanted && oldest !== undefined) wishes.delete(oldest)
      step()
    },
    stop() {
      isStopped = true
      cancel?.()
    },
  }
}
