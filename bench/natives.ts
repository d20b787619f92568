/**
 * What the native attribution methods cost at their largest, in CPU and in gas (`npm run bench:natives`):
 * the modules' own functions over a version of random vectors, views answered from memory. The factor
 * says how many times the gas covers the time at 30 Mgas a second; 3 is the rule.
 */
import { cpus, loadavg } from 'node:os'
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
import { bookWords, dearTexts, dice, headCase, spelled, vectorOf } from './made-up.ts'

const gasPerMs = 30_000
const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)

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
    allowsLargeData: () => true,
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

const load = (loadavg()[0] ?? 0).toFixed(0)
process.stdout.write(`${cpus().length} cores at load ${load}, Node ${process.version}\n`)
for (const [rows, dimensions] of [
  [20_000, 64],
  [6_500, 384],
] as const) {
  const texts = Array.from({ length: rows }, () =>
    bytesOf(spelled(dice.below(10), vectorOf(dimensions))),
  )
  const answer = bytesOf(spelled(3, vectorOf(dimensions)))
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
  const made = headCase(rows, dimensions, classes)
  const { answer, head } = made
  const texts = made.texts.map(bytesOf)
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

for (const [name, make] of Object.entries(dearTexts)) {
  const texts = make().map(bytesOf)
  const answer = bytesOf('a a a a a')
  for (const at of [0, 4])
    measure(`ngram-shares, ${name}, token ${at}`, texts, ({ context, ports }) =>
      openAnswer(context, ports, 1n, answer).weightsOf(at),
    )
}
{
  const texts = Array.from({ length: 20_000 }, () => bytesOf(bookWords(100)))
  for (const words of [60, 500, 2_000]) {
    const answer = bytesOf(bookWords(words))
    measure(`span ${words} tokens of ${texts.length} x 100`, texts, ({ context, ports }) =>
      attributeHeld(context, ports.corpora, 1n, answer),
    )
  }
}
