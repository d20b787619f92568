/**
 * Tendermint (arXiv 1807.04938) as a pure function over heights: `apply(state, input)` gives the next
 * state and the effects to perform. No clock, no keys, no disk, no network: the engine performs.
 */
export { apply, heightOf } from './core.ts'
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
