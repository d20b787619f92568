/**
 * Counts the votes of one height: power by round, type and value. A validator's first vote in
 * (round, type) counts, a different one later is kept as evidence and moves no weight. Says once when
 * a threshold is reached.
 *
 * Knows no proposal and no step. Takes votes that are checked and from members of the set only.
 */
import { replaceAt } from './lists.ts'
import type { QuorumCertificate, SignedVote, Value, VoteType } from './types.ts'
import { isQuorum, isSkip, powerOf, type ValidatorSet } from './validator-set.ts'

type Tally = {
  /** First vote of each validator, by index. */
  readonly votes: readonly (SignedVote | undefined)[]
  readonly power: bigint
  readonly values: readonly { readonly value: Value; readonly power: bigint }[]
  /** Further, different votes of validators that have voted. */
  readonly conflicts: readonly SignedVote[]
  /** A verified certificate of this round: a quorum whatever we have counted ourselves. */
  readonly proof: QuorumCertificate | undefined
}

export type RoundVotes = {
  readonly round: number
  readonly prevote: Tally
  readonly precommit: Tally
  /** Power of those who voted at all, each once. */
  readonly seenPower: bigint
  readonly emitted: readonly Threshold[]
}

/** Rounds of which a vote or a certificate has come, in their order. */
export type VoteKeeper = readonly RoundVotes[]

/** What a vote has brought about. `any`: a quorum voted, for whatever. */
export type Threshold =
  | { readonly type: 'polka-value' | 'precommit-value'; readonly value: Value }
  | { readonly type: 'polka-any' | 'polka-nil' | 'precommit-any' }
  /** More than a third is in a later round than we. Said again with each of its votes. */
  | { readonly type: 'skip' }

export type Counted = {
  readonly keeper: VoteKeeper
  readonly threshold: Threshold | undefined
  /** The first vote, if this is a different one of the same validator, and new. */
  readonly conflict: SignedVote | undefined
}

/** Different votes kept of one validator in one (round, type) beyond the first; two prove the fault. */
export const maxConflicts = 3

const emptyTally: Tally = { votes: [], power: 0n, values: [], conflicts: [], proof: undefined }

export const newVoteKeeper = (): VoteKeeper => []

const emptyRound = (round: number): RoundVotes => ({
  round,
  prevote: emptyTally,
  precommit: emptyTally,
  seenPower: 0n,
  emitted: [],
})

/** Looked for from behind: what is asked for is nearly always of the last rounds. */
const roundOf = (keeper: VoteKeeper, round: number): RoundVotes | undefined =>
  keeper.findLast((votes) => votes.round === round)

/** The keeper with a round in the place of its earlier self, or in its own. */
function withRound(keeper: VoteKeeper, added: RoundVotes): VoteKeeper {
  const before = keeper.findLastIndex(({ round }) => round <= added.round)
  if (keeper[before]?.round === added.round) return replaceAt(keeper, before, added)
  return [...keeper.slice(0, before + 1), added, ...keeper.slice(before + 1)]
}

const tallyIn = ({ prevote, precommit }: RoundVotes, type: VoteType): Tally =>
  type === 'prevote' ? prevote : precommit

export function countVote(
  keeper: VoteKeeper,
  set: ValidatorSet,
  vote: SignedVote,
  currentRound: number,
): Counted {
  const index = set.indexes.get(vote.voter)
  if (index === undefined) return { keeper, threshold: undefined, conflict: undefined }
  const before = roundOf(keeper, vote.round) ?? emptyRound(vote.round)
  const tally = tallyIn(before, vote.type)
  const first = tally.votes[index]
  const counted = first === undefined ? addVote(before, set, vote, index) : before
  const conflict = first !== undefined && isNewConflict(tally, first, vote)
  const kept = conflict ? addConflict(counted, vote) : counted
  const threshold = thresholdOf(kept, set, vote, currentRound)
  const round = threshold === undefined ? kept : withThreshold(kept, threshold)
  return {
    keeper: round === before ? keeper : withRound(keeper, round),
    threshold,
    conflict: conflict ? first : undefined,
  }
}

function addVote(
  round: RoundVotes,
  set: ValidatorSet,
  vote: SignedVote,
  index: number,
): RoundVotes {
  const power = powerOf(set, index)
  const tally = tallyIn(round, vote.type)
  const votes = tally.votes.slice()
  votes[index] = vote
  const value = { value: vote.blockHash, power: powerFor(tally, vote.blockHash) + power }
  const values = [...tally.values.filter((other) => other.value !== vote.blockHash), value]
  const isNew = (round.prevote.votes[index] ?? round.precommit.votes[index]) === undefined
  const { conflicts, proof } = tally
  const next = { votes, power: tally.power + power, values, conflicts, proof }
  const seenPower = round.seenPower + (isNew ? power : 0n)
  return withTally(round, vote.type, next, seenPower)
}

/** Rounds and tallies are spelled out, not spread, for the reason given at `change` in state.ts. */
const withTally = (
  { round, prevote, precommit, seenPower, emitted }: RoundVotes,
  type: VoteType,
  tally: Tally,
  power = seenPower,
): RoundVotes => ({
  round,
  prevote: type === 'prevote' ? tally : prevote,
  precommit: type === 'prevote' ? precommit : tally,
  seenPower: power,
  emitted,
})

const withThreshold = (
  { round, prevote, precommit, seenPower, emitted }: RoundVotes,
  threshold: Threshold,
): RoundVotes => ({
  round,
  prevote,
  precommit,
  seenPower,
  emitted: [...emitted, threshold],
})

