/**
 * Messages of the current height into the core's memory: votes to the keeper, proposals and parts
 * to their block, certificates taken apart. Bounds what faulty validators can make us hold, and
 * reports their double statements. Fires no rule; `rules.ts` does.
 */
import type { Hex } from '../primitives/index.ts'
import { quorumCertificate, sealedVotes } from './certificate.ts'
import { replaceAt } from './lists.ts'
import { addPart, announcedBlock, type HeldBlock, joinParts, partsHashOf } from './parts.ts'
import {
  blockOf,
  change,
  type CoreState,
  type HeldProposal,
  proposalsOf,
  type StepResult,
} from './state.ts'
import type {
  Certificate,
  Effect,
  Proposal,
  ProposalPart,
  SignedProposal,
  SignedVote,
  Vote,
} from './types.ts'
import { proposerOf } from './validator-set.ts'
import { addProof, countVote, hasQuorum, isKnownVote, maxConflicts, voteOf } from './vote-keeper.ts'

/** Two different proposals of one proposer in a round are proof enough; a third needs a polka. */
export const maxVariants = 2
/** With a polka any number of them could name its block, and bytes of 8 MiB each that are not it. */
const maxProved = 4
/** 1 MiB of parts that came before their proposal; the rest comes with the rebroadcast. */
export const maxOrphans = 16

/** `isQuiet`: no threshold was passed, so no rule can have become enabled. */
type Recorded = StepResult & { readonly isQuiet?: boolean }

/** Votes of this round and the next are counted; of later ones only each validator's highest kept. */
export function recordVote(state: CoreState, vote: SignedVote): Recorded {
  const index = state.validators.indexes.get(vote.voter)
  if (index === undefined) return { state, effects: [], isQuiet: true }
  const before = state.highest[index] ?? -1
  const seen =
    vote.round > before
      ? change(state, { highest: replaceAt(state.highest, index, vote.round) })
      : state
  if (vote.round > state.round.round + 1) return recordAhead(seen, vote, index)
  const isFirst = voteOf(state.votes, vote.type, vote.round, index) === undefined
  const current = state.round.round
  const { keeper, conflict, threshold } = countVote(state.votes, state.validators, vote, current)
  const next = keeper === state.votes ? seen : change(seen, { votes: keeper })
  const isQuiet = threshold === undefined && vote.round <= current
  if (conflict) return { state: next, effects: [doubleVote(conflict, vote)], isQuiet }
  if (!isFirst || vote.voter !== state.self) return { state: next, effects: [], isQuiet }
  return { state: signed(next, vote), effects: [{ type: 'broadcast', message: vote }], isQuiet }
}

function recordAhead(state: CoreState, vote: SignedVote, index: number): StepResult {
  const kept = addAhead(state.ahead[index] ?? [], vote)
  if (kept === undefined) return { state, effects: [] }
  const first = kept.find(({ type }) => type === vote.type)
  const effects = first !== undefined && first !== vote ? [doubleVote(first, vote)] : []
  return { state: change(state, { ahead: replaceAt(state.ahead, index, kept) }), effects }
}

/** A voter's highest round, of each type the first vote and what contradicts it; undefined: not kept. */
function addAhead(
  held: readonly SignedVote[],
  vote: SignedVote,
): readonly SignedVote[] | undefined {
  const kept = held.filter(({ round }) => round >= vote.round)
  if (kept.some(({ round }) => round > vote.round)) return undefined
  const others = kept.filter(({ type }) => type === vote.type)
  const isKnown = others.some(({ blockHash }) => blockHash === vote.blockHash)
  return isKnown || others.length > maxConflicts ? undefined : [...kept, vote]
}

/** Would a vote of this height be counted, or kept until its round is within reach? */
export const takesVote = (state: CoreState, vote: SignedVote, index: number): boolean =>
  vote.round <= state.round.round + 1
    ? !isKnownVote(state.votes, vote, index)
    : addAhead(state.ahead[index] ?? [], vote) !== undefined

/** Counts what was kept of rounds now within reach. */
export function recordReached(state: CoreState): StepResult {
  if (state.ahead.every(({ length }) => length === 0)) return { state, effects: [] }
  const reach = state.round.round + 1
  const isReached = ({ round }: SignedVote): boolean => round <= reach
  const reached = state.ahead.flatMap((votes) => votes.filter(isReached))
  const ahead = state.ahead.map((votes) => votes.filter((vote) => !isReached(vote)))
  return recordAll(change(state, { ahead }), reached, recordVote)
}

const doubleVote = (first: SignedVote, second: SignedVote): Effect => ({
  type: 'evidence',
  evidence: { type: 'double-vote', first, second },
})

/** What we asked to be signed has come back. */
const signed = (state: CoreState, message: Vote | Proposal): CoreState =>
  change(state, {
    unsigned: state.unsigned.filter(
      ({ type, round }) => type !== message.type || round !== message.round,
    ),
  })

export function recordAll<item>(
  state: CoreState,
  items: readonly item[],
  recordOne: (state: CoreState, item: item) => StepResult,
): StepResult {
  let result: StepResult = { state, effects: [] }
  for (const item of items) {
    const next = recordOne(result.state, item)
    result = { state: next.state, effects: [...result.effects, ...next.effects] }
  }
  return result
}

