/**
 * kNN-Shapley on MNIST (attribution notes 8.4): does a low value find the wrong label, what is it worth as
 * a datamodel of the kNN itself, and what does a question cost.
 */
import {
  createVectorIndex,
  orderByDistance,
  strideOf,
  type VectorIndex,
} from '../../attribution/methods/distances.ts'
import { knnShapley, matchesOf, shapleyDoubles } from '../../attribution/methods/knn-shapley.ts'
import { createDice } from '../../test/support/dice.ts'
import { digitFeatures, type Features } from './digits.ts'
import { auc, datamodelingScore } from './metrics.ts'
import {
  atLeast,
  atMost,
  drawSubset,
  type Options,
  randomScores,
  type Section,
  shuffled,
  timed,
} from './section.ts'

function indexOf({ count, dimensions, values }: Features): VectorIndex {
  const stride = strideOf(dimensions)
  const padded = new Int8Array(count * stride)
  for (let i = 0; i < count; i++)
    padded.set(values.subarray(i * dimensions, (i + 1) * dimensions), i * stride)
  return createVectorIndex({ count, dimensions, values: padded })
}

/** A share of the labels moved to another class. */
function spoil(labels: Int32Array, share: number, seed: number) {
  const dice = createDice(seed)
  const chosen = new Set(shuffled(dice, labels.length).slice(0, Math.round(share * labels.length)))
  const spoilt = labels.map((label, i) =>
    chosen.has(i) ? (label + 1 + dice.below(9)) % 10 : label,
  )
  return { chosen, spoilt }
}

/** CPU milliseconds of one question over 100,000 x 384 random int8, once the code is warm. */
function speed(seed: number) {
  const [count, dimensions] = [100_000, 384]
  const dice = createDice(seed)
  const values = new Int8Array(count * dimensions)
  const words = new Int32Array(values.buffer)
  for (let i = 0; i < words.length; i++) words[i] = dice.below(2 ** 32)
  const labels = Int32Array.from({ length: count }, () => dice.below(10))
  const index = createVectorIndex({ count, dimensions, values })
  const runs = Array.from({ length: warmUps + repetitions }, (_, run) => {
    const query = values.slice(run * dimensions, (run + 1) * dimensions)
    const distances = timed(() => index.distancesTo(query))
    const order = timed(() => orderByDistance(distances.result))
    const whole = timed(() => knnShapley(index.distancesTo(query), labels, { label: 1, k: 5 }))
    return { distances: distances.ms, order: order.ms, whole: whole.ms }
  }).slice(warmUps)
  const ordered = (of: (run: (typeof runs)[number]) => number): number[] =>
    runs.map(of).toSorted((a, b) => a - b)
  const median = (of: (run: (typeof runs)[number]) => number): number =>
    ordered(of)[(repetitions - 1) / 2] ?? 0
  const [distances, order, whole] = [
    median((run) => run.distances),
    median((run) => run.order),
    median((run) => run.whole),
  ]
  const worst = ordered((run) => run.whole).at(-1) ?? 0
  return { distances, order, values: whole - distances - order, whole, worst }
}
const warmUps = 5
const repetitions = 15

/** LDS of the values for the vote of ten among the first `half` points. */
function ownScore(
  orders: readonly Int32Array[],
  labels: Int32Array,
  asked: Uint8Array,
  { half, subsetCount, seed }: { half: number; subsetCount: number; seed: number },
) {
  const dice = createDice(seed)
  const subsets = Array.from({ length: subsetCount }, () => drawSubset(dice, half, half / 2))
  const near = orders.map((order) => order.filter((i) => i < half))
  const truth = near.map((order, q) =>
    subsets.map((subset) => {
      const inside = new Set(subset)
      const nearest = order.filter((i) => inside.has(i)).slice(0, 10)
      return matchesOf(nearest, labels, asked[q] ?? 0).reduce((sum, match) => sum + match, 0)
    }),
  )
  return datamodelingScore(subsets, truth, (q) => {
    const order = near[q] ?? new Int32Array(0)
    const values = shapleyDoubles(matchesOf(order, labels, asked[q] ?? 0), 10)
    const scores = new Float64Array(half)
    for (const [rank, point] of order.entries()) scores[point] = values[rank] ?? 0
    return scores
  })
}

