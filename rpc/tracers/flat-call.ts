/**
 * Frames one after the other, each with its place in the tree: geth's flatCallTracer and, with
 * Parity's error texts, the trace_ namespace.
 */
import { assertNever, type Hex } from '../../primitives/index.ts'
import { type Json, quantity } from '../format.ts'
import { type CallFrame, collectFrames } from './call-frames.ts'
import { outputOf, reverted } from './call-tracer.ts'
import type { Budget, RpcTracer, Subject } from './tracer.ts'

export interface FlatCallConfig {
  readonly convertParityErrors?: boolean
  readonly includePrecompiles?: boolean
}

export function createFlatCallTracer(
  config: FlatCallConfig,
  subject: Subject,
  budget: Budget,
): RpcTracer {
  const frames = collectFrames({}, budget)
  return {
    hooks: frames.hooks,
    result: ({ gasUsed }) => {
      const root = { ...frames.root(), gas: subject.gasLimit, gasUsed }
      const { place, header } = subject
      const context = {
        blockHash: place?.blockHash ?? null,
        blockNumber: Number(header.number),
        transactionHash: place?.transactionHash ?? null,
        transactionPosition: place?.index ?? 0,
      }
      return JSON.stringify(
        flatten(root, config, subject).map((entry) => ({ ...entry, ...context })),
      )
    },
  }
}

/** Without block and transaction. */
export function flatten(
  root: CallFrame,
  config: FlatCallConfig,
  { precompiles }: Pick<Subject, 'precompiles'>,
): Json[] {
  const isHidden = ({ type, to }: CallFrame): boolean =>
    config.includePrecompiles !== true &&
    (type === 'CALL' || type === 'STATICCALL') &&
    precompiles.has(to)
  const entries: Json[] = []
  const open: { readonly frame: CallFrame; readonly at: readonly number[] }[] = [
    { frame: root, at: [] },
  ]
  for (let next = open.pop(); next; next = open.pop()) {
    const { frame, at } = next
    const calls = frame.calls.filter((call) => !isHidden(call))
    entries.push(formatFlat(frame, at, calls.length, config))
    for (const [i, call] of [...calls.entries()].toReversed())
      open.push({ frame: call, at: [...at, i] })
  }
  return entries
}

function formatFlat(
  frame: CallFrame,
  traceAddress: readonly number[],
  subtraces: number,
  { convertParityErrors }: FlatCallConfig,
): Json {
  const { error } = frame
  const text = error !== undefined && convertParityErrors === true ? parityError(error) : error
  const hasResult = error === undefined || error === reverted
  const { action, result, type } = partsOf(frame)
  return {
    action,
    ...(text !== undefined && { error: text }),
    ...(hasResult && result && { result }),
    subtraces,
    traceAddress,
    type,
  }
}

function partsOf(frame: CallFrame): { type: string; action: Json; result: Json | undefined } {
  const { type, from, to, error } = frame
  const gasUsed = quantity(frame.gasUsed)
  const value = quantity(frame.value ?? 0n)
  const common = { from, gas: quantity(frame.gas), value }
  switch (type) {
    case 'SELFDESTRUCT':
      return {
        type: 'suicide',
        action: { address: from, balance: value, refundAddress: to },
        result: undefined,
      }
    case 'CREATE':
    case 'CREATE2': {
      const address: { address?: Hex } = error === undefined ? { address: to } : {}
      return {
        type: 'create',
        action: { ...common, init: frame.input, creationMethod: type.toLowerCase() },
        result: { ...address, code: outputOf(frame), gasUsed },
      }
    }
    case 'CALL':
    case 'CALLCODE':
    case 'DELEGATECALL':
    case 'STATICCALL':
      return {
        type: 'call',
        action: { ...common, callType: type.toLowerCase(), input: frame.input, to },
        result: { gasUsed, output: outputOf(frame) },
      }
    default:
      return assertNever(type)
  }
}

/** Parity's words (geth's table in eth/tracers/native/call_flat.go). */
const parityErrors: Readonly<Record<string, string>> = {
  'contract creation code storage out of gas': 'Out of gas',
  'out of gas': 'Out of gas',
  'gas uint64 overflow': 'Out of gas',
  'max code size exceeded': 'Out of gas',
  'invalid jump destination': 'Bad jump destination',
  'execution reverted': 'Reverted',
  'return data out of bounds': 'Out of bounds',
  'stack limit reached 1024 (1023)': 'Out of stack',
  'precompiled failed': 'Built-in failed',
  'invalid input length': 'Built-in failed',
}

function parityError(error: string): string {
  if (error.startsWith('invalid opcode:')) return 'Bad instruction'
  if (error.startsWith('stack underflow')) return 'Stack underflow'
  return parityErrors[error] ?? error
}
