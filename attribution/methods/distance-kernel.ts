/**
 * The inner loop of vector search as a WebAssembly module, written out by hand so that what runs can be
 * read: products of int8 vectors with one query, four rows a turn, 16 components of each, by fixed-width
 * SIMD on integers (WebAssembly 2.0). The four rows stand far apart, one in each quarter of the set: a
 * processor reads ahead wherever it sees memory read in order, and one such place alone is waited for.
 * Squared distances follow from products and norms. Nothing when the engine has no WebAssembly
 * (node --jitless); distances.ts has the same sums in JavaScript.
 */
import type { VectorSet } from './distances.ts'

/** Both take a query as long as the stride. */
export interface DistanceKernel {
  distances(query: Int8Array): Int32Array
  products(query: Int8Array): Int32Array
}

/** Its parameters are listed where it is written. */
type Run = (...parameters: readonly number[]) => void
/** The little of the WebAssembly interface that is used; ECMAScript's types do not have it. */
interface Engine {
  readonly Module: new (bytes: Uint8Array) => object
  readonly Memory: new (size: { initial: number }) => { readonly buffer: ArrayBuffer }
  readonly Instance: new (module: object, imports: object) => { readonly exports: unknown }
}

const pageBytes = 65_536
/** 1 GiB: a hundred thousand vectors of ten thousand components. More is left to JavaScript. */
const maxMemoryBytes = 2 ** 30
/** Rows that share one reading of the query, one of each part of the set; missing ones are zeros. */
const parts = 4
/** Components that one instruction widens and multiplies. */
const piece = 8

/** Copies the vectors into a memory of its own. */
export function compileDistanceKernel(vectors: VectorSet): DistanceKernel | undefined {
  const engine = (globalThis as { readonly WebAssembly?: Engine }).WebAssembly
  const { values, count } = vectors
  if (!engine || count === 0) return undefined
  const stride = values.length / count
  const partRows = Math.ceil(count / parts)
  const partBytes = partRows * stride
  const queryAt = parts * partBytes
  const outAt = queryAt + 2 * stride
  const sizeBytes = outAt + 4 * parts * partRows
  if (sizeBytes > maxMemoryBytes) return undefined
  const memory = new engine.Memory({ initial: Math.ceil(sizeBytes / pageBytes) })
  const { exports } = new engine.Instance(new engine.Module(moduleBytes), { m: { m: memory } })
  const { p: run } = exports as { readonly p: Run }
  new Int8Array(memory.buffer).set(values)
  const norms = normsOf(vectors)
  /** A view of what the next query overwrites. */
  const productsWith = (query: Int8Array): Int32Array => {
    new Int16Array(memory.buffer, queryAt, stride).set(query)
    const places = [0, partBytes, 2 * partBytes, 3 * partBytes]
    run(...places, stride, queryAt, partRows, outAt, 4 * partRows)
    return new Int32Array(memory.buffer, outAt, count)
  }
  return {
    products: (query) => productsWith(query).slice(),
    distances(query) {
      const products = productsWith(query)
      const distances = new Int32Array(count)
      let norm = 0
      for (const x of query) norm += x * x
      // |x - q|^2, below 2^31 as long as there are at most `maxDimensions`.
      for (let i = 0; i < count; i++) distances[i] = norms[i]! + norm - 2 * products[i]!
      return distances
    },
  }
}

function normsOf({ values, count }: VectorSet): Int32Array {
  const stride = values.length / count
  const norms = new Int32Array(count)
  for (let i = 0, at = 0; i < count; i++) {
    let sum = 0
    for (const end = at + stride; at < end; at++) sum += values[at]! * values[at]!
    norms[i] = sum
  }
  return norms
}

/** Instructions by the names of the specification. */
const i32 = 0x7f
const v128 = 0x7b
const op = {
  loop: [0x03, 0x40],
  end: [0x0b],
  brIf: (depth: number) => [0x0d, depth],
  get: (local: number) => [0x20, local],
  set: (local: number) => [0x21, local],
  tee: (local: number) => [0x22, local],
  i32Const: (small: number) => [0x41, small],
  i32Store: (offset: number) => [0x36, 0x02, offset],
  i32LessUnsigned: [0x49],
  i32Add: [0x6a],
  i32Sub: [0x6b],
  load: (offset: number) => [0xfd, 0x00, 0x04, offset],
  /** Eight int8 as int16. */
  load8x8: (offset: number) => [0xfd, 0x01, 0x03, offset],
  i32x4Splat: [0xfd, 0x11],
  i32x4Lane: (lane: number) => [0xfd, 0x1b, lane],
  i32x4Add: [0xfd, 0xae, 0x01],
  /** Products of int16 lanes, neighbours added. */
  i32x4Dot: [0xfd, 0xba, 0x01],
} as const

