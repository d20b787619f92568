/**
 * Tendermint (arXiv 1807.04938) as a pure function over heights: `apply(state, input)` gives the next
 * state and the effects to perform. No clock, no keys, no disk, no network: the engine performs.
 */
export { admit, type AdmitCode, type AdmitOptions, admitSynced } from './admit.ts'
export {
  certificateCodec,
  commitCodec,
  evidenceCodec,
  inputCodec,
  maxRound,
  messageCodec,
  partCodec,
  proposalCodec,
  voteCodec,
} from './codec.ts'
export { apply, heightOf } from './core.ts'
export { createDigests, type Digests, sealSigner, type SigningDomain, toSeal } from './digest.ts'
export { type ConsensusParams, defaultParams, isTimely, timeoutMs } from './params.ts'
export { maxBlockBytes, maxParts, partSizeBytes, partsHashOf, splitBlock } from './parts.ts'
export { resume } from './repeat.ts'
export { type CoreState, initialState, type StepResult } from './state.ts'
export type {
  BlockVerdict,
  Certificate,
  CommitCertificate,
  CoreOptions,
  Effect,
  Evidence,
  Input,
  Message,
  PolkaCertificate,
  Proposal,
  ProposalPart,
  QuorumCertificate,
  RoundCertificate,
  Seal,
  SignedProposal,
  SignedVote,
  Timeout,
  TimeoutKind,
  Value,
  Vote,
  VoteType,
} from './types.ts'
export {
  createValidatorSet,
  isQuorum,
  isSkip,
  maxPower,
  maxValidators,
  powerOf,
  proposerOf,
  type Validator,
  type ValidatorSet,
} from './validator-set.ts'
export {
  type CertificateCode,
  type Checker,
  createChecker,
  verifyCommit,
  verifyEvidence,
} from './verify.ts'
export { decodePacket, encodePacket, maxPacketBytes, type Packet } from './wire.ts'
export { createEngine, type Engine } from './engine.ts'
export type { EngineOptions, EnginePorts } from './work.ts'
export type {
  App,
  Decision,
  Lane,
  Network,
  NextHeight,
  Observer,
  PeerId,
  ProposedBlock,
  Signer,
  Statement,
  Wal,
} from './ports.ts'
