/** The tree of frames of an execution, as geth's callTracer collects it; its users format it. */
import type { FrameStart, FrameType, Tracer } from '../../execution/index.ts'
import { type Address, type Hex, type Log, toHex } from '../../primitives/index.ts'
import type { Budget } from './tracer.ts'

export interface CallFrame {
  readonly type: FrameType
  readonly from: Address
  readonly to: Address
  readonly input: Hex
  readonly gas: bigint
  readonly value: bigint | undefined
  gasUsed: bigint
  output: Uint8Array
  /** geth's words; undefined: success. */
  error: string | undefined
  readonly calls: CallFrame[]
  /** `position` counts the calls before it. */
  readonly logs: { readonly log: Log; readonly position: number }[]
}

export interface FrameCollector {
  readonly hooks: Tracer
  /** The outermost frame, after the execution has ended. */
  root(): CallFrame
}

interface Options {
  readonly onlyTopCall?: boolean
  readonly withLog?: boolean
}

export function collectFrames(options: Options, budget: Budget): FrameCollector {
  const open: CallFrame[] = []
  let root: CallFrame | undefined
  const isSkipped = (depth: number): boolean => options.onlyTopCall === true && depth > 0
  return {
    hooks: {
      enter: (start) => {
        if (isSkipped(start.depth)) return
        budget(2 * start.input.length + frameChars)
        const frame = frameOf(start)
        open.at(-1)?.calls.push(frame)
        root ??= frame
        open.push(frame)
      },
      exit: ({ depth, gasUsed, output, error }) => {
        const frame = isSkipped(depth) ? undefined : open.pop()
        if (!frame) return
        budget(2 * output.length)
        Object.assign(frame, { gasUsed, output, error })
      },
      ...(options.withLog === true && {
        log: (log) => {
          const frame = open.at(-1)
          budget(2 * log.data.length + frameChars)
          frame?.logs.push({ log, position: frame.calls.length })
        },
      }),
    },
    root: () => {
      if (!root) throw new Error('an execution without a frame')
      return root
    },
  }
}

/** What a frame's fixed fields take in JSON, about. */
const frameChars = 300

const frameOf = ({ type, from, to, input, gas, value }: FrameStart): CallFrame => ({
  type,
  from,
  to,
  input: toHex(input),
  gas,
  value,
  gasUsed: 0n,
  output: new Uint8Array(0),
  error: undefined,
  calls: [],
  logs: [],
})
