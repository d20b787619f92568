/**
 * The inner loops of vector search as a WebAssembly module, written out by hand so that what runs can be
 * read: two functions over int8 vectors, sums of squared differences and sums of products, 16 components
 * a turn by fixed-width SIMD on integers (WebAssembly 2.0). Nothing when the engine has no WebAssembly
 * (node --jitless); distances.ts has the same sums in JavaScript.
 */
import type { VectorSet } from './distances.ts'

/** Both take a query as long as the stride. */
export interface DistanceKernel {
  distances(query: Int8Array): Int32Array
  products(query: Int8Array): Int32Array
}

type Run = (points: number, query: number, count: number, stride: number, out: number) => void
/** The little of the WebAssembly interface that is used; ECMAScript's types do not have it. */
interface Engine {
  readonly Module: new (bytes: Uint8Array) => object
  readonly Memory: new (size: { initial: number }) => { readonly buffer: ArrayBuffer }
  readonly Instance: new (module: object, imports: object) => { readonly exports: unknown }
}

const pageBytes = 65_536
/** 1 GiB: a hundred thousand vectors of ten thousand components. More is left to JavaScript. */
const maxMemoryBytes = 2 ** 30

/** Copies the vectors into a memory of its own. */
export function compileDistanceKernel(vectors: VectorSet): DistanceKernel | undefined {
  const engine = (globalThis as { readonly WebAssembly?: Engine }).WebAssembly
  const { values, count } = vectors
  if (!engine || count === 0) return undefined
  const stride = values.length / count
  const queryAt = values.length
  const outAt = queryAt + stride
  const sizeBytes = outAt + 4 * count
  if (sizeBytes > maxMemoryBytes) return undefined
  const memory = new engine.Memory({ initial: Math.ceil(sizeBytes / pageBytes) })
  const { exports } = new engine.Instance(new engine.Module(moduleBytes), { m: { m: memory } })
  const { d, p } = exports as { readonly d: Run; readonly p: Run }
  new Int8Array(memory.buffer).set(values)
  const runner =
    (run: Run) =>
    (query: Int8Array): Int32Array => {
      new Int8Array(memory.buffer).set(query, queryAt)
      run(0, queryAt, count, stride, outAt)
      return new Int32Array(memory.buffer, outAt, count).slice()
    }
  return { distances: runner(d), products: runner(p) }
}

/** Instructions by the names of the specification. */
const i32 = 0x7f
const v128 = 0x7b
const op = {
  block: [0x02, 0x40],
  loop: [0x03, 0x40],
  end: [0x0b],
  brIf: (depth: number) => [0x0d, depth],
  get: (local: number) => [0x20, local],
  set: (local: number) => [0x21, local],
  tee: (local: number) => [0x22, local],
  i32Const: (small: number) => [0x41, small],
  i32Store: (offset: number) => [0x36, 0x02, offset],
  i32Eqz: [0x45],
  i32LessUnsigned: [0x49],
  i32Add: [0x6a],
  i32Sub: [0x6b],
  /** Eight int8 as int16. */
  load8x8: (offset: number) => [0xfd, 0x01, 0x03, offset],
  i32x4Splat: [0xfd, 0x11],
  i32x4Lane: (lane: number) => [0xfd, 0x1b, lane],
  i16x8Sub: [0xfd, 0x91, 0x01],
  i32x4Add: [0xfd, 0xae, 0x01],
  /** Products of int16 lanes, neighbours added. */
  i32x4Dot: [0xfd, 0xba, 0x01],
} as const

const [points, query, count, stride, out] = [0, 1, 2, 3, 4]
const [queryPointer, rowEnd, sum, part] = [5, 6, 7, 8]

/** sum += the eight components at `offset` of both, by `combine`, which leaves one dot product. */
const addEight = (offset: number, combine: readonly number[]): number[] => [
  ...op.get(sum),
  ...op.get(points),
  ...op.load8x8(offset),
  ...op.get(queryPointer),
  ...op.load8x8(offset),
  ...combine,
  ...op.i32x4Add,
  ...op.set(sum),
]

const advance = (local: number, by: number): number[] => [
  ...op.get(local),
  ...op.i32Const(by),
  ...op.i32Add,
  ...op.set(local),
]

/** for each row { for each 16 components { sum } store the four lanes' total } */
const sumRows = (combine: readonly number[]): number[] => [
  ...op.block,
  ...op.get(count),
  ...op.i32Eqz,
  ...op.brIf(0),
  ...op.loop,
  ...op.i32Const(0),
  ...op.i32x4Splat,
  ...op.set(sum),
  ...op.get(query),
  ...op.set(queryPointer),
  ...op.get(points),
  ...op.get(stride),
  ...op.i32Add,
  ...op.set(rowEnd),
  ...op.loop,
  ...addEight(0, combine),
  ...addEight(8, combine),
  ...advance(points, 16),
  ...advance(queryPointer, 16),
  ...op.get(points),
  ...op.get(rowEnd),
  ...op.i32LessUnsigned,
  ...op.brIf(0),
  ...op.end,
  ...op.get(out),
  ...[0, 1, 2, 3].flatMap((lane) => [
    ...op.get(sum),
    ...op.i32x4Lane(lane),
    ...(lane === 0 ? [] : op.i32Add),
  ]),
  ...op.i32Store(0),
  ...advance(out, 4),
  ...op.get(count),
  ...op.i32Const(1),
  ...op.i32Sub,
  ...op.set(count),
  ...op.get(count),
  ...op.brIf(0),
  ...op.end,
  ...op.end,
  ...op.end,
]

const squareOfDifference = [...op.i16x8Sub, ...op.tee(part), ...op.get(part), ...op.i32x4Dot]

/** A length in front, as LEB128. */
function sized(bytes: readonly number[]): number[] {
  const { length } = bytes
  return length < 128 ? [length, ...bytes] : [(length & 0x7f) | 0x80, length >> 7, ...bytes]
}

const section = (id: number, bytes: readonly number[]): number[] => [id, ...sized(bytes)]
const body = (combine: readonly number[]): number[] =>
  sized([2, 2, i32, 2, v128, ...sumRows(combine)])
const letter = (name: 'm' | 'd' | 'p'): number[] => [1, name.charCodeAt(0)]

/** '\0asm', version 1. */
const preamble = [0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0]

const moduleBytes = Uint8Array.from([
  ...preamble,
  ...section(1, [1, 0x60, 5, i32, i32, i32, i32, i32, 0]), // type: five i32 to nothing
  ...section(2, [1, ...letter('m'), ...letter('m'), 2, 0, 1]), // import: a memory of a page or more
  ...section(3, [2, 0, 0]),
  ...section(7, [2, ...letter('d'), 0, 0, ...letter('p'), 0, 1]),
  ...section(10, [2, ...body(squareOfDifference), ...body(op.i32x4Dot)]),
])
