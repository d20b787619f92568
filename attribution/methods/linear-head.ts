/**
 * Softmax regression with L2, a strictly convex head over committed features (method A4): its loss,
 * gradient and Hessian in one fixed order of operations, training by Newton's method, and the
 * certificate that weights are the optimum. Doubles with + - * / and Math.sqrt only, exp by
 * exact-math.ts: the same bits everywhere. Attribution notes, 2.7 and 3.1. Makes no features.
 */
import { dexp } from './exact-math.ts'

export interface HeadData {
  readonly count: number
  /** With the constant 1, by custom the last. */
  readonly dimensions: number
  readonly classes: number
  /** Row by row, `count` x `dimensions`. */
  readonly features: Float64Array
  readonly labels: Uint8Array
  /** Strength of the L2 term, on the bias too, so that the loss is lambda-strongly convex. */
  readonly lambda: number
}

/** Class by class, `classes` x `dimensions`. */
export type Weights = Float64Array

/** Probabilities of one row's classes into `out`; returns the row's loss, -ln p of `label`. */
export function predict(
  { dimensions, classes }: Pick<HeadData, 'dimensions' | 'classes'>,
  weights: Weights,
  row: Float64Array,
  out: Float64Array,
): number {
  let largest = -Infinity
  for (let c = 0, at = 0; c < classes; c++, at += dimensions) {
    let z = 0
    for (let j = 0; j < dimensions; j++) z += weights[at + j]! * row[j]!
    out[c] = z
    if (z > largest) largest = z
  }
  let sum = 0
  for (let c = 0; c < classes; c++) {
    const e = dexp(out[c]! - largest)
    out[c] = e
    sum += e
  }
  for (let c = 0; c < classes; c++) out[c] = out[c]! / sum
  return sum
}

export const rowOf = ({ features, dimensions }: HeadData, i: number): Float64Array =>
  features.subarray(i * dimensions, (i + 1) * dimensions)

/** Of F(W) = mean of -ln p[y] + lambda/2 |W|^2, rows ascending. This is what a certificate repeats. */
export function gradientOf(data: HeadData, weights: Weights): Float64Array {
  const { count, dimensions, classes, labels, lambda } = data
  const gradient = new Float64Array(weights.length)
  for (let i = 0; i < weights.length; i++) gradient[i] = lambda * weights[i]!
  const p = new Float64Array(classes)
  for (let i = 0; i < count; i++) {
    const row = rowOf(data, i)
    predict(data, weights, row, p)
    for (let c = 0, at = 0; c < classes; c++, at += dimensions) {
      const factor = (p[c]! - (labels[i] === c ? 1 : 0)) / count
      for (let j = 0; j < dimensions; j++) gradient[at + j]! += factor * row[j]!
    }
  }
  return gradient
}

/** Hv at `weights` without H: one pass over the rows. */
export function hessianTimes(data: HeadData, weights: Weights, vector: Float64Array): Float64Array {
  const { count, dimensions, classes, lambda } = data
  const out = new Float64Array(weights.length)
  for (let i = 0; i < vector.length; i++) out[i] = lambda * vector[i]!
  const p = new Float64Array(classes)
  const a = new Float64Array(classes)
  for (let i = 0; i < count; i++) {
    const row = rowOf(data, i)
    predict(data, weights, row, p)
    let mean = 0
    for (let c = 0, at = 0; c < classes; c++, at += dimensions) {
      let product = 0
      for (let j = 0; j < dimensions; j++) product += vector[at + j]! * row[j]!
      a[c] = product
      mean += p[c]! * product
    }
    for (let c = 0, at = 0; c < classes; c++, at += dimensions) {
      const factor = (p[c]! * (a[c]! - mean)) / count
      for (let j = 0; j < dimensions; j++) out[at + j]! += factor * row[j]!
    }
  }
  return out
}

export function squaredNorm(vector: Float64Array): number {
  let sum = 0
  for (let i = 0; i < vector.length; i++) sum += vector[i]! * vector[i]!
  return sum
}

/**
 * Whether |grad F(W)| <= epsilon, hence |W - W*| <= epsilon / lambda. Not a number is no.
 */
export const isOptimal = (data: HeadData, weights: Weights, epsilon: number): boolean =>
  squaredNorm(gradientOf(data, weights)) <= epsilon * epsilon

