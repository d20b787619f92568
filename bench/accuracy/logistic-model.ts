/**
 * Logistic regression on MNIST as dattri trains it: SGD with shuffles, 784 pixels and a bias. Digits are
 * mostly ink-free, so a row is kept as its inked pixels; the arithmetic is that of the dense rows. Knows
 * nothing of subsets and scores.
 */
import { factorise, solve } from '../../attribution/methods/linear-head.ts'
import { createDice } from '../../test/support/dice.ts'
import { type Digits, pixelsOfDigit } from '../../test/support/mnist.ts'
import { shuffled } from './section.ts'

export const classes = 10
export const side = pixelsOfDigit + 1
/** (x / 255 - mean) / deviation. */
const inkScale = 1 / 255 / 0.3081
const paper = -0.1307 / 0.3081
export const rate = 0.01
export const batch = 32

/** Inked pixels of each row and their scaled values. */
export interface Rows {
  readonly count: number
  readonly labels: Uint8Array
  readonly starts: Int32Array
  readonly places: Int16Array
  readonly inks: Float64Array
}

/** Pixel by pixel, the classes side by side; `shared` is added to every pixel's weight. */
export interface Model {
  readonly pixels: Float64Array
  readonly sums: Float64Array
  readonly shared: Float64Array
  readonly bias: Float64Array
}

export function rowsOf({ count, pixels, labels }: Digits): Rows {
  const starts = new Int32Array(count + 1)
  const places: number[] = []
  const inks: number[] = []
  for (let i = 0; i < count; i++) {
    for (let j = 0; j < pixelsOfDigit; j++) {
      const value = pixels[i * pixelsOfDigit + j] ?? 0
      if (value === 0) continue
      places.push(j)
      inks.push(value * inkScale)
    }
    starts[i + 1] = places.length
  }
  return {
    count,
    labels,
    starts,
    places: Int16Array.from(places),
    inks: Float64Array.from(inks),
  }
}

/** p of row i into `out`. */
export function probabilities(model: Model, rows: Rows, i: number, out: Float64Array): void {
  const { pixels, sums, shared, bias } = model
  let ink = 0
  out.fill(0)
  for (let at = rows.starts[i] ?? 0; at < (rows.starts[i + 1] ?? 0); at++) {
    const value = rows.inks[at] ?? 0
    const place = (rows.places[at] ?? 0) * classes
    ink += value
    for (let c = 0; c < classes; c++) out[c] = (out[c] ?? 0) + value * (pixels[place + c] ?? 0)
  }
  let largest = -Infinity
  for (let c = 0; c < classes; c++) {
    const common = shared[c] ?? 0
    const z =
      (out[c] ?? 0) +
      common * ink +
      paper * ((sums[c] ?? 0) + pixelsOfDigit * common) +
      (bias[c] ?? 0)
    out[c] = z
    largest = Math.max(largest, z)
  }
  let total = 0
  for (let c = 0; c < classes; c++) total += out[c] = Math.exp((out[c] ?? 0) - largest)
  for (let c = 0; c < classes; c++) out[c] = (out[c] ?? 0) / total
}

/** Adds factor[c] x row to the weights. */
function addRow(model: Model, rows: Rows, i: number, factor: Float64Array): void {
  const { pixels, sums, shared, bias } = model
  let ink = 0
  for (let at = rows.starts[i] ?? 0; at < (rows.starts[i + 1] ?? 0); at++) {
    const value = rows.inks[at] ?? 0
    const place = (rows.places[at] ?? 0) * classes
    ink += value
    for (let c = 0; c < classes; c++)
      pixels[place + c] = (pixels[place + c] ?? 0) + value * (factor[c] ?? 0)
  }
  for (let c = 0; c < classes; c++) {
    const by = factor[c] ?? 0
    sums[c] = (sums[c] ?? 0) + by * ink
    shared[c] = (shared[c] ?? 0) + by * paper
    bias[c] = (bias[c] ?? 0) + by
  }
}

