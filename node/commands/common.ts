/** What several commands read from their options. */
import type { LogFlags, ServerFlags, StoreFlags } from '../flags.ts'
import { usageError } from '../failure.ts'
import { type LogLevel, type LogLevels, parseLogLevels, sameLevel } from '../log-levels.ts'

export const mebibytes = (count: number): number => count * 2 ** 20

export const keepStatesOf = ({ prune }: Pick<StoreFlags, 'prune'>): number | 'archive' =>
  prune ?? 'archive'

export const metricsOf = ({ metricsPort: port, metricsHost: host }: ServerFlags) =>
  port === undefined ? {} : { metrics: { host, port } }

/** Throws NodeError USAGE. */
export function levelsOf({ logLevel }: LogFlags, preset: LogLevel): LogLevels {
  if (logLevel === undefined) return sameLevel(preset)
  const verdict = parseLogLevels(logLevel, preset)
  if (verdict.type !== 'accept') throw usageError(`--log-level: ${verdict.message}`)
  return verdict.value
}
