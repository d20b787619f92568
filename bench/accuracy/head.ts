/**
 * The convex head (attribution notes 8.3) against its own retraining: LDS, leave-one-out, brittleness, the
 * price of int8 and of sketches, certificates. Every retraining ends at the one optimum there is, so there
 * is no noise and no ceiling below 1.
 */
import {
  factorise,
  gradientOf,
  type HeadData,
  hessianOf,
  hessianTimes,
  predict,
  rowOf,
  solveLower,
  squaredNorm,
  trainHead,
  type Weights,
} from '../../attribution/methods/linear-head.ts'
import {
  influences,
  influenceVector,
  quantiseRow,
  rowGradient,
  whitenedScore,
} from '../../attribution/methods/linear-influence.ts'
import { gradientFrom, leftOutResiduals } from '../../attribution/methods/linear-leverage.ts'
import { createDice } from '../../test/support/dice.ts'
import { digitFeatures, headDataOf } from './digits.ts'
import { datamodelingScore, meanOf, pearson } from './metrics.ts'
import {
  atLeast,
  atMost,
  drawSubset,
  type Options,
  randomScores,
  type Section,
  timed,
} from './section.ts'

type ScoresOf = (query: number) => ArrayLike<number>

function pick(data: HeadData, rows: Int32Array): HeadData {
  const { dimensions } = data
  const features = new Float64Array(rows.length * dimensions)
  for (const [i, row] of rows.entries()) features.set(rowOf(data, row), i * dimensions)
  const labels = Uint8Array.from(rows, (row) => data.labels[row] ?? 0)
  return { ...data, count: rows.length, features, labels }
}

/** ln p of the label, query by query. */
function outcomes(queries: HeadData, weights: Weights): Float64Array {
  const p = new Float64Array(queries.classes)
  return Float64Array.from({ length: queries.count }, (_, q) => {
    predict(queries, weights, rowOf(queries, q), p)
    return Math.log(p[queries.labels[q] ?? 0] ?? 0)
  })
}

function accuracyOf(data: HeadData, weights: Weights): number {
  const p = new Float64Array(data.classes)
  let right = 0
  for (let i = 0; i < data.count; i++) {
    predict(data, weights, rowOf(data, i), p)
    if (p.indexOf(Math.max(...p)) === data.labels[i]) right++
  }
  return right / data.count
}

interface Trained {
  readonly data: HeadData
  readonly queries: HeadData
  readonly weights: Weights
  readonly factor: Float64Array
}

const gradientsOf = (data: HeadData, weights: Weights): Float64Array[] =>
  Array.from({ length: data.count }, (_, i) =>
    rowGradient(data, weights, rowOf(data, i), data.labels[i] ?? 0),
  )

function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += (a[i] ?? 0) * (b[i] ?? 0)
  return sum
}

/** Rows under a random matrix of plus and minus ones (Johnson-Lindenstrauss), then int8. */
function sketch(rows: readonly Float64Array[], width: number, seed: number) {
  const dice = createDice(seed)
  const signs = Int8Array.from({ length: width * (rows[0]?.length ?? 0) }, () =>
    dice.below(2) === 0 ? 1 : -1,
  )
  return rows.map((row) =>
    quantiseRow(
      Float64Array.from({ length: width }, (_, k) =>
        dot(row, signs.subarray(k * row.length, (k + 1) * row.length)),
      ),
    ),
  )
}

