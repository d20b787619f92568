/**
 * The convex head and its influences against numpy, scikit-learn and real retraining, and what its
 * certificates let through. References: test/fixtures/attribution/mnist-reference.json (oracle.py).
 */
import { readFileSync } from 'node:fs'
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import {
  createVectorIndex,
  orderByDistance,
  strideOf,
} from '../../../../attribution/methods/distances.ts'
import { knnShapley, matchesOf } from '../../../../attribution/methods/knn-shapley.ts'
import {
  factorise,
  gradientOf,
  type HeadData,
  hessianOf,
  hessianTimes,
  isOptimal,
  predict,
  rowOf,
  solve,
  squaredNorm,
  trainHead,
} from '../../../../attribution/methods/linear-head.ts'
import {
  influences,
  influenceVector,
  isInfluence,
  quantiseRow,
  rowGradient,
  whiten,
  whitenedScore,
} from '../../../../attribution/methods/linear-influence.ts'
import { gradientFrom, leftOutResiduals } from '../../../../attribution/methods/linear-leverage.ts'
import { pearson } from '../../../../bench/accuracy/metrics.ts'
import { createDice } from '../../../support/dice.ts'
import { hasMnist, poolDigits, readDigits } from '../../../support/mnist.ts'

interface Reference {
  readonly heads: readonly {
    readonly lambda: number
    readonly loss: number
    readonly squaredNorm: number
    readonly testRight: number
    readonly weights: readonly [number, number]
    readonly scores: readonly (readonly [number, number, number])[]
    readonly largestOf8: readonly [number, number]
    readonly sumOf0: number
  }[]
  readonly knn: {
    readonly first: { readonly order: number[]; readonly distances: number[]; readonly sum: number }
    readonly right: number
    readonly sum: string
    readonly largest: readonly [number, string]
    readonly smallest: readonly [number, string]
    readonly negative: number
  }
}
const fixture = new URL('../../../fixtures/attribution/mnist-reference.json', import.meta.url)
const reference = JSON.parse(readFileSync(fixture, 'utf8')) as Reference
const withMnist = hasMnist ? describe : describe.skip

/** Pooled digits, divided to at most 1, and the constant. */
function headDataOf(pooled: Int32Array, labels: Uint8Array, lambda: number): HeadData {
  const count = labels.length
  const features = new Float64Array(count * 50).fill(1)
  for (let i = 0; i < count; i++)
    for (let j = 0; j < 49; j++) features[i * 50 + j] = pooled[i * 49 + j]! / 4_080
  return { count, dimensions: 50, classes: 10, features, labels, lambda }
}

/** (f >> 4) - 128, padded. */
function quantised(pooled: Int32Array, count: number): Int8Array {
  const values = new Int8Array(count * strideOf(49))
  for (let i = 0; i < count; i++)
    for (let j = 0; j < 49; j++) values[i * strideOf(49) + j] = (pooled[i * 49 + j]! >> 4) - 128
  return values
}

