/**
 * What a run goes through, all of it rolled from its seed: which faults, how strong, and a schedule of
 * events that can be printed, replayed and cut down. Swarm testing: many runs have few kinds of faults.
 */
import type { Rng } from './rng.ts'

export type Byzantine =
  | 'twin'
  | 'amnesia'
  | 'withhold'
  | 'invalid-blocks'
  | 'wrong-set'
  | 'flood'
  | 'poison'
  | 'split'
  | 'usurp'
  | 'other-body'

export const strategies: readonly Byzantine[] = [
  'twin',
  'amnesia',
  'withhold',
  'invalid-blocks',
  'wrong-set',
  'flood',
  'poison',
  'split',
  'usurp',
  'other-body',
]

/** One thing that happens at a time. Nodes by index. */
export type Happening =
  /** The process dies at its `operation`-th write, fsync, rename, send or commit from then on. */
  | {
      readonly type: 'crash'
      readonly atMs: number
      readonly node: number
      readonly operation: number
      /** The machine loses power: what was not synced may be gone. Else only the process dies. */
      readonly isPowerLoss: boolean
      readonly downMs: number
    }
  | {
      readonly type: 'partition'
      readonly atMs: number
      readonly forMs: number
      /** Group by node; messages pass within a group. */
      readonly groups: readonly number[]
      /** Only from group 0 to the others is cut. */
      readonly isOneWay: boolean
      /** Opens and closes again in this rhythm; 0: stays closed. */
      readonly flapMs: number
    }
  | {
      readonly type: 'stall'
      readonly atMs: number
      readonly node: number
      readonly forMs: number
    }
  | { readonly type: 'clock'; readonly atMs: number; readonly node: number; readonly byMs: number }

export interface SimOptions {
  readonly seed: number
  readonly nodes: number
  readonly seconds: number
  /** Faults end then; afterwards everybody must catch up. */
  readonly healMs: number
  readonly loss: number
  readonly duplication: number
  readonly minDelayMs: number
  readonly meanDelayMs: number
  /** Sometimes a message takes this long. */
  readonly slowMs: number
  readonly slowChance: number
  readonly workMs: number
  /** From one block to the start of the next height. */
  readonly blockTimeMs: number
  readonly byzantine: readonly { readonly node: number; readonly strategy: Byzantine }[]
  readonly happenings: readonly Happening[]
  readonly exactThirds?: boolean
}

export interface SimLimits {
  readonly nodes: number
  readonly seconds: number
  /** More than the third that the protocol bears: a control that must break. */
  readonly byzantine?: number
  readonly strategy?: Byzantine
  /** Powers of which some validators have exactly two thirds: where `>=` for `>` is seen. */
  readonly exactThirds?: boolean
  /** Every message takes at least this long. */
  readonly minDelayMs?: number
}

/** No clock is wrong by more. */
export const maxClockMs = 60_000

/** Time at the end of a run without faults. */
const healedShare = 0.35
/** A slow network takes some rounds to a height. */
const minHealedMs = 25_000

export function rollOptions(seed: number, limits: SimLimits, rng: Rng): SimOptions {
  const { nodes, seconds } = limits
  const healMs = Math.floor(
    Math.min(seconds * 1_000 * (1 - healedShare), Math.max(2_000, seconds * 1_000 - minHealedMs)),
  )
  const f = Math.floor((nodes - 1) / 3)
  const dice = rng.fork('options')
  const faulty = limits.byzantine ?? (dice.chance(0.5) ? dice.between(1, f) : 0)
  const byzantine = dice
    .shuffle(Array.from({ length: nodes }, (_, i) => i))
    .slice(0, faulty)
    .map((node) => ({ node, strategy: limits.strategy ?? dice.pick(strategies) }))
  const isHonest = (node: number): boolean => !byzantine.some((other) => other.node === node)
  return {
    seed,
    nodes,
    seconds,
    healMs,
    loss: dice.chance(0.5) ? dice.next() * 0.3 : 0,
    duplication: dice.chance(0.4) ? dice.next() * 0.5 : 0,
    // Now and then a network that the first timeouts are too short for.
    minDelayMs:
      limits.minDelayMs ?? (dice.chance(0.06) ? dice.between(500, 900) : dice.between(0, 30)),
    meanDelayMs: dice.between(1, 100),
    slowMs: dice.between(500, 5_000),
    slowChance: dice.chance(0.4) ? dice.next() * 0.02 : 0,
    workMs: dice.between(0, 60),
    // A chain of quick blocks, Ethereum's sidechains' pace, CometBFT's: 20 to 110 heights in two minutes.
    blockTimeMs: dice.pick([1_000, 2_000, 5_000]),
    byzantine,
    happenings: rollHappenings(rng.fork('happenings'), nodes, healMs, isHonest),
    ...(limits.exactThirds === true && { exactThirds: true }),
  }
}

function rollHappenings(
  dice: Rng,
  nodes: number,
  healMs: number,
  isHonest: (node: number) => boolean,
): Happening[] {
  const list: Happening[] = []
  const often = (most: number): number => (dice.chance(0.5) ? dice.between(1, most) : 0)
  const at = (): number => dice.between(500, healMs - 1_000)
  for (let i = often(12); i > 0; i--) {
    const node = dice.below(nodes)
    if (!isHonest(node)) continue
    list.push({
      type: 'crash',
      atMs: at(),
      node,
      operation: dice.between(1, 40),
      isPowerLoss: dice.chance(0.6),
      downMs: dice.between(10, dice.chance(0.2) ? 20_000 : 2_000),
    })
  }
  for (let i = often(6); i > 0; i--)
    list.push({
      type: 'partition',
      atMs: at(),
      forMs: dice.between(500, 10_000),
      groups: Array.from({ length: nodes }, () => dice.below(dice.between(2, 3))),
      isOneWay: dice.chance(0.3),
      flapMs: dice.chance(0.3) ? dice.between(50, 1_000) : 0,
    })
  for (let i = often(5); i > 0; i--)
    list.push({
      type: 'stall',
      atMs: at(),
      node: dice.below(nodes),
      forMs: dice.between(100, 15_000),
    })
  for (let i = often(4); i > 0; i--) {
    const isJump = dice.chance(0.3)
    const reach = isJump ? maxClockMs : 400
    list.push({
      type: 'clock',
      atMs: at(),
      node: dice.below(nodes),
      byMs: dice.between(-reach, reach),
    })
  }
  return list.toSorted((a, b) => a.atMs - b.atMs)
}
