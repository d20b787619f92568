/**
 * Twins (Bano and others, arXiv 2004.10617), exhaustive for four validators, one of them faulty, three
 * rounds: the faulty one runs twice under one key, and every round has one of all ways to part the five
 * processes in two. The faulty one is each of the four in turn. Nobody may decide two blocks.
 */
import { decodeOnce } from './curve.ts'
import { nodes, plannedRounds, quietOptions, simulatePlanned } from './planned.ts'
import type { SimResult } from './simulation.ts'

/**
 * Who hears whom in a round: a bit for each of the five processes (the twin is the fifth). The first is
 * always in half 0, for halves have no names: 16 ways, 16^3 for three rounds.
 */
const partitions = 2 ** nodes

export interface TwinsCase {
  readonly faulty: number
  readonly parts: readonly number[]
}

const countTwins = nodes * partitions ** plannedRounds

/** The n-th case of all. */
function twinsCase(n: number): TwinsCase {
  const parts: number[] = []
  let rest = Math.floor(n / nodes)
  for (let round = 0; round < plannedRounds; round++) {
    parts.push(rest % partitions)
    rest = Math.floor(rest / partitions)
  }
  return { faulty: n % nodes, parts }
}

/** After the rounds that are enumerated everybody hears everybody. */
function isTogether({ parts }: TwinsCase, from: number, to: number, round: number): boolean {
  const part = parts[round] ?? 0
  return sideOf(part, from) === sideOf(part, to)
}

const sideOf = (part: number, process: number): number =>
  process === 0 ? 0 : (part >> (process - 1)) & 1

/** Parts of a block belong to no round: they say nothing. */
function roundOf(message: Uint8Array): number {
  const verdict = decodeOnce(message)
  if (verdict.type !== 'accept' || verdict.value.type !== 'message') return plannedRounds
  return verdict.value.message.type === 'part' ? plannedRounds : verdict.value.message.round
}

const runTwins = (twins: TwinsCase): Promise<SimResult> =>
  simulatePlanned(
    quietOptions({ byzantine: [{ node: twins.faulty, strategy: 'twin' }] }),
    (from, to, message) => (isTogether(twins, from, to, roundOf(message)) ? 0 : undefined),
    { hasTwin: true },
  )

/** How many cases were run; ends early when `onFinding` says so. */
export async function enumerateTwins(
  onFinding: (twins: TwinsCase, result: SimResult) => boolean,
  stride = 1,
): Promise<number> {
  let cases = 0
  for (let n = 0; n < countTwins; n += stride) {
    const twins = twinsCase(n)
    const result = await runTwins(twins)
    cases++
    if (result.violations.length > 0 && onFinding(twins, result)) break
  }
  return cases
}
