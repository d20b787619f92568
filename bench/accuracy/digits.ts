/**
 * Committed features of MNIST: principal components of the first 5,000 training images as int8, the way
 * attribution notes 2.5 and 8.3 fix them. Computed here once a run, never in consensus.
 */
import { createDice } from '../../test/support/dice.ts'
import { type Digits, pixelsOfDigit, readDigits } from '../../test/support/mnist.ts'
import type { HeadData } from '../../attribution/methods/linear-head.ts'

export interface Features {
  readonly count: number
  readonly dimensions: number
  /** Row by row. */
  readonly values: Int8Array
  readonly labels: Uint8Array
}

const covarianceRows = 5_000

/** Sums of products of pixels less the means': most pixels are 0, and add nothing. */
function covarianceOf({ pixels }: Digits, count: number, mean: Float64Array): Float64Array {
  const sums = new Float64Array(pixelsOfDigit * pixelsOfDigit)
  for (let i = 0; i < count; i++) {
    const row = pixels.subarray(i * pixelsOfDigit, (i + 1) * pixelsOfDigit)
    const inked = Array.from(row.keys()).filter((j) => row[j] !== 0)
    for (const j of inked) {
      const value = row[j] ?? 0
      for (const k of inked) {
        const at = j * pixelsOfDigit + k
        sums[at] = (sums[at] ?? 0) + value * (row[k] ?? 0)
      }
    }
  }
  return sums.map((sum, at) => {
    const [j, k] = [Math.floor(at / pixelsOfDigit), at % pixelsOfDigit]
    return (sum - count * (mean[j] ?? 0) * (mean[k] ?? 0)) / (255 * 255)
  })
}

/** Orthonormal directions of largest variance, by block power iteration with Gram-Schmidt. */
function principalAxes(covariance: Float64Array, dimensions: number): Float64Array[] {
  const dice = createDice(1)
  let axes = Array.from({ length: dimensions }, () =>
    Float64Array.from({ length: pixelsOfDigit }, () => dice.below(2_001) / 1_000 - 1),
  )
  for (let turn = 0; turn < 12; turn++) {
    axes = axes.map((axis) => {
      const out = new Float64Array(pixelsOfDigit)
      for (let j = 0; j < pixelsOfDigit; j++) {
        const value = axis[j] ?? 0
        for (let k = 0, at = j * pixelsOfDigit; k < pixelsOfDigit; k++)
          out[k] = (out[k] ?? 0) + value * (covariance[at + k] ?? 0)
      }
      return out
    })
    for (const [i, axis] of axes.entries()) {
      for (const other of axes.slice(0, i)) {
        const along = dot(axis, other)
        for (let k = 0; k < pixelsOfDigit; k++) axis[k] = (axis[k] ?? 0) - along * (other[k] ?? 0)
      }
      const norm = Math.sqrt(dot(axis, axis))
      for (let k = 0; k < pixelsOfDigit; k++) axis[k] = (axis[k] ?? 0) / norm
    }
  }
  return axes
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += (a[i] ?? 0) * (b[i] ?? 0)
  return sum
}

/** int8 of training and test images, by one set of axes and one scale: 127 at the 99.95th percentile. */
export function digitFeatures(
  dimensions: number,
  { training, tests }: { readonly training: number; readonly tests: number },
): { readonly train: Features; readonly test: Features } {
  const digits = readDigits('train', Math.max(training, covarianceRows))
  const mean = new Float64Array(pixelsOfDigit)
  for (let i = 0; i < covarianceRows; i++)
    for (let j = 0; j < pixelsOfDigit; j++)
      mean[j] = (mean[j] ?? 0) + (digits.pixels[i * pixelsOfDigit + j] ?? 0) / covarianceRows
  const centredOf =
    ({ pixels }: Digits) =>
    (i: number): Float64Array =>
      Float64Array.from(
        pixels.subarray(i * pixelsOfDigit, (i + 1) * pixelsOfDigit),
        (pixel, j) => (pixel - (mean[j] ?? 0)) / 255,
      )
  const axes = principalAxes(covarianceOf(digits, covarianceRows, mean), dimensions)
  const project = (of: Digits, count: number): Float64Array => {
    const out = new Float64Array(count * dimensions)
    const rowOf = centredOf(of)
    for (let i = 0; i < count; i++) {
      const row = rowOf(i)
      for (const [k, axis] of axes.entries()) out[i * dimensions + k] = dot(row, axis)
    }
    return out
  }
  const projected = project(digits, training)
  const sorted = projected.map(Math.abs).toSorted()
  const top = sorted[Math.floor(0.9995 * (sorted.length - 1))] ?? 1
  const quantise = (values: Float64Array): Int8Array =>
    Int8Array.from(values, (x) => Math.max(-127, Math.min(127, Math.round((127 / top) * x))))
  const test = readDigits('t10k', tests)
  const featuresOf = (count: number, values: Float64Array, labels: Uint8Array): Features => ({
    count,
    dimensions,
    values: quantise(values),
    labels: labels.slice(0, count),
  })
  return {
    train: featuresOf(training, projected, digits.labels),
    test: featuresOf(tests, project(test, tests), test.labels),
  }
}

/** Features times 3/127 and a constant 1. */
export function headDataOf(
  { count, dimensions, values, labels }: Features,
  lambda: number,
): HeadData {
  const width = dimensions + 1
  const features = new Float64Array(count * width).fill(1)
  for (let i = 0; i < count; i++)
    for (let j = 0; j < dimensions; j++)
      features[i * width + j] = ((values[i * dimensions + j] ?? 0) * 3) / 127
  return { count, dimensions: width, classes: 10, features, labels, lambda }
}
