/** Why a frame halted, in geth's words: tools read them (rpc.md, section 5). */
import { EVMError } from '@ethereumjs/evm'

const messages = EVMError.errorMessages

/** What @ethereumjs says -> what geth says; others are the same in both. */
const texts: ReadonlyMap<string, string> = new Map([
  [messages.CODESTORE_OUT_OF_GAS, 'contract creation code storage out of gas'],
  [messages.CODESIZE_EXCEEDS_MAXIMUM, 'max code size exceeded'],
  [messages.STACK_OVERFLOW, 'stack limit reached 1024 (1023)'],
  [messages.INVALID_JUMP, 'invalid jump destination'],
  [messages.INVALID_OPCODE, 'invalid opcode: INVALID'],
  [messages.OUT_OF_RANGE, 'return data out of bounds'],
  [messages.REVERT, 'execution reverted'],
  [messages.STATIC_STATE_CHANGE, 'write protection'],
  [messages.CREATE_COLLISION, 'contract address collision'],
  [messages.VALUE_OVERFLOW, 'gas uint64 overflow'],
  [messages.INSUFFICIENT_BALANCE, 'insufficient balance for transfer'],
  [messages.INVALID_BYTECODE_RESULT, 'invalid code: must not begin with 0xef'],
  [messages.INITCODE_SIZE_VIOLATION, 'max initcode size exceeded'],
])

export const haltText = (error: string): string => texts.get(error) ?? error