export function neighbours({ isQuick, seed, note }: Options): Section {
  const [count, queryCount, subsetCount] = isQuick ? [2_000, 200, 12] : [10_000, 1_000, 50]
  const { train, test } = digitFeatures(64, { training: count, tests: queryCount })
  const index = indexOf(train)
  const queries = Array.from({ length: queryCount }, (_, q) =>
    test.values.slice(q * 64, (q + 1) * 64),
  )
  const orders = queries.map((query) => orderByDistance(index.distancesTo(query)))
  const labels = Int32Array.from(train.labels)
  note('ordered, valuing')
  const rows = [0.1, 0.2, 0.3].map((share) => {
    const { chosen, spoilt } = spoil(labels, share, seed)
    const [five, ten] = [5, 10].map((k) => {
      const totals = new Float64Array(count)
      for (const [q, order] of orders.entries()) {
        const values = shapleyDoubles(matchesOf(order, spoilt, test.labels[q] ?? 0), k)
        for (let rank = 0; rank < count; rank++) {
          const point = order[rank] ?? 0
          totals[point] = (totals[point] ?? 0) - (values[rank] ?? 0)
        }
      }
      return auc(totals, (i) => chosen.has(i))
    })
    const chance = auc(randomScores(seed, count)(0), (i) => chosen.has(i))
    return { share, five: five ?? 0, ten: ten ?? 0, chance }
  })
  note('values of subsets')
  const half = Math.min(count, 5_000)
  const own = ownScore(orders.slice(0, 500), labels, test.labels, { half, subsetCount, seed })
  const cost = isQuick ? undefined : speed(seed)
  const worst = Math.min(...rows.map(({ five, ten }) => Math.min(five, ten)))
  return {
    title: 'kNN-Shapley on int8 vectors',
    protocol:
      `First ${count} training images as int8 of 64 principal components, ${queryCount} test images as questions; a share of the labels ` +
      `moved to another class; score = minus the point's total value. As a datamodel of the kNN itself (${half} points, k = 10, ${subsetCount} ` +
      `subsets, ${Math.min(queryCount, 500)} questions, of which ${own.leftOut} have constant truth and are left out): LDS ${own.mean.toFixed(3)}, since a vote of ten is coarse.` +
      (cost
        ? ` One question over 100,000 x 384 random int8, median of ${repetitions} after ${warmUps} that warm the code, CPU: distances ${cost.distances.toFixed(1)} ms, order ${cost.order.toFixed(1)} ms, values ${cost.values.toFixed(1)} ms; all together ${cost.whole.toFixed(1)} ms, the worst ${cost.worst.toFixed(1)} ms.`
        : ''),
    columns: ['labels moved', 'AUC, k = 5', 'AUC, k = 10', 'AUC, random'],
    rows: rows.map(({ share, five, ten, chance }) => [
      `${(share * 100).toFixed(0)} %`,
      five.toFixed(4),
      ten.toFixed(4),
      chance.toFixed(4),
    ]),
    plot: {
      title: 'AUC of finding moved labels, k = 10',
      bars: rows.flatMap(({ share, ten, chance }) => [
        { name: `${share * 100} % moved`, value: ten, kind: 'ours' } as const,
        { name: `${share * 100} % moved, random`, value: chance, kind: 'baseline' } as const,
      ]),
    },
    goals: [
      atLeast('AUC of finding moved labels, worst of 10-30 % and k = 5, 10', worst, 0.98, 4),
      ...(cost ? [atMost('ms of a question over 100,000 x 384', cost.whole, 15)] : []),
    ],
  }
}
