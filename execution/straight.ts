/**
 * Runs stretches of ordinary opcodes without a promise between them. @ethereumjs awaits at every
 * opcode; here each handler of its table goes on with whatever straight-steps.ts can do by itself, and hands
 * back to the library before anything else: calls, logs, writes, returns, and every opcode that would fail,
 * so that what fails does so in one place. Decides no rule and no price: those are the table's.
 */
import type { Common } from '@ethereumjs/common'
import type { OpcodeMap } from './evm-hooks.ts'
import {
  memoryBytes,
  restMark,
  type RunState,
  setStackHeight,
  stackHeight,
  stackWords,
} from './library-insides.ts'
import { addressText, type JournalManager } from './state-manager.ts'
import { memoryCost } from './straight-memory.ts'
import { type Step, stepsOf, type Stretch } from './straight-steps.ts'

/** Gas after which a frame's next jump is one that breathes: about a millisecond of straight opcodes. */
const gasPerBreath = 100_000
/** Counted on top for each opcode that the library runs: it takes some ten microseconds, whatever its price. */
const gasPerStretch = 1_000
/** More gas than doubles count exactly is no real call; the library takes it alone. */
const mostGas = BigInt(Number.MAX_SAFE_INTEGER)

/** The table with handlers that go on. `breathes`: its jumps may wait, so stretches stop at them. */
export function straighten(table: OpcodeMap, common: Common, breathes: boolean): OpcodeMap {
  // EOF and Verkle put rules between opcodes that are not in the handlers.
  if ([3540, 6800, 7864].some((eip) => common.isActivatedEIP(eip))) return table
  const steps = stepsOf(table, common)
  return table.map((entry, opcode) => {
    if (!entry || !steps[opcode] || entry.opcodeInfo.isAsync) return entry
    const { opHandler } = entry
    return {
      ...entry,
      opHandler: (state: RunState, fork: Common): void => {
        void opHandler(state, fork)
        run(state, fork, steps, breathes)
      },
    }
  })
}

function run(
  state: RunState,
  common: Common,
  steps: readonly (Step | undefined)[],
  breathes: boolean,
): void {
  const { code } = state
  const first = steps[code[state.programCounter] ?? 0]
  if (first === undefined || state.gasLeft > mostGas) return
  const stretch = begin(state, common, breathes)
  while (stretch.pc < code.length) {
    const step = steps[code[stretch.pc] ?? 0]
    if (step === undefined || !step(stretch)) break
  }
  end(stretch)
}

function begin(state: RunState, common: Common, breathes: boolean): Stretch {
  const { env, programCounter, gasLeft, code } = state
  const gas = Number(gasLeft)
  const address = addressText(env.address)
  return {
    state,
    common,
    journal: (state.stateManager as JournalManager).journal,
    address,
    account: address.slice(2),
    code,
    jumps: jumpsOf(code),
    stack: stackWords(state),
    bytes: memoryBytes(state),
    view: undefined,
    sp: stackHeight(state),
    pc: programCounter,
    gas,
    restAtGas: breathes ? restAtGas(state, gas) : -1,
    words: Number(state.memoryWordCount),
  }
}

/** The mark stays from stretch to stretch until the frame has breathed: loops of short ones come to it too. */
function restAtGas(state: RunState, gas: number): number {
  const mark = (restMark.of(state) ?? gas - gasPerBreath) + gasPerStretch
  restMark.set(state, mark)
  return mark
}

function end({ state, sp, pc, gas, words }: Stretch): void {
  setStackHeight(state, sp)
  state.programCounter = pc
  state.gasLeft = BigInt(gas)
  if (BigInt(words) === state.memoryWordCount) return
  state.memoryWordCount = BigInt(words)
  state.highestMemCost = BigInt(memoryCost(words))
}

/** 1 where a jump may land, by place. The journal keeps one array per code, so most are known. */
const known = new WeakMap<Uint8Array, Uint8Array>()
function jumpsOf(code: Uint8Array): Uint8Array {
  const before = known.get(code)
  if (before) return before
  const jumps = new Uint8Array(code.length)
  for (let at = 0; at < code.length; at++) {
    const opcode = code[at] ?? 0
    if (opcode === 0x5b) jumps[at] = 1
    else if (opcode >= 0x60 && opcode < 0x80) at += opcode - 0x5f
  }
  known.set(code, jumps)
  return jumps
}
