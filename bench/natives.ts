/**
 * What the native attribution methods cost at their largest, in CPU and in gas (`npm run bench:natives`):
 * the modules' own functions over a version of random vectors, views answered from memory. The factor
 * says how many times the gas covers the time at 30 Mgas a second; 3 is the rule.
 */
import { cpus, loadavg } from 'node:os'
import {
  factorise,
  type HeadData,
  hessianOf,
  trainHead,
} from '../attribution/methods/linear-head.ts'
import { influenceVector, rowGradient } from '../attribution/methods/linear-influence.ts'
import { buildSpanIndex, encodeCorpus } from '../attribution/methods/index.ts'
import { createNgramReader, openAnswer } from '../attribution/ngram/native.ts'
import { attributeHeld } from '../attribution/span/native.ts'
import { attributeByHead, certifyHead } from '../attribution/vectors/head.ts'
import {
  attributeNeighbours,
  attributeRetrieved,
  scoreNeighbours,
} from '../attribution/vectors/native.ts'
import { createVectorReader } from '../attribution/vectors/players.ts'
import { toHex } from '../primitives/index.ts'
import { createDice } from '../test/support/dice.ts'

const gasPerMs = 30_000
const dice = createDice(2679)

const vectorOf = (dimensions: number): Int8Array =>
  Int8Array.from({ length: dimensions }, () => dice.below(256) - 128)
const spelled = (label: number, vector: Int8Array): Uint8Array =>
  new TextEncoder().encode(`${label} ${toHex(new Uint8Array(vector.buffer)).slice(2)}`)

/**
 * A held version of such rows, each a batch of its own while there are no more than versions may have, and a
 * context that counts gas; what views cost is the modules' own price (bench/gas.ts).
 */
function versionOf(rows: readonly Uint8Array[]) {
  const index = buildSpanIndex(encodeCorpus(rows))
  let burnt = 0n
  const perBatch = Math.ceil(rows.length / 255)
  const batches = Math.ceil(rows.length / perBatch)
  const context = {
    gas: { charge: (gas: bigint) => void (burnt += gas), left: () => 2n ** 40n },
    revert: (name: string) => new Error(name),
    view: (_module: unknown, name: string, args: readonly unknown[]) => {
      if (name === 'version')
        return {
          state: 2,
          rows: BigInt(rows.length),
          tokens: BigInt(index.corpus.tokens.length),
          batches: batches,
          parentId: 0n,
          indexRoot: '0x00',
        }
      if (name !== 'partOfRow') return ['0x00', 1n]
      const part = Math.floor(Number(args[1]) / perBatch)
      return {
        batchId: BigInt(1 + part),
        firstRow: BigInt(part * perBatch),
        rows: perBatch,
      }
    },
  } as never
  const ports = {
    corpora: { indexOf: () => index },
    vectors: createVectorReader(),
    ngrams: createNgramReader(),
  }
  return { context, ports, burnt: () => burnt }
}

function measure(
  name: string,
  rows: readonly Uint8Array[],
  run: (version: ReturnType<typeof versionOf>) => unknown,
): void {
  const version = versionOf(rows)
  const timesOf = (fresh: boolean): number => {
    const times = Array.from({ length: 8 }, () => {
      const ports = fresh
        ? { ...version.ports, vectors: createVectorReader(), ngrams: createNgramReader() }
        : version.ports
      const before = process.cpuUsage()
      run({ ...version, ports })
      const { user, system } = process.cpuUsage(before)
      return (user + system) / 1_000
    })
    return times.slice(2).toSorted((x, y) => x - y)[3] ?? 0
  }
  const [ms, reading] = [timesOf(false), timesOf(true)]
  const gas = Number(version.burnt()) / 16
  process.stdout.write(
    `${name.padEnd(40)} ${ms.toFixed(1).padStart(7)} ms, reading ${reading.toFixed(1).padStart(6)} ms ` +
      `${gas.toFixed(0).padStart(9)} gas, factor ${(gas / ms / gasPerMs).toFixed(1)} ` +
      `with reading ${(gas / reading / gasPerMs).toFixed(1)}\n`,
  )
}

function doubles(values: Float64Array): Uint8Array {
  const view = new DataView(new ArrayBuffer(8 * values.length))
  for (const [i, value] of values.entries()) view.setFloat64(8 * i, value)
  return new Uint8Array(view.buffer)
}

