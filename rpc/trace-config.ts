/** The options of debug_trace*: which tracer, its own options, how long it may take. Decodes only. */
import { ParamError, serverError } from './errors.ts'
import { blockOverride, stateOverride } from './overrides.ts'
import { type Decoded, type Decoder, flag, float, index, struct, text } from './params.ts'

/** Left to the tracer that is named beside it. */
const anything: Decoder<unknown> = { schema: {}, decode: (value) => value }

const fields = {
  tracer: text,
  tracerConfig: anything,
  timeout: text,
  enableMemory: flag,
  disableStack: flag,
  disableStorage: flag,
  enableReturnData: flag,
  limit: float,
} as const

/** `reexec` is let pass: states are read, not rebuilt. */
export const traceConfig = struct('tracers.TraceConfig', fields)
export type TraceConfig = Decoded<typeof traceConfig>

export const traceCallConfig = struct('tracers.TraceCallConfig', {
  ...fields,
  stateOverrides: stateOverride,
  blockOverrides: blockOverride,
  txIndex: index,
})

/** geth's defaultTraceTimeout. */
const defaultTimeoutMs = 5_000
/** Longer than this nobody waits for an answer (dispatch.ts). */
const maxTimeoutMs = 30_000

const units: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
}

/** Milliseconds of a Go duration such as `10s` or `1m30s`. Throws RpcError in Go's words. */
export function timeoutOf({ timeout }: TraceConfig): number {
  if (timeout === undefined) return defaultTimeoutMs
  const parts = [...timeout.matchAll(/(\d+\.?\d*|\.\d+)(ns|us|µs|ms|s|m|h)/g)]
  const isWhole = parts.length > 0 && parts.map(([part]) => part).join('') === timeout
  if (!isWhole && timeout !== '0')
    throw serverError(`time: invalid duration ${JSON.stringify(timeout.slice(0, 64))}`)
  const totalMs = parts.reduce(
    (sum, [, count, unit]) => sum + Number(count) * (units[unit ?? 's'] ?? 0),
    0,
  )
  return Math.min(totalMs, maxTimeoutMs)
}

/** Faults of a tracer's own options are errors of the call, as geth tells them late. */
export function withTracerErrors<result>(make: () => result): result {
  try {
    return make()
  } catch (error) {
    if (error instanceof ParamError) throw serverError(error.message)
    throw error
  }
}
