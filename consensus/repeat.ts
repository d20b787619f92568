/**
 * What is said again: to others while a round hangs, and to our own engine after a restart. Nothing
 * here changes the state; saying the same thing twice is harmless.
 */
import { assertNever } from '../primitives/index.ts'
import { quorumCertificate } from './certificate.ts'
import { timeoutMs } from './params.ts'
import { proposalMessages, validation } from './record.ts'
import { haltOf } from './rules.ts'
import { type CoreState, isDecided, proposalsOf } from './state.ts'
import type { Statement } from './ports.ts'
import type { Effect, Message, TimeoutKind } from './types.ts'
import { voteOf, votesOf } from './vote-keeper.ts'

export const schedule = (state: CoreState, kind: TimeoutKind): Effect => {
  const { height, round } = state.round
  return {
    type: 'schedule',
    timeout: { kind, height, round },
    delayMs: timeoutMs(state.params, kind, round),
  }
}

/**
 * Own votes of the round, from the second time on all that we know, the certificates that let others follow,
 * and the proposal where we made it or are locked on it: two that hear us may not hear each other, and nobody
 * else carries what one says to the other. After a decision: its certificate.
 */
export function rebroadcast(state: CoreState): readonly Effect[] {
  const again = schedule(state, 'rebroadcast')
  if (isDecided(state))
    return state.decision ? [broadcast(state.decision.certificate), again] : [again]
  const { round, lockedRound, lockedValue, validRound, validValue } = state.round
  const proposals = proposalsOf(state, round).filter(
    ({ proposal }) =>
      proposal.proposer === state.self ||
      (lockedRound === round && proposal.blockHash === lockedValue),
  )
  const polka = quorumCertificate(state, 'polka', validRound, validValue)
  const certificates = [state.entry, polka].flatMap((certificate) => certificate ?? [])
  const votes = state.done.saidAgain ? votesOfRound(state, round) : ownVotes(state)
  return [
    ...votes.map(broadcast),
    ...certificates.map(broadcast),
    ...proposals.flatMap((held) => proposalMessages(state, held)),
    again,
  ]
}

const votesOfRound = ({ votes }: CoreState, round: number): readonly Message[] => [
  ...votesOf(votes, 'prevote', round),
  ...votesOf(votes, 'precommit', round),
]

function ownVotes(state: CoreState): readonly Message[] {
  const index = state.validators.indexes.get(state.round.self)
  if (index === undefined) return []
  return (['prevote', 'precommit'] as const).flatMap(
    (type) => voteOf(state.votes, type, state.round.round, index) ?? [],
  )
}

/** For who comes late to the height: how it was decided, or what was said in this round and why it began. */
export function saidSoFar(state: CoreState): readonly Message[] {
  const { decision, entry } = state
  const round = decision?.round ?? state.round.round
  const proposals = proposalsOf(state, round)
    .flatMap((held) => proposalMessages(state, held))
    .flatMap((effect) => (effect.type === 'broadcast' ? [effect.message] : []))
  if (decision) return [decision.certificate, ...proposals]
  return [...(entry ? [entry] : []), ...proposals, ...votesOfRound(state, round)]
}

const broadcast = (message: Message): Effect => ({ type: 'broadcast', message })

/**
 * After a replay, in place of all effects it gave: what is still unanswered. Timers start afresh,
 * verdicts, values and signatures that did not reach the log are asked for again, and a decision
 * that may not have been committed is decided again. What it stopped for, it stops for again. Own votes
 * of the round are said again at once: the log may have them and the network not, and what we say next
 * may rest on them.
 */
export function resume(state: CoreState): readonly Effect[] {
  if (isDecided(state)) return state.decision ? [state.decision, ...rebroadcast(state)] : []
  if (state.round.step === 'new') return []
  const halt = haltOf(state)
  if (halt) return [halt]
  const { height, round, step } = state.round
  const { done } = state
  const timers: readonly (TimeoutKind | false)[] = [
    step === 'propose' && 'propose',
    step === 'prevote' && done.polkaAny && 'prevote',
    done.precommitAny && 'precommit',
    'rebroadcast',
  ]
  const said = ownVotes(state).map(broadcast)
  return [
    ...said,
    ...timers.flatMap((kind) => (kind === false ? [] : [schedule(state, kind)])),
    ...(done.value === 'asked' && step === 'propose'
      ? [{ type: 'propose', height, round } as const]
      : []),
    ...state.blocks.flatMap((block) =>
      block.missing === 0 && block.verdict === undefined ? [validation(state, block)] : [],
    ),
    ...state.unsigned.map((message) => ({ type: 'sign', message }) as const),
  ]
}

/**
 * Has a core that was told the log come as far as to ask for this statement, at least? If not, the log has
 * lost what led to it: votes of others, and with them a lock.
 */
export function leadsTo(state: CoreState, { height, round, step }: Statement): boolean {
  if (state.height !== height) return state.height > height
  const now = state.round
  if (now.step === 'commit' || now.round !== round)
    return now.step === 'commit' || now.round > round
  switch (step) {
    case 'proposal':
      return now.step !== 'propose' || hasProposed(state)
    case 'prevote':
      return now.step !== 'propose'
    case 'precommit':
      return now.step !== 'propose' && now.step !== 'prevote'
    default:
      return assertNever(step)
  }
}

const hasProposed = (state: CoreState): boolean =>
  state.unsigned.some(({ type }) => type === 'proposal') ||
  proposalsOf(state, state.round.round).some(({ proposal }) => proposal.proposer === state.self)
