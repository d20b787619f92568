/**
 * The rounds of one height as a function: an event that rules of the paper wait for in, at most one
 * vote, proposal, timeout or decision out. Line numbers: Algorithm 1 of arXiv 1807.04938.
 *
 * Counts no votes, knows no proposals, reads no clock. As loose as the Quint model it is checked
 * against: which events may come, and how often, is the driver's to guard (see `rules.ts`).
 */
import { assertNever, type Address, type Hex } from '../primitives/index.ts'
import type { Proposal, TimeoutKind, Value, Vote, VoteType } from './types.ts'

/** `new`: before round 0. `unstarted`: left a round, not yet in the next. `commit`: decided. */
export type Step = 'new' | 'unstarted' | 'propose' | 'prevote' | 'precommit' | 'commit'

export type RoundState = {
  readonly self: Address
  readonly height: bigint
  /** -1 before the start. */
  readonly round: number
  readonly step: Step
  /** The value last precommitted and its round; -1 and nil: none. */
  readonly lockedRound: number
  readonly lockedValue: Value
  /** The last value seen with a polka, proposed again when it is our turn; -1 and nil: none. */
  readonly validRound: number
  readonly validValue: Value
}

/** "valid" and "invalid" are the application's word on the proposed block. */
export type RoundInput =
  | { readonly type: 'new-round'; readonly round: number }
  | { readonly type: 'new-round-proposer'; readonly round: number }
  | { readonly type: 'value'; readonly value: Hex }
  | { readonly type: 'proposal'; readonly value: Value }
  | { readonly type: 'proposal-invalid' }
  | { readonly type: 'proposal-polka-before'; readonly value: Value; readonly validRound: number }
  | { readonly type: 'proposal-polka-before-invalid' }
  | { readonly type: 'proposal-polka'; readonly value: Value }
  | { readonly type: 'polka-any' }
  | { readonly type: 'polka-nil' }
  | { readonly type: 'precommit-any' }
  | { readonly type: 'proposal-commit'; readonly round: number; readonly value: Hex }
  | { readonly type: 'skip'; readonly round: number }
  | {
      readonly type: 'timeout'
      readonly kind: Exclude<TimeoutKind, 'rebroadcast'>
      readonly height: bigint
      readonly round: number
    }

export type RoundOutput =
  | { readonly type: 'none' }
  /** The event does not fit the step; the state is as before. */
  | { readonly type: 'rejected' }
  | { readonly type: 'vote'; readonly vote: Vote }
  | { readonly type: 'proposal'; readonly proposal: ValueProposal }
  | { readonly type: 'get-value' }
  | { readonly type: 'timeout'; readonly kind: TimeoutKind; readonly round: number }
  | { readonly type: 'decided'; readonly round: number; readonly value: Hex }
  | { readonly type: 'skip'; readonly round: number }

/** A proposal as the round machine sees it: a value, not yet its parts. */
export type ValueProposal = Pick<Proposal, 'height' | 'round' | 'validRound'> & {
  readonly value: Value
}

type Next = { readonly state: RoundState; readonly output: RoundOutput }

export const newRoundState = (self: Address, height: bigint): RoundState => ({
  self,
  height,
  round: -1,
  step: 'new',
  lockedRound: -1,
  lockedValue: null,
  validRound: -1,
  validValue: null,
})

/** The state with some fields changed; spelled out for the reason given at `change` in state.ts. */
const changed = (state: RoundState, changes: Partial<RoundState>): RoundState =>
  Object.assign<RoundState, Partial<RoundState>>(
    {
      self: state.self,
      height: state.height,
      round: state.round,
      step: state.step,
      lockedRound: state.lockedRound,
      lockedValue: state.lockedValue,
      validRound: state.validRound,
      validValue: state.validValue,
    },
    changes,
  )

