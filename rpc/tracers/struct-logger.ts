/** geth's opcode logger (eth/tracers/logger): one entry a step, written as text at once. */
import { opcodeName, type Step } from '../../execution/index.ts'
import { type Address, type Hex, toHex, toWord } from '../../primitives/index.ts'
import { quantity } from '../format.ts'
import type { Budget, RpcTracer, Subject } from './tracer.ts'

export interface StructLoggerConfig {
  readonly enableMemory?: boolean
  readonly disableStack?: boolean
  readonly disableStorage?: boolean
  readonly enableReturnData?: boolean
  /** Characters after which no more steps are taken down; 0: all. */
  readonly limit?: number
}

const sload = 0x54
const sstore = 0x55

export function createStructLogger(
  config: StructLoggerConfig,
  subject: Subject,
  budget: Budget,
): RpcTracer {
  const logs: string[] = []
  const storage = new Map<Address, SlotTexts>()
  let size = 0
  const limit = config.limit ?? 0
  return {
    hooks: {
      step: (step) => {
        if (limit !== 0 && size > limit) return
        const seen = config.disableStorage === true ? undefined : touched(step, storage, subject)
        const text = JSON.stringify(formatStep(step, config, seen))
        size += text.length
        budget(text.length)
        logs.push(text)
      },
    },
    result: ({ status, gasUsed, returnData }) => {
      const returnValue = status === 'halt' ? '0x' : toHex(returnData)
      const failed = status === 'success' ? 'false' : 'true'
      const head = `"gas":${gasUsed},"failed":${failed},"returnValue":"${returnValue}"`
      return `{${head},"structLogs":[${logs.join(',')}]}`
    },
  }
}

/** By words: chosen bigints would share a bucket (primitives/account.ts). */
type SlotTexts = Map<Hex, Hex>

/** Slots of the running contract seen so far, at each step that reads or writes one. */
function touched(
  step: Step,
  storage: Map<Address, SlotTexts>,
  { now }: Subject,
): SlotTexts | undefined {
  const { opcode, stackSize, address } = step
  const isRead = opcode === sload && stackSize >= 1
  if (!isRead && !(opcode === sstore && stackSize >= 2)) return undefined
  const slots = storage.get(address) ?? new Map<Hex, Hex>()
  storage.set(address, slots)
  const slot = step.peek(0)
  slots.set(toWord(slot), toWord(isRead ? now.storage(address, slot) : step.peek(1)))
  return slots
}

function formatStep(step: Step, config: StructLoggerConfig, slots: SlotTexts | undefined) {
  const memory = config.enableMemory === true ? toHex(step.memory()).slice(2) : ''
  const hasReturnData = config.enableReturnData === true && step.returnData.length > 0
  return {
    pc: step.pc,
    op: opcodeName(step.opcode),
    gas: Number(step.gas),
    gasCost: Number(step.cost),
    depth: step.depth,
    ...(step.error !== undefined && { error: step.error }),
    ...(config.disableStack !== true && { stack: step.stack().map(quantity) }),
    ...(hasReturnData && { returnData: toHex(step.returnData) }),
    ...(memory !== '' && { memory: wordsOf(memory) }),
    ...(slots && { storage: formatSlots(slots) }),
    ...(step.refund > 0n && { refund: Number(step.refund) }),
  }
}

const wordsOf = (digits: string): string[] =>
  Array.from({ length: digits.length / 64 }, (_, i) => `0x${digits.slice(64 * i, 64 * i + 64)}`)

const formatSlots = (slots: SlotTexts): Record<string, string> =>
  Object.fromEntries([...slots].toSorted(([a], [b]) => (a < b ? -1 : 1)))
