/**
 * Points of MNIST and who adds which to them (attribution notes 8.9): honest ones, copies, junk. Says nothing of
 * what anybody earns.
 */
import { parseArgs } from 'node:util'
import { createDice } from '../../test/support/dice.ts'
import type { Features } from '../accuracy/digits.ts'

const { values: given } = parseArgs({ options: { seed: { type: 'string', default: '2679' } } })
export const seed = Number(given.seed)

export interface Points {
  readonly features: Features
  /** Points from here on are the attacker's. */
  readonly honest: number
  readonly start?: { readonly start: Float64Array; readonly factor: Float64Array }
}

interface Attack {
  readonly name: string
  /** What it adds to the honest points. */
  readonly add: (honest: Features, spare: Features) => Features
}

export const pointAt = ({ values, dimensions }: Features, i: number): Int8Array =>
  values.subarray(i * dimensions, (i + 1) * dimensions)

function featuresOf(
  dimensions: number,
  list: readonly { readonly vector: Int8Array; readonly label: number }[],
): Features {
  const values = new Int8Array(list.length * dimensions)
  for (const [i, { vector }] of list.entries()) values.set(vector, i * dimensions)
  const labels = Uint8Array.from(list, ({ label }) => label)
  return { count: list.length, dimensions, values, labels }
}

export function join(a: Features, b: Features): Points {
  const values = new Int8Array(a.values.length + b.values.length)
  values.set(a.values)
  values.set(b.values, a.values.length)
  const labels = Uint8Array.of(...a.labels, ...b.labels)
  return {
    honest: a.count,
    features: { count: a.count + b.count, dimensions: a.dimensions, values, labels },
  }
}

export const size = 100
const each = <item>(make: (i: number) => item): item[] =>
  Array.from({ length: size }, (_, i) => make(i))
const clamp = (x: number): number => Math.max(-127, Math.min(127, x))

/** Copies of the honest points that earned most, eight of each, every component moved by up to `noise`. */
const copies =
  (best: readonly number[], noise: number) =>
  (honest: Features): Features => {
    const dice = createDice(seed + noise)
    return featuresOf(
      honest.dimensions,
      each((i) => {
        const from = best[i % 12] ?? 0
        const vector = pointAt(honest, from).map((x) =>
          clamp(x + (noise === 0 ? 0 : dice.below(2 * noise + 1) - noise)),
        )
        return { vector, label: honest.labels[from] ?? 0 }
      }),
    )
  }

export const relabelled =
  (labelOf: (own: number, draw: (below: number) => number) => number, times = 1) =>
  (_honest: Features, spare: Features): Features => {
    const dice = createDice(seed + 77)
    return featuresOf(
      spare.dimensions,
      each((i) => ({
        vector: pointAt(spare, i).map((x) => clamp(x * times)),
        label: labelOf(spare.labels[i] ?? 0, dice.below),
      })),
    )
  }

/** Points of one label in a corner of their own, too far from each other to be copies. */
export const cornered = (honest: Features): Features => {
  const dice = createDice(seed + 6)
  const corner = Int8Array.from({ length: honest.dimensions }, () => dice.below(2) * 140 - 70)
  return featuresOf(
    honest.dimensions,
    each(() => ({ vector: corner.map((x) => clamp(x + dice.below(41) - 20)), label: 0 })),
  )
}

export const attacksOn = (best: readonly number[]): readonly Attack[] => [
  { name: 'honest newcomer', add: relabelled((own) => own) },
  { name: 'verbatim copies of the best', add: copies(best, 0) },
  { name: 'copies, noise 3', add: copies(best, 3) },
  { name: 'copies, noise 10', add: copies(best, 10) },
  { name: 'random labels', add: relabelled((_, draw) => draw(10)) },
  { name: 'wrong labels', add: relabelled((own, draw) => (own + 1 + draw(9)) % 10) },
  { name: 'outliers x 4, random labels', add: relabelled((_, draw) => draw(10), 4) },
  { name: 'outliers x 4, right labels', add: relabelled((own) => own, 4) },
  {
    name: 'random vectors and labels',
    add: (honest) => {
      const dice = createDice(seed + 5)
      const noise = each(() => ({
        vector: Int8Array.from({ length: honest.dimensions }, () => dice.below(81) - 40),
        label: dice.below(10),
      }))
      return featuresOf(honest.dimensions, noise)
    },
  },
]