/** Lower triangle of the Hessian, row by row in a square of side classes x dimensions. */
export function hessianOf(data: HeadData, weights: Weights): Float64Array {
  const { count, dimensions, classes, lambda } = data
  const side = classes * dimensions
  const hessian = new Float64Array(side * side)
  const p = new Float64Array(classes)
  for (let i = 0; i < count; i++) {
    const row = rowOf(data, i)
    predict(data, weights, row, p)
    for (let c = 0; c < classes; c++)
      for (let e = 0; e <= c; e++) {
        const factor = (p[c]! * ((c === e ? 1 : 0) - p[e]!)) / count
        // Changes nothing that Newton's method ends at; the spec of training, not of the certificate.
        if (Math.abs(factor) < 1e-12) continue
        for (let j = 0; j < dimensions; j++) {
          const scaled = factor * row[j]!
          const at = (c * dimensions + j) * side + e * dimensions
          for (let k = 0; k <= j; k++) hessian[at + k]! += scaled * row[k]!
        }
      }
  }
  // Off-diagonal blocks are symmetric too: their upper halves repeat the lower.
  for (let c = 1; c < classes; c++)
    for (let e = 0; e < c; e++)
      for (let j = 0; j < dimensions; j++)
        for (let k = 0; k < j; k++)
          hessian[(c * dimensions + k) * side + e * dimensions + j] =
            hessian[(c * dimensions + j) * side + e * dimensions + k]!
  for (let i = 0; i < side; i++) hessian[i * side + i]! += lambda
  return hessian
}

/**
 * L of H = L L^T over the lower triangle, in place. Four rows at a time, so that each finished row is
 * read from memory once for four; every entry is still one sum in ascending order.
 */
export function factorise(matrix: Float64Array): Float64Array {
  const side = Math.sqrt(matrix.length)
  for (let i = 0; i < side; i += 4) {
    const last = Math.min(i + 4, side)
    const whole = last - i === 4 ? i : 0
    for (let j = 0; j < whole; j++) fourEntries(matrix, side, i, j)
    for (let row = i; row < last; row++)
      for (let j = whole; j <= row; j++) {
        let sum = matrix[row * side + j]!
        for (let k = 0; k < j; k++) sum -= matrix[row * side + k]! * matrix[j * side + k]!
        if (row !== j) matrix[row * side + j] = sum / matrix[j * side + j]!
        else if (sum > 0) matrix[row * side + j] = Math.sqrt(sum)
        else throw new RangeError('not positive definite')
      }
  }
  return matrix
}

/** Column `j` of rows `i` to `i + 3`, all below row `j`. */
function fourEntries(matrix: Float64Array, side: number, i: number, j: number): void {
  const [a, b, c, d, row] = [i * side, (i + 1) * side, (i + 2) * side, (i + 3) * side, j * side]
  let [first, second, third, fourth] = [
    matrix[a + j]!,
    matrix[b + j]!,
    matrix[c + j]!,
    matrix[d + j]!,
  ]
  for (let k = 0; k < j; k++) {
    const x = matrix[row + k]!
    first -= matrix[a + k]! * x
    second -= matrix[b + k]! * x
    third -= matrix[c + k]! * x
    fourth -= matrix[d + k]! * x
  }
  const pivot = matrix[row + j]!
  matrix[a + j] = first / pivot
  matrix[b + j] = second / pivot
  matrix[c + j] = third / pivot
  matrix[d + j] = fourth / pivot
}

/** L^-1 b. */
export function solveLower(factor: Float64Array, vector: Float64Array): Float64Array {
  const side = vector.length
  const out = new Float64Array(side)
  for (let i = 0; i < side; i++) {
    let sum = vector[i]!
    for (let k = 0; k < i; k++) sum -= factor[i * side + k]! * out[k]!
    out[i] = sum / factor[i * side + i]!
  }
  return out
}

/** (L L^T)^-1 b. */
export function solve(factor: Float64Array, vector: Float64Array): Float64Array {
  const side = vector.length
  const out = solveLower(factor, vector)
  for (let i = side - 1; i >= 0; i--) {
    const value = out[i]! / factor[i * side + i]!
    out[i] = value
    for (let k = 0; k < i; k++) out[k]! -= factor[i * side + k]! * value
  }
  return out
}

export interface TrainedHead {
  readonly weights: Weights
  /** Of the gradient at `weights`. */
  readonly norm: number
  /** Passes over the data for a gradient. */
  readonly steps: number
}

/** Beyond this the data is not what the method is for (features not scaled, lambda near 0). */
const maxSteps = 200

/**
 * The optimum to |grad F| < tolerance by Newton's method, undamped. The Hessian's factor is kept while
 * it still halves the gradient, and made anew when not: the end is the same, since there is only one.
 */
export function trainHead(
  data: HeadData,
  {
    tolerance = 1e-9,
    start,
    factor: given,
  }: { tolerance?: number; start?: Weights; factor?: Float64Array } = {},
): TrainedHead {
  const weights = start?.slice() ?? new Float64Array(data.classes * data.dimensions)
  let factor = given
  let before = Infinity
  for (let steps = 1; steps <= maxSteps; steps++) {
    const gradient = gradientOf(data, weights)
    const norm = Math.sqrt(squaredNorm(gradient))
    if (norm < tolerance) return { weights, norm, steps }
    if (!factor || norm > before / 2) factor = factorise(hessianOf(data, weights))
    before = norm
    const step = solve(factor, gradient)
    for (let i = 0; i < weights.length; i++) weights[i]! -= step[i]!
  }
  throw new RangeError(`no optimum within ${maxSteps} steps`)
}