/** The head of `rows` points, trained, and an answer by it. */
function headCase(rows: number, dimensions: number, classes: number) {
  const vectors = Array.from({ length: rows }, () => vectorOf(dimensions))
  const labels = Uint8Array.from({ length: rows }, () => dice.below(classes))
  const features = new Float64Array(rows * (dimensions + 1)).fill(1)
  for (const [i, vector] of vectors.entries())
    for (const [j, x] of vector.entries()) features[i * (dimensions + 1) + j] = x / 128
  const data: HeadData = {
    count: rows,
    dimensions: dimensions + 1,
    classes,
    features,
    labels,
    lambda: 2 ** -6,
  }
  const { weights } = trainHead(data, { tolerance: 1e-11 })
  const question = vectorOf(dimensions)
  const row = Float64Array.of(...Array.from(question, (x) => x / 128), 1)
  const gradient = rowGradient(data, weights, row, 0)
  const vector = influenceVector(factorise(hessianOf(data, weights)), gradient)
  const answer = Uint8Array.of(
    classes,
    dimensions >> 8,
    dimensions & 255,
    6,
    7,
    ...doubles(weights),
    0,
    ...new Uint8Array(question.buffer),
    ...doubles(vector),
  )
  return { answer, texts: vectors.map((one, i) => spelled(labels[i] ?? 0, one)) }
}

const load = (loadavg()[0] ?? 0).toFixed(0)
process.stdout.write(`${cpus().length} cores at load ${load}, Node ${process.version}\n`)
for (const [rows, dimensions] of [
  [20_000, 64],
  [6_500, 384],
] as const) {
  const texts = Array.from({ length: rows }, () => spelled(dice.below(10), vectorOf(dimensions)))
  const answer = spelled(3, vectorOf(dimensions))
  measure(`knn-shapley ${rows} x ${dimensions}`, texts, ({ context, ports }) =>
    attributeNeighbours(context, ports, 1n, answer),
  )
  measure(`knn-shapley, for an epoch ${rows} x ${dimensions}`, texts, ({ context, ports }) =>
    scoreNeighbours(context, ports, 1n, answer),
  )
  measure(`rag-shapley ${rows} x ${dimensions}`, texts, ({ context, ports }) =>
    attributeRetrieved(context, ports, 1n, answer),
  )
}
for (const [rows, dimensions, classes] of [
  [5_000, 32, 10],
  [15_000, 32, 3],
] as const) {
  const { answer, texts } = headCase(rows, dimensions, classes)
  const head = answer.subarray(0, 5 + 8 * classes * (dimensions + 1))
  measure(
    `linear-influence ${rows} x ${dimensions}, ${classes} classes`,
    texts,
    ({ context, ports }) => attributeByHead(context, ports, 1n, answer),
  )
  measure(`the same, head certified before`, texts, ({ context, ports }) =>
    attributeByHead(context, ports, 1n, answer, true),
  )
  measure(`certificate of the head`, texts, ({ context, ports }) =>
    certifyHead(context, ports, 1n, head),
  )
}

/** Texts of which one token is as dear as versions allow: one word, many contexts, many who came first. */
const dearTexts: Readonly<Record<string, () => string[]>> = {
  'one word': () => Array.from({ length: 250 }, () => 'a '.repeat(799)),
  'a word after every other': () => Array.from({ length: 16_000 }, (_, i) => `w${i} a a a a a a`),
  'few rows of many words': () => Array.from({ length: 60 }, (_, i) => manyWords(i)),
  'words as in a book': () => Array.from({ length: 500 }, () => bookWords(398)),
}
const manyWords = (row: number): string =>
  Array.from({ length: 1_600 }, (_, i) => `w${row * 1_600 + i} a`).join(' ')
/** Zipf's law by halving. */
const bookWords = (count: number): string =>
  Array.from({ length: count }, () => {
    let most = 1
    while (most < 8_192 && dice.below(8) > 0) most *= 2
    return most < 4 ? 'a' : `w${dice.below(most)}`
  }).join(' ')

for (const [name, make] of Object.entries(dearTexts)) {
  const texts = make().map((text) => new TextEncoder().encode(text))
  const answer = new TextEncoder().encode('a a a a a')
  for (const at of [0, 4])
    measure(`ngram-shares, ${name}, token ${at}`, texts, ({ context, ports }) =>
      openAnswer(context, ports, 1n, answer).weightsOf(at),
    )
}
{
  const texts = Array.from({ length: 20_000 }, () => new TextEncoder().encode(bookWords(100)))
  for (const words of [60, 500, 2_000]) {
    const answer = new TextEncoder().encode(bookWords(words))
    measure(`span ${words} tokens of ${texts.length} x 100`, texts, ({ context, ports }) =>
      attributeHeld(context, ports.corpora, 1n, answer),
    )
  }
}