/** Different from the first, not seen before, and not one too many. */
function isNewConflict(tally: Tally, first: SignedVote, vote: SignedVote): boolean {
  if (vote.blockHash === first.blockHash) return false
  const others = tally.conflicts.filter(({ voter }) => voter === vote.voter)
  const isKnown = others.some(({ blockHash }) => blockHash === vote.blockHash)
  return !isKnown && others.length < maxConflicts
}

function addConflict(round: RoundVotes, vote: SignedVote): RoundVotes {
  const { votes, power, values, conflicts, proof } = tallyIn(round, vote.type)
  const tally = { votes, power, values, conflicts: [...conflicts, vote], proof }
  return withTally(round, vote.type, tally)
}

/** The threshold that stands after `vote`, if it has not been said before. Skip comes first. */
function thresholdOf(
  round: RoundVotes,
  set: ValidatorSet,
  vote: SignedVote,
  currentRound: number,
): Threshold | undefined {
  if (vote.round > currentRound && isSkip(set, round.seenPower)) return { type: 'skip' }
  const tally = tallyIn(round, vote.type)
  const threshold = isQuorum(set, powerFor(tally, vote.blockHash))
    ? valueThreshold(vote.type, vote.blockHash)
    : isQuorum(set, tally.power)
      ? anyThreshold(vote.type)
      : undefined
  const isSaid = round.emitted.some((said) => isSame(said, threshold))
  return isSaid ? undefined : threshold
}

/** A quorum for nil is a polka-nil; of precommits it is as good as any mix: the round is over. */
function valueThreshold(type: VoteType, value: Value): Threshold {
  if (value !== null) return { type: type === 'prevote' ? 'polka-value' : 'precommit-value', value }
  return type === 'prevote' ? { type: 'polka-nil' } : { type: 'precommit-any' }
}

const anyThreshold = (type: VoteType): Threshold => ({
  type: type === 'prevote' ? 'polka-any' : 'precommit-any',
})

const isSame = (a: Threshold, b: Threshold | undefined): boolean =>
  a.type === b?.type && ('value' in a ? a.value : null) === ('value' in b ? b.value : null)

const powerFor = (tally: Tally, value: Value): bigint =>
  tally.values.find((entry) => entry.value === value)?.power ?? 0n

function tallyOf(keeper: VoteKeeper, type: VoteType, round: number): Tally {
  const votes = roundOf(keeper, round)
  return votes ? tallyIn(votes, type) : emptyTally
}

/** A quorum for `value` in `round`: counted, or proved by a certificate. */
export function hasQuorum(
  keeper: VoteKeeper,
  set: ValidatorSet,
  type: VoteType,
  round: number,
  value: Value,
): boolean {
  return isQuorumFor(tallyOf(keeper, type, round), set, value)
}

const isQuorumFor = (tally: Tally, set: ValidatorSet, value: Value): boolean =>
  isQuorum(set, powerFor(tally, value)) || (value !== null && tally.proof?.blockHash === value)

/** A quorum of precommits for `value` in a round, counted or proved. */
export const isCommitted = (votes: RoundVotes, set: ValidatorSet, value: Value): boolean =>
  isQuorumFor(votes.precommit, set, value)

/** A quorum of votes in `round`, for whatever. */
export const hasAnyQuorum = (
  keeper: VoteKeeper,
  set: ValidatorSet,
  type: VoteType,
  round: number,
): boolean => isQuorum(set, tallyOf(keeper, type, round).power)

/** The block with a quorum in `round`, if there is one. */
export function quorumValue(
  keeper: VoteKeeper,
  set: ValidatorSet,
  type: VoteType,
  round: number,
): Value {
  return valueIn(tallyOf(keeper, type, round), set)
}

function valueIn(tally: Tally, set: ValidatorSet): Value {
  const counted = tally.values.find(({ power, value }) => value !== null && isQuorum(set, power))
  return counted?.value ?? tally.proof?.blockHash ?? null
}

/** The block with a quorum of precommits in a round, if there is one. */
export const committedValue = (votes: RoundVotes, set: ValidatorSet): Value =>
  valueIn(votes.precommit, set)

/** The first vote of a validator in (round, type), if it has voted. */
export const voteOf = (
  keeper: VoteKeeper,
  type: VoteType,
  round: number,
  index: number,
): SignedVote | undefined => tallyOf(keeper, type, round).votes[index]

/** Would counting the vote change anything, or prove anything new? */
export function isKnownVote(keeper: VoteKeeper, vote: SignedVote, index: number): boolean {
  const tally = tallyOf(keeper, vote.type, vote.round)
  const first = tally.votes[index]
  return first !== undefined && !isNewConflict(tally, first, vote)
}

/** First votes of (round, type) in order of index; for one value where given. */
export const votesOf = (
  keeper: VoteKeeper,
  type: VoteType,
  round: number,
  value?: Value,
): readonly SignedVote[] =>
  tallyOf(keeper, type, round).votes.filter(
    (vote): vote is SignedVote =>
      vote !== undefined && (value === undefined || vote.blockHash === value),
  )

/** The certificate that proved a quorum in (round, type), if one came. */
export const proofOf = (
  keeper: VoteKeeper,
  type: VoteType,
  round: number,
): QuorumCertificate | undefined => tallyOf(keeper, type, round).proof

/** Keeps a verified certificate: faulty validators may have shown us other votes than it holds. */
export function addProof(keeper: VoteKeeper, certificate: QuorumCertificate): VoteKeeper {
  const round = roundOf(keeper, certificate.round) ?? emptyRound(certificate.round)
  const type = certificate.type === 'commit' ? 'precommit' : 'prevote'
  const before = tallyIn(round, type)
  if (before.proof !== undefined) return keeper
  const { votes, power, values, conflicts } = before
  const tally = { votes, power, values, conflicts, proof: certificate }
  return withRound(keeper, withTally(round, type, tally))
}
