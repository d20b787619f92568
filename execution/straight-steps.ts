/**
 * Opcodes as plain functions over a stretch of a frame (straight.ts). A step that cannot run to its good end
 * (too little gas, a short or full stack, a bad jump, memory beyond all gas) answers false and has
 * changed nothing: the library then runs the opcode and fails as it does. Prices come from the fork's table.
 */
import type { Common } from '@ethereumjs/common'
import { type Address, toFixedBytes } from '../primitives/index.ts'
import type { Journal } from '../state/index.ts'
import type { OpcodeMap } from './evm-hooks.ts'
import { isWarmSlot, type RunState, setStackHeight, stackHeight } from './library-insides.ts'
import { stackInputs } from './opcodes.ts'
import { quickCall } from './straight-call.ts'
import { expand, readWord, wordAt, wordOf, writeWord } from './straight-memory.ts'

type Entry = OpcodeMap[number]

/** What a frame has while its opcodes run one after the other; written back at the end. */
export interface Stretch {
  readonly state: RunState
  readonly common: Common
  readonly journal: Journal
  /** Whose storage it is. */
  readonly address: Address
  /** The same without 0x, as the library spells it. */
  readonly account: string
  readonly code: Uint8Array
  readonly jumps: Uint8Array
  readonly stack: bigint[]
  /** Memory, and more. */
  bytes: Uint8Array
  view: DataView | undefined
  /** Words on the stack. */
  sp: number
  pc: number
  gas: number
  /** With less gas a jump is left to the library, whose jumps let others work; -1: never. */
  readonly restAtGas: number
  /** Of memory that is paid for. */
  words: number
}

/** False: nothing has changed, and the library is to run it. */
export type Step = (stretch: Stretch) => boolean

const stackLimit = 1_024
const word = 256n
const most = (1n << word) - 1n

const peek = ({ stack, sp }: Stretch, depth: number): bigint => stack[sp - 1 - depth] ?? 0n

/** Pays for an opcode that took and gave words, and goes to the next. */
function done(at: Stretch, gas: number, sp: number, pc: number): true {
  at.gas = gas
  at.sp = sp
  at.pc = pc
  return true
}

const binary =
  (fee: number, compute: (a: bigint, b: bigint) => bigint): Step =>
  (at) => {
    const { stack, sp, gas } = at
    if (sp < 2 || gas < fee) return false
    stack[sp - 2] = compute(peek(at, 0), peek(at, 1))
    return done(at, gas - fee, sp - 1, at.pc + 1)
  }

const unary =
  (fee: number, compute: (a: bigint) => bigint): Step =>
  (at) => {
    const { stack, sp, gas } = at
    if (sp < 1 || gas < fee) return false
    stack[sp - 1] = compute(peek(at, 0))
    return done(at, gas - fee, sp, at.pc + 1)
  }

const push =
  (fee: number, value: (at: Stretch) => bigint, size = 0): Step =>
  (at) => {
    const { stack, sp, gas } = at
    if (sp >= stackLimit || gas < fee) return false
    stack[sp] = value(at)
    return done(at, gas - fee, sp + 1, at.pc + 1 + size)
  }

const small = Array.from({ length: 256 }, (_, value) => BigInt(value))

/** The constant behind a PUSH; bytes beyond the end of the code count as zero. */
function constant({ code, pc }: Stretch, size: number): bigint {
  if (size === 1) return small[code[pc + 1] ?? 0] ?? 0n
  let value = 0n
  for (let i = 1; i <= size;) {
    let part = 0
    const end = Math.min(size, i + 5)
    const bits = (end - i + 1) * 8
    for (; i <= end; i++) part = part * 256 + (code[pc + i] ?? 0)
    value = value === 0n ? BigInt(part) : (value << BigInt(bits)) | BigInt(part)
  }
  return value
}

const dup =
  (fee: number, depth: number): Step =>
  (at) => {
    const { stack, sp, gas } = at
    if (sp < depth || sp >= stackLimit || gas < fee) return false
    stack[sp] = peek(at, depth - 1)
    return done(at, gas - fee, sp + 1, at.pc + 1)
  }

const swap =
  (fee: number, depth: number): Step =>
  (at) => {
    const { stack, sp, gas } = at
    if (sp <= depth || gas < fee) return false
    const top = peek(at, 0)
    stack[sp - 1] = peek(at, depth)
    stack[sp - 1 - depth] = top
    return done(at, gas - fee, sp, at.pc + 1)
  }

const isLanding = ({ jumps, code }: Stretch, target: bigint): boolean =>
  target < BigInt(code.length) && jumps[Number(target)] === 1

