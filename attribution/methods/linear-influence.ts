/**
 * Influence of each training point of a convex head on one prediction (method A4): s = g_q^T H^-1 g_i,
 * positive where the point lowers the prediction's loss. Its certificate is one Hessian-vector product,
 * its committed form int8 rows whose dot products are integers. Attribution notes, 2.7 and 3.1. The
 * scores carry a common offset per prediction (they do not sum to zero): what is paid is s itself.
 */
import { powerOfTwo } from './exact-math.ts'
import {
  type HeadData,
  hessianTimes,
  predict,
  rowOf,
  solve,
  solveLower,
  squaredNorm,
  type Weights,
} from './linear-head.ts'

/** (p - 1[y]) (x) x of one row: the gradient of its loss. */
export function rowGradient(
  data: Pick<HeadData, 'dimensions' | 'classes'>,
  weights: Weights,
  row: Float64Array,
  label: number,
): Float64Array {
  const { dimensions, classes } = data
  const p = new Float64Array(classes)
  predict(data, weights, row, p)
  const gradient = new Float64Array(weights.length)
  for (let c = 0; c < classes; c++) {
    const factor = p[c]! - (label === c ? 1 : 0)
    for (let j = 0; j < dimensions; j++) gradient[c * dimensions + j] = factor * row[j]!
  }
  return gradient
}

/** v = H^-1 g_q, by the factor of H. */
export const influenceVector = (factor: Float64Array, gradient: Float64Array): Float64Array =>
  solve(factor, gradient)

/** Whether |Hv - g_q| <= epsilon, hence |v - H^-1 g_q| <= epsilon / lambda. Not a number is no. */
export function isInfluence(
  data: HeadData,
  weights: Weights,
  { vector, gradient }: { readonly vector: Float64Array; readonly gradient: Float64Array },
  epsilon: number,
): boolean {
  const rest = hessianTimes(data, weights, vector)
  for (let i = 0; i < rest.length; i++) rest[i]! -= gradient[i]!
  return squaredNorm(rest) <= epsilon * epsilon
}

/** s_i for every training row: sum over classes of (p_c - 1[y = c]) (v_c . x). */
export function influences(data: HeadData, weights: Weights, vector: Float64Array): Float64Array {
  const { count, dimensions, classes, labels } = data
  const scores = new Float64Array(count)
  const p = new Float64Array(classes)
  for (let i = 0; i < count; i++) {
    const row = rowOf(data, i)
    predict(data, weights, row, p)
    let score = 0
    for (let c = 0, at = 0; c < classes; c++, at += dimensions) {
      let product = 0
      for (let j = 0; j < dimensions; j++) product += vector[at + j]! * row[j]!
      score += (p[c]! - (labels[i] === c ? 1 : 0)) * product
    }
    scores[i] = score
  }
  return scores
}

/** A vector as int8 times 2^-shift. */
export interface QuantisedRow {
  readonly values: Int8Array
  readonly shift: number
}

/** Shifts beyond this stand for a row of nothing: 2^-60 of a score moves no wei. */
const maxShift = 60

/** The largest power of two that still fits 127; ties away from zero never arise in integers. */
export function quantiseRow(vector: Float64Array): QuantisedRow {
  let largest = 0
  for (const value of vector) largest = Math.max(largest, Math.abs(value))
  let shift = maxShift
  let scale = powerOfTwo(maxShift)
  while (largest * scale >= 127.5) {
    scale /= 2
    shift--
  }
  return { values: Int8Array.from(vector, (value) => Math.floor(value * scale + 0.5)), shift }
}

/** L^-1 g: dot products of these are influences. */
export const whiten = (factor: Float64Array, gradient: Float64Array): QuantisedRow =>
  quantiseRow(solveLower(factor, gradient))

/** Score of two whitened rows: an exact integer times 2^-(shift + shift). */
export function whitenedScore(a: QuantisedRow, b: QuantisedRow): number {
  let sum = 0
  for (let i = 0; i < a.values.length; i++) sum += a.values[i]! * b.values[i]!
  return sum / powerOfTwo(a.shift + b.shift)
}
