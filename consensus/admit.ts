/**
 * The door for messages of others: height, sender, seal, and whether we have it already, the cheap
 * questions first. Answers with an input for the core or with a verdict that says what the sender
 * deserves. Changes nothing; a message refused here leaves no trace.
 */
import {
  accept,
  assertNever,
  type Hex,
  ignore,
  keccakHex,
  reject,
  type Refusal,
  type Verdict,
} from '../primitives/index.ts'
import {
  maxFutureParts,
  maxFutureRound,
  namingProposal,
  takesVote as takesEarlyVote,
} from './future.ts'
import { maxBlockBytes, maxParts, partSizeBytes } from './parts.ts'
import { maxOrphans, maxVariants, takesProposal, takesVote } from './record.ts'
import { blockOf, type CoreState, isDecided, proposalsOf } from './state.ts'
import type {
  Certificate,
  CommitCertificate,
  Input,
  Message,
  ProposalPart,
  SignedProposal,
  SignedVote,
} from './types.ts'
import { proposerOf, type ValidatorSet } from './validator-set.ts'
import { type CertificateCode, checkCertificate, type Checker, checkSeal } from './verify.ts'
import { hasQuorum, isKnownVote, proofOf } from './vote-keeper.ts'

/**
 * `HEIGHT_PAST` comes from who is behind: it is served the certificate and block of that height.
 * `HEIGHT_FUTURE` says that we may be.
 */
export type AdmitCode =
  | CertificateCode
  | 'HEIGHT_PAST'
  | 'HEIGHT_FUTURE'
  | 'KNOWN'
  | 'WRONG_PROPOSER'
  | 'BAD_VALID_ROUND'
  | 'BAD_PARTS'
  | 'BAD_PART'
  | 'TOO_LARGE'
  | 'TOO_MANY'
  | 'BLOCK_MISMATCH'

export type AdmitOptions = Checker & { readonly nowMs: number }
export type SyncedOptions = Checker & {
  /** In work; it may not have begun. */
  readonly height: bigint
  /** The hash of the block that bytes are, header and body belonging together. */
  readonly identify: (block: Uint8Array) => Hex | undefined
}

export function admit(
  state: CoreState,
  message: Message,
  options: AdmitOptions,
): Verdict<Input, AdmitCode> {
  const set = setOf(state, message.height)
  if ('code' in set) return set
  switch (message.type) {
    case 'prevote':
    case 'precommit':
      return admitVote(state, set, message, options)
    case 'proposal':
      return admitProposal(state, set, message, options)
    case 'part':
      return admitPart(state, message)
    case 'commit':
    case 'polka':
    case 'round':
      return admitCertificate(state, set, message, options)
    default:
      return assertNever(message)
  }
}

/** A block and its certificate from a peer, before its height begins for it. */
export function admitSynced(
  state: CoreState,
  certificate: CommitCertificate,
  block: Uint8Array,
  { height, identify, ...checker }: SyncedOptions,
): Verdict<Input, AdmitCode> {
  const set = setOf(state, certificate.height)
  if ('code' in set) return set
  if (certificate.height !== height) return ignore('HEIGHT_FUTURE', 'the height is not in work')
  if (block.length > maxBlockBytes)
    return reject('TOO_LARGE', `a block of ${block.length} bytes, the limit is ${maxBlockBytes}`)
  const refusal = checkCertificate(checker, set, certificate)
  if (refusal) return refusal
  return identify(block) === certificate.blockHash
    ? accept({ type: 'synced', certificate, block })
    : reject('BLOCK_MISMATCH', 'the block is not the one that its certificate names')
}

/** The set that votes at `height`, if it is one we listen to: this, or the next. */
function setOf(state: CoreState, height: bigint): ValidatorSet | Refusal<AdmitCode> {
  const isPast = height < state.height || (height === state.height && isDecided(state))
  if (isPast) return ignore('HEIGHT_PAST', 'the height is decided')
  if (height === state.height) return state.validators
  if (height === state.height + 1n) return state.nextValidators
  return ignore('HEIGHT_FUTURE', 'the height is too far ahead')
}

function admitVote(
  state: CoreState,
  set: ValidatorSet,
  vote: SignedVote,
  checker: Checker,
): Verdict<Input, AdmitCode> {
  if (isHeld(state, set, vote)) return ignore('KNOWN', 'the vote is known')
  if (!isLeap(state, set, vote)) return ignore('TOO_MANY', 'this voter has been heard further on')
  if (!hasPlace(state, set, vote)) return ignore('TOO_MANY', 'enough votes of this voter are kept')
  return checkSeal(checker, set, vote) ?? accept({ type: 'vote', vote })
}

function isHeld(state: CoreState, set: ValidatorSet, vote: SignedVote): boolean {
  if (vote.height !== state.height) return state.future.votes.some((held) => isSame(held, vote))
  const index = set.indexes.get(vote.voter) ?? -1
  if (isKnownVote(state.votes, vote, index)) return true
  const ahead = state.ahead[index]
  return ahead !== undefined && ahead.some((held) => isSame(held, vote))
}

/** Asked before the seal is checked: what would change nothing costs its sender nothing, and us much. */
const hasPlace = (state: CoreState, set: ValidatorSet, vote: SignedVote): boolean =>
  vote.height === state.height
    ? takesVote(state, vote, set.indexes.get(vote.voter) ?? -1)
    : takesEarlyVote(state.future, vote)

/** Distances up to this are all taken: rounds that honest validators may be in. */
const nearRounds = 16

