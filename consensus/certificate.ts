/**
 * Certificates out of counted votes, and back. A certificate holds the seals of one statement in the
 * order of the set, so that nobody can stand in it twice; whether the seals are good is for
 * `verify.ts` to say.
 */
import type { CoreState } from './state.ts'
import type { QuorumCertificate, RoundCertificate, Seal, SignedVote, Value } from './types.ts'
import { isQuorum, isSkip, powerOf, type ValidatorSet } from './validator-set.ts'
import { hasAnyQuorum, proofOf, votesOf } from './vote-keeper.ts'

const voteTypes = { commit: 'precommit', polka: 'prevote' } as const

/** The votes a certificate consists of. */
export const sealedVotes = (
  { type, height, round, blockHash, seals }: QuorumCertificate,
  set: ValidatorSet,
): readonly SignedVote[] => {
  const votes: SignedVote[] = []
  for (const { index, seal } of seals) {
    const voter = set.validators[index]?.address
    if (voter) votes.push({ type: voteTypes[type], height, round, blockHash, voter, seal })
  }
  return votes
}

/** From the votes we have counted, else the one that was sent to us; undefined without a quorum. */
export function quorumCertificate(
  state: CoreState,
  type: QuorumCertificate['type'],
  round: number,
  blockHash: Value,
): QuorumCertificate | undefined {
  if (blockHash === null) return undefined
  const { height, validators, votes } = state
  const agreed = votesOf(votes, voteTypes[type], round, blockHash)
  if (!isQuorum(validators, powerOfVoters(validators, agreed))) {
    const proof = proofOf(votes, voteTypes[type], round)
    return proof?.blockHash === blockHash ? proof : undefined
  }
  const seals: Seal[] = []
  for (const { voter, seal } of agreed) {
    const index = validators.indexes.get(voter)
    if (index !== undefined) seals.push({ index, seal })
  }
  return { type, height, round, blockHash, seals }
}

/**
 * Why we are in our round: the precommits that ended the one before, else one vote of each validator
 * in this round or later. Undefined in round 0, which needs no reason.
 */
export function roundCertificate(state: CoreState): RoundCertificate | undefined {
  const { height, validators, votes, ahead } = state
  const { round } = state.round
  if (round < 1) return undefined
  if (hasAnyQuorum(votes, validators, 'precommit', round - 1))
    return { type: 'round', height, round, votes: votesOf(votes, 'precommit', round - 1) }
  const seen = validators.validators.flatMap(({ address }, index) => {
    const own = [
      ...(ahead[index] ?? []),
      ...votersVotes(state, round + 1, address),
      ...votersVotes(state, round, address),
    ]
    return own.slice(0, 1)
  })
  if (!isSkip(validators, powerOfVoters(validators, seen))) return undefined
  return { type: 'round', height, round, votes: seen }
}

const votersVotes = ({ votes }: CoreState, round: number, voter: string): readonly SignedVote[] =>
  [...votesOf(votes, 'precommit', round), ...votesOf(votes, 'prevote', round)].filter(
    (vote) => vote.voter === voter,
  )

/** Power of those who made `votes`; each stands there once. */
export const powerOfVoters = (set: ValidatorSet, votes: readonly SignedVote[]): bigint =>
  votes.reduce((sum, { voter }) => sum + powerOf(set, set.indexes.get(voter) ?? -1), 0n)
