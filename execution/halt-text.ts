/** Why a frame halted, in geth's words: tools read them (rpc.md, section 5). */
import { EVMError } from '@ethereumjs/evm'

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

/** Where the outermost frame stood when it halted; undefined where no opcode ran. */
export interface HaltPlace {
  readonly opcode: number
  readonly stackHeight: number
  /** RETURNDATACOPY asked for more than there is; the library calls that out of gas. */
  readonly isPastReturnData: boolean
}

export function haltText(error: string, place?: HaltPlace): string {
  if (place && error === messages.INVALID_OPCODE)
    return `invalid opcode: ${laterOpcodes.get(place.opcode) ?? `opcode 0x${place.opcode.toString(16)} not defined`}`
  if (place && error === messages.STACK_UNDERFLOW)
    return `stack underflow (${place.stackHeight} <=> ${stackInputs(place.opcode)})`
  if (place?.isPastReturnData && error === messages.OUT_OF_GAS) return 'return data out of bounds'
  // The library adds where it was: `invalid JUMP at <code hash>/<address>:<offset>`.
  if (error.startsWith(messages.INVALID_JUMP)) return 'invalid jump destination'
  return texts.get(error) ?? error
}

/** Opcodes that are invalid in some fork and still have a name in geth (core/vm/opcodes.go). */
const laterOpcodes: ReadonlyMap<number, string> = new Map([
  [0x1b, 'SHL'],
  [0x1c, 'SHR'],
  [0x1d, 'SAR'],
  [0x1e, 'CLZ'],
  [0x3d, 'RETURNDATASIZE'],
  [0x3e, 'RETURNDATACOPY'],
  [0x3f, 'EXTCODEHASH'],
  [0x46, 'CHAINID'],
  [0x47, 'SELFBALANCE'],
  [0x48, 'BASEFEE'],
  [0x49, 'BLOBHASH'],
  [0x4a, 'BLOBBASEFEE'],
  [0x5c, 'TLOAD'],
  [0x5d, 'TSTORE'],
  [0x5e, 'MCOPY'],
  [0x5f, 'PUSH0'],
  [0xf4, 'DELEGATECALL'],
  [0xf5, 'CREATE2'],
  [0xfa, 'STATICCALL'],
  [0xfd, 'REVERT'],
  [0xfe, 'INVALID'],
])

/** Words taken by opcodes 0x00 to 0x5f, sixteen a row (Yellow Paper, appendix H.2; later EIPs). */
const lowInputs =
  '0222222233220000' +
  '2222212221222210' +
  '2000000000000000' +
  '0100010303014031' +
  '1000000001000000' +
  '1122121200001230'
/** The same for 0xf0 to 0xff. */
const highInputs = '3772640000600201'

function stackInputs(opcode: number): number {
  if (opcode < 0x60) return Number(lowInputs[opcode])
  if (opcode < 0x80) return 0 // PUSH
  if (opcode < 0x90) return opcode - 0x7f // DUP
  if (opcode < 0xa0) return opcode - 0x8e // SWAP
  if (opcode < 0xa5) return opcode - 0x9e // LOG
  return Number(highInputs[opcode - 0xf0] ?? 0)
}
