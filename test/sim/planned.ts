/**
 * What enumerations have in common: four validators on a network that loses and delays nothing by itself,
 * so that who hears what is somebody's plan, and short rounds of height 1 before all ways are opened.
 */
import type { ConsensusParams } from '../../consensus/index.ts'
import { createSets } from './app.ts'
import { addressOf } from './curve.ts'
import type { SimOptions } from './options.ts'
import { simParams } from './params.ts'
import { type RunHooks, simulate, type SimResult } from './simulation.ts'

export const nodes = 4
export const setAt = createSets(Array.from({ length: nodes }, (_, i) => addressOf(i)))

export const quietOptions = (changes: Partial<SimOptions>): SimOptions => ({
  seed: 1,
  nodes,
  seconds: 10,
  healMs: 3_000,
  loss: 0,
  duplication: 0,
  minDelayMs: 5,
  meanDelayMs: 1,
  slowMs: 0,
  slowChance: 0,
  workMs: 1,
  blockTimeMs: 1_000,
  byzantine: [],
  happenings: [],
  ...changes,
})

export const plannedRounds = 3
/** Height 1 begins after a second; three rounds of these timeouts take less than the rest. */
const openMs = 2_500
const shortRounds: ConsensusParams = {
  ...simParams,
  proposeMs: 100,
  prevoteMs: 60,
  precommitMs: 60,
  rebroadcastMs: 80,
  proposeDeltaMs: 0,
  prevoteDeltaMs: 0,
  precommitDeltaMs: 0,
}

/** Height 1 as `delayMs` plans it; a half without a quorum would wait for ever, so the ways open after a while. */
export async function simulatePlanned(
  options: SimOptions,
  delayMs: NonNullable<RunHooks['delayMs']>,
  hooks: Pick<RunHooks, 'hasTwin'> = {},
): Promise<SimResult> {
  let isOpen = false
  return simulate(options, {
    ...hooks,
    params: shortRounds,
    onReady: (_nodes, _net, world) => void world.after(openMs, () => (isOpen = true)),
    delayMs: (from, to, message) => (isOpen ? 0 : delayMs(from, to, message)),
    isOver: (all) => all.every((node) => node.height() > 1n),
  })
}
