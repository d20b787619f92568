/** Why a frame halted, in geth's words: tools read them (rpc.md, section 5). */
import { EVMError, type ExecResult } from '@ethereumjs/evm'
import { opcodeName, stackInputs } from './opcodes.ts'

const messages = EVMError.errorMessages

/** What @ethereumjs says -> what geth says; others are the same in both. */
const texts: ReadonlyMap<string, string> = new Map([
  [messages.CODESTORE_OUT_OF_GAS, 'contract creation code storage out of gas'],
  [messages.CODESIZE_EXCEEDS_MAXIMUM, 'max code size exceeded'],
  [messages.STACK_OVERFLOW, 'stack limit reached 1024 (1023)'],
  [messages.OUT_OF_RANGE, 'return data out of bounds'],
  [messages.REVERT, 'execution reverted'],
  [messages.STATIC_STATE_CHANGE, 'write protection'],
  [messages.CREATE_COLLISION, 'contract address collision'],
  [messages.VALUE_OVERFLOW, 'gas uint64 overflow'],
  [messages.INSUFFICIENT_BALANCE, 'insufficient balance for transfer'],
  [messages.INVALID_BYTECODE_RESULT, 'invalid code: must not begin with 0xef'],
  [messages.INITCODE_SIZE_VIOLATION, 'max initcode size exceeded'],
])

/** Where a frame stood when it halted. */
interface HaltPlace {
  readonly opcode: number
  readonly stackHeight: number
  /** RETURNDATACOPY asked for more than there is; the library calls that out of gas. */
  readonly isPastReturnData: boolean
}

/** Undefined when the frame succeeded. */
export function haltText(result: ExecResult): string | undefined {
  const error = result.exceptionError?.error
  return error === undefined ? undefined : textOf(error, haltPlace(result))
}

/** Undefined where no opcode ran. */
function haltPlace({ runState }: ExecResult): HaltPlace | undefined {
  if (!runState) return undefined
  const { opCode: opcode, stack, returnBytes } = runState
  const [, offset = 0n, size = 0n] = opcode === 0x3e && stack.length >= 3 ? stack.peek(3) : []
  const isPastReturnData = offset + size > BigInt(returnBytes.length)
  return { opcode, stackHeight: stack.length, isPastReturnData }
}

function textOf(error: string, place: HaltPlace | undefined): string {
  if (place && error === messages.INVALID_OPCODE)
    return `invalid opcode: ${opcodeName(place.opcode)}`
  if (place && error === messages.STACK_UNDERFLOW)
    return `stack underflow (${place.stackHeight} <=> ${stackInputs(place.opcode)})`
  if (place?.isPastReturnData && error === messages.OUT_OF_GAS) return 'return data out of bounds'
  // The library adds where it was: `invalid JUMP at <code hash>/<address>:<offset>`.
  if (error.startsWith(messages.INVALID_JUMP)) return 'invalid jump destination'
  return texts.get(error) ?? error
}
