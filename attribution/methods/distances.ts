/**
 * Squared distances and dot products of int8 vectors, exact in int32, and the order they put points in.
 * The sums run in WebAssembly with fixed-width SIMD where there is one, else in JavaScript; integers
 * have no order of summation, so both give the same bits. No relaxed SIMD, no threads.
 */
import { compileDistanceKernel, type DistanceKernel } from './distance-kernel.ts'

/** Vectors are padded with zeros to a multiple of this many components: one SIMD register. */
export const vectorStride = 16
/** 255^2 a component stays below 2^31. */
export const maxDimensions = 33_024

export const strideOf = (dimensions: number): number =>
  Math.ceil(dimensions / vectorStride) * vectorStride

/** int8 vectors laid end to end, each `stride` long. */
export interface VectorSet {
  readonly count: number
  readonly dimensions: number
  readonly values: Int8Array
}

export interface VectorIndex {
  readonly count: number
  readonly dimensions: number
  /** A view of a point's components. */
  vectorAt(point: number): Int8Array
  /** Squared distance of each point to `query`, which has `dimensions` components. */
  distancesTo(query: Int8Array): Int32Array
  /** Dot product of each point with `query`. */
  productsWith(query: Int8Array): Int32Array
}

/** `useWasm: false` makes the JavaScript form, which is also what a node without WebAssembly gets. */
export function createVectorIndex(vectors: VectorSet, useWasm = true): VectorIndex {
  if (vectors.dimensions < 1 || vectors.dimensions > maxDimensions)
    throw new RangeError(`1 to ${maxDimensions} dimensions`)
  const kernel = useWasm ? compileDistanceKernel(vectors) : undefined
  const { count, dimensions } = vectors
  const padded = (query: Int8Array): Int8Array => {
    if (query.length !== dimensions) throw new RangeError(`a query has ${dimensions} components`)
    const vector = new Int8Array(strideOf(dimensions))
    vector.set(query)
    return vector
  }
  const engine: DistanceKernel = kernel ?? createScalarKernel(vectors)
  return {
    count,
    dimensions,
    vectorAt(point) {
      const at = point * strideOf(dimensions)
      return vectors.values.subarray(at, at + dimensions)
    },
    distancesTo: (query) => engine.distances(padded(query)),
    productsWith: (query) => engine.products(padded(query)),
  }
}

function createScalarKernel({ values, count, dimensions }: VectorSet): DistanceKernel {
  const stride = strideOf(dimensions)
  return {
    distances(query) {
      const distances = new Int32Array(count)
      for (let i = 0, at = 0; i < count; i++, at += stride) {
        let sum = 0
        for (let j = 0; j < dimensions; j++) {
          const difference = values[at + j]! - query[j]!
          sum = (sum + Math.imul(difference, difference)) | 0
        }
        distances[i] = sum
      }
      return distances
    },
    products(query) {
      const products = new Int32Array(count)
      for (let i = 0, at = 0; i < count; i++, at += stride) {
        let sum = 0
        for (let j = 0; j < dimensions; j++) sum = (sum + Math.imul(values[at + j]!, query[j]!)) | 0
        products[i] = sum
      }
      return products
    },
  }
}

/** The same sum of two vectors alone. */
export function squaredDistance(a: Int8Array, b: Int8Array): number {
  let sum = 0
  for (let j = 0; j < a.length; j++) sum += (a[j]! - b[j]!) ** 2
  return sum
}

/** Two passes order what differs by less than 2^24, as distances of a few hundred components do. */
const digitBits = 12
const digits = 1 << digitBits
/** Beside a digit in 32 bits. */
const indexBits = 32 - digitBits

/** Indexes by (distance, index) ascending: radix sort from the least digit, stable, integers only. */
export function orderByDistance(distances: Int32Array): Int32Array {
  let [least, largest] = [2 ** 31 - 1, 0]
  for (let i = 0; i < distances.length; i++) {
    const distance = distances[i]!
    if (distance < least) least = distance
    if (distance > largest) largest = distance
  }
  const bits = 32 - Math.clz32(largest - least)
  return bits <= 2 * digitBits && distances.length <= 1 << indexBits
    ? orderByTwoDigits(distances, least)
    : orderByDigits(distances, least, bits)
}

/** The upper digit travels beside the index, so that nothing is looked up out of order. */
function orderByTwoDigits(distances: Int32Array, least: number): Int32Array {
  const count = distances.length
  const [lower, upper] = [new Int32Array(digits), new Int32Array(digits)]
  for (let i = 0; i < count; i++) {
    const above = (distances[i]! - least) | 0
    lower[above & (digits - 1)]!++
    upper[above >>> digitBits]!++
  }
  sizesToStarts(lower)
  sizesToStarts(upper)
  const [byLower, order] = [new Int32Array(count), new Int32Array(count)]
  for (let i = 0; i < count; i++) {
    const above = (distances[i]! - least) | 0
    byLower[lower[above & (digits - 1)]!++] = ((above >>> digitBits) << indexBits) | i
  }
  for (let i = 0; i < count; i++) {
    const both = byLower[i]!
    order[upper[both >>> indexBits]!++] = both & ((1 << indexBits) - 1)
  }
  return order
}

/** Any distances, any number of them. */
function orderByDigits(distances: Int32Array, least: number, bits: number): Int32Array {
  const count = distances.length
  let [order, spare] = [new Int32Array(count), new Int32Array(count)]
  for (let i = 0; i < count; i++) order[i] = i
  for (let shift = 0; shift < bits; shift += digitBits) {
    const starts = new Int32Array(digits)
    for (let i = 0; i < count; i++) starts[((distances[i]! - least) >>> shift) & (digits - 1)]!++
    sizesToStarts(starts)
    for (let rank = 0; rank < count; rank++) {
      const i = order[rank]!
      spare[starts[((distances[i]! - least) >>> shift) & (digits - 1)]!++] = i
    }
    ;[order, spare] = [spare, order]
  }
  return order
}

function sizesToStarts(list: Int32Array): void {
  for (let digit = 0, sum = 0; digit < list.length; digit++) {
    const size = list[digit]!
    list[digit] = sum
    sum += size
  }
}
