/**
 * What the engine needs from outside, as ports: an application that has blocks, a key behind its
 * guard, a log that survives, a network and a clock (primitives). The node fulfils them with disks
 * and sockets, the simulator with dice. No behaviour here.
 */
import type { Address, Hex, Refusal, Verdict } from '../primitives/index.ts'
import type { BlockVerdict, CommitCertificate, Evidence } from './types.ts'
import type { ValidatorSet } from './validator-set.ts'

/** The height after the last committed block. */
export interface NextHeight {
  readonly height: bigint
  readonly validators: ValidatorSet
  readonly nextValidators: ValidatorSet
  /** When its first round is to begin, on the own clock; in the past: at once. */
  readonly dueMs: number
}

export interface ProposedBlock {
  readonly blockHash: Hex
  readonly timeMs: number
  readonly block: Uint8Array
}

/** A final block and why it is. */
export interface Decision {
  readonly certificate: CommitCertificate
  readonly block: Uint8Array
}

/** The chain. Keeps results of execution by block hash, so that nothing is executed twice. */
export interface App {
  next(): NextHeight
  propose(height: bigint, round: number): Promise<ProposedBlock>
  /**
   * The hash of the block that these bytes are, its body being the one its header names; undefined: no
   * block. Executes nothing.
   */
  readonly identify: (block: Uint8Array) => Hex | undefined
  /** Never rejects a promise for what a block holds: that is a verdict. */
  validate(height: bigint, block: Uint8Array): Promise<BlockVerdict>
  /** Block, certificate and state in one atomic batch, on disk when the promise resolves. */
  commit(decision: Decision): Promise<void>
  /** A committed block for a peer that lags; undefined when it is not kept. */
  decision(height: bigint): Decision | undefined
}

/** One thing a validator says once: two for one (height, round, step) are slashed. */
export interface Statement {
  readonly height: bigint
  readonly round: number
  readonly step: 'proposal' | 'prevote' | 'precommit'
  readonly digest: Hex
}

export interface Signer {
  readonly address: Address
  /** What was signed last, of whatever height; undefined: nothing yet. */
  last(): Statement | undefined
  /** Signs nothing at `height` and below any more, in later lives neither. */
  raise(height: bigint): void
  /** The chain has a seal of this key at `height`. Throws when that is news: the key signs elsewhere too. */
  confirm(height: bigint): void
  /** The seal is on disk before it is released; the same statement gets the same seal. */
  sign(statement: Statement): Verdict<Hex>
}

export interface Wal {
  /** Opens the log of a height and answers what it holds. */
  begin(height: bigint): readonly Uint8Array[]
  append(record: Uint8Array): void
  /** Returns when all that was appended is on disk. */
  flush(): void
}

/** Peer as the network names it; only ever given back to the network. */
export type PeerId = string

/** What is more urgent overtakes: votes, then certificates, then blocks and their parts. */
export type Lane = 'vote' | 'certificate' | 'block'

export interface Network {
  /** To every peer. Loses, delays and doubles as networks do. */
  broadcast(message: Uint8Array, lane: Lane): void
  send(peer: PeerId, message: Uint8Array, lane: Lane): void
  /** The verdict is for the peer's score. */
  listen(receive: (message: Uint8Array, from: PeerId) => Verdict<undefined>): void
}

/** For logs, metrics and the staking module; the engine does not wait for them. */
export interface Observer {
  onDecided?(decision: Decision, tookMs: number): void
  onEvidence?(evidence: Evidence): void
  onRefused?(refusal: Refusal, from: PeerId): void
}
