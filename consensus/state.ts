/**
 * What the core remembers of the height it is in. Values only; the functions here make a fresh one
 * and look things up, `record.ts` adds to it, `core.ts` moves it on.
 */
import type { Address, Hex } from '../primitives/index.ts'
import { emptyFuture, type Future } from './future.ts'
import type { ConsensusParams } from './params.ts'
import type { HeldBlock } from './parts.ts'
import { newRoundState, type RoundState } from './round.ts'
import type {
  CoreOptions,
  Effect,
  Proposal,
  ProposalPart,
  RoundCertificate,
  SignedProposal,
  SignedVote,
  Vote,
} from './types.ts'
import type { ValidatorSet } from './validator-set.ts'
import { newVoteKeeper, type VoteKeeper } from './vote-keeper.ts'

export type HeldProposal = {
  readonly proposal: SignedProposal
  readonly partsHash: Hex
  readonly receivedAtMs: number
}

/** Rules of the current round that have had their "for the first time". */
export type Done = {
  readonly polka: boolean
  readonly polkaAny: boolean
  readonly precommitAny: boolean
  /** Asked the application for a value: 'asked'; proposed it: 'answered'. */
  readonly value: 'unasked' | 'asked' | 'answered'
  /** Own votes have been said again: the round hangs, and the next time those of others are too. */
  readonly saidAgain: boolean
}

export type CoreState = {
  readonly self: Address | undefined
  readonly params: ConsensusParams
  readonly height: bigint
  readonly validators: ValidatorSet
  readonly nextValidators: ValidatorSet
  readonly round: RoundState
  /** Round to start when the machine is between rounds. */
  readonly nextRound: number
  readonly votes: VoteKeeper
  /** Highest round each validator has voted in, by index. */
  readonly highest: readonly number[]
  /** Votes of rounds out of reach (beyond the next), of each validator those of its highest. */
  readonly ahead: readonly (readonly SignedVote[])[]
  readonly proposals: readonly HeldProposal[]
  readonly blocks: readonly HeldBlock[]
  /** The block a peer last sent with its commit certificate. */
  readonly synced: Hex | undefined
  /** Parts whose proposal has not come yet, oldest first. */
  readonly orphans: readonly ProposalPart[]
  readonly done: Done
  /** Asked to be signed in this round and not yet back. */
  readonly unsigned: readonly (Vote | Proposal)[]
  /** Why we are in this round, for others who are behind. */
  readonly entry: RoundCertificate | undefined
  readonly decision: Decision | undefined
  readonly isHalted: boolean
  readonly future: Future
}
export type Decision = Extract<Effect, { type: 'decide' }>

/** What a step of the core gives. */
export type StepResult = { readonly state: CoreState; readonly effects: readonly Effect[] }

export const nothingDone: Done = {
  polka: false,
  polkaAny: false,
  precommitAny: false,
  value: 'unasked',
  saidAgain: false,
}

/** An observer has no address; what its round machine would say is never asked to be signed. */
const nobody: Address = '0x'

export const newHeight = (
  height: bigint,
  base: Pick<CoreState, 'self' | 'params' | 'validators' | 'nextValidators' | 'future'>,
): CoreState => ({
  self: base.self,
  params: base.params,
  height,
  validators: base.validators,
  nextValidators: base.nextValidators,
  round: newRoundState(base.self ?? nobody, height),
  nextRound: 0,
  votes: newVoteKeeper(),
  highest: base.validators.validators.map(() => -1),
  ahead: base.validators.validators.map(() => []),
  proposals: [],
  blocks: [],
  synced: undefined,
  orphans: [],
  done: nothingDone,
  unsigned: [],
  entry: undefined,
  decision: undefined,
  isHalted: false,
  future: base.future,
})

/**
 * The state with some fields changed. Spelled out, in the order of `newHeight`: V8 gives each spread of
 * an object a hidden class of its own, and what has gone through five of them is copied key by key.
 */
export const change = (state: CoreState, changes: Partial<CoreState>): CoreState =>
  Object.assign<CoreState, Partial<CoreState>>(
    {
      self: state.self,
      params: state.params,
      height: state.height,
      validators: state.validators,
      nextValidators: state.nextValidators,
      round: state.round,
      nextRound: state.nextRound,
      votes: state.votes,
      highest: state.highest,
      ahead: state.ahead,
      proposals: state.proposals,
      blocks: state.blocks,
      synced: state.synced,
      orphans: state.orphans,
      done: state.done,
      unsigned: state.unsigned,
      entry: state.entry,
      decision: state.decision,
      isHalted: state.isHalted,
      future: state.future,
    },
    changes,
  )

/** The same of the rules that are done. */
export const changeDone = (
  { polka, polkaAny, precommitAny, value, saidAgain }: Done,
  changes: Partial<Done>,
): Done =>
  Object.assign<Done, Partial<Done>>({ polka, polkaAny, precommitAny, value, saidAgain }, changes)

/** The state after `lastHeight` was decided, before the next height starts. */
export function initialState(options: CoreOptions): CoreState {
  const { self, params, nextValidators } = options
  const state = newHeight(options.lastHeight, {
    self,
    params,
    validators: nextValidators,
    nextValidators,
    future: emptyFuture,
  })
  return change(state, { round: { ...state.round, step: 'commit' } })
}

export const blockOf = (state: CoreState, partsHash: Hex): HeldBlock | undefined =>
  state.blocks.find((block) => block.partsHash === partsHash)

/** The block the application found valid under this hash. */
export const validBlockOf = (state: CoreState, blockHash: Hex): HeldBlock | undefined =>
  state.blocks.find(({ verdict }) => verdict?.valid === true && verdict.blockHash === blockHash)

export const proposalsOf = (state: CoreState, round: number): readonly HeldProposal[] =>
  state.proposals.filter(({ proposal }) => proposal.round === round)

export const isDecided = (state: CoreState): boolean => state.round.step === 'commit'
