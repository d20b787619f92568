/**
 * Calls without signature on a state that is thrown away: eth_call and its kin. Changes
 * nothing that lasts, spends nobody's gas, and knows no JSON.
 */
import { accept, type StateReader, type Verdict } from '../primitives/index.ts'
import { createJournal } from '../state/index.ts'
import {
  applyBlockOverrides,
  applyStateOverrides,
  type BlockOverride,
  type Stage,
  type StateOverride,
} from './overrides.ts'
import type { Tracer } from './tracer.ts'
import type {
  BlockContext,
  Breathe,
  CallRequest,
  Engine,
  InvalidTransactionCode,
  TransactionOutcome,
} from './types.ts'

/** The state and block a call runs in. */
export interface CallView {
  readonly state: StateReader
  readonly context: BlockContext
  readonly stateOverride?: StateOverride
  readonly blockOverride?: BlockOverride
  /** Lets other work in, and ends what takes too long. */
  readonly breathe?: Breathe
  readonly tracer?: Tracer
}

export type CallCode = InvalidTransactionCode | 'OVERRIDE_CONFLICT'

/** Runs one call on a journal of its own. */
export async function simulateCall(
  engine: Engine,
  view: CallView,
  call: CallRequest,
): Promise<Verdict<TransactionOutcome, CallCode>> {
  const prepared = prepareView(engine, view)
  if (prepared.type !== 'accept') return prepared
  const { journal, context } = prepared.value
  return engine.runCall(journal, context, call, view)
}

/** A journal above the view's state, with all overrides applied: the block's first (geth). */
export function prepareView(
  engine: Pick<Engine, 'precompilesOf' | 'modules'>,
  view: CallView,
): Verdict<Stage, 'OVERRIDE_CONFLICT'> {
  const context = applyBlockOverrides(view.context, view.blockOverride ?? {})
  const stage = { journal: createJournal(view.state), context }
  return view.stateOverride ? applyStateOverrides(engine, stage, view.stateOverride) : accept(stage)
}
