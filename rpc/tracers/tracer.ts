/**
 * What a tracer of debug_trace* is: hooks into an execution, and the JSON text it makes of it. One
 * for each transaction. Bounds what it may collect, for a call costs less gas than its input memory.
 */
import type { Tracer, TransactionOutcome } from '../../execution/index.ts'
import type { Address, Header, Hex, StateReader } from '../../primitives/index.ts'
import { responseTooLarge } from '../errors.ts'

/** The transaction or call that is traced. */
export interface Subject {
  readonly from: Address
  readonly to: Address | null
  readonly nonce: bigint
  readonly gasLimit: bigint
  /** Accounts that signed a delegation (EIP-7702). */
  readonly authorities: readonly Address[]
  readonly header: Header
  readonly precompiles: ReadonlySet<Address>
  /** Does not change while it runs. */
  readonly before: StateReader
  /** Changes as it runs. */
  readonly now: StateReader
  /** Undefined for a call that is in no block. */
  readonly place: Place | undefined
}

export interface Place {
  readonly blockHash: Hex
  readonly transactionHash: Hex
  readonly index: number
}

export interface RpcTracer {
  readonly hooks: Tracer
  /** JSON text, after the transaction has ended. */
  result(outcome: TransactionOutcome): string
}

/** Characters that the traces of one request may have: half of what a string can hold. */
const maxTraceChars = 200_000_000

/** Counts what tracers collect. Throws RpcError `response too large`. */
export type Budget = (chars: number) => void

export function createBudget(): Budget {
  let left = maxTraceChars
  return (chars) => {
    left -= chars
    if (left < 0) throw responseTooLarge()
  }
}