/**
 * Of rounds out of reach a voter's highest is kept and logged. Far ones must be half as far again as the
 * last: a flood through all rounds there are leaves some seventy votes of each voter, not two billion.
 */
function isLeap(
  state: CoreState,
  set: ValidatorSet,
  { height, voter, round }: SignedVote,
): boolean {
  const isNow = height === state.height
  const base = isNow ? state.round.round : 0
  const distance = round - base
  if (distance <= nearRounds) return true
  const own = state.future.votes.filter((vote) => vote.voter === voter)
  const highest = isNow
    ? (state.highest[set.indexes.get(voter) ?? -1] ?? -1)
    : own.reduce((most, vote) => Math.max(most, vote.round), 0)
  return round <= highest || distance >= (highest - base) * 1.5
}

const isSame = (a: SignedVote, b: SignedVote): boolean =>
  a.voter === b.voter && a.type === b.type && a.round === b.round && a.blockHash === b.blockHash

function admitProposal(
  state: CoreState,
  set: ValidatorSet,
  proposal: SignedProposal,
  options: AdmitOptions,
): Verdict<Input, AdmitCode> {
  const { height, round, validRound, proposer, partHashes } = proposal
  if (proposerOf(set, height, round) !== proposer)
    return reject('WRONG_PROPOSER', `it is not the turn of ${proposer}`)
  if (validRound >= round) return reject('BAD_VALID_ROUND', 'the valid round is not an earlier one')
  if (partHashes.length === 0 || partHashes.length > maxParts)
    return reject('BAD_PARTS', `a block has 1 to ${maxParts} parts, not ${partHashes.length}`)
  const isNow = height === state.height
  const held = isNow
    ? proposalsOf(state, round)
    : state.future.proposals.filter((other) => other.proposal.round === round)
  if (held.some((other) => other.proposal.seal === proposal.seal))
    return ignore('KNOWN', 'the proposal is known')
  if (!isNow && (round > maxFutureRound || held.length >= maxVariants))
    return ignore('TOO_MANY', 'enough proposals of the next height are kept')
  if (isNow && !takesProposal(state, proposal))
    return ignore('TOO_MANY', 'enough proposals of this round are kept, or it is far off')
  const refusal = checkSeal(options, set, proposal)
  return refusal ?? accept({ type: 'proposal', proposal, receivedAtMs: options.nowMs })
}

/** A part has no seal: the proposal names its hash. Before the proposal it can only be kept. */
function admitPart(state: CoreState, part: ProposalPart): Verdict<Input, AdmitCode> {
  if (part.bytes.length > partSizeBytes)
    return reject(
      'TOO_LARGE',
      `a part of ${part.bytes.length} bytes, the limit is ${partSizeBytes}`,
    )
  const block = part.height === state.height ? blockOf(state, part.partsHash) : undefined
  if (block === undefined) return admitEarlyPart(state, part)
  const hash = block.partHashes[part.index]
  if (hash === undefined || keccakHex(part.bytes) !== hash)
    return reject('BAD_PART', 'the proposal names another part')
  if (block.parts[part.index] !== undefined) return ignore('KNOWN', 'the part is known')
  return accept({ type: 'part', part })
}

/** A few are kept, and none of a stranger's pushes one out that a sealed proposal names. */
function admitEarlyPart(state: CoreState, part: ProposalPart): Verdict<Input, AdmitCode> {
  const isNow = part.height === state.height
  const held = isNow ? state.orphans : state.future.parts
  if (held.some(({ partsHash, index }) => partsHash === part.partsHash && index === part.index))
    return ignore('KNOWN', 'the part is known')
  const proposal = isNow ? undefined : namingProposal(state.future, part)
  const hash = proposal?.partHashes[part.index]
  if (proposal && (hash === undefined || keccakHex(part.bytes) !== hash))
    return reject('BAD_PART', 'the proposal names another part')
  const most = isNow ? maxOrphans : maxFutureParts
  const strays = proposal ? held.filter((other) => !namingProposal(state.future, other)) : []
  if (held.length >= most && strays.length === 0)
    return ignore('TOO_MANY', 'enough parts that come early are kept')
  return accept({ type: 'part', part })
}

/** A quorum we have seen ourselves is known; the votes of a round certificate may each be. */
function admitCertificate(
  state: CoreState,
  set: ValidatorSet,
  certificate: Certificate,
  checker: Checker,
): Verdict<Input, AdmitCode> {
  const isOld =
    certificate.height === state.height
      ? isKnown(state, set, certificate)
      : state.future.certificates.some((held) => isSameCertificate(held, certificate))
  if (isOld) return ignore('KNOWN', 'the certificate is known')
  return checkCertificate(checker, set, certificate) ?? accept({ type: 'certificate', certificate })
}

/** Other seals for the same statement say nothing new. */
const isSameCertificate = (a: Certificate, b: Certificate): boolean =>
  a.type === b.type &&
  a.round === b.round &&
  (a.type === 'round' || b.type === 'round' || a.blockHash === b.blockHash)

function isKnown(state: CoreState, set: ValidatorSet, certificate: Certificate): boolean {
  const { round } = certificate
  if (certificate.type === 'round')
    return (
      round <= state.round.round || certificate.votes.every((vote) => !hasPlace(state, set, vote))
    )
  const type = certificate.type === 'commit' ? 'precommit' : 'prevote'
  const { votes, validators } = state
  return (
    proofOf(votes, type, round) !== undefined ||
    hasQuorum(votes, validators, type, round, certificate.blockHash)
  )
}
