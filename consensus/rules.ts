/**
 * Which rule of the paper may fire now, looking at everything the core has recorded. A fixed order
 * decides between several; the caller fires one and asks again until none is left, so a rule that
 * waited for two things fires whichever of them came last.
 *
 * Guards what the round machine leaves open: nothing after a decision, "for the first time" once a
 * round, proposals of the right round only.
 */
import { isTimely } from './params.ts'
import type { RoundInput } from './round.ts'
import {
  blockOf,
  type CoreState,
  type HeldProposal,
  isDecided,
  proposalsOf,
  validBlockOf,
} from './state.ts'
import type { BlockVerdict, Effect, Value } from './types.ts'
import { isSkip, powerOf, proposerOf } from './validator-set.ts'
import { committedValue, hasAnyQuorum, hasQuorum, isCommitted, quorumValue } from './vote-keeper.ts'

export function enabledEvent(state: CoreState): RoundInput | undefined {
  if (isDecided(state)) return undefined
  const { step, round } = state.round
  const commit = commitEvent(state)
  if (commit) return commit
  const target = skipTarget(state)
  if (step === 'new' || step === 'unstarted') return startEvent(state, target)
  if (target > round) return { type: 'skip', round: target } // L55
  return proposalEvent(state) ?? polkaEvent(state) ?? precommitEvent(state)
}

/** L49: a quorum of precommits for a block we hold and found valid, in the first round that has one. */
function commitEvent(state: CoreState): RoundInput | undefined {
  for (const votes of state.votes) {
    const value = committedValue(votes, state.validators)
    if (value !== null && validBlockOf(state, value))
      return { type: 'proposal-commit', round: votes.round, value }
  }
  return undefined
}

/**
 * L55: the highest round such that more than a third of the power has voted in it or later; -1 for
 * none. One of them is honest, so the round has really begun.
 */
function skipTarget(state: CoreState): number {
  const current = state.round.round
  if (!state.highest.some((round) => round > current)) return -1
  const later = state.highest
    .map((round, index) => ({ round, power: powerOf(state.validators, index) }))
    .filter(({ round }) => round > current)
    .toSorted((a, b) => b.round - a.round)
  let power = 0n
  for (const vote of later) {
    power += vote.power
    if (isSkip(state.validators, power)) return vote.round
  }
  return -1
}

/** L11-21. */
function startEvent(state: CoreState, target: number): RoundInput {
  const round = Math.max(state.nextRound, target)
  const isProposer = proposerOf(state.validators, state.height, round) === state.self
  return { type: isProposer ? 'new-round-proposer' : 'new-round', round }
}

/** L22-33. Waits where the block, its verdict or the polka of an earlier round is missing. */
function proposalEvent(state: CoreState): RoundInput | undefined {
  if (state.round.step !== 'propose') return undefined
  for (const held of proposalsOf(state, state.round.round)) {
    const event =
      held.proposal.validRound === -1 ? freshEvent(state, held) : againEvent(state, held)
    if (event) return event
  }
  return undefined
}

/** Does the application's verdict fit the proposal? Undefined: no verdict yet. */
function isValid(state: CoreState, { proposal, partsHash }: HeldProposal): boolean | undefined {
  const verdict = blockOf(state, partsHash)?.verdict
  return verdict && verdict.valid && verdict.blockHash === proposal.blockHash
}

/** L22-27; a fresh block's time must be near our clock. */
function freshEvent(state: CoreState, held: HeldProposal): RoundInput | undefined {
  const { proposal, partsHash, receivedAtMs } = held
  const verdict = blockOf(state, partsHash)?.verdict
  if (verdict === undefined) return undefined
  const isGood =
    isValid(state, held) === true &&
    verdict.valid &&
    isTimely(state.params, proposal.round, verdict.timeMs, receivedAtMs)
  return isGood ? { type: 'proposal', value: proposal.blockHash } : { type: 'proposal-invalid' }
}

/** L28-33; the time was judged when the block was fresh. */
function againEvent(state: CoreState, held: HeldProposal): RoundInput | undefined {
  const { blockHash: value, validRound } = held.proposal
  const valid = isValid(state, held)
  if (valid === undefined) return undefined
  const hasPolka = hasQuorum(state.votes, state.validators, 'prevote', validRound, value)
  if (!valid) return { type: hasPolka ? 'proposal-polka-before-invalid' : 'proposal-invalid' }
  return hasPolka ? { type: 'proposal-polka-before', value, validRound } : undefined
}

/** L34-46. A polka for the proposal goes before the timeout for any. */
function polkaEvent(state: CoreState): RoundInput | undefined {
  const { votes, validators, done } = state
  const { step, round } = state.round
  if (step !== 'prevote' && step !== 'precommit') return undefined
  const value = quorumValue(votes, validators, 'prevote', round)
  if (!done.polka && value !== null && isProposed(state, value))
    return { type: 'proposal-polka', value } // L36
  if (step !== 'prevote') return undefined
  if (hasQuorum(votes, validators, 'prevote', round, null)) return { type: 'polka-nil' } // L44
  const isFirst = !done.polkaAny && hasAnyQuorum(votes, validators, 'prevote', round)
  return isFirst ? { type: 'polka-any' } : undefined // L34
}

const isProposed = (state: CoreState, value: Value): boolean =>
  proposalsOf(state, state.round.round).some(
    (held) => held.proposal.blockHash === value && isValid(state, held) === true,
  )

/** L47. */
function precommitEvent(state: CoreState): RoundInput | undefined {
  const { votes, validators, done } = state
  const isFirst =
    !done.precommitAny && hasAnyQuorum(votes, validators, 'precommit', state.round.round)
  return isFirst ? { type: 'precommit-any' } : undefined
}

/** Two thirds have decided what our application calls invalid: go on, and we would be wrong or alone. */
export function haltOf(state: CoreState): Effect | undefined {
  const verdicts = state.blocks.map(({ verdict }) => verdict)
  const broken = verdicts.find((verdict) => isDecidedAgainst(state, verdict))
  if (broken === undefined) return undefined
  const { height } = state
  const reason =
    `a quorum decided ${broken.blockHash ?? ''}, which is invalid here: ${broken.reason}. Either more ` +
    'than a third of the validators is broken or this node; once it is mended, delete its consensus log ' +
    'of this height'
  return { type: 'halt', height, reason }
}

/** Bytes that are no block have no hash; that a quorum agrees on none says nothing of them. */
const isDecidedAgainst = (
  { votes, validators }: CoreState,
  verdict: BlockVerdict | undefined,
): verdict is Refused =>
  verdict?.valid === false &&
  verdict.blockHash !== null &&
  votes.some((round) => isCommitted(round, validators, verdict.blockHash))

type Refused = Extract<BlockVerdict, { readonly valid: false }>
