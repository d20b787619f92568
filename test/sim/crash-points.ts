/**
 * Crashes enumerated, not sampled: over three heights of two rounds each, one validator dies at each of
 * its writes, fsyncs, renames, sends and commits in turn, by SIGKILL and by power loss with several
 * outcomes for what was not synced. Afterwards it must not contradict itself, and all must agree.
 */
import { messageCodec } from '../../consensus/index.ts'
import type { SimOptions } from './options.ts'
import { simParams, simulate, type SimResult } from './simulation.ts'

export interface CrashPoint {
  readonly node: number
  readonly operation: number
  readonly isPowerLoss: boolean
  /** Dice for what the disk keeps. */
  readonly seed: number
}

export interface CrashFinding {
  readonly point: CrashPoint
  readonly result: SimResult
}

const nodes = 4
const heights = 3n
/** Seeds of one power loss: none, all, a prefix and some pages survive in some of them. */
const lossSeeds = [1, 2, 3, 4, 5, 6]

const quiet = (seed: number): SimOptions => ({
  seed,
  nodes,
  seconds: 40,
  healMs: 30_000,
  loss: 0,
  duplication: 0,
  minDelayMs: 5,
  meanDelayMs: 3,
  slowMs: 0,
  slowChance: 0,
  workMs: 5,
  byzantine: [],
  happenings: [],
})

/**
 * Round 0 of each height ends without a decision: half of the validators get no proposal in it, so
 * that some lock, prevote and precommit, and round 1 decides.
 */
const isRoundZeroProposal = (message: Uint8Array): boolean => {
  if (message[0] !== 1) return false
  const verdict = messageCodec.decode(message.subarray(1))
  return verdict.type === 'accept' && verdict.value.type === 'proposal' && verdict.value.round === 0
}

async function runWith(
  point: CrashPoint | undefined,
): Promise<{ result: SimResult; operations: number[] }> {
  let operations: number[] = []
  const result = await simulate(quiet(point?.seed ?? 1), {
    params: { ...simParams, proposeMs: 300, prevoteMs: 200, precommitMs: 200, rebroadcastMs: 400 },
    passes: (_from, to, message) => to % 2 === 0 || !isRoundZeroProposal(message),
    onReady(all) {
      if (point) all[point.node]?.doom(point.operation, point.isPowerLoss, 50)
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
): Promise<{ readonly points: number }> {
  const { operations } = await runWith(undefined)
  let points = 0
  for (let node = 0; node < nodes; node++)
    for (let operation = 1; operation <= (operations[node] ?? 0); operation += stride)
      for (const point of variants(node, operation)) {
        points++
        const { result } = await runWith(point)
        if (result.violations.length > 0 && onFinding({ point, result })) return { points }
      }
  return { points }
}

const variants = (node: number, operation: number): readonly CrashPoint[] => [
  { node, operation, isPowerLoss: false, seed: 1 },
  ...lossSeeds.map((seed) => ({ node, operation, isPowerLoss: true, seed })),
]
