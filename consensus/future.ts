/**
 * Messages of the next height that come while this one is not finished. One height ahead and no
 * further, so many of each validator and no more: who is behind further than that syncs.
 */
import { assertNever } from '../primitives/index.ts'
import { partsHashOf } from './parts.ts'
import type { Certificate, Input, ProposalPart, SignedVote } from './types.ts'
import type { ValidatorSet } from './validator-set.ts'

type ProposalInput = Extract<Input, { type: 'proposal' }>
export type Future = {
  readonly votes: readonly SignedVote[]
  readonly certificates: readonly Certificate[]
  readonly proposals: readonly ProposalInput[]
  readonly parts: readonly ProposalPart[]
}

/** Of each validator: two votes of the two highest rounds it has voted in. */
const maxVotes = 4
/** Newer push out older: the next height's latest news count. */
const maxCertificates = 8
const maxProposals = 4
/** 2 MiB; a larger block waits for the rebroadcast. */
export const maxFutureParts = 32
/** Later rounds of it are proposed again when it has begun. Two variants of each fill `maxProposals`. */
export const maxFutureRound = 1

export const emptyFuture: Future = { votes: [], certificates: [], proposals: [], parts: [] }

/** Keeps a message of the next height; undefined when it is not one that is kept, or changes nothing. */
export function addFuture(future: Future, set: ValidatorSet, input: Input): Future | undefined {
  switch (input.type) {
    case 'vote':
      return set.indexes.has(input.vote.voter) && takesVote(future, input.vote)
        ? changeFuture(future, { votes: addVote(future.votes, input.vote) })
        : undefined
    case 'certificate':
      return changeFuture(future, {
        certificates: push(future.certificates, input.certificate, maxCertificates),
      })
    case 'proposal':
      return changeFuture(future, { proposals: push(future.proposals, input, maxProposals) })
    case 'part': {
      const parts = addPart(future, input.part)
      return parts === future.parts ? undefined : changeFuture(future, { parts })
    }
    case 'start':
    case 'timeout':
    case 'proposed':
    case 'validated':
    case 'synced':
      return undefined
    default:
      return assertNever(input)
  }
}

/** Spelled out for the reason given at `change` in state.ts. */
const changeFuture = (
  { votes, certificates, proposals, parts }: Future,
  changes: Partial<Future>,
): Future =>
  Object.assign<Future, Partial<Future>>({ votes, certificates, proposals, parts }, changes)

/** What is kept, as it was told: for the log of the height it belongs to. */
export const futureInputs = ({
  votes,
  certificates,
  proposals,
  parts,
}: Future): readonly Input[] => [
  ...proposals,
  ...parts.map((part) => ({ type: 'part', part }) as const),
  ...votes.map((vote) => ({ type: 'vote', vote }) as const),
  ...certificates.map((certificate) => ({ type: 'certificate', certificate }) as const),
]

const push = <item>(list: readonly item[], added: item, max: number): readonly item[] =>
  [...list, added].slice(-max)

/** The proposal that names the block of a part; it is sealed, so the part is no stranger's. */
export const namingProposal = (
  { proposals }: Future,
  { partsHash }: ProposalPart,
): ProposalInput['proposal'] | undefined =>
  proposals.find(({ proposal }) => partsHashOf(proposal.partHashes) === partsHash)?.proposal

/** Where there is no place, a named part takes that of one that nobody has signed for. */
function addPart(future: Future, part: ProposalPart): readonly ProposalPart[] {
  const { parts } = future
  if (parts.length < maxFutureParts) return [...parts, part]
  const stray = parts.findIndex((held) => namingProposal(future, held) === undefined)
  const isNamed = namingProposal(future, part) !== undefined
  return isNamed && stray >= 0 ? [...parts.toSpliced(stray, 1), part] : parts
}

/** A voter's lowest round makes place for a higher one; a lower one than all finds none. */
function addVote(votes: readonly SignedVote[], vote: SignedVote): readonly SignedVote[] {
  const own = votes.filter(({ voter }) => voter === vote.voter)
  if (own.some((other) => isSameVote(other, vote))) return votes
  if (own.length < maxVotes) return [...votes, vote]
  const lowest = own.reduce((low, other) => (other.round < low.round ? other : low))
  if (vote.round <= lowest.round) return votes
  return [...votes.filter((other) => other !== lowest), vote]
}

/** Is there a place for a vote of the next height? */
export const takesVote = ({ votes }: Future, vote: SignedVote): boolean =>
  addVote(votes, vote) !== votes

const isSameVote = (a: SignedVote, b: SignedVote): boolean =>
  a.round === b.round && a.type === b.type && a.blockHash === b.blockHash
