/**
 * The log of the process: pino, one JSON object per line, or pretty lines on a terminal. The only
 * file that knows pino. Facts pass a filter of names that hold secrets before they are written.
 */
import { type DestinationStream, destination, type Logger as Pino, pino } from 'pino'
import type { Logger } from '../primitives/index.ts'
import { type LogLevels, type LogModule } from './log-levels.ts'

export interface LoggerOptions {
  readonly levels: LogLevels
  /** Coloured lines for people instead of JSON. */
  readonly isPretty: boolean
}

/** Names of facts that are never written, at the top and one level below. */
const secrets = ['privateKey', 'privateKeys', 'mnemonic', 'password', 'seed', 'authorization']

export interface Loggers {
  of(module: LogModule): Logger
}

/** Writes to standard error, synchronously: a line that was logged before a crash is there. */
export async function createLoggers(
  options: LoggerOptions,
  stream?: DestinationStream,
): Promise<Loggers> {
  const target =
    stream ?? (options.isPretty ? await prettyStream() : destination({ dest: 2, sync: true }))
  const root = pino(
    {
      base: null,
      level: 'debug',
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: secrets.flatMap((name) => [name, `*.${name}`]), censor: '[secret]' },
    },
    target,
  )
  return { of: (module) => adapt(root.child({ module }, { level: options.levels[module] })) }
}

const adapt = (log: Pino): Logger => ({
  error: (facts, sentence) => log.error(facts, sentence),
  warn: (facts, sentence) => log.warn(facts, sentence),
  info: (facts, sentence) => log.info(facts, sentence),
  debug: (facts, sentence) => log.debug(facts, sentence),
})

/** A stream in this thread, not pino's worker: it starts faster and loses no last line. */
async function prettyStream(): Promise<DestinationStream> {
  const { default: pretty } = await import('pino-pretty')
  return pretty({
    destination: 2,
    sync: true,
    colorize: true,
    translateTime: 'SYS:HH:MM:ss.l',
    ignore: 'module',
    messageFormat: '{module}: {msg}',
    singleLine: true,
  })
}
