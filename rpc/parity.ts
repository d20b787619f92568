/**
 * Parity's trace results: what a transaction did as flat frames, and what it changed as a diff of
 * accounts. Formats only. Gas is the frames' own, without the transaction's intrinsic gas (Parity).
 */
import {
  type Account,
  type Address,
  emptyCodeHash,
  type Hex,
  type StateChanges,
  type StateReader,
  toHex,
  toWord,
} from '../primitives/index.ts'
import type { TransactionOutcome } from '../execution/index.ts'
import { type Json, quantity } from './format.ts'
import type { FrameCollector } from './tracers/call-frames.ts'
import { flatten } from './tracers/flat-call.ts'
import type { Place } from './tracers/tracer.ts'

export const traceTypes = ['trace', 'stateDiff', 'vmTrace'] as const
export type TraceType = (typeof traceTypes)[number]

/** What there is to format of one execution. */
export interface Traced {
  readonly frames: FrameCollector
  readonly precompiles: ReadonlySet<Address>
  readonly outcome: TransactionOutcome
  readonly before: StateReader
  readonly now: StateReader
  readonly changes: StateChanges
}

const parity = { convertParityErrors: true }

/** Frames without their place in a block. A failed one has a null result. */
export const formatTraces = ({ frames, precompiles }: Traced): Json[] =>
  flatten(frames.root(), parity, { precompiles }).map((entry) => ({
    ...entry,
    result: entry['result'] ?? null,
  }))

/** The same, as trace_block and its kin list them. */
export const formatPlacedTraces = (traced: Traced, place: Place, blockNumber: bigint): Json[] =>
  formatTraces(traced).map((entry) => ({
    ...entry,
    blockHash: place.blockHash,
    blockNumber: Number(blockNumber),
    transactionHash: place.transactionHash,
    transactionPosition: place.index,
  }))

/** trace_replay* and trace_call*: what was asked for, the rest empty. */
export const formatReplay = (traced: Traced, types: readonly TraceType[]): Json => ({
  output: traced.outcome.status === 'halt' ? '0x' : toHex(traced.outcome.returnData),
  stateDiff: types.includes('stateDiff') ? formatStateDiff(traced) : null,
  trace: types.includes('trace') ? formatTraces(traced) : [],
  vmTrace: null,
})

const nobody = { nonce: 0n, balance: 0n, codeHash: emptyCodeHash }
type Fields = Pick<Account, 'nonce' | 'balance' | 'codeHash'>

function formatStateDiff({ before, now, changes }: Traced): Json {
  const diff: Record<string, Json> = {}
  for (const [address, change] of changes.accounts) {
    const old = before.account(address)
    const slots = (change?.slots ?? []).map(([slot]) => slot).toSorted((a, b) => (a < b ? -1 : 1))
    const mark: Mark = !old ? born : !change ? died : changed
    diff[address] = {
      ...formatFields(mark, old ?? nobody, now.account(address) ?? nobody, before, now),
      storage: Object.fromEntries(
        slots.map((slot) => [
          toWord(slot),
          mark(toWord(before.storage(address, slot)), toWord(now.storage(address, slot))),
        ]),
      ),
    }
  }
  return diff
}

/** How a field's change is written: a new account's with +, a deleted one's with -. */
type Mark = (from: Hex, to: Hex) => unknown
const born: Mark = (_, to) => ({ '+': to })
const died: Mark = (from) => ({ '-': from })
const changed: Mark = (from, to) => (from === to ? '=' : { '*': { from, to } })

function formatFields(
  mark: Mark,
  old: Fields,
  fresh: Fields,
  before: StateReader,
  now: StateReader,
): Json {
  const code = (state: StateReader, { codeHash }: Fields): Hex =>
    codeHash === emptyCodeHash ? '0x' : toHex(state.code(codeHash))
  return {
    balance: mark(quantity(old.balance), quantity(fresh.balance)),
    code: mark(code(before, old), code(now, fresh)),
    nonce: mark(quantity(old.nonce), quantity(fresh.nonce)),
  }
}