/** Every score by name, ours first. */
function scorers({ data, queries, weights, factor }: Trained, { seed, isQuick }: Options) {
  const gradients = gradientsOf(data, weights)
  const asked = gradientsOf(queries, weights)
  const white = gradients.map((gradient) => solveLower(factor, gradient))
  const whiteAsked = asked.map((gradient) => solveLower(factor, gradient))
  const questions = whiteAsked.map(quantiseRow)
  const residuals = leftOutResiduals(data, weights, factor)
  const leftOut = gradients.map((_, i) =>
    gradientFrom(residuals.subarray(i * data.classes, (i + 1) * data.classes), rowOf(data, i)),
  )
  const whiteLeftOut = leftOut.map((gradient) => solveLower(factor, gradient))
  const norms = gradients.map((gradient) => Math.sqrt(squaredNorm(gradient)) || 1)
  const int8 = (list: readonly Float64Array[]): ScoresOf => {
    const rows = list.map(quantiseRow)
    return (q) => {
      const question = questions[q]
      return question ? rows.map((row) => whitenedScore(row, question)) : []
    }
  }
  const oneStep: ScoresOf = (q) => whiteLeftOut.map((row) => dot(row, whiteAsked[q] ?? []))
  const influence: ScoresOf = (q) =>
    influences(data, weights, influenceVector(factor, asked[q] ?? new Float64Array(0)))
  const gradDot: ScoresOf = (q) => gradients.map((gradient) => dot(gradient, asked[q] ?? []))
  const cosine: ScoresOf = (q) => Array.from(gradDot(q), (score, i) => score / (norms[i] ?? 1))
  const sketches = (isQuick ? [64] : [64, 256]).map((width) => {
    const both = sketch([...white, ...whiteAsked], width, seed + width)
    const scores: ScoresOf = (q) => {
      const question = both[data.count + q]
      return question ? both.slice(0, data.count).map((row) => whitenedScore(row, question)) : []
    }
    return [`whitened, sketched to ${width} (JL)`, scores] as const
  })
  return [
    ['influence', influence],
    ['influence, int8 rows', int8(white)],
    ['influence, one Newton step', oneStep],
    ['influence, one Newton step, int8 rows', int8(whiteLeftOut)],
    ...sketches,
    ['grad-dot (TracIn at the optimum)', gradDot],
    ['grad-cos', cosine],
    ['random', randomScores(seed, data.count)],
  ] as const satisfies readonly (readonly [string, ScoresOf])[]
}

/** By point left out: the fall of ln p of every query. */
function leaveOneOut({ data, queries, weights, factor }: Trained, points: Int32Array) {
  const before = outcomes(queries, weights)
  const all = Int32Array.from({ length: data.count }, (_, i) => i)
  return Array.from(points, (point) => {
    const rest = pick(
      data,
      all.filter((i) => i !== point),
    )
    const left = trainHead(rest, { tolerance: 1e-11, start: weights, factor })
    return outcomes(queries, left.weights).map((value, q) => (before[q] ?? 0) - value)
  })
}

/** Mean over queries of Pearson between those falls and the points' scores. */
function agreement(points: Int32Array, falls: readonly Float64Array[], scoresOf: ScoresOf): number {
  const found = Array.from({ length: falls[0]?.length ?? 0 }, (_, q) => {
    const scores = scoresOf(q)
    const list = Array.from(points, (point) => scores[point] ?? 0)
    return pearson(
      list,
      falls.map((fall) => fall[q] ?? 0),
    )
  })
  return meanOf(found.filter((one) => one !== undefined))
}

/** Mean fall of ln p when the `remove` points that a score calls most helpful are taken away. */
function brittleness(trained: Trained, asked: number, remove: number, scoresOf: ScoresOf): number {
  const { data, queries, weights, factor } = trained
  const before = outcomes(queries, weights)
  const falls = Array.from({ length: asked }, (_, q) => {
    const scores = scoresOf(q)
    const order = Int32Array.from({ length: data.count }, (_unused, i) => i).toSorted(
      (a, b) => (scores[b] ?? 0) - (scores[a] ?? 0) || a - b,
    )
    const left = trainHead(pick(data, order.slice(remove).toSorted()), {
      tolerance: 1e-8,
      start: weights,
      factor,
    })
    return (before[q] ?? 0) - (outcomes(queries, left.weights)[q] ?? 0)
  })
  return meanOf(falls)
}

/** With one Hessian of its own, since half of the data has another curvature; the end is the same. */
const retrain = (half: HeadData, start: Weights): Weights =>
  trainHead(half, { start, factor: factorise(hessianOf(half, start)) }).weights