const jump =
  (fee: number): Step =>
  (at) => {
    const { sp, gas } = at
    if (sp < 1 || gas < fee || gas < at.restAtGas) return false
    const target = peek(at, 0)
    return isLanding(at, target) && done(at, gas - fee, sp - 1, Number(target))
  }

const jumpIf =
  (fee: number): Step =>
  (at) => {
    const { sp, gas } = at
    if (sp < 2 || gas < fee || gas < at.restAtGas) return false
    if (peek(at, 1) === 0n) return done(at, gas - fee, sp - 2, at.pc + 1)
    const target = peek(at, 0)
    return isLanding(at, target) && done(at, gas - fee, sp - 2, Number(target))
  }

const load =
  (fee: number): Step =>
  (at) => {
    const { sp, gas, stack } = at
    if (sp < 1) return false
    const offset = peek(at, 0)
    const left = expand(at, gas - fee, offset, 32n)
    if (left < 0) return false
    stack[sp - 1] = readWord(at, Number(offset))
    return done(at, left, sp, at.pc + 1)
  }

const store =
  (fee: number): Step =>
  (at) => {
    const { sp, gas } = at
    if (sp < 2) return false
    const offset = peek(at, 0)
    const left = expand(at, gas - fee, offset, 32n)
    if (left < 0) return false
    writeWord(at, Number(offset), peek(at, 1))
    return done(at, left, sp - 2, at.pc + 1)
  }

const storeByte =
  (fee: number): Step =>
  (at) => {
    const { sp, gas } = at
    if (sp < 2) return false
    const offset = peek(at, 0)
    const left = expand(at, gas - fee, offset, 1n)
    if (left < 0) return false
    at.bytes[Number(offset)] = Number(peek(at, 1) & 0xffn)
    return done(at, left, sp - 2, at.pc + 1)
  }

const callDataLoad =
  (fee: number): Step =>
  (at) => {
    const { stack, sp, gas } = at
    if (sp < 1 || gas < fee) return false
    stack[sp - 1] = wordAt(at.state.env.callData, peek(at, 0))
    return done(at, gas - fee, sp, at.pc + 1)
  }

function keccak(fee: number, common: Common): Step {
  const perWord = Number(common.param('keccak256WordGas'))
  const { keccak256 } = common.customCrypto
  if (!keccak256) return () => false
  return (at) => {
    const { sp, gas, stack } = at
    if (sp < 2) return false
    const [offset, size] = [peek(at, 0), peek(at, 1)]
    const left = expand(at, gas - fee, offset, size, perWord)
    if (left < 0) return false
    const from = size === 0n ? 0 : Number(offset)
    stack[sp - 2] = wordOf(keccak256(at.bytes.subarray(from, from + Number(size))))
    return done(at, left, sp - 1, at.pc + 1)
  }
}

/** CALLDATACOPY and its kin: what is beyond the source is zero. */
function copy(fee: number, common: Common, source: (at: Stretch) => Uint8Array, isStrict: boolean) {
  const perWord = Number(common.param('copyGas'))
  const step: Step = (at) => {
    const { sp, gas } = at
    if (sp < 3) return false
    const [to, from, size] = [peek(at, 0), peek(at, 1), peek(at, 2)]
    const given = source(at)
    const length = BigInt(given.length)
    if (isStrict && from + size > length) return false
    const left = expand(at, gas - fee, to, size, perWord)
    if (left < 0) return false
    if (size > 0n) {
      const start = Number(from < length ? from : length)
      const part = given.subarray(start, start + Number(size))
      at.bytes.set(part, Number(to))
      at.bytes.fill(0, Number(to) + part.length, Number(to + size))
    }
    return done(at, left, sp - 3, at.pc + 1)
  }
  return step
}

/** EIP-2929: what the slot costs depends on whether this transaction has seen it. */
function loadSlot(fee: number, common: Common): Step | undefined {
  if (!common.isActivatedEIP(2929)) return undefined
  const [cold, warm] = ['coldsloadGas', 'warmstoragereadGas'].map((name) =>
    Number(common.param(name)),
  ) as [number, number]
  return (at) => {
    const { sp, gas, stack, address } = at
    if (sp < 1) return false
    const slot = peek(at, 0)
    const isWarm = isWarmSlot(at.state.interpreter.journal, at.account, slot)
    const left = gas - fee - (isWarm ? warm : cold)
    if (left < 0) return false
    if (!isWarm) {
      const { interpreter, env } = at.state
      interpreter.journal.addWarmedStorage(env.address.bytes, toFixedBytes(slot, 32))
    }
    stack[sp - 1] = at.journal.storage(address, slot)
    return done(at, left, sp, at.pc + 1)
  }
}