/** Counts the votes in a certificate, and keeps a quorum as what it is. */
export function recordCertificate(state: CoreState, certificate: Certificate): StepResult {
  if (certificate.type === 'round') return recordAll(state, certificate.votes, recordVote)
  const votes = addProof(state.votes, certificate)
  const proved = votes === state.votes ? state : change(state, { votes })
  return recordAll(proved, sealedVotes(certificate, state.validators), recordVote)
}

/** A proposal of this round, an earlier or the next, from whose turn it is. */
export function recordProposal(
  state: CoreState,
  proposal: SignedProposal,
  receivedAtMs: number,
): StepResult {
  const { round, validRound, proposer } = proposal
  const isOurs = proposerOf(state.validators, state.height, round) === proposer
  const isNear = isInReach(state, round)
  if (!isOurs || !isNear || validRound < -1 || validRound >= round) return { state, effects: [] }
  const partsHash = partsHashOf(proposal.partHashes)
  const others = proposalsOf(state, round)
  if (others.some((other) => isSame(other, proposal, partsHash))) return { state, effects: [] }
  const effects = others.length === 1 ? doubleProposal(others, proposal) : []
  if (!takesProposal(state, proposal)) return { state, effects }
  const held = { proposal, partsHash, receivedAtMs }
  const known = change(state, { proposals: [...state.proposals, held] })
  const next = announce(known, proposal, partsHash)
  if (proposer !== state.self || others.length > 0)
    return { state: next.state, effects: [...effects, ...next.effects] }
  const sends = proposalMessages(next.state, held)
  return { state: signed(next.state, proposal), effects: [...sends, ...next.effects] }
}

const isInReach = (state: CoreState, round: number): boolean =>
  round >= 0 && round <= state.round.round + 1

/** Is there a place for a proposal that we do not have? */
export function takesProposal(state: CoreState, proposal: Proposal): boolean {
  const { length } = proposalsOf(state, proposal.round)
  const isProvedOne = length < maxProved && isProved(state, proposal)
  return isInReach(state, proposal.round) && (length < maxVariants || isProvedOne)
}

const isSame = (other: HeldProposal, proposal: SignedProposal, partsHash: Hex): boolean =>
  other.proposal.blockHash === proposal.blockHash &&
  other.proposal.validRound === proposal.validRound &&
  other.partsHash === partsHash

const isProved = ({ votes, validators }: CoreState, { round, blockHash }: Proposal): boolean =>
  hasQuorum(votes, validators, 'prevote', round, blockHash) ||
  hasQuorum(votes, validators, 'precommit', round, blockHash)

const doubleProposal = (
  [first]: readonly HeldProposal[],
  second: SignedProposal,
): readonly Effect[] =>
  first
    ? [
        {
          type: 'evidence',
          evidence: { type: 'double-proposal', first: first.proposal, second },
        },
      ]
    : []

/** Makes a place for the block's parts and puts in those that came too early. */
function announce(state: CoreState, { partHashes }: Proposal, partsHash: Hex): StepResult {
  if (blockOf(state, partsHash)) return { state, effects: [] }
  const early = state.orphans.filter((part) => part.partsHash === partsHash)
  const orphans = state.orphans.filter((part) => part.partsHash !== partsHash)
  const blocks = [...state.blocks, announcedBlock(partHashes)]
  return recordAll(change(state, { orphans, blocks }), early, recordPart)
}

/** The last missing part of a block makes it ready to be validated. */
export function recordPart(state: CoreState, part: ProposalPart): StepResult {
  const block = blockOf(state, part.partsHash)
  if (block === undefined) {
    const isKnown = state.orphans.some(
      ({ partsHash, index }) => partsHash === part.partsHash && index === part.index,
    )
    if (isKnown) return { state, effects: [] }
    const orphans = [...state.orphans, part].slice(-maxOrphans)
    return { state: change(state, { orphans }), effects: [] }
  }
  const filled = addPart(block, part)
  return filled === block ? { state, effects: [] } : keepBlock(state, filled)
}

/** Puts a block in the place of its earlier self; asks for a verdict when it is whole. */
export function keepBlock(state: CoreState, block: HeldBlock): StepResult {
  const others = state.blocks.filter(({ partsHash }) => partsHash !== block.partsHash)
  const next = change(state, { blocks: [...others, block] })
  const isReady = block.missing === 0 && block.verdict === undefined
  return { state: next, effects: isReady ? [validation(next, block)] : [] }
}

export const validation = (state: CoreState, block: HeldBlock): Effect => ({
  type: 'validate',
  height: state.height,
  round: state.round.round,
  partsHash: block.partsHash,
  block: joinParts(block),
})

/** A proposal as it is sent: the polka it rests on, itself, its parts. */
export function proposalMessages(
  state: CoreState,
  { proposal, partsHash }: HeldProposal,
): readonly Effect[] {
  const { height, validRound, blockHash } = proposal
  const polka = quorumCertificate(state, 'polka', validRound, blockHash)
  const parts = (blockOf(state, partsHash)?.parts ?? []).flatMap((bytes, index) =>
    bytes ? [{ type: 'part', height, partsHash, index, bytes } as const] : [],
  )
  const messages = [...(polka ? [polka] : []), proposal, ...parts]
  return messages.map((message) => ({ type: 'broadcast', message }))
}
