/** geth's callTracer: frames in a tree, with the transaction's own gas on the outermost. */
import { type Hex, toHex } from '../../primitives/index.ts'
import { type Json, quantity } from '../format.ts'
import { revertReason } from '../revert.ts'
import { type CallFrame, collectFrames } from './call-frames.ts'
import type { Budget, RpcTracer, Subject } from './tracer.ts'

export interface CallTracerConfig {
  readonly onlyTopCall?: boolean
  readonly withLog?: boolean
}

export function createCallTracer(
  config: CallTracerConfig,
  { gasLimit }: Subject,
  budget: Budget,
): RpcTracer {
  const frames = collectFrames(config, budget)
  return {
    hooks: frames.hooks,
    result: ({ gasUsed }) =>
      JSON.stringify(formatFrame({ ...frames.root(), gas: gasLimit, gasUsed }, false)),
  }
}

/** Logs of a failed frame, and of all below it, never happened. */
function formatFrame(frame: CallFrame, isLost: boolean): Json {
  const { type, error, value } = frame
  const isFailed = isLost || error !== undefined
  const isCreation = type === 'CREATE' || type === 'CREATE2'
  const output = outputOf(frame)
  const reason = error === reverted ? revertReason(frame.output) : undefined
  return {
    from: frame.from,
    gas: quantity(frame.gas),
    gasUsed: quantity(frame.gasUsed),
    ...(!(isCreation && error !== undefined) && { to: frame.to }),
    input: frame.input,
    ...(output !== '0x' && { output }),
    ...(error !== undefined && { error }),
    ...(reason !== undefined && { revertReason: reason }),
    ...(frame.calls.length > 0 && {
      calls: frame.calls.map((call) => formatFrame(call, isFailed)),
    }),
    ...(frame.logs.length > 0 && !isFailed && { logs: frame.logs.map(formatLog) }),
    ...(value !== undefined && { value: quantity(value) }),
    type,
  }
}

export const reverted = 'execution reverted'

/** Only success and a revert give something back. */
export const outputOf = ({ error, output }: CallFrame): Hex =>
  error === undefined || error === reverted ? toHex(output) : '0x'

const formatLog = ({ log, position }: CallFrame['logs'][number]): Json => ({
  address: log.address,
  topics: log.topics,
  data: toHex(log.data),
  position: quantity(position),
})
