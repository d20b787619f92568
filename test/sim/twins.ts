/**
 * Twins (Bano and others, arXiv 2004.10617), exhaustive for four validators, one of them faulty, three
 * rounds: the faulty one runs twice under one key, and every round has one of all ways to part the five
 * processes in two. The faulty one is each of the four in turn. Nobody may decide two blocks.
 */
import { decodeOnce } from './curve.ts'
import type { SimOptions } from './options.ts'
import { simParams } from './params.ts'
import { simulate, type SimResult } from './simulation.ts'

const nodes = 4
const rounds = 3

/** Height 1 begins after a second; three rounds of these timeouts take less than the rest. */
const partedMs = 2_500

/**
 * Who hears whom in a round: a bit for each of the five processes (the twin is the fifth). The first is
 * always in half 0, for halves have no names: 16 ways, 16^3 for three rounds.
 */
const partitions = 2 ** nodes

export interface TwinsCase {
  readonly faulty: number
  readonly parts: readonly number[]
}

const countTwins = nodes * partitions ** rounds

/** The n-th case of all. */
function twinsCase(n: number): TwinsCase {
  const parts: number[] = []
  let rest = Math.floor(n / nodes)
  for (let round = 0; round < rounds; round++) {
    parts.push(rest % partitions)
    rest = Math.floor(rest / partitions)
  }
  return { faulty: n % nodes, parts }
}

const optionsOf = ({ faulty }: TwinsCase): SimOptions => ({
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
  byzantine: [{ node: faulty, strategy: 'twin' }],
  happenings: [],
})

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
  if (verdict.type !== 'accept' || verdict.value.type !== 'message') return rounds
  return verdict.value.message.type === 'part' ? rounds : verdict.value.message.round
}

async function runTwins(twins: TwinsCase): Promise<SimResult> {
  let isHealed = false
  return simulate(optionsOf(twins), {
    params: {
      ...simParams,
      proposeMs: 100,
      prevoteMs: 60,
      precommitMs: 60,
      rebroadcastMs: 80,
      proposeDeltaMs: 0,
      prevoteDeltaMs: 0,
      precommitDeltaMs: 0,
    },
    hasTwin: true,
    // A half without a quorum stays in its round for ever; so the ways open again after a while.
    onReady: (_nodes, _net, world) => void world.after(partedMs, () => (isHealed = true)),
    delayMs: (from, to, message) =>
      isHealed || isTogether(twins, from, to, roundOf(message)) ? 0 : undefined,
    isOver: (all) => all.every((node) => node.height() > 1n),
  })
}

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
