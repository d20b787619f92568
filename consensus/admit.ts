/**
 * The door for messages of others: height, sender, seal, and whether we have it already, the cheap
 * questions first. Answers with an input for the core or with a verdict that says what the sender
 * deserves. Changes nothing; a message refused here leaves no trace.
 */
import {
  accept,
  assertNever,
  ignore,
  keccakHex,
  reject,
  type Refusal,
  type Verdict,
} from '../primitives/index.ts'
import { maxBlockBytes, maxParts, partSizeBytes } from './parts.ts'
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

export type AdmitOptions = Checker & { readonly nowMs: number }

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

/** A block and its certificate that a peer was asked for. */
export function admitSynced(
  state: CoreState,
  certificate: CommitCertificate,
  block: Uint8Array,
  checker: Checker,
): Verdict<Input, AdmitCode> {
  const set = setOf(state, certificate.height)
  if ('code' in set) return set
  if (certificate.height !== state.height)
    return ignore('HEIGHT_FUTURE', 'the height has not started')
  if (block.length > maxBlockBytes)
    return reject('TOO_LARGE', `a block of ${block.length} bytes, the limit is ${maxBlockBytes}`)
  const refusal = checkCertificate(checker, set, certificate)
  return refusal ?? accept({ type: 'synced', certificate, block })
}

/** The set that votes at `height`, if it is one we listen to: this, or the next. */
function setOf(state: CoreState, height: bigint): ValidatorSet | Refusal<AdmitCode> {
  const isPast = height < state.height || (height === state.height && isDecided(state))
  if (isPast) return ignore('HEIGHT_PAST', `height ${height.toString()} is decided`)
  if (height === state.height) return state.validators
  if (height === state.height + 1n) return state.nextValidators
  return ignore('HEIGHT_FUTURE', `height ${height.toString()} is too far ahead`)
}

function admitVote(
  state: CoreState,
  set: ValidatorSet,
  vote: SignedVote,
  checker: Checker,
): Verdict<Input, AdmitCode> {
  if (isHeld(state, set, vote)) return ignore('KNOWN', 'the vote is known')
  return checkSeal(checker, set, vote) ?? accept({ type: 'vote', vote })
}

function isHeld(state: CoreState, set: ValidatorSet, vote: SignedVote): boolean {
  if (vote.height !== state.height) return state.future.votes.some((held) => isSame(held, vote))
  const index = set.indexes.get(vote.voter) ?? -1
  const ahead = state.ahead[index] ?? []
  return isKnownVote(state.votes, vote, index) || ahead.some((held) => isSame(held, vote))
}

const isSame = (a: SignedVote, b: SignedVote): boolean =>
  a.voter === b.voter && a.type === b.type && a.round === b.round && a.blockHash === b.blockHash

function admitProposal(
  state: CoreState,
  set: ValidatorSet,
  proposal: SignedProposal,
  { nowMs, ...checker }: AdmitOptions,
): Verdict<Input, AdmitCode> {
  const { height, round, validRound, proposer, partHashes } = proposal
  if (proposerOf(set, height, round) !== proposer)
    return reject('WRONG_PROPOSER', `it is not the turn of ${proposer}`)
  if (validRound >= round) return reject('BAD_VALID_ROUND', 'the valid round is not an earlier one')
  if (partHashes.length === 0 || partHashes.length > maxParts)
    return reject('BAD_PARTS', `a block has 1 to ${maxParts} parts, not ${partHashes.length}`)
  const held = height === state.height ? proposalsOf(state, round) : []
  if (held.some((other) => other.proposal.seal === proposal.seal))
    return ignore('KNOWN', 'the proposal is known')
  const refusal = checkSeal(checker, set, proposal)
  return refusal ?? accept({ type: 'proposal', proposal, receivedAtMs: nowMs })
}

/** A part has no seal: the proposal names its hash. Before the proposal it can only be kept. */
function admitPart(state: CoreState, part: ProposalPart): Verdict<Input, AdmitCode> {
  if (part.bytes.length > partSizeBytes)
    return reject(
      'TOO_LARGE',
      `a part of ${part.bytes.length} bytes, the limit is ${partSizeBytes}`,
    )
  const block = part.height === state.height ? blockOf(state, part.partsHash) : undefined
  if (block === undefined) return accept({ type: 'part', part })
  const hash = block.partHashes[part.index]
  if (hash === undefined || keccakHex(part.bytes) !== hash)
    return reject('BAD_PART', 'the proposal names another part')
  if (block.parts[part.index] !== undefined) return ignore('KNOWN', 'the part is known')
  return accept({ type: 'part', part })
}

/** A quorum we have seen ourselves is known; the votes of a round certificate may each be. */
function admitCertificate(
  state: CoreState,
  set: ValidatorSet,
  certificate: Certificate,
  checker: Checker,
): Verdict<Input, AdmitCode> {
  if (certificate.height === state.height && isKnown(state, certificate))
    return ignore('KNOWN', 'the certificate is known')
  return checkCertificate(checker, set, certificate) ?? accept({ type: 'certificate', certificate })
}

function isKnown(state: CoreState, certificate: Certificate): boolean {
  const { round } = certificate
  if (certificate.type === 'round') return round <= state.round.round
  const type = certificate.type === 'commit' ? 'precommit' : 'prevote'
  const { votes, validators } = state
  return (
    proofOf(votes, type, round) !== undefined ||
    hasQuorum(votes, validators, type, round, certificate.blockHash)
  )
}
