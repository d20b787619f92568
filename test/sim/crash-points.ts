/**
 * Crashes enumerated, not sampled: over three heights of two rounds each, one validator dies at each of
 * its writes, fsyncs, renames, sends and commits in turn, by SIGKILL and by power loss with several
 * outcomes for what was not synced, once or twice, in time or late. Afterwards it must not contradict
 * itself, and all must agree.
 */
import { proposerOf } from '../../consensus/index.ts'
import { type Address, assertNever } from '../../primitives/index.ts'
import { addressOf, decodeOnce } from './curve.ts'
import type { SimOptions } from './options.ts'
import { createRng } from './rng.ts'
import { simParams } from './params.ts'
import { nodes, quietOptions, setAt } from './planned.ts'
import { simulate, type SimResult } from './simulation.ts'

export interface CrashPoint {
  readonly node: number
  readonly operation: number
  readonly isPowerLoss: boolean
  /** Dice for what the disk keeps. */
  readonly seed: number
  /** It dies again at this operation after its restart: what the first repair left shows only then. */
  readonly again?: number
  /** It learns of decisions late, so it hears of each height before it starts it. */
  readonly isLate?: boolean
}

export interface CrashFinding {
  readonly point: CrashPoint
  readonly result: SimResult
}

const heights = 3n
/** Seeds of one power loss: none, all, a prefix and some pages survive in some of them. */
const lossSeeds = [1, 2, 3]
/** A second crash comes within so many operations: some of the same height. */
const secondCrashes = 24

const optionsOf = (seed: number): SimOptions =>
  quietOptions({ seed, seconds: 40, healMs: 30_000, meanDelayMs: 3, workMs: 5 })

/**
 * Round 0 of each height ends with two validators locked on its block and two that are not: one never
 * sees the proposal, another misses a prevote. So a restart that forgets its lock is seen in round 1. A
 * height that goes on to round 2 is open: without gossip for ever nobody could follow the locked.
 */
function passes(opened: Set<bigint>, to: number, message: Uint8Array): boolean {
  const packet = decodeOnce(message)
  if (packet.type !== 'accept' || packet.value.type !== 'message') return true
  const said = packet.value.message
  if (said.type !== 'part' && said.round >= 2) opened.add(said.height)
  if (said.type === 'part' || said.round !== 0 || opened.has(said.height)) return true
  const proposer = indexOf(proposerOf(setAt(said.height), said.height, 0))
  const place = (to - proposer + nodes) % nodes
  switch (said.type) {
    case 'proposal':
      return place !== 1
    case 'prevote':
      return place !== 2 || (indexOf(said.voter) - proposer + nodes) % nodes !== 3
    case 'polka':
      return place !== 1 && place !== 2
    case 'precommit':
    case 'commit':
    case 'round':
      return true
    default:
      return assertNever(said)
  }
}

/** Precommits beyond round 0, where heights of this scenario are decided, and what is made of them. */
function decides(message: Uint8Array): boolean {
  const packet = decodeOnce(message)
  if (packet.type !== 'accept' || packet.value.type !== 'message') return false
  const { message: said } = packet.value
  return said.type === 'commit' || (said.type === 'precommit' && said.round > 0)
}

const indexes = new Map(Array.from({ length: nodes }, (_, i) => [addressOf(i), i]))
const indexOf = (address: Address): number => indexes.get(address) ?? -1

async function runWith(
  point: CrashPoint | undefined,
): Promise<{ result: SimResult; operations: number[] }> {
  let operations: number[] = []
  const opened = new Set<bigint>()
  const result = await simulate(optionsOf(point?.seed ?? 1), {
    params: { ...simParams, proposeMs: 300, prevoteMs: 200, precommitMs: 200, rebroadcastMs: 400 },
    delayMs(_from, to, message) {
      if (!passes(opened, to, message)) return undefined
      return point?.isLate === true && to === point.node && decides(message) ? lateMs : 0
    },
    onReady(all) {
      if (point) all[point.node]?.doom(point.operation, point.isPowerLoss, 50, point.again)
    },
    isOver(all) {
      operations = all.map((node) => node.operations())
      return all.every((node) => node.height() > heights)
    },
  })
  return { result, operations }
}

/** How many crash points there are, and every one that broke a rule. */
export async function enumerateCrashes(
  onFinding: (finding: CrashFinding) => boolean,
  stride = 1,
  isLateOnly = false,
): Promise<{ readonly points: number }> {
  const { operations } = await runWith(undefined)
  const all = operations.flatMap((count, node) =>
    Array.from({ length: count }, (_, i) => variants(node, i + 1)).flat(),
  )
  // In no order, so that a hunt for a planted bug and a sample see all kinds of points early.
  const points = createRng(1)
    .shuffle(all)
    .filter(({ isLate }) => !isLateOnly || isLate === true)
    .filter((_, i) => i % stride === 0)
  for (const [done, point] of points.entries()) {
    const { result } = await runWith(point)
    if (result.violations.length > 0 && onFinding({ point, result })) return { points: done + 1 }
  }
  return { points: points.length }
}

/** Within the timeout for a proposal, after all votes of a round. */
const lateMs = 150

const variants = (node: number, operation: number): readonly CrashPoint[] => [
  { node, operation, isPowerLoss: false, seed: 1 },
  { node, operation, isPowerLoss: false, seed: 1, isLate: true },
  ...lossSeeds.map((seed) => ({ node, operation, isPowerLoss: true, seed })),
  ...lossSeeds.map((seed) => ({
    node,
    operation,
    isPowerLoss: true,
    seed,
    again: 1 + ((operation * 7 + seed * 5) % secondCrashes),
  })),
]
