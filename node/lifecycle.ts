/**
 * How a node ends: by signal, by a fault of its own, or because its caller says so. Knows nothing
 * of what is stopped. A second signal does not wait.
 */
import type { Logger } from '../primitives/index.ts'
import { exitCodes, type ExitCode } from './exit.ts'

export interface Lifecycle {
  /** Ends the wait with exit code 70: something that cannot happen has happened. */
  readonly fail: (error: unknown) => void
  /** Whether a signal or a fault has come: long work before `run` looks here and stops. */
  readonly isEnding: () => boolean
  /** Stops listening, where `run` is not come to. */
  release(): void
  /** Waits for a signal or a fault, runs `stop`, and answers the exit code. */
  run(stop: () => Promise<void>): Promise<ExitCode>
}

/** What this file uses of `process`. */
export interface ProcessPort {
  on(event: string, listener: (value: unknown) => void): unknown
  off(event: string, listener: (value: unknown) => void): unknown
  exit(code: number): void
}

/** A stop that takes longer than this is a fault; data is safe at every instant anyway. */
const stopLimitMs = 5_000

/** Starts to listen at once, so that a signal during start-up is not lost. */
export function createLifecycle(log: Logger, host: ProcessPort): Lifecycle {
  let isEnding = false
  const { promise: ended, resolve: end } = withResolvers<ExitCode>()
  const fail = (error: unknown): void => {
    const stack = error instanceof Error ? error.stack : String(error)
    log.error({ stack }, 'the node broke one of its own rules and stops; please report this')
    isEnding = true
    end(exitCodes.bug)
  }
  const onSignal = (signal: unknown): void => {
    if (isEnding) return host.exit(exitCodes.forced)
    isEnding = true
    log.info({ signal: String(signal) }, 'stopping')
    end(exitCodes.ok)
  }
  const listeners = [
    ['SIGINT', onSignal],
    ['SIGTERM', onSignal],
    ['SIGHUP', onSignal],
    ['uncaughtException', fail],
    ['unhandledRejection', fail],
  ] as const
  for (const [event, listener] of listeners) host.on(event, listener)
  const release = (): void => {
    for (const [event, listener] of listeners) host.off(event, listener)
  }
  return {
    fail,
    isEnding: () => isEnding,
    release,
    async run(stop) {
      const exitCode = await ended
      const timer = setTimeout(() => host.exit(exitCodes.bug), stopLimitMs)
      try {
        await stop()
        return exitCode
      } finally {
        clearTimeout(timer)
        release()
      }
    },
  }
}

/** Promise.withResolvers, which Node 20 does not have. */
function withResolvers<value>(): {
  readonly promise: Promise<value>
  readonly resolve: (result: value) => void
} {
  const resolvers: ((result: value) => void)[] = []
  const promise = new Promise<value>((resolve) => resolvers.push(resolve))
  return { promise, resolve: (result) => resolvers.forEach((resolve) => resolve(result)) }
}