/** Parameters: where the next row of each part stands; */
const rows = [0, 1, 2, 3]
/** length of a row, where the query stands, rows a part, where their products go, bytes of a part's. */
const [rowBytes, query, turns, out, outPartBytes] = [4, 5, 6, 7, 8]
const parameters = 9
const [queryPointer, rowEnd, outPointer, asked] = [9, 10, 11, 12]
/** A row's sum, in four lanes. */
const sums = [13, 14, 15, 16]

/** Eight components of the query, as int16, times those of each row of the turn. */
const addPiece = (index: number): number[] => [
  ...op.get(queryPointer),
  ...op.load(2 * piece * index),
  ...op.set(asked),
  ...sums.flatMap((sum, part) => [
    ...op.get(rows[part]!),
    ...op.load8x8(piece * index),
    ...op.get(asked),
    ...op.i32x4Dot,
    ...op.get(sum),
    ...op.i32x4Add,
    ...op.set(sum),
  ]),
]

/** By less than 64: a constant is signed LEB128. */
const advance = (local: number, by: number): number[] => [
  ...op.get(local),
  ...op.i32Const(by),
  ...op.i32Add,
  ...op.set(local),
]

const add = (to: number, a: number, b: number): number[] => [
  ...op.get(a),
  ...op.get(b),
  ...op.i32Add,
  ...op.set(to),
]

/** for each row of a part { for each 16 components { sum } store each part's total of four lanes } */
const sumRows: number[] = [
  ...op.loop,
  ...sums.flatMap((sum) => [...op.i32Const(0), ...op.i32x4Splat, ...op.set(sum)]),
  ...op.get(query),
  ...op.set(queryPointer),
  ...add(rowEnd, rows[0]!, rowBytes),
  ...op.loop,
  ...addPiece(0),
  ...addPiece(1),
  ...rows.flatMap((row) => advance(row, 2 * piece)),
  ...advance(queryPointer, 4 * piece),
  ...op.get(rows[0]!),
  ...op.get(rowEnd),
  ...op.i32LessUnsigned,
  ...op.brIf(0),
  ...op.end,
  ...op.get(out),
  ...op.set(outPointer),
  ...sums.flatMap((sum) => [
    ...op.get(outPointer),
    ...[0, 1, 2, 3].flatMap((lane) => [
      ...op.get(sum),
      ...op.i32x4Lane(lane),
      ...(lane === 0 ? [] : op.i32Add),
    ]),
    ...op.i32Store(0),
    ...add(outPointer, outPointer, outPartBytes),
  ]),
  ...advance(out, 4),
  ...op.get(turns),
  ...op.i32Const(1),
  ...op.i32Sub,
  ...op.tee(turns),
  ...op.brIf(0),
  ...op.end,
  ...op.end,
]

/** A length in front, as LEB128. */
function sized(bytes: readonly number[]): number[] {
  const { length } = bytes
  return length < 128 ? [length, ...bytes] : [(length & 0x7f) | 0x80, length >> 7, ...bytes]
}

const section = (id: number, bytes: readonly number[]): number[] => [id, ...sized(bytes)]
const letter = (name: 'm' | 'p'): number[] => [1, name.charCodeAt(0)]

/** '\0asm', version 1. */
const preamble = [0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0]

const moduleBytes = Uint8Array.from([
  ...preamble,
  ...section(1, [1, 0x60, parameters, ...Array<number>(parameters).fill(i32), 0]), // type: nine i32 to nothing
  ...section(2, [1, ...letter('m'), ...letter('m'), 2, 0, 1]), // import: a memory of a page or more
  ...section(3, [1, 0]),
  ...section(7, [1, ...letter('p'), 0, 0]),
  ...section(10, [1, ...sized([2, 3, i32, 5, v128, ...sumRows])]),
])
