/**
 * What leaving a point out does to a convex head, with the curvature that goes with it: one Newton step of
 * the data without the point, instead of the first order's, which keeps its share of the Hessian and so
 * underestimates the points that weigh most (their own leverage, up to a fifth on MNIST). The Hessian less
 * one row is a matrix of rank `classes`, so the step is the influence of the same row with other residuals:
 * (I - S M / n)^-1 (p - 1[y]), S = diag(p) - p p^T, M[c][e] = x^T (H^-1)[c, e] x. They do not depend on the
 * question. Doubles in a fixed order. What a transaction certifies is the first order (vectors/head.ts).
 */
import { type HeadData, predict, rowOf, solve, type Weights } from './linear-head.ts'

/** Residuals of every row, `count` x `classes`, as if it had been left out. `factor` is H's. */
export function leftOutResiduals(
  data: HeadData,
  weights: Weights,
  factor: Float64Array,
): Float64Array {
  const { count, classes, labels } = data
  const inverse = inverseOf(factor, weights.length)
  const p = new Float64Array(classes)
  const residuals = new Float64Array(count * classes)
  for (let i = 0; i < count; i++) {
    const row = rowOf(data, i)
    predict(data, weights, row, p)
    const own = residuals.subarray(i * classes, (i + 1) * classes)
    for (let c = 0; c < classes; c++) own[c] = p[c]! - (labels[i] === c ? 1 : 0)
    const system = systemOf(p, leverageOf(inverse, row, classes), count)
    eliminate(system, own)
  }
  return residuals
}

/** The gradient of a row's loss, by its residuals. */
export function gradientFrom(residuals: Float64Array, row: Float64Array): Float64Array {
  const gradient = new Float64Array(residuals.length * row.length)
  for (let c = 0, at = 0; c < residuals.length; c++, at += row.length)
    for (let j = 0; j < row.length; j++) gradient[at + j] = residuals[c]! * row[j]!
  return gradient
}

/** Column by column, which of a symmetric matrix is row by row. */
function inverseOf(factor: Float64Array, side: number): Float64Array {
  const inverse = new Float64Array(side * side)
  const unit = new Float64Array(side)
  for (let i = 0; i < side; i++) {
    unit[i] = 1
    inverse.set(solve(factor, unit), i * side)
    unit[i] = 0
  }
  return inverse
}

/** M, `classes` x `classes`. */
function leverageOf(inverse: Float64Array, row: Float64Array, classes: number): Float64Array {
  const width = row.length
  const side = classes * width
  const leverage = new Float64Array(classes * classes)
  for (let c = 0; c < classes; c++)
    for (let e = 0; e <= c; e++) {
      let sum = 0
      for (let j = 0; j < width; j++) {
        const at = (c * width + j) * side + e * width
        let product = 0
        for (let k = 0; k < width; k++) product += inverse[at + k]! * row[k]!
        sum += row[j]! * product
      }
      leverage[c * classes + e] = sum
      leverage[e * classes + c] = sum
    }
  return leverage
}

/** I - S M / n. */
function systemOf(p: Float64Array, leverage: Float64Array, count: number): Float64Array {
  const classes = p.length
  const system = new Float64Array(classes * classes)
  for (let e = 0; e < classes; e++) {
    let mean = 0
    for (let k = 0; k < classes; k++) mean += p[k]! * leverage[k * classes + e]!
    for (let c = 0; c < classes; c++)
      system[c * classes + e] =
        (c === e ? 1 : 0) - (p[c]! * (leverage[c * classes + e]! - mean)) / count
  }
  return system
}

/** Solves the system in place, without pivots: S M / n has its eigenvalues below 1. */
function eliminate(system: Float64Array, right: Float64Array): void {
  const side = right.length
  for (let a = 0; a < side; a++)
    for (let b = a + 1; b < side; b++) {
      const factor = system[b * side + a]! / system[a * side + a]!
      for (let k = a; k < side; k++) system[b * side + k]! -= factor * system[a * side + k]!
      right[b]! -= factor * right[a]!
    }
  for (let a = side - 1; a >= 0; a--) {
    let value = right[a]!
    for (let k = a + 1; k < side; k++) value -= system[a * side + k]! * right[k]!
    right[a] = value / system[a * side + a]!
  }
}
