/**
 * When a lone producer makes blocks: at once for what arrives, on a beat, both, or on request only;
 * and the change from one to another. Makes no block itself.
 */
import { assertNever, type Clock } from '../primitives/index.ts'

export type Sealing =
  | { readonly type: 'automine' }
  | { readonly type: 'interval'; readonly blockTimeMs: number }
  | { readonly type: 'mixed'; readonly blockTimeMs: number }
  | { readonly type: 'manual' }

export interface BeatPorts {
  readonly clock: Clock
  /** Called when the task failed: no further beat comes. */
  readonly onFault: (error: unknown) => void
}

export interface Beat {
  sealing(): Sealing
  automines(): boolean
  /** From now on. */
  change(sealing: Sealing): void
  start(): void
  stop(): void
}

export function createBeat(first: Sealing, ports: BeatPorts, task: () => Promise<unknown>): Beat {
  let sealing = first
  let timer = createTimer(sealing, ports, task)
  return {
    sealing: () => sealing,
    automines: () => sealing.type === 'automine' || sealing.type === 'mixed',
    change(wanted) {
      timer.stop()
      sealing = wanted
      timer = createTimer(sealing, ports, task)
      timer.start()
    },
    start: () => timer.start(),
    stop: () => timer.stop(),
  }
}

/** Undefined: blocks come by no clock. */
export function blockTimeOf(sealing: Sealing): number | undefined {
  switch (sealing.type) {
    case 'interval':
    case 'mixed':
      return sealing.blockTimeMs
    case 'automine':
    case 'manual':
      return undefined
    default:
      return assertNever(sealing)
  }
}

/** Runs `task` every block time, never twice at once; a late beat does not move the later ones. */
function createTimer(
  sealing: Sealing,
  { clock, onFault }: BeatPorts,
  task: () => Promise<unknown>,
): { readonly start: () => void; readonly stop: () => void } {
  const blockTimeMs = blockTimeOf(sealing)
  let cancel: (() => void) | undefined
  let isStopped = false
  const schedule = (dueMs: number, everyMs: number): void => {
    if (isStopped) return
    cancel = clock.after(Math.max(0, dueMs - clock.nowMs()), () => {
      task().then(() => schedule(Math.max(dueMs + everyMs, clock.nowMs()), everyMs), onFault)
    })
  }
  return {
    start: () => {
      if (blockTimeMs !== undefined) schedule(clock.nowMs() + blockTimeMs, blockTimeMs)
    },
    stop: () => {
      isStopped = true
      cancel?.()
    },
  }
}
