/**
 * What an answer says of all points, by kNN-Shapley and by influence on a convex head, and what points earn by
 * it: under the published rule, answer by answer, and under ours, as attribution/receipts nets an epoch.
 */
import {
  createVectorIndex,
  orderByDistance,
  strideOf,
} from '../../attribution/methods/distances.ts'
import { matchesOf, shapleyByRank } from '../../attribution/methods/knn-shapley.ts'
import { factorise, hessianOf, rowOf, trainHead } from '../../attribution/methods/linear-head.ts'
import {
  influences,
  influenceVector,
  rowGradient,
} from '../../attribution/methods/linear-influence.ts'
import { payEpoch, weighLoss } from '../../attribution/methods/payout.ts'
import { paramTable } from '../../attribution/params/table.ts'
import { type Features, headDataOf } from '../accuracy/digits.ts'
import { meanOf } from '../accuracy/metrics.ts'
import { pointAt, type Points } from './points.ts'

/** Wei of one question's data part; every question pays the same. */
export const fee = 10n ** 15n
/** Scores as integers, as attribution/receipts has them. */
const unit = 2n ** 20n
/** Points that an answer names. */
export const named = 64
const neighbours = 5
const lossBps = paramTable['receipts.lossBps'].value

/** What one answer says of all points, and which of them the chain would name. */
interface Answer {
  readonly scores: Float64Array
  /** Signed, in units of 2^-20. */
  readonly rows: ReadonlyMap<number, bigint>
  /** What points that are not named share. */
  readonly base: bigint
}
export type Scores = readonly Answer[]

export function knnScores({ features }: Points, questions: Features): Scores {
  const index = indexOf(features)
  const labels = Int32Array.from(features.labels)
  return Array.from({ length: questions.count }, (_, q) => {
    const order = orderByDistance(index.distancesTo(pointAt(questions, q)))
    const values = shapleyByRank(matchesOf(order, labels, questions.labels[q] ?? 0), neighbours)
    const scores = new Float64Array(order.length)
    for (const [rank, point] of order.entries()) scores[point] = Number(values[rank] ?? 0n)
    const rows = new Map<number, bigint>()
    const parts = Array.from(values.subarray(0, named), (value) => value >> 42n)
    const gains = sum(parts.map((part) => (part > 0n ? part : 0n)))
    for (const [rank, point] of order.subarray(0, named).entries()) {
      const part = parts[rank] ?? 0n
      rows.set(point, gains > unit ? (part * unit) / gains : part)
    }
    const rest = values.subarray(named).reduce((all, value) => all + value, 0n) >> 42n
    return { scores, rows, base: rest > 0n ? rest : 0n }
  })
}

/** Begins at the optimum of the honest points alone: the end is the same, and near. */
export function headScores({ features, start }: Points, questions: Features): Scores {
  const data = headDataOf(features, 1e-2)
  const asked = headDataOf(questions, 1e-2)
  const { weights } = trainHead(data, start)
  const factor = factorise(hessianOf(data, weights))
  return Array.from({ length: asked.count }, (_, q) => {
    const gradient = rowGradient(data, weights, rowOf(asked, q), asked.labels[q] ?? 0)
    const scores = influences(data, weights, influenceVector(factor, gradient))
    const largest = Array.from(scores.keys())
      .toSorted((a, b) => Math.abs(scores[b] ?? 0) - Math.abs(scores[a] ?? 0) || a - b)
      .slice(0, named)
    const whole = largest.reduce((all, point) => all + Math.abs(scores[point] ?? 0), 0) || 1
    const parts = largest.map((point) => {
      const part = (scores[point] ?? 0) / whole
      return [point, weighLoss(BigInt(Math.floor(part * Number(unit))), lossBps)] as const
    })
    return { scores, rows: new Map(parts), base: 0n }
  })
}

export function indexOf({ count, dimensions, values }: Features) {
  const stride = strideOf(dimensions)
  const padded = new Int8Array(count * stride)
  for (let i = 0; i < count; i++)
    padded.set(values.subarray(i * dimensions, (i + 1) * dimensions), i * stride)
  return createVectorIndex({ count, dimensions, values: padded })
}

/** Fees by point: each question's among those whose score is above nothing, in proportion. */
export function paidPerQuestion(
  answers: Scores,
  fees: readonly number[] = answers.map(() => 1),
): number[] {
  const paid = Array.from(answers[0]?.scores ?? [], () => 0)
  for (const [q, { scores }] of answers.entries()) {
    const weights = Array.from(scores, (score) => Math.max(0, score))
    const total = weights.reduce((all, weight) => all + weight, 0) || 1
    for (const [i, weight] of weights.entries())
      paid[i] = (paid[i] ?? 0) + ((fees[q] ?? 0) * weight) / total
  }
  return paid
}

/** Wei by point and what its deposit owes, by the signed sum over all answers (receipts/epoch.ts). */
export function paidByEpoch(
  answers: Scores,
  earliest: Int32Array,
  { backing = 1n, fees = answers.map(() => fee) }: { backing?: bigint; fees?: bigint[] } = {},
) {
  const nets = Array.from(answers[0]?.scores ?? [], () => 0n)
  let base = 0n
  for (const [q, answer] of answers.entries()) {
    const own = fees[q] ?? 0n
    for (const [i, score] of answer.rows) nets[i] = (nets[i] ?? 0n) + own * score
    base += own * answer.base
  }
  const pool = sum(fees)
  const points = nets.map((net, i) => ({ net, earliest: earliest[i] ?? i }))
  const least = backing * pool * unit
  const { paid, owed } = payEpoch(pool, points, { base, least })
  const weights = nets.reduce((all, net) => (net > 0n ? all + net : all), 0n)
  const whole = weights + base > least ? weights + base : least
  return { paid, slashed: owed.map((net) => (net * pool) / (whole || 1n)) }
}

export const sum = (list: readonly bigint[]): bigint => list.reduce((total, one) => total + one, 0n)

/** Earned by a point of the attacker over what `others` earn by a point of an honest one. */
export function ratioOf(paid: readonly number[], honest: number, others = paid): number {
  return meanOf(paid.slice(honest)) / meanOf(others.slice(0, honest))
}
