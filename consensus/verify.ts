/**
 * Is it true what a seal, a certificate or a piece of evidence says? Every seal is checked, and power
 * is counted against the set of that height; there is no light form. Knows no state of the core.
 */
import {
  accept,
  type Address,
  type Hex,
  reject,
  type Refusal,
  type Secp256k1,
  type Verdict,
} from '../primitives/index.ts'
import { powerOfVoters, sealedVotes } from './certificate.ts'
import { createDigests, type Digests, sealSigner, type SigningDomain } from './digest.ts'
import type {
  Certificate,
  CommitCertificate,
  Evidence,
  QuorumCertificate,
  RoundCertificate,
  SignedProposal,
  SignedVote,
} from './types.ts'
import { isQuorum, isSkip, powerOf, type ValidatorSet } from './validator-set.ts'

/** What checking takes: the digests of the chain, and who made a seal. */
export type Checker = {
  readonly digests: Digests
  readonly signerOf: (digest: Uint8Array, seal: Hex) => Address | undefined
}

export const createChecker = (domain: SigningDomain, curve: Secp256k1): Checker => ({
  digests: createDigests(domain),
  signerOf: (digest, seal) => sealSigner(curve, digest, seal),
})

export type SealCode = 'NOT_A_VALIDATOR' | 'BAD_SEAL'
export type CertificateCode = SealCode | 'BAD_SIGNERS' | 'NO_QUORUM'

/** Undefined: the seal is the voter's or proposer's, who is in the set. */
export function checkSeal(
  { digests, signerOf }: Checker,
  set: ValidatorSet,
  message: SignedVote | SignedProposal,
): Refusal<SealCode> | undefined {
  const signer = message.type === 'proposal' ? message.proposer : message.voter
  if (!set.indexes.has(signer))
    return reject('NOT_A_VALIDATOR', `${signer} is not in the validator set`, { signer })
  const made = signerOf(digests.of(message, set.hash), message.seal)
  if (made === signer) return undefined
  return reject('BAD_SEAL', `the seal is not of ${signer} for this chain and set`, { signer })
}

/** A certificate in full: distinct signers in order, every seal, enough power. */
export const checkCertificate = (
  checker: Checker,
  set: ValidatorSet,
  certificate: Certificate,
): Refusal<CertificateCode> | undefined =>
  certificate.type === 'round'
    ? checkRound(checker, set, certificate)
    : checkQuorum(checker, set, certificate)

function checkQuorum(
  checker: Checker,
  set: ValidatorSet,
  certificate: QuorumCertificate,
): Refusal<CertificateCode> | undefined {
  const indexes = certificate.seals.map(({ index }) => index)
  if (!isAscending(indexes) || (indexes.at(-1) ?? 0) >= set.validators.length)
    return reject('BAD_SIGNERS', 'signers are not distinct members of the set in its order')
  const power = indexes.reduce((sum, index) => sum + powerOf(set, index), 0n)
  if (!isQuorum(set, power))
    return reject('NO_QUORUM', 'the signers have no more than two thirds of the power', { power })
  return firstBadSeal(checker, set, sealedVotes(certificate, set))
}

function checkRound(
  checker: Checker,
  set: ValidatorSet,
  certificate: RoundCertificate,
): Refusal<CertificateCode> | undefined {
  const { height, round, votes } = certificate
  const indexes = votes.map(({ voter }) => set.indexes.get(voter) ?? -1)
  if (!isAscending(indexes) || votes.some((vote) => vote.height !== height))
    return reject('BAD_SIGNERS', 'voters are not distinct members of the set in its order')
  const power = powerOfVoters(set, votes)
  const isEnded =
    isQuorum(set, power) &&
    votes.every((vote) => vote.type === 'precommit' && vote.round === round - 1)
  const isEntered = isSkip(set, power) && votes.every((vote) => vote.round >= round)
  if (!isEnded && !isEntered)
    return reject('NO_QUORUM', `the votes do not show that round ${round} has begun`, { power })
  return firstBadSeal(checker, set, votes)
}

const isAscending = (indexes: readonly number[]): boolean =>
  indexes.every((index, at) => index >= 0 && index > (indexes[at - 1] ?? -1))

function firstBadSeal(
  checker: Checker,
  set: ValidatorSet,
  votes: readonly SignedVote[],
): Refusal<SealCode> | undefined {
  for (const vote of votes) {
    const refusal = checkSeal(checker, set, vote)
    if (refusal) return refusal
  }
  return undefined
}

/** For who holds a block and its certificate: sync, RPC, the block store. */
export function verifyCommit(
  checker: Checker,
  set: ValidatorSet,
  certificate: CommitCertificate,
): Verdict<CommitCertificate, CertificateCode> {
  return checkQuorum(checker, set, certificate) ?? accept(certificate)
}

/** Do the two statements exclude each other, and did one validator make both? */
export function verifyEvidence(
  checker: Checker,
  set: ValidatorSet,
  evidence: Evidence,
): Verdict<Evidence, SealCode | 'NO_CONFLICT'> {
  const { first, second } = evidence
  const isConflict =
    first.type === second.type &&
    first.height === second.height &&
    first.round === second.round &&
    (evidence.type === 'double-vote' ? isOtherVote(evidence) : isOtherProposal(evidence))
  if (!isConflict) return reject('NO_CONFLICT', 'the two may be said by one honest validator')
  return checkSeal(checker, set, first) ?? checkSeal(checker, set, second) ?? accept(evidence)
}

const isOtherVote = ({ first, second }: Extract<Evidence, { type: 'double-vote' }>): boolean =>
  first.voter === second.voter && first.blockHash !== second.blockHash

const isOtherProposal = ({
  first,
  second,
}: Extract<Evidence, { type: 'double-proposal' }>): boolean =>
  first.proposer === second.proposer &&
  (first.blockHash !== second.blockHash ||
    first.validRound !== second.validRound ||
    first.partHashes.join() !== second.partHashes.join())
