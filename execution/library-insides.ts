/**
 * What this node reads and writes inside @ethereumjs's EVM by names that are no part of its API. The version is
 * pinned; whoever raises it looks here first. Decides nothing.
 */
/* oxlint-disable no-underscore-dangle -- the library's names */
import type { StateManagerInterface } from '@ethereumjs/common'
import type { EVM, ExecResult } from '@ethereumjs/evm'
import type { Address } from '../primitives/index.ts'
import type { OpcodeMap } from './evm-hooks.ts'

export type RunState = Parameters<OpcodeMap[number]['opHandler']>[0]

/** The words of a stack; those from `stackHeight` on are left over. */
export const stackWords = ({ stack }: RunState): bigint[] =>
  (stack as unknown as { readonly _store: bigint[] })._store

export const stackHeight = ({ stack }: RunState): number =>
  (stack as unknown as { readonly _len: number })._len

export function setStackHeight({ stack }: RunState, height: number): void {
  ;(stack as unknown as { _len: number })._len = height
}

/** At least as long as the memory that is in use. */
export const memoryBytes = ({ memory }: RunState): Uint8Array => memory._store

export function setMemoryBytes({ memory }: RunState, bytes: Uint8Array): void {
  memory._store = bytes
}

export const evmOf = ({ interpreter }: RunState): EVM => interpreter._evm

interface Marked {
  restAtGas: number | undefined
}
/** With less gas a frame is to let others work at its next jump; kept with the frame. Undefined: it has just done so. */
export const restMark = {
  of: (state: RunState): number | undefined => (state as unknown as Marked).restAtGas,
  set: (state: RunState, gas: number | undefined): void => {
    ;(state as unknown as Marked).restAtGas = gas
  },
}

type Interpreter = RunState['interpreter']
type InterpreterClass = new (
  evm: EVM,
  stateManager: StateManagerInterface,
  blockchain: EVM['blockchain'],
  env: RunState['env'],
  gasLeft: bigint,
  journal: EVM['journal'],
) => Interpreter

/** Not exported there: the first frame that runs shows it. */
let interpreterClass: InterpreterClass | undefined
export const interpreterOf = (): InterpreterClass | undefined => interpreterClass
export function learnInterpreter({ runState }: ExecResult): void {
  interpreterClass = runState?.interpreter.constructor as InterpreterClass | undefined
}

/** What a frame gives, as far as it has come. */
export const toldBy = (interpreter: Interpreter): Interpreter['_result'] => interpreter._result

type Names = ReadonlyMap<string, ReadonlySet<string>>

/** Slots seen by this transaction, and those that were warm from its start, by account; without 0x. */
const warmSlots = (of: EVM['journal']): readonly [seen: Names, listed: Names] => {
  const { journal, alwaysWarmJournal } = of as unknown as {
    readonly journal: Names
    readonly alwaysWarmJournal: Names
  }
  return [journal, alwaysWarmJournal]
}

/** The library's own question takes bytes and spells them out each time. `account`: without 0x. */
export function isWarmSlot(journal: EVM['journal'], account: string, slot: bigint): boolean {
  const [seen, listed] = warmSlots(journal)
  const [now, always] = [seen.get(account), listed.get(account)]
  if (!now && !always) return false
  const name = slot.toString(16).padStart(64, '0')
  return now?.has(name) === true || always?.has(name) === true
}

/** Warm from the transaction's start: precompiles, modules, what its access list names. */
export const isAlwaysWarm = (journal: EVM['journal'], address: Address): boolean =>
  warmSlots(journal)[1].has(address.slice(2))

/** Addresses, without 0x, that will be deleted at the end if they are empty. */
export const touched = (journal: EVM['journal']): Set<string> =>
  (journal as unknown as { readonly touched: Set<string> }).touched

/** Has the library's journal, which is empty between transactions, stand over another state. */
export function journalTo(journal: EVM['journal'], stateManager: StateManagerInterface): void {
  journal.cleanJournal()
  Object.assign(journal, { stateManager })
}
