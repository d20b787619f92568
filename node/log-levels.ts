/** Log levels per module, as `--log-level info,rpc=debug` writes them. Knows no logging library. */
import { accept, reject, type Verdict } from '../primitives/index.ts'

export const logLevels = ['silent', 'error', 'warn', 'info', 'debug'] as const
export type LogLevel = (typeof logLevels)[number]

/** Parts of the node that log under their own name. */
export const logModules = [
  'node',
  'sealer',
  'rows',
  'chain',
  'rpc',
  'consensus',
  'network',
] as const
export type LogModule = (typeof logModules)[number]

export type LogLevels = Readonly<Record<LogModule, LogLevel>>

const isLevel = (text: string): text is LogLevel => logLevels.some((level) => level === text)
const isModule = (text: string): text is LogModule => logModules.some((module) => module === text)

export const sameLevel = (level: LogLevel): LogLevels => ({
  node: level,
  sealer: level,
  rows: level,
  chain: level,
  rpc: level,
  consensus: level,
  network: level,
})

/** `LEVEL` for all, `MODULE=LEVEL` for one, separated by commas; later ones win. */
export function parseLogLevels(text: string, preset: LogLevel): Verdict<LogLevels, 'LOG_LEVEL'> {
  let levels = sameLevel(preset)
  for (const part of text.split(',')) {
    const [name = '', level] = part.trim().split('=')
    const wanted = level ?? name
    if (!isLevel(wanted))
      return reject('LOG_LEVEL', `"${wanted}" is no level; levels are ${logLevels.join(', ')}`)
    if (level === undefined) levels = sameLevel(wanted)
    else if (isModule(name)) levels = { ...levels, [name]: wanted }
    else return reject('LOG_LEVEL', `"${name}" is no module; modules are ${logModules.join(', ')}`)
  }
  return accept(levels)
}