/** Calls `epochEnd` after each epoch: checkpoints for TracIn. */
export function train(
  rows: Rows,
  subset: Int32Array,
  seed: number,
  epochs: number,
  epochEnd?: (model: Model) => void,
): Model {
  const dice = createDice(seed)
  const uniform = (): number => (dice.below(2 ** 30) / 2 ** 29 - 1) / 28
  const model: Model = {
    pixels: Float64Array.from({ length: pixelsOfDigit * classes }, uniform),
    sums: new Float64Array(classes),
    shared: new Float64Array(classes),
    bias: Float64Array.from({ length: classes }, uniform),
  }
  for (const [at, weight] of model.pixels.entries())
    model.sums[at % classes] = (model.sums[at % classes] ?? 0) + weight
  const steps = Array.from({ length: batch }, () => new Float64Array(classes))
  for (let epoch = 0; epoch < epochs; epoch++) {
    const order = shuffled(dice, subset.length)
    for (let from = 0; from < order.length; from += batch) {
      const size = Math.min(batch, order.length - from)
      const rowAt = (b: number): number => subset[order[from + b] ?? 0] ?? 0
      for (let b = 0; b < size; b++) {
        const p = steps[b] ?? new Float64Array(classes)
        probabilities(model, rows, rowAt(b), p)
        const label = rows.labels[rowAt(b)] ?? 0
        for (let c = 0; c < classes; c++)
          p[c] = (((c === label ? 1 : 0) - (p[c] ?? 0)) * rate) / size
      }
      for (let b = 0; b < size; b++)
        addRow(model, rows, rowAt(b), steps[b] ?? new Float64Array(classes))
    }
    epochEnd?.(model)
  }
  return model
}

/** p - 1[y] of every row. */
export function errorsOf(model: Model, rows: Rows): Float64Array {
  const errors = new Float64Array(rows.count * classes)
  for (let i = 0; i < rows.count; i++) {
    const p = errors.subarray(i * classes, (i + 1) * classes)
    probabilities(model, rows, i, p)
    const label = rows.labels[i] ?? 0
    p[label] = (p[label] ?? 0) - 1
  }
  return errors
}

/** -loss of every row: ln p of its label. */
export const logLikelihoods = (model: Model, rows: Rows): Float64Array => {
  const errors = errorsOf(model, rows)
  return Float64Array.from({ length: rows.count }, (_, i) =>
    Math.log((errors[i * classes + (rows.labels[i] ?? 0)] ?? 0) + 1),
  )
}

/** Dense rows: the pixels as the model sees them, then the constant. */
export function denseOf(rows: Rows): Float64Array {
  const dense = new Float64Array(rows.count * side).fill(paper)
  for (let i = 0; i < rows.count; i++) {
    for (let at = rows.starts[i] ?? 0; at < (rows.starts[i + 1] ?? 0); at++)
      dense[i * side + (rows.places[at] ?? 0)] = paper + (rows.inks[at] ?? 0)
    dense[i * side + pixelsOfDigit] = 1
  }
  return dense
}

/** Of the mean loss, plus `damping` on the diagonal; its lower triangle, factorised. */
export function hessianFactor(model: Model, rows: Rows, damping: number): Float64Array {
  const width = classes * side
  const hessian = new Float64Array(width * width)
  const p = new Float64Array(classes)
  // x = paper + ink: the product of two inks here, the rest by sums over rows below.
  const inkSums = Array.from({ length: classes * classes }, () => new Float64Array(pixelsOfDigit))
  const weights = new Float64Array(classes * classes)
  for (let i = 0; i < rows.count; i++) {
    probabilities(model, rows, i, p)
    const [from, to] = [rows.starts[i] ?? 0, rows.starts[i + 1] ?? 0]
    for (let c = 0; c < classes; c++)
      for (let e = 0; e <= c; e++) {
        const weight = ((p[c] ?? 0) * ((c === e ? 1 : 0) - (p[e] ?? 0))) / rows.count
        weights[c * classes + e] = (weights[c * classes + e] ?? 0) + weight
        if (Math.abs(weight) < 1e-12) continue
        const sums = inkSums[c * classes + e] ?? new Float64Array(0)
        for (let a = from; a < to; a++) {
          const scaled = weight * (rows.inks[a] ?? 0)
          const place = rows.places[a] ?? 0
          sums[place] = (sums[place] ?? 0) + scaled
          const at = (c * side + place) * width + e * side
          for (let b = from; b < to; b++) {
            const other = at + (rows.places[b] ?? 0)
            hessian[other] = (hessian[other] ?? 0) + scaled * (rows.inks[b] ?? 0)
          }
        }
      }
  }
  for (let c = 0; c < classes; c++)
    for (let e = 0; e <= c; e++) {
      const sums = inkSums[c * classes + e] ?? new Float64Array(0)
      const weight = weights[c * classes + e] ?? 0
      for (let j = 0; j < side; j++)
        for (let k = 0; k < side; k++) {
          const at = (c * side + j) * width + e * side + k
          const left = j === pixelsOfDigit ? 1 : paper
          const right = k === pixelsOfDigit ? 1 : paper
          const mixed = left * (sums[k] ?? 0) + right * (sums[j] ?? 0) + left * right * weight
          hessian[at] = (hessian[at] ?? 0) + mixed
        }
    }
  for (let i = 0; i < width; i++) hessian[i * width + i] = (hessian[i * width + i] ?? 0) + damping
  return factorise(hessian)
}

