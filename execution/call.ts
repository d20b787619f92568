/**
 * Calls without signature on a state that is thrown away: eth_call and its overrides. Changes
 * nothing that lasts, spends nobody's gas, and knows no JSON.
 */
import {
  accept,
  type Address,
  emptyCodeHash,
  type Hex,
  reject,
  type StateReader,
  type Verdict,
} from '../primitives/index.ts'
import { createJournal, type Journal } from '../state/index.ts'
import type {
  BlockContext,
  Breathe,
  CallRequest,
  Engine,
  InvalidTransactionCode,
  TransactionOutcome,
} from './types.ts'

/** What a caller wants an account to be for one call. `state` replaces all slots, `stateDiff` some. */
export interface AccountOverride {
  readonly nonce?: bigint
  readonly balance?: bigint
  readonly code?: Uint8Array
  readonly state?: ReadonlyMap<bigint, bigint>
  readonly stateDiff?: ReadonlyMap<bigint, bigint>
}
export type StateOverride = ReadonlyMap<Address, AccountOverride>

/** What a caller wants the block to be for one call. */
export interface BlockOverride {
  readonly number?: bigint
  readonly time?: bigint
  readonly gasLimit?: bigint
  readonly feeRecipient?: Address
  readonly prevRandao?: Hex
  readonly difficulty?: bigint
  readonly baseFeePerGas?: bigint
}

/** The state and block a call runs in. */
export interface CallView {
  readonly state: StateReader
  readonly context: BlockContext
  readonly stateOverride?: StateOverride
  readonly blockOverride?: BlockOverride
  /** Lets other work in, and ends what takes too long. */
  readonly breathe?: Breathe
}

export type CallCode = InvalidTransactionCode | 'OVERRIDE_CONFLICT'

/** Runs one call on a journal of its own. */
export async function simulateCall(
  engine: Engine,
  view: CallView,
  call: CallRequest,
): Promise<Verdict<TransactionOutcome, CallCode>> {
  const prepared = prepareView(view)
  if (prepared.type !== 'accept') return prepared
  const { journal, context } = prepared.value
  return engine.runCall(journal, context, call, view.breathe)
}

/** A journal above the view's state, with all overrides applied. */
export function prepareView(
  view: CallView,
): Verdict<{ readonly journal: Journal; readonly context: BlockContext }, 'OVERRIDE_CONFLICT'> {
  const journal = createJournal(view.state)
  const overridden = applyStateOverrides(journal, view.stateOverride ?? new Map())
  if (overridden.type !== 'accept') return overridden
  const context = applyBlockOverrides(view.context, view.blockOverride ?? {})
  return accept({ journal, context })
}

/** geth's rules: an account that is named exists afterwards. */
export function applyStateOverrides(
  journal: Journal,
  overrides: StateOverride,
): Verdict<Journal, 'OVERRIDE_CONFLICT'> {
  for (const [address, override] of overrides) {
    if (override.state && override.stateDiff)
      return reject('OVERRIDE_CONFLICT', `account ${address} has both 'state' and 'stateDiff'`)
    const old = journal.account(address)
    journal.setAccount(address, {
      nonce: override.nonce ?? old?.nonce ?? 0n,
      balance: override.balance ?? old?.balance ?? 0n,
      codeHash: override.code ? putCode(journal, override.code) : (old?.codeHash ?? emptyCodeHash),
    })
    if (override.state) journal.clearStorage(address)
    for (const [slot, value] of override.state ?? override.stateDiff ?? [])
      journal.setStorage(address, slot, value)
  }
  return accept(journal)
}

const putCode = (journal: Journal, code: Uint8Array): Hex =>
  code.length === 0 ? emptyCodeHash : journal.putCode(code)

export function applyBlockOverrides(context: BlockContext, override: BlockOverride): BlockContext {
  const { number, time, gasLimit, feeRecipient, prevRandao, difficulty, baseFeePerGas } = override
  const header = {
    ...context.header,
    ...(number !== undefined && { number }),
    ...(time !== undefined && { timestamp: time }),
    ...(gasLimit !== undefined && { gasLimit }),
    ...(feeRecipient !== undefined && { feeRecipient }),
    ...(prevRandao !== undefined && { prevRandao }),
    ...(difficulty !== undefined && { difficulty }),
    ...(baseFeePerGas !== undefined && { baseFeePerGas }),
  }
  return { ...context, header }
}
