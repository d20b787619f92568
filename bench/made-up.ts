/**
 * Rows and answers that benchmarks make up: vectors, trained heads, texts of which one token is as dear
 * as versions allow. The same on every machine; decides nothing.
 */
import {
  factorise,
  type HeadData,
  hessianOf,
  trainHead,
} from '../attribution/methods/linear-head.ts'
import { influenceVector, rowGradient } from '../attribution/methods/linear-influence.ts'
import { toHex } from '../primitives/index.ts'
import { createDice } from '../test/support/dice.ts'

export const dice = createDice(2679)

export const vectorOf = (dimensions: number): Int8Array =>
  Int8Array.from({ length: dimensions }, () => dice.below(256) - 128)

/** A row of a label and a vector, as methods over vectors read it. */
export const spelled = (label: number, vector: Int8Array): string =>
  `${label} ${toHex(new Uint8Array(vector.buffer)).slice(2)}`

/** The head of `rows` points, trained, and an answer by it (attribution/vectors/head.ts). */
export function headCase(rows: number, dimensions: number, classes: number) {
  const vectors = Array.from({ length: rows }, () => vectorOf(dimensions))
  const labels = Uint8Array.from({ length: rows }, () => dice.below(classes))
  const width = dimensions + 1
  const features = new Float64Array(rows * width).fill(1)
  for (const [i, vector] of vectors.entries())
    for (const [j, x] of vector.entries()) features[i * width + j] = x / 128
  const sizes = { count: rows, dimensions: width, classes }
  const data: HeadData = { ...sizes, features, labels, lambda: 2 ** -6 }
  const { weights } = trainHead(data, { tolerance: 1e-11 })
  const question = vectorOf(dimensions)
  const row = Float64Array.of(...Array.from(question, (x) => x / 128), 1)
  const gradient = rowGradient(data, weights, row, 0)
  const vector = influenceVector(factorise(hessianOf(data, weights)), gradient)
  const head = Uint8Array.of(classes, dimensions >> 8, dimensions & 255, 6, 7, ...doubles(weights))
  const answer = Uint8Array.of(...head, 0, ...new Uint8Array(question.buffer), ...doubles(vector))
  return { head, answer, texts: vectors.map((one, i) => spelled(labels[i] ?? 0, one)) }
}

function doubles(values: Float64Array): Uint8Array {
  const view = new DataView(new ArrayBuffer(8 * values.length))
  for (const [i, value] of values.entries()) view.setFloat64(8 * i, value)
  return new Uint8Array(view.buffer)
}

/** One word, many contexts, many who came first: what makes a token of the n-gram method dear. */
export const dearTexts: Readonly<Record<string, () => string[]>> = {
  'one word': () => Array.from({ length: 250 }, () => 'a '.repeat(799)),
  'a word after every other': () => Array.from({ length: 16_000 }, (_, i) => `w${i} a a a a a a`),
  'few rows of many words': () => Array.from({ length: 60 }, (_, i) => manyWords(i)),
  'words as in a book': () => Array.from({ length: 500 }, () => bookWords(398)),
}

const manyWords = (row: number): string =>
  Array.from({ length: 1_600 }, (_, i) => `w${row * 1_600 + i} a`).join(' ')

/** Zipf's law by halving. */
export const bookWords = (count: number): string =>
  Array.from({ length: count }, () => {
    let most = 1
    while (most < 8_192 && dice.below(8) > 0) most *= 2
    return most < 4 ? 'a' : `w${dice.below(most)}`
  }).join(' ')