/** Scores of every training row for query q: sum over classes of error times v.x. */
export function influenceScores(
  factor: Float64Array,
  { errors, rows }: { errors: Float64Array; rows: Rows },
  query: { error: Float64Array; row: Float64Array },
): Float64Array {
  const gradient = new Float64Array(classes * side)
  for (let c = 0; c < classes; c++)
    for (let j = 0; j < side; j++)
      gradient[c * side + j] = (query.error[c] ?? 0) * (query.row[j] ?? 0)
  const v = solve(factor, gradient)
  const byPixel = new Float64Array(side * classes)
  for (let c = 0; c < classes; c++)
    for (let j = 0; j < side; j++) byPixel[j * classes + c] = v[c * side + j] ?? 0
  const model: Model = {
    pixels: byPixel,
    sums: new Float64Array(classes),
    shared: new Float64Array(classes),
    bias: byPixel.subarray(pixelsOfDigit * classes),
  }
  for (let at = 0; at < pixelsOfDigit * classes; at++)
    model.sums[at % classes] = (model.sums[at % classes] ?? 0) + (byPixel[at] ?? 0)
  return productsOf(model, rows, errors)
}

/** Per row: its errors times (weights . row), as `probabilities` sums it. */
function productsOf(model: Model, rows: Rows, errors: Float64Array): Float64Array {
  const scores = new Float64Array(rows.count)
  const out = new Float64Array(classes)
  for (let i = 0; i < rows.count; i++) {
    out.fill(0)
    for (let at = rows.starts[i] ?? 0; at < (rows.starts[i + 1] ?? 0); at++) {
      const value = rows.inks[at] ?? 0
      const place = (rows.places[at] ?? 0) * classes
      for (let c = 0; c < classes; c++)
        out[c] = (out[c] ?? 0) + value * (model.pixels[place + c] ?? 0)
    }
    let score = 0
    for (let c = 0; c < classes; c++)
      score +=
        (errors[i * classes + c] ?? 0) *
        ((out[c] ?? 0) + paper * (model.sums[c] ?? 0) + (model.bias[c] ?? 0))
    scores[i] = score
  }
  return scores
}

/** Inner products of every training row with a query's row. */
export function similarities(dense: Float64Array, row: Float64Array, count: number): Float64Array {
  const products = new Float64Array(count)
  for (let i = 0; i < count; i++) {
    let sum = 0
    for (let j = 0; j < side; j++) sum += (dense[i * side + j] ?? 0) * (row[j] ?? 0)
    products[i] = sum
  }
  return products
}

export function errorProducts(
  errors: Float64Array,
  query: Float64Array,
  count: number,
): Float64Array {
  const products = new Float64Array(count)
  for (let i = 0; i < count; i++)
    for (let c = 0; c < classes; c++)
      products[i] = (products[i] ?? 0) + (errors[i * classes + c] ?? 0) * (query[c] ?? 0)
  return products
}
