/** What one part of the benchmark reports, and what it may ask of the run. Measures nothing. */
import { createDice } from '../../test/support/dice.ts'

export interface Options {
  /** Smaller sizes, so that all parts together end within a minute. */
  readonly isQuick: boolean
  readonly seed: number
  readonly note: (what: string) => void
}

export interface Goal {
  readonly what: string
  readonly goal: string
  readonly found: string
  readonly isMet: boolean
}

export interface Bar {
  readonly name: string
  readonly value: number
  readonly kind: 'ours' | 'baseline' | 'ceiling'
}

export interface Plot {
  readonly title: string
  readonly bars: readonly Bar[]
  /** Length of the longest bar there can be; none: 1. */
  readonly most?: number
}

export interface Section {
  readonly title: string
  /** How it was measured, in whole sentences. */
  readonly protocol: string
  readonly columns: readonly string[]
  readonly rows: readonly (readonly string[])[]
  readonly plot: Plot
  readonly goals: readonly Goal[]
}

export const atLeast = (what: string, found: number, goal: number, digits = 3): Goal => ({
  what,
  goal: `at least ${goal}`,
  found: found.toFixed(digits),
  isMet: found >= goal,
})

export const atMost = (what: string, found: number, goal: number, digits = 3): Goal => ({
  what,
  goal: `at most ${goal}`,
  found: found.toPrecision(digits),
  isMet: found <= goal,
})

/** `size` of 0 .. count - 1 without replacement, ascending. */
export function drawSubset(
  dice: ReturnType<typeof createDice>,
  count: number,
  size: number,
): Int32Array {
  const all = shuffled(dice, count)
  return all.slice(0, size).toSorted()
}

export function shuffled(dice: ReturnType<typeof createDice>, count: number): Int32Array {
  const order = Int32Array.from({ length: count }, (_, i) => i)
  for (let i = count - 1; i > 0; i--) {
    const j = dice.below(i + 1)
    const held = order[i] ?? 0
    order[i] = order[j] ?? 0
    order[j] = held
  }
  return order
}

/** CPU milliseconds of this process that a task took: a busy machine disturbs it little. */
export function timed<result>(task: () => result): {
  readonly result: result
  readonly ms: number
} {
  const before = process.cpuUsage()
  const result = task()
  const { user, system } = process.cpuUsage(before)
  return { result, ms: (user + system) / 1_000 }
}

export const randomScores = (seed: number, count: number) => (query: number) => {
  const dice = createDice(seed + query)
  return Float64Array.from({ length: count }, () => dice.below(1_000_001))
}
