/** Exit codes of the command. Loads nothing, so that --help stays quick; failure.ts has the words. */

/** What the shell sees. README's table and `tributary --help` repeat it. */
export const exitCodes = {
  ok: 0,
  /** A condition a person can change: a busy port, a foreign database, a faulty genesis file. */
  refused: 1,
  /** Unknown command or option, or a value that is none. */
  usage: 2,
  /** A fault of the node itself (EX_SOFTWARE of sysexits.h); please report it. */
  bug: 70,
  /** Stopped by a second signal before it could stop by itself (128 + SIGINT). */
  forced: 130,
} as const
export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes]

/** Where a command writes; tests pass their own. */
export interface Io {
  readonly out: (line: string) => void
  readonly err: (line: string) => void
  /** Whether a person watches standard error. */
  readonly isTerminal: boolean
}
