/** Consensus as the simulator runs it: quick rounds, so that much happens in two minutes. */
import { type ConsensusParams, defaultParams } from '../../consensus/index.ts'

export const simParams: ConsensusParams = {
  ...defaultParams,
  proposeMs: 1_000,
  prevoteMs: 500,
  precommitMs: 500,
  proposeDeltaMs: 250,
  prevoteDeltaMs: 250,
  precommitDeltaMs: 250,
  maxTimeoutMs: 8_000,
  rebroadcastMs: 1_000,
}
