/** Consensus as the simulator runs it: quick rounds, so that much happens in two minutes. */
import { type ConsensusParams, defaultParams, timeoutMs } from '../../consensus/index.ts'

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

/** As in the node, what is said again is said once a block, of slow blocks more often. */
export const paramsAt = (blockTimeMs: number): ConsensusParams => ({
  ...simParams,
  rebroadcastMs: Math.min(blockTimeMs, 2_000),
})

/** What the timeouts of so many rounds come to. */
export function roundsMs(params: ConsensusParams, rounds: number): number {
  let ms = 0
  for (let round = 0; round < rounds; round++)
    for (const kind of ['propose', 'prevote', 'precommit'] as const)
      ms += timeoutMs(params, kind, round)
  return ms
}