/** An opcode whose handler in the table needs nothing but the stack. */
function handled({ opHandler }: Entry, fee: number, opcode: number): Step {
  const inputs = stackInputs(opcode)
  return (at) => {
    const { state, sp, gas, pc } = at
    if (sp < inputs || sp >= stackLimit || gas < fee) return false
    setStackHeight(state, sp)
    void opHandler(state, at.common)
    return done(at, gas - fee, stackHeight(state), pc + 1)
  }
}

const toBit = (isSo: boolean): bigint => (isSo ? 1n : 0n)
const signed = (value: bigint): bigint => BigInt.asIntN(256, value)

const pure: Readonly<Record<number, (a: bigint, b: bigint) => bigint>> = {
  0x01: (a, b) => BigInt.asUintN(256, a + b),
  0x02: (a, b) => BigInt.asUintN(256, a * b),
  0x03: (a, b) => BigInt.asUintN(256, a - b),
  0x04: (a, b) => (b === 0n ? 0n : a / b),
  0x06: (a, b) => (b === 0n ? 0n : a % b),
  0x10: (a, b) => toBit(a < b),
  0x11: (a, b) => toBit(a > b),
  0x12: (a, b) => toBit(signed(a) < signed(b)),
  0x13: (a, b) => toBit(signed(a) > signed(b)),
  0x14: (a, b) => toBit(a === b),
  0x16: (a, b) => a & b,
  0x17: (a, b) => a | b,
  0x18: (a, b) => a ^ b,
  0x1b: (a, b) => (a >= word ? 0n : BigInt.asUintN(256, b << a)),
  0x1c: (a, b) => (a >= word ? 0n : b >> a),
}

/** SDIV, SMOD, ADDMOD, MULMOD, SIGNEXTEND, BYTE, SAR, CLZ and what a frame knows of itself and its block. */
const byHandler = [
  0x05, 0x07, 0x08, 0x09, 0x0b, 0x1a, 0x1d, 0x1e, 0x30, 0x32, 0x33, 0x34, 0x36, 0x38, 0x3a, 0x41,
  0x42, 0x43, 0x45, 0x46, 0x47, 0x48, 0x49, 0x4a, 0x5c,
]

/** By opcode, for the opcodes this fork has. */
export function stepsOf(table: OpcodeMap, common: Common): readonly (Step | undefined)[] {
  return table.map((entry, opcode) => {
    if (!entry || entry.opcodeInfo.isInvalid) return undefined
    const fee = Number(entry.opcodeInfo.feeBigInt)
    const compute = pure[opcode]
    if (compute) return binary(fee, compute)
    if (byHandler.includes(opcode))
      return entry.opcodeInfo.isAsync || entry.opcodeInfo.dynamicGas
        ? undefined
        : handled(entry, fee, opcode)
    if (opcode >= 0x60 && opcode < 0x80) {
      const size = opcode - 0x5f
      return push(fee, (at) => constant(at, size), size)
    }
    if (opcode >= 0x80 && opcode < 0x90) return dup(fee, opcode - 0x7f)
    if (opcode >= 0x90 && opcode < 0xa0) return swap(fee, opcode - 0x8f)
    return special(opcode, fee, common)
  })
}

function special(opcode: number, fee: number, common: Common): Step | undefined {
  switch (opcode) {
    case 0x15:
      return unary(fee, (a) => toBit(a === 0n))
    case 0x19:
      return unary(fee, (a) => a ^ most)
    case 0x20:
      return keccak(fee, common)
    case 0x35:
      return callDataLoad(fee)
    case 0x37:
      return copy(fee, common, ({ state }) => state.env.callData, false)
    case 0x39:
      return copy(fee, common, ({ code }) => code, false)
    case 0x3d:
      return push(fee, ({ state }) => BigInt(state.returnBytes.length))
    case 0x3e:
      return copy(fee, common, ({ state }) => state.returnBytes, true)
    case 0x50:
      return (at) => at.sp > 0 && at.gas >= fee && done(at, at.gas - fee, at.sp - 1, at.pc + 1)
    case 0x51:
      return load(fee)
    case 0x52:
      return store(fee)
    case 0x53:
      return storeByte(fee)
    case 0x54:
      return loadSlot(fee, common)
    case 0x56:
      return jump(fee)
    case 0x57:
      return jumpIf(fee)
    case 0x58:
      return push(fee, ({ pc }) => BigInt(pc))
    case 0x59:
      return push(fee, ({ words }) => BigInt(words * 32))
    case 0x5a:
      return push(fee, ({ gas }) => BigInt(gas - fee))
    case 0x5b:
      return (at) => at.gas >= fee && done(at, at.gas - fee, at.sp, at.pc + 1)
    case 0x5f:
      return push(fee, () => 0n)
    case 0xf1:
      return quickCall(common, 'CALL')
    case 0xfa:
      return quickCall(common, 'STATICCALL')
    default:
      return undefined
  }
}
