/**
 * What an execution tells a tracer: frames that begin and end, opcodes, logs. Callbacks are
 * synchronous and see everything as geth's hooks do (core/tracing), whichever engine runs; what they
 * throw ends the execution. Knows no output format.
 */
import { type Address, type Log, toWord } from '../primitives/index.ts'

export type FrameType =
  | 'CALL'
  | 'CALLCODE'
  | 'DELEGATECALL'
  | 'STATICCALL'
  | 'CREATE'
  | 'CREATE2'
  | 'SELFDESTRUCT'

export interface FrameStart {
  readonly type: FrameType
  /** 0: the transaction itself. */
  readonly depth: number
  /** Whose code asked: of a DELEGATECALL the contract that delegates. */
  readonly from: Address
  /** Whose code runs; of a creation the new contract, of a SELFDESTRUCT the heir. */
  readonly to: Address
  readonly input: Uint8Array
  /** With the stipend of a call that carries value; without the transaction's own gas. */
  readonly gas: bigint
  /** Wei; a DELEGATECALL has its parent's, a STATICCALL none. */
  readonly value: bigint | undefined
}

export interface FrameEnd {
  readonly depth: number
  /** Return data; of a creation the code; a revert's bytes. */
  readonly output: Uint8Array
  readonly gasUsed: bigint
  /** geth's words, `execution reverted` among them. Undefined: success. */
  readonly error: string | undefined
}

/** One opcode about to run: nothing of it has happened but the sums of its gas. */
export interface Step {
  readonly pc: number
  readonly opcode: number
  /** Gas left before the opcode is paid. */
  readonly gas: bigint
  /** What it costs; of calls with the gas that is passed on. */
  readonly cost: bigint
  /** 1: the transaction's own frame. */
  readonly depth: number
  /** Whose storage is read and written. */
  readonly address: Address
  readonly refund: bigint
  /** geth's words when the opcode cannot be paid or the stack does not suit it. */
  readonly error: string | undefined
  readonly returnData: Uint8Array
  readonly stackSize: number
  /** The word `index` below the top; 0 where there is none. */
  peek(index: number): bigint
  /** A copy, bottom first. */
  stack(): readonly bigint[]
  /** A copy of whole words. */
  memory(): Uint8Array
}

/** What is absent costs nothing. */
export interface Tracer {
  readonly enter?: (frame: FrameStart) => void
  readonly exit?: (frame: FrameEnd) => void
  readonly step?: (step: Step) => void
  /** Also logs of frames that fail later. */
  readonly log?: (log: Log) => void
  /** A slot that a native module reads or writes: it has no opcodes to be seen by. */
  readonly slot?: (address: Address, slot: bigint) => void
  /** The transaction begins anew: what was heard of it is void. Without this it fails instead. */
  readonly restart?: () => void
}

/** The address in a stack word: its low 20 bytes. */
export const wordToAddress = (word: bigint): Address => `0x${toWord(word).slice(26)}`
