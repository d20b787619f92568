/** Thrown values as a person shall read them, with the exit code they end in. Prints nothing. */
import { NodeError } from '../primitives/index.ts'
import { exitCodes, type ExitCode } from './exit.ts'

export interface Failure {
  readonly exitCode: ExitCode
  readonly text: string
}

/** Only faults of our own show their stack. */
export function explainFailure(error: unknown): Failure {
  if (error instanceof NodeError) {
    const exitCode = usageCodes.has(error.code) ? exitCodes.usage : exitCodes.refused
    return { exitCode, text: `error: ${error.message}` }
  }
  const detail = error instanceof Error ? (error.stack ?? error.message) : String(error)
  return {
    exitCode: exitCodes.bug,
    text: `error: this is a fault of the node itself; please report it with these lines\n${detail}`,
  }
}

/** Mistakes in options, whoever finds them. */
const usageCodes: ReadonlySet<string> = new Set(['USAGE', 'MNEMONIC_INVALID'])

/** Options that do not fit together: exit code 2. */
export const usageError = (message: string): NodeError<'USAGE'> => new NodeError('USAGE', message)