export function head(options: Options): Section {
  const { isQuick, seed, note } = options
  const [count, queryCount, subsetCount, looCount, dimensions, lambda] = isQuick
    ? [1_200, 100, 16, 12, 32, 1e-2]
    : [5_000, 500, 50, 60, 64, 1e-3]
  const features = digitFeatures(dimensions, { training: count, tests: queryCount })
  const [data, queries] = [headDataOf(features.train, lambda), headDataOf(features.test, lambda)]
  const training = timed(() => trainHead(data))
  const { weights } = training.result
  const certificate = timed(() => Math.sqrt(squaredNorm(gradientOf(data, weights))))
  const product = timed(() => hessianTimes(data, weights, weights))
  const factor = factorise(hessianOf(data, weights))
  const trained: Trained = { data, queries, weights, factor }
  note(`trained in ${(training.ms / 1e3).toFixed(1)} s of CPU, retraining ${subsetCount} subsets`)
  const dice = createDice(seed)
  const subsets = Array.from({ length: subsetCount }, () => drawSubset(dice, count, count / 2))
  const retrained = timed(() =>
    subsets.map((subset) => outcomes(queries, retrain(pick(data, subset), weights))),
  )
  note(`retrained in ${(retrained.ms / 1e3).toFixed(0)} s of CPU`)
  const truth = Array.from({ length: queryCount }, (_, q) =>
    retrained.result.map((list) => list[q] ?? 0),
  )
  const points = drawSubset(dice, count, looCount)
  const falls = leaveOneOut(trained, points)
  note(`left ${looCount} points out`)
  const asked = isQuick ? 5 : 20
  const remove = count / 50
  const rows = scorers(trained, options).map(([name, scoresOf]) => {
    const { mean } = datamodelingScore(subsets, truth, scoresOf)
    const loo = agreement(points, falls, scoresOf)
    const fall = brittleness(trained, asked, remove, scoresOf)
    note(`${name}: LDS ${mean.toFixed(4)}`)
    return { name, mean, loo, fall }
  })
  const [full, int8, step] = rows
  const accuracy = accuracyOf(queries, weights)
  const share = certificate.ms / training.ms
  return {
    title: 'Convex head on committed int8 features',
    protocol:
      `First ${count} training and ${queryCount} test images of MNIST, ${dimensions} principal components as int8 and a constant, lambda ` +
      `${lambda}; ${subsetCount} subsets of half, each retrained to |gradient| < 1e-9; leave-one-out over ${looCount} points retrained to 1e-11; ` +
      `brittleness: mean fall of ln p over ${asked} questions when the ${remove} points scored highest are removed and the head retrained. ` +
      `"One Newton step": the influence of a point left out together with its share of the curvature (attribution/methods/linear-leverage.ts); the first order, ` +
      `which is what a transaction certifies, leaves that share in and so underestimates the points that weigh most. ` +
      `Test accuracy ${accuracy.toFixed(3)}. CPU: training ${training.ms.toFixed(0)} ms, gradient certificate ${certificate.ms.toFixed(1)} ms ` +
      `(|gradient| ${certificate.result.toExponential(1)}, so |W - W*| <= ${(certificate.result / lambda).toExponential(1)}), Hessian-vector certificate ${product.ms.toFixed(1)} ms.`,
    columns: ['method', 'LDS', 'leave-one-out, Pearson', 'fall of ln p on removal'],
    rows: rows.map((row) => [
      row.name,
      row.mean.toFixed(4),
      row.loo.toFixed(4),
      row.fall.toFixed(3),
    ]),
    plot: {
      title: 'LDS against real retraining',
      bars: rows.map(
        ({ name, mean }, i) => ({ name, value: mean, kind: i < 4 ? 'ours' : 'baseline' }) as const,
      ),
    },
    goals: [
      atLeast('LDS, convex head', full?.mean ?? 0, 0.95, 4),
      atLeast('test accuracy of the head', accuracy, 0.91),
      atMost('loss of LDS by int8', (full?.mean ?? 0) - (int8?.mean ?? 0), 0.002, 2),
      atLeast('leave-one-out, Pearson, one Newton step', step?.loo ?? 0, 0.999, 5),
      atMost('gradient certificate, share of training time', share, 0.01, 2),
    ],
  }
}
