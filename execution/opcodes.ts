/**
 * geth's names of the opcodes (core/vm/opcodes.go), whatever the fork, and the stack words each
 * takes. Runs nothing.
 */

/** Sixteen a row, `.` for an opcode without a name; 0x60 to 0x9f are counted. */
const rows: Readonly<Record<number, string>> = {
  0x00: 'STOP ADD MUL SUB DIV SDIV MOD SMOD ADDMOD MULMOD EXP SIGNEXTEND',
  0x10: 'LT GT SLT SGT EQ ISZERO AND OR XOR NOT BYTE SHL SHR SAR CLZ',
  0x20: 'KECCAK256',
  0x30:
    'ADDRESS BALANCE ORIGIN CALLER CALLVALUE CALLDATALOAD CALLDATASIZE CALLDATACOPY CODESIZE ' +
    'CODECOPY GASPRICE EXTCODESIZE EXTCODECOPY RETURNDATASIZE RETURNDATACOPY EXTCODEHASH',
  0x40:
    'BLOCKHASH COINBASE TIMESTAMP NUMBER DIFFICULTY GASLIMIT CHAINID SELFBALANCE BASEFEE ' +
    'BLOBHASH BLOBBASEFEE',
  0x50: 'POP MLOAD MSTORE MSTORE8 SLOAD SSTORE JUMP JUMPI PC MSIZE GAS JUMPDEST TLOAD TSTORE MCOPY PUSH0',
  0xa0: 'LOG0 LOG1 LOG2 LOG3 LOG4',
  0xf0: 'CREATE CALL CALLCODE RETURN DELEGATECALL CREATE2 . . . . STATICCALL . . REVERT INVALID SELFDESTRUCT',
}

const names: readonly (string | undefined)[] = Array.from({ length: 256 }, (_, opcode) => {
  if (opcode >= 0x60 && opcode < 0x80) return `PUSH${opcode - 0x5f}`
  if (opcode >= 0x80 && opcode < 0x90) return `DUP${opcode - 0x7f}`
  if (opcode >= 0x90 && opcode < 0xa0) return `SWAP${opcode - 0x8f}`
  const name = rows[opcode & 0xf0]?.split(' ')[opcode & 0x0f]
  return name === '.' ? undefined : name
})

export const opcodeName = (opcode: number): string =>
  names[opcode] ?? `opcode 0x${opcode.toString(16)} not defined`

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

/** Words that must be on the stack. */
export function stackInputs(opcode: number): number {
  if (opcode < 0x60) return Number(lowInputs[opcode])
  if (opcode < 0x80) return 0 // PUSH
  if (opcode < 0x90) return opcode - 0x7f // DUP
  if (opcode < 0xa0) return opcode - 0x8e // SWAP
  if (opcode < 0xa5) return opcode - 0x9e // LOG
  return Number(highInputs[opcode - 0xf0] ?? 0)
}
