/**
 * The inner loop of vector search as a WebAssembly module, written out by hand so that what runs can be
 * read: products of int8 vectors with one query, four rows a turn, 16 components of each, by fixed-width
 * SIMD on integers (WebAssembly 2.0). Squared distances follow from products and norms. Nothing when the
 * engine has no WebAssembly (node --jitless); distances.ts has the same sums in JavaScript.
 */
import type { VectorSet } from './distances.ts'

/** Both take a query as long as the stride. */
export interface DistanceKernel {
  distances(query: Int8Array): Int32Array
  products(query: Int8Array): Int32Array
}

type Run = (rows: number, query: number, groups: number, groupBytes: number, out: number) => void
/** The little of the WebAssembly interface that is used; ECMAScript's types do not have it. */
interface Engine {
  readonly Module: new (bytes: Uint8Array) => object
  readonly Memory: new (size: { initial: number }) => { readonly buffer: ArrayBuffer }
  readonly Instance: new (module: object, imports: object) => { readonly exports: unknown }
}

const pageBytes = 65_536
/** 1 GiB: a hundred thousand vectors of ten thousand components. More is left to JavaScript. */
const maxMemoryBytes = 2 ** 30
/** Rows that share one reading of the query; missing ones of the last group are zeros. */
const groupRows = 4
/** Components that one instruction widens and multiplies. */
const piece = 8

/** Copies the vectors into a memory of its own. */
export function compileDistanceKernel(vectors: VectorSet): DistanceKernel | undefined {
  const engine = (globalThis as { readonly WebAssembly?: Engine }).WebAssembly
  const { values, count } = vectors
  if (!engine || count === 0) return undefined
  const stride = values.length / count
  const groups = Math.ceil(count / groupRows)
  const queryAt = groups * groupRows * stride
  const outAt = queryAt + 2 * stride
  const sizeBytes = outAt + 4 * groups * groupRows
  if (sizeBytes > maxMemoryBytes) return undefined
  const memory = new engine.Memory({ initial: Math.ceil(sizeBytes / pageBytes) })
  const { exports } = new engine.Instance(new engine.Module(moduleBytes), { m: { m: memory } })
  const { p: run } = exports as { readonly p: Run }
  interleave(vectors, new Int32Array(memory.buffer, 0, queryAt / 4))
  const norms = normsOf(vectors)
  /** A view of what the next query overwrites. */
  const productsWith = (query: Int8Array): Int32Array => {
    new Int16Array(memory.buffer, queryAt, stride).set(query)
    run(0, queryAt, groups, groupRows * stride, outAt)
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

/** Group by group, eight components of each of its rows, then the next eight: one stream to read. */
function interleave({ values, count }: VectorSet, into: Int32Array): void {
  const words = new Int32Array(
    values.buffer.slice(values.byteOffset, values.byteOffset + values.length),
  )
  const [rowWords, pieceWords] = [words.length / count, piece / 4]
  for (let i = 0, from = 0; i < count; i++) {
    const inGroup = i % groupRows
    let to = (i - inGroup) * rowWords + inGroup * pieceWords
    for (
      const end = from + rowWords;
      from < end;
      from += pieceWords, to += groupRows * pieceWords
    ) {
      into[to] = words[from]!
      into[to + 1] = words[from + 1]!
    }
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

const [rows, query, groups, groupBytes, out] = [0, 1, 2, 3, 4]
const [queryPointer, groupEnd, asked] = [5, 6, 7]
/** A row's sum, in four lanes. */
const sums = [8, 9, 10, 11]

/** Eight components of the query, as int16, times those of each row of the group. */
const addPiece = (index: number): number[] => [
  ...op.get(queryPointer),
  ...op.load(2 * piece * index),
  ...op.set(asked),
  ...sums.flatMap((sum, row) => [
    ...op.get(rows),
    ...op.load8x8(piece * (groupRows * index + row)),
    ...op.get(asked),
    ...op.i32x4Dot,
    ...op.get(sum),
    ...op.i32x4Add,
    ...op.set(sum),
  ]),
]

const advance = (local: number, by: number): number[] => [
  ...op.get(local),
  // A constant is signed LEB128: two bytes from 64 on.
  ...(by < 64 ? op.i32Const(by) : [...op.i32Const((by & 0x7f) | 0x80), by >> 7]),
  ...op.i32Add,
  ...op.set(local),
]

/** for each group { for each 16 components { sum } store each row's total of four lanes } */
const sumGroups: number[] = [
  ...op.loop,
  ...sums.flatMap((sum) => [...op.i32Const(0), ...op.i32x4Splat, ...op.set(sum)]),
  ...op.get(query),
  ...op.set(queryPointer),
  ...op.get(rows),
  ...op.get(groupBytes),
  ...op.i32Add,
  ...op.set(groupEnd),
  ...op.loop,
  ...addPiece(0),
  ...addPiece(1),
  ...advance(rows, 2 * piece * groupRows),
  ...advance(queryPointer, 4 * piece),
  ...op.get(rows),
  ...op.get(groupEnd),
  ...op.i32LessUnsigned,
  ...op.brIf(0),
  ...op.end,
  ...sums.flatMap((sum, row) => [
    ...op.get(out),
    ...[0, 1, 2, 3].flatMap((lane) => [
      ...op.get(sum),
      ...op.i32x4Lane(lane),
      ...(lane === 0 ? [] : op.i32Add),
    ]),
    ...op.i32Store(4 * row),
  ]),
  ...advance(out, 4 * groupRows),
  ...op.get(groups),
  ...op.i32Const(1),
  ...op.i32Sub,
  ...op.tee(groups),
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
  ...section(1, [1, 0x60, 5, i32, i32, i32, i32, i32, 0]), // type: five i32 to nothing
  ...section(2, [1, ...letter('m'), ...letter('m'), 2, 0, 1]), // import: a memory of a page or more
  ...section(3, [1, 0]),
  ...section(7, [1, ...letter('p'), 0, 0]),
  ...section(10, [1, ...sized([2, 2, i32, 5, v128, ...sumGroups])]),
])