withMnist('on MNIST, against numpy and scikit-learn', () => {
  const training = readDigits('train', 1_000)
  const tests = readDigits('t10k', 500)

  test.each(reference.heads)('the head at lambda $lambda', (head) => {
    const data = headDataOf(poolDigits(training), training.labels, head.lambda)
    const questions = headDataOf(poolDigits(tests), tests.labels, head.lambda)
    const { weights, norm } = trainHead(data, { tolerance: 1e-12 })
    expect(norm).toBeLessThan(1e-12)
    expect(squaredNorm(weights)).toBeCloseTo(head.squaredNorm, 7)
    expect(weights[3 * 50 + 24]).toBeCloseTo(head.weights[0], 10)
    expect(weights[9 * 50 + 49]).toBeCloseTo(head.weights[1], 10)
    const p = new Float64Array(10)
    let [loss, right] = [(head.lambda / 2) * squaredNorm(weights), 0]
    for (let i = 0; i < 1_000; i++) {
      predict(data, weights, rowOf(data, i), p)
      loss -= Math.log(p[data.labels[i]!]!) / 1_000
    }
    for (let i = 0; i < 500; i++) {
      predict(data, weights, rowOf(questions, i), p)
      if (p.indexOf(Math.max(...p)) === questions.labels[i]) right++
    }
    expect(loss).toBeCloseTo(head.loss, 12)
    expect(right).toBe(head.testRight)
    const factor = factorise(hessianOf(data, weights))
    const scoresOf = (query: number) => {
      const row = rowOf(questions, query)
      const gradient = rowGradient(data, weights, row, questions.labels[query]!)
      return influences(data, weights, influenceVector(factor, gradient))
    }
    for (const [point, query, score] of head.scores)
      expect(scoresOf(query)[point]).toBeCloseTo(score, 7)
    const [at, largest] = head.largestOf8
    expect(scoresOf(8)[at]).toBeCloseTo(largest, 6)
    expect(scoresOf(0).reduce((sum, score) => sum + score, 0)).toBeCloseTo(head.sumOf0, 6)
  })

  test('kNN values of 100 questions: order, distances, votes and every total', () => {
    const values = quantised(poolDigits(training), 1_000)
    const index = createVectorIndex({ count: 1_000, dimensions: 49, values })
    const labels = Int32Array.from(training.labels)
    const questions = quantised(poolDigits(tests), 100)
    const nearest = index.distancesTo(questions.slice(0, 49))
    expect(Array.from(orderByDistance(nearest).slice(0, 8))).toEqual(reference.knn.first.order)
    expect(nearest.reduce((sum, one) => sum + one, 0)).toBe(reference.knn.first.sum)
    const totals = Array.from({ length: 1_000 }, () => 0n)
    let right = 0
    for (let q = 0; q < 100; q++) {
      const distances = index.distancesTo(questions.slice(q * 64, q * 64 + 49))
      const order = orderByDistance(distances)
      const votes = Array.from({ length: 10 }, (_, label) =>
        matchesOf(order.slice(0, 5), labels, label).reduce((sum, one) => sum + one, 0),
      )
      if (votes.indexOf(Math.max(...votes)) === tests.labels[q]) right++
      const shares = knnShapley(distances, labels, { label: tests.labels[q]!, k: 5 })
      for (const [i, value] of shares.entries()) totals[i]! += value
    }
    const sorted = totals.toSorted((a, b) => (a < b ? -1 : a > b ? 1 : 0))
    expect(right).toBe(reference.knn.right)
    expect(totals.reduce((sum, one) => sum + one, 0n)).toBe(BigInt(reference.knn.sum))
    expect([totals.indexOf(sorted.at(-1)!), String(sorted.at(-1))]).toEqual(reference.knn.largest)
    expect([totals.indexOf(sorted[0]!), String(sorted[0])]).toEqual(reference.knn.smallest)
    expect(totals.filter((value) => value < 0n).length).toBe(reference.knn.negative)
  })
})

/** Three blobs that overlap. */
function smallData(seed: number, count = 60): HeadData {
  const dice = createDice(seed)
  const features = new Float64Array(count * 5).fill(1)
  const labels = Uint8Array.from({ length: count }, () => dice.below(3))
  for (let i = 0; i < count; i++)
    for (let j = 0; j < 4; j++)
      features[i * 5 + j] = (dice.below(200) - 100 + (labels[i] === j ? 60 : 0)) / 64
  return { count, dimensions: 5, classes: 3, features, labels, lambda: 0.02 }
}

function without(data: HeadData, row: number): HeadData {
  const { count, dimensions } = data
  const features = new Float64Array((count - 1) * dimensions)
  features.set(data.features.subarray(0, row * dimensions))
  features.set(data.features.subarray((row + 1) * dimensions), row * dimensions)
  const labels = Uint8Array.from(data.labels).filter((_, i) => i !== row)
  return { ...data, count: count - 1, features, labels }
}

describe('certificates', () => {
  const data = smallData(3)
  const { weights } = trainHead(data)
  const gradient = rowGradient(data, weights, rowOf(data, 7), data.labels[7]!)
  const vector = influenceVector(factorise(hessianOf(data, weights)), gradient)

  test('the optimum passes, and the distance it promises holds', () => {
    expect(isOptimal(data, weights, 1e-8)).toBe(true)
    expect(isInfluence(data, weights, { vector, gradient }, 1e-8)).toBe(true)
    fc.assert(
      fc.property(fc.nat({ max: 14 }), fc.double({ min: 1e-6, max: 1, noNaN: true }), (at, by) => {
        const moved = weights.slice()
        moved[at]! += by
        const norm = Math.sqrt(squaredNorm(gradientOf(data, moved)))
        // |W - W*| <= |grad| / lambda.
        expect(by).toBeLessThanOrEqual((norm / data.lambda) * (1 + 1e-6))
        expect(isOptimal(data, moved, 1e-8)).toBe(false)
        const bent = vector.slice()
        bent[at]! += by
        expect(isInfluence(data, weights, { vector: bent, gradient }, 1e-8)).toBe(false)
      }),
    )
  })

  test('weights that are no numbers are no optimum', () => {
    expect(isOptimal(data, weights.slice().fill(Number.NaN), 1)).toBe(false)
    expect(isOptimal(data, weights.slice().fill(Infinity), 1)).toBe(false)
  })

  test('one changed label or feature, and the weights are no optimum any more', () => {
    const labels = data.labels.slice()
    labels[0] = (labels[0]! + 1) % 3
    expect(isOptimal({ ...data, labels }, weights, 1e-8)).toBe(false)
    const features = data.features.slice()
    features[0]! += 1 / 64
    expect(isOptimal({ ...data, features }, weights, 1e-8)).toBe(false)
  })
})

