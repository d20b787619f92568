/**
 * Consensus parameters of a chain from its genesis: timeouts that fit its block time, each of which the
 * genesis may set by name (`tributary.params.consensusProposeMs` and so on). All validators of a
 * chain read the same.
 */
import { type ConsensusParams, defaultParams } from '../../consensus/index.ts'
import type { Genesis } from '../../genesis/index.ts'
import { NodeError } from '../../primitives/index.ts'

/** A day: a longer timeout is a typing error. */
const maxMs = 86_400_000n

/** Throws NodeError GENESIS_PARAMS for a time above a day or of zero. */
export function consensusParamsOf({ tributary }: Genesis): ConsensusParams {
  const { blockTimeMs, params } = tributary
  // A round without its proposer costs about a block's time and a half; CometBFT's rhythm at 5 s.
  const preset: ConsensusParams = {
    ...defaultParams,
    proposeMs: 1.5 * blockTimeMs,
    prevoteMs: blockTimeMs / 2,
    precommitMs: blockTimeMs / 2,
    proposeDeltaMs: blockTimeMs / 2,
    prevoteDeltaMs: blockTimeMs / 4,
    precommitDeltaMs: blockTimeMs / 4,
    maxTimeoutMs: 10 * blockTimeMs,
    rebroadcastMs: Math.min(blockTimeMs, defaultParams.rebroadcastMs),
  }
  const given = Object.keys(preset).flatMap((key) => {
    const name = `consensus${key.charAt(0).toUpperCase()}${key.slice(1)}`
    const value = params[name]
    if (value === undefined) return []
    if (value < 1n || value > maxMs)
      throw new NodeError('GENESIS_PARAMS', `tributary.params.${name} must be 1 to ${maxMs} ms`)
    return [[key, Number(value)] as const]
  })
  return { ...preset, ...Object.fromEntries(given) }
}
