/**
 * The vocabulary of consensus: what validators say (votes, proposals, certificates), what the core is
 * told (inputs) and what it asks for (effects). Plain data, so that the write-ahead log can store
 * inputs and a simulator can read effects. No behaviour here.
 *
 * Heights are bigint (block numbers), rounds and milliseconds are numbers. A value is a block hash;
 * nil is `null`.
 */
import type { Address, Hex } from '../primitives/index.ts'
import type { ConsensusParams } from './params.ts'
import type { ValidatorSet } from './validator-set.ts'

/** Hash of the block voted for; `null` is nil: no block in this round. */
export type Value = Hex | null

export type VoteType = 'prevote' | 'precommit'

export type Vote = {
  readonly type: VoteType
  readonly height: bigint
  readonly round: number
  readonly blockHash: Value
  readonly voter: Address
}
/** A vote with its seal: r, s and v (27 or 28), 65 bytes over the vote's EIP-712 digest. */
export type SignedVote = Vote & { readonly seal: Hex }

/** What the proposer of (height, round) says: this block, locked since `validRound` (-1: fresh). */
export type Proposal = {
  readonly type: 'proposal'
  readonly height: bigint
  readonly round: number
  readonly validRound: number
  readonly blockHash: Hex
  /** keccak256 of each part of the block's bytes, in order (`splitBlock`). */
  readonly partHashes: readonly Hex[]
  readonly proposer: Address
}
export type SignedProposal = Proposal & { readonly seal: Hex }

/** A piece of the bytes of a proposed block. Its hash stands in the proposal. */
export type ProposalPart = {
  readonly type: 'part'
  readonly height: bigint
  /** Which proposal it belongs to: `partsHashOf(proposal.partHashes)`. */
  readonly partsHash: Hex
  readonly index: number
  readonly bytes: Uint8Array
}

/** One signer of a certificate: place in the validator set of the height, and seal. */
export type Seal = { readonly index: number; readonly seal: Hex }

/**
 * More than two thirds of the power said the same. `commit`: precommits for a block, which is then
 * final. `polka`: prevotes for a block. Seals in ascending order of index, so nobody counts twice.
 */
export type QuorumCertificate = CommitCertificate | PolkaCertificate
export type CommitCertificate = Sealed<'commit'>
export type PolkaCertificate = Sealed<'polka'>
type Sealed<type extends string> = {
  readonly type: type
  readonly height: bigint
  readonly round: number
  readonly blockHash: Hex
  readonly seals: readonly Seal[]
}

/**
 * Why one may be in `round`: more than a third of the power votes in it or later, or more than two
 * thirds have precommitted, whatever, in the round before.
 */
export type RoundCertificate = {
  readonly type: 'round'
  readonly height: bigint
  readonly round: number
  /** One of a validator, in ascending order of its index in the set. */
  readonly votes: readonly SignedVote[]
}
export type Certificate = QuorumCertificate | RoundCertificate

/** What validators send each other. Each has one schema in codec.ts. */
export type Message = SignedVote | SignedProposal | ProposalPart | Certificate

/** Two different statements of one validator for one (height, round, type). */
export type Evidence =
  | { readonly type: 'double-vote'; readonly first: SignedVote; readonly second: SignedVote }
  | {
      readonly type: 'double-proposal'
      readonly first: SignedProposal
      readonly second: SignedProposal
    }

/** `rebroadcast` repeats what was said while a round hangs; the others are the paper's. */
export type TimeoutKind = 'propose' | 'prevote' | 'precommit' | 'rebroadcast'
export type Timeout = {
  readonly kind: TimeoutKind
  readonly height: bigint
  readonly round: number
}

/** What the application found in a block's bytes. Depends on the bytes and the parent only. */
export type BlockVerdict =
  | { readonly valid: true; readonly blockHash: Hex; readonly timeMs: number }
  /** `blockHash` is null where the bytes are no block at all. */
  | { readonly valid: false; readonly blockHash: Value; readonly reason: string }

/**
 * What the core is told. Foreign messages pass `admit` first (signature, sender, sizes); the core
 * trusts what it is given. Each is logged before it is applied, own messages too.
 */
export type Input =
  /** A height begins. Both sets are fixed before it does: `nextValidators` is the set of height + 1. */
  | {
      readonly type: 'start'
      readonly height: bigint
      readonly validators: ValidatorSet
      readonly nextValidators: ValidatorSet
    }
  /** `receivedAtMs`: own clock when it came in, for the check of the block's time. */
  | {
      readonly type: 'proposal'
      readonly proposal: SignedProposal
      readonly receivedAtMs: number
    }
  | { readonly type: 'part'; readonly part: ProposalPart }
  | { readonly type: 'vote'; readonly vote: SignedVote }
  | { readonly type: 'certificate'; readonly certificate: Certificate }
  | { readonly type: 'timeout'; readonly timeout: Timeout }
  /** Answer to the effect `propose`. */
  | {
      readonly type: 'proposed'
      readonly height: bigint
      readonly round: number
      readonly blockHash: Hex
      readonly timeMs: number
      readonly block: Uint8Array
    }
  /** Answer to the effect `validate`. */
  | {
      readonly type: 'validated'
      readonly height: bigint
      readonly partsHash: Hex
      readonly verdict: BlockVerdict
    }
  /** A decided block from a peer. Consensus decides it like any other. */
  | {
      readonly type: 'synced'
      readonly certificate: CommitCertificate
      readonly block: Uint8Array
    }

/** What the core asks for. Effects that answer do so by an input; nothing returns a value. */
export type Effect =
  /** Build a block for this height; answer with `proposed` before the propose timeout. */
  | { readonly type: 'propose'; readonly height: bigint; readonly round: number }
  /** Sign through the guard, log, and give back as input `vote` or `proposal`. */
  | { readonly type: 'sign'; readonly message: Vote | Proposal }
  /** Send to all validators; only after everything logged so far is on disk. */
  | { readonly type: 'broadcast'; readonly message: Message }
  /** Give back `timeout` as input after `delayMs`. Stale ones are harmless, cancelling is optional. */
  | { readonly type: 'schedule'; readonly timeout: Timeout; readonly delayMs: number }
  /** Execute and judge a block whose parts are all there; answer with `validated`. */
  | {
      readonly type: 'validate'
      readonly height: bigint
      readonly round: number
      readonly partsHash: Hex
      readonly block: Uint8Array
    }
  /** Final: commit block and certificate, then, when the next block is due, input `start`. */
  | {
      readonly type: 'decide'
      readonly height: bigint
      readonly round: number
      readonly blockHash: Hex
      readonly block: Uint8Array
      readonly certificate: CommitCertificate
    }
  /** Somebody can be slashed for this. */
  | { readonly type: 'evidence'; readonly evidence: Evidence }
  /** A quorum decided what we hold invalid: this node, or more than a third of the power, is broken. */
  | { readonly type: 'halt'; readonly height: bigint; readonly reason: string }

/** How a core is made. */
export type CoreOptions = {
  /** Own address; undefined for a node that only follows. */
  readonly self: Address | undefined
  readonly params: ConsensusParams
  /** Height of the last committed block; 0n after genesis. */
  readonly lastHeight: bigint
  /** Set of height lastHeight + 1, for messages that come before its `start`. */
  readonly nextValidators: ValidatorSet
}
