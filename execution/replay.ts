/**
 * A committed block again, transaction by transaction, on its parent's state: for tracers, and for
 * whoever asks what one transaction changed. Commits nothing; needs the parent's state to be kept.
 */
import {
  type Address,
  type Block,
  NodeError,
  type StateChanges,
  type StateReader,
  type Transaction,
} from '../primitives/index.ts'
import { applyEdits, createJournal, type Journal } from '../state/index.ts'
import { callAtStart } from './process.ts'
import type { BlockContext, Chain, RunOptions, TransactionOutcome } from './types.ts'

/** A transaction about to run again. */
export interface Rerun {
  readonly index: number
  readonly tx: Transaction
  readonly sender: Address
  readonly context: BlockContext
  /** Does not change while it runs. */
  readonly before: StateReader
  /** Changes as it runs. */
  readonly now: StateReader
}

/** What came of it. Good until the next one is asked for. */
export type Replayed = Rerun & {
  readonly outcome: TransactionOutcome
  readonly changes: StateChanges
}

export interface ReplayOptions {
  /** Transactions before this one run unheard and are not given out. */
  readonly from?: number
  readonly optionsOf: (rerun: Rerun) => RunOptions
}

type ReplayChain = Pick<Chain, 'spec' | 'engine' | 'store' | 'contextOf'>

/** Throws NodeError STATE_PRUNED, and REPLAY_FAILED for a block that is not valid here. */
export async function* replayBlock(
  chain: ReplayChain,
  block: Block,
  senders: readonly Address[],
  { from = 0, optionsOf }: ReplayOptions,
): AsyncGenerator<Replayed> {
  const { engine } = chain
  const chainId = block.transactions.find((tx) => tx.chainId !== undefined)?.chainId
  const context = { ...chain.contextOf(block.header), ...(chainId !== undefined && { chainId }) }
  const journal = await stateBefore(chain, context)
  let gasLeft = block.header.gasLimit
  for (const [index, tx] of block.transactions.entries()) {
    const sender = senders[index]
    if (!sender) throw replayFailed(index, 'its sender is not known')
    const isHeard = index >= from
    const now = isHeard ? createJournal(journal) : journal
    const rerun = { index, tx, sender, context, before: journal, now }
    const options = optionsOf(rerun)
    const verdict = await engine.runTransaction(now, context, tx, sender, gasLeft, options)
    if (verdict.type !== 'accept') throw replayFailed(index, verdict.message)
    const outcome = verdict.value
    gasLeft -= outcome.gasUsed
    if (!isHeard) continue
    const changes = now.changes()
    yield { ...rerun, outcome, changes }
    applyChanges(journal, changes)
  }
}

/** The parent's state with what was set by hand since, and the system calls of the block's start. */
async function stateBefore(
  { spec, engine, store }: ReplayChain,
  context: BlockContext,
): Promise<Journal> {
  const { number } = context.header
  const journal = createJournal(store.stateAt(number - 1n))
  applyEdits(journal, store.editsBefore(number))
  await callAtStart({ spec, engine, journal, context })
  return journal
}

/** Writes net changes down, so that they are part of `journal`. */
export function applyChanges(journal: Journal, { accounts, codes }: StateChanges): void {
  for (const code of codes.values()) journal.putCode(code)
  for (const [address, change] of accounts) {
    if (!change) {
      journal.deleteAccount(address)
      continue
    }
    const { nonce, balance, codeHash } = change
    journal.setAccount(address, { nonce, balance, codeHash })
    if (change.wiped) journal.clearStorage(address)
    for (const [slot, value] of change.slots) journal.setStorage(address, slot, value)
  }
}

const replayFailed = (index: number, why: string): NodeError =>
  new NodeError('REPLAY_FAILED', `transaction ${index} cannot run again: ${why}`, { index })