export function applyRound(state: RoundState, input: RoundInput): Next {
  switch (input.type) {
    case 'new-round':
    case 'new-round-proposer':
      return startRound(state, input.round, input.type === 'new-round-proposer')
    case 'value': // L18-19
      return { state, output: propose(state, input.value) }
    case 'proposal': // L22-27
      return onProposal(state, input.value)
    case 'proposal-invalid': // L22, L26
      return state.step === 'propose' ? prevote(state, null) : rejected(state)
    case 'proposal-polka-before': // L28-33
      return onProposalWithPolka(state, input.value, input.validRound)
    case 'proposal-polka-before-invalid': // L28, L32
      return prevote(state, null)
    case 'proposal-polka': // L36-43
      return onPolka(state, input.value)
    case 'polka-any': // L34-35
      return state.step === 'prevote' ? wait(state, 'prevote') : rejected(state)
    case 'polka-nil': // L44-46
      return state.step === 'prevote' ? precommit(state, null) : rejected(state)
    case 'precommit-any': // L47-48
      return wait(state, 'precommit')
    case 'proposal-commit': // L49-54
      return state.step === 'commit' ? rejected(state) : decide(state, input.round, input.value)
    case 'skip': // L55-56
      return input.round > state.round ? skip(state, input.round) : rejected(state)
    case 'timeout':
      return onTimeout(state, input.kind, input.height, input.round)
    default:
      return assertNever(input)
  }
}

/** L11-21. The proposer with a valid value proposes it again, without one asks for a new block. */
function startRound(state: RoundState, round: number, isProposer: boolean): Next {
  const isBetween = state.step === 'new' || state.step === 'unstarted'
  if (!isBetween || round <= state.round) return rejected(state)
  const started = changed(state, { round, step: 'propose' })
  if (!isProposer) return wait(started, 'propose') // L21
  if (state.validValue === null) return { state: started, output: { type: 'get-value' } } // L18
  return { state: started, output: propose(started, state.validValue) } // L16, L19
}

/** L22-27: a fresh proposal. */
function onProposal(state: RoundState, value: Value): Next {
  if (state.step !== 'propose') return rejected(state)
  const mayVote = state.lockedRound === -1 || state.lockedValue === value // L23
  return prevote(state, mayVote ? value : null) // L24, L26
}

/** L28-33: a value proposed again, with its polka of an earlier round. */
function onProposalWithPolka(state: RoundState, value: Value, validRound: number): Next {
  const isEarlier = validRound >= 0 && validRound < state.round // L28
  if (state.step !== 'propose' || !isEarlier) return rejected(state)
  const mayVote = state.lockedRound <= validRound || state.lockedValue === value // L29
  return prevote(state, mayVote ? value : null) // L30, L32
}

/** L36-43: the proposal of this round has its polka. Locks in step prevote, only there. */
function onPolka(state: RoundState, value: Value): Next {
  if (state.step !== 'prevote' && state.step !== 'precommit') return rejected(state)
  const valid = changed(state, { validValue: value, validRound: state.round }) // L42-43
  if (state.step === 'precommit') return { state: valid, output: { type: 'none' } }
  return precommit(changed(valid, { lockedValue: value, lockedRound: state.round }), value) // L38-40
}

/** L57-67. */
function onTimeout(
  state: RoundState,
  kind: Exclude<TimeoutKind, 'rebroadcast'>,
  height: bigint,
  round: number,
): Next {
  if (height !== state.height || round !== state.round) return rejected(state)
  switch (kind) {
    case 'propose': // L57-60
      return state.step === 'propose' ? prevote(state, null) : rejected(state)
    case 'prevote': // L61-64
      return state.step === 'prevote' ? precommit(state, null) : rejected(state)
    case 'precommit': // L65-67
      return skip(state, round + 1)
    default:
      return assertNever(kind)
  }
}

const propose = (state: RoundState, value: Value): RoundOutput => ({
  type: 'proposal',
  proposal: { height: state.height, round: state.round, value, validRound: state.validRound },
})

const prevote = (state: RoundState, value: Value): Next =>
  vote(changed(state, { step: 'prevote' }), 'prevote', value)

const precommit = (state: RoundState, value: Value): Next =>
  vote(changed(state, { step: 'precommit' }), 'precommit', value)

const vote = (state: RoundState, type: VoteType, blockHash: Value): Next => ({
  state,
  output: {
    type: 'vote',
    vote: { type, height: state.height, round: state.round, blockHash, voter: state.self },
  },
})

const wait = (state: RoundState, kind: TimeoutKind): Next => ({
  state,
  output: { type: 'timeout', kind, round: state.round },
})

const decide = (state: RoundState, round: number, value: Hex): Next => ({
  state: changed(state, { step: 'commit' }),
  output: { type: 'decided', round, value },
})

const skip = (state: RoundState, round: number): Next => ({
  state: changed(state, { step: 'unstarted' }),
  output: { type: 'skip', round },
})

const rejected = (state: RoundState): Next => ({ state, output: { type: 'rejected' } })