test('Hv agrees with H, and solve with both', () => {
  const data = smallData(5)
  const { weights } = trainHead(data)
  const hessian = hessianOf(data, weights)
  const vector = Float64Array.from({ length: 15 }, (_, i) => (i % 4) - 1.5)
  const product = hessianTimes(data, weights, vector)
  for (let i = 0; i < 15; i++) {
    let sum = 0
    for (let j = 0; j < 15; j++)
      sum += (j <= i ? hessian[i * 15 + j]! : hessian[j * 15 + i]!) * vector[j]!
    expect(product[i]).toBeCloseTo(sum, 12)
  }
  const back = solve(factorise(hessian), product)
  for (let i = 0; i < 15; i++) expect(back[i]).toBeCloseTo(vector[i]!, 9)
})

const scale = (list: number[]) => list.reduce((sum, one) => sum + Math.abs(one), 0)

test('influence is what leaving a point out does, to first order', () => {
  const data = smallData(8, 200)
  const { weights } = trainHead(data, { tolerance: 1e-12 })
  const factor = factorise(hessianOf(data, weights))
  const [row, label] = [Float64Array.of(0.3, -0.4, 0.8, 0.1, 1), 2]
  const scores = influences(
    data,
    weights,
    influenceVector(factor, rowGradient(data, weights, row, label)),
  )
  const mean = scores.reduce((sum, score) => sum + score, 0) / data.count
  const p = new Float64Array(3)
  const lossAt = (at: Float64Array): number => {
    predict(data, at, row, p)
    return -Math.log(p[label]!)
  }
  const before = lossAt(weights)
  const points = Array.from({ length: 40 }, (_, i) => i)
  const changes = points.map((i) => {
    const left = trainHead(without(data, i), { tolerance: 1e-12, start: weights })
    return lossAt(left.weights) - before
  })
  const expected = points.map((i) => (scores[i]! - mean) / data.count)
  expect(pearson(changes, expected)).toBeGreaterThan(0.999)
  expect(scale(changes) / scale(expected)).toBeCloseTo(1, 1)
})

test('one Newton step without a point is the influence of its row with left-out residuals', () => {
  const data = smallData(8, 60)
  const { weights } = trainHead(data, { tolerance: 1e-12 })
  const factor = factorise(hessianOf(data, weights))
  const residuals = leftOutResiduals(data, weights, factor)
  for (const i of [0, 7, 59]) {
    const row = rowOf(data, i)
    const step = solve(factor, gradientFrom(residuals.subarray(3 * i, 3 * i + 3), row))
    // H less the row's own part, built the long way.
    const own = hessianOf({ ...data, count: 1, features: row, lambda: 0 }, weights)
    const rest = hessianOf(data, weights).map((value, at) => value - own[at]! / data.count)
    const expected = solve(factorise(rest), rowGradient(data, weights, row, data.labels[i]!))
    for (const [k, value] of expected.entries()) expect(step[k]).toBeCloseTo(value, 9)
  }
})

test('int8 rows keep scores within their rounding', () => {
  const data = smallData(9)
  const { weights } = trainHead(data)
  const factor = factorise(hessianOf(data, weights))
  const gradients = [3, 4].map((i) => rowGradient(data, weights, rowOf(data, i), data.labels[i]!))
  const [a, b] = gradients.map((gradient) => whiten(factor, gradient))
  const exact = influences(data, weights, influenceVector(factor, gradients[0]!))[4]!
  expect(Math.abs(whitenedScore(a!, b!) - exact)).toBeLessThan(0.05 * Math.abs(exact) + 0.02)
  expect(quantiseRow(new Float64Array(3))).toEqual({ values: new Int8Array(3), shift: 60 })
  const { values, shift } = quantiseRow(Float64Array.of(1, -0.5, 0.26))
  expect({ values: [...values], shift }).toEqual({ values: [64, -32, 17], shift: 6 })
})
