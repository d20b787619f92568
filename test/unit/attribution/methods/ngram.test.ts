/**
 * The n-gram model three ways: trie in doubles, suffix array in rationals, and the definition by plain
 * counting of strings. What is said of probabilities and shares must be the same in all.
 */
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { add, type Fraction, fraction, zero } from '../../../../attribution/methods/fraction.ts'
import { constantsOf } from '../../../../attribution/methods/ngram-constants.ts'
import { exactShares } from '../../../../attribution/methods/ngram-exact.ts'
import {
  createAttributor,
  createShareIndex,
  type ShareRule,
} from '../../../../attribution/methods/ngram-shares.ts'
import {
  emptyContexts,
  type NgramCorpus,
  nextContexts,
  predictToken,
  trainNgram,
} from '../../../../attribution/methods/ngram.ts'

import { tokenUnit, tokenWeights } from '../../../../attribution/methods/ngram-weights.ts'

function corpusOf(documents: readonly (readonly number[])[], vocabulary: number): NgramCorpus {
  const starts = [0]
  for (const { length } of documents) starts.push((starts.at(-1) ?? 0) + length)
  return { tokens: Int32Array.from(documents.flat()), starts: Int32Array.from(starts), vocabulary }
}

function build(documents: readonly (readonly number[])[], vocabulary: number, order: number) {
  const corpus = corpusOf(documents, vocabulary)
  const model = trainNgram(corpus, order)
  const index = createShareIndex(corpus, model)
  const text = {
    tokens: index.text,
    documents: index.documents,
    order: index.order,
    vocabulary,
  }
  return { model, index, text, constants: constantsOf(text, order) }
}

const toNumber = ({ n, d }: Fraction): number => Number((n * 10n ** 18n) / d) / 1e18

const say = ({ n, d }: Fraction): string => `${n}/${d}`

/** 2.8's example. */
const example = [
  [0, 1, 2, 3, 0, 4, 0, 1, 2],
  [0, 5, 2, 3, 0, 1],
  [6, 1, 2, 0, 5, 2, 3],
]

describe('the example of the specification', () => {
  const { model, text, constants } = build(example, 7, 3)

  test('discounts', () => {
    expect(model.discounts.slice(1)).toEqual([
      [expect.closeTo(3 / 7, 14), expect.closeTo(19 / 14, 14), 3],
      [0.5, 2, 0.5],
      [0.5, 2, 0.5],
    ])
  })

  test.each<[number[], number, string, string, string]>([
    [[0, 1], 2, '23/140', '0:3/140 1:9/560 2:3/112', '1/10'],
    [[3, 0], 1, '349/1120', '0:9/1120 1:569/2240 2:27/2240', '3/80'],
    [[2, 3], 0, '11/20', '0:1/4 1:1/4', '1/20'],
    [[6, 1], 0, '1/20', '', '1/20'],
    [[4, 3], 0, '11/20', '0:1/4 1:1/4', '1/20'],
  ])('after %j, token %d', (history, symbol, probability, shares, base) => {
    const asked = { history: Int32Array.from(history), symbol }
    const found = exactShares(text, constants, asked, 'proportional')
    expect(say(found.probability)).toBe(probability)
    expect(say(found.base)).toBe(base)
    const list = [...found.shares].map(([document, share]) => `${document}:${say(share)}`)
    expect(list.join(' ')).toBe(shares)
  })
})

/** p(symbol | history) from the definition, over n-grams as strings. */
function naiveProbability(
  documents: readonly (readonly number[])[],
  vocabulary: number,
  order: number,
  history: readonly number[],
  symbol: number,
): Fraction {
  const raw = new Map<string, number>()
  const lefts = new Map<string, Set<number>>()
  for (const document of documents)
    for (let at = 0; at < document.length; at++)
      for (let n = 1; n <= order && at + n <= document.length; n++) {
        const key = document.slice(at, at + n).join(' ')
        raw.set(key, (raw.get(key) ?? 0) + 1)
        if (at === 0) continue
        const before = lefts.get(key) ?? new Set()
        lefts.set(key, before.add(document[at - 1] ?? -1))
      }
  const valueOf = (key: string): number =>
    key.split(' ').length === order ? (raw.get(key) ?? 0) : (lefts.get(key)?.size ?? 0)
  const discountsAt = (n: number): Fraction[] => {
    const c = [0, 0, 0, 0, 0]
    for (const key of raw.keys())
      if (key.split(' ').length === n && valueOf(key) <= 4) c[valueOf(key)]!++
    const half = fraction(1, 2)
    return [1, 2, 3].map((r) => {
      if (c[r] === 0 || 2 * c[2]! + c[1]! < 1) return half
      const d = fraction(
        BigInt(r * (c[1]! + 2 * c[2]!) * c[r]!) - BigInt((r + 1) * c[1]! * c[r + 1]!),
        BigInt((c[1]! + 2 * c[2]!) * c[r]!),
      )
      return d.n > 0n ? d : half
    })
  }
  let p = fraction(1, vocabulary)
  for (let k = 0; k < order && k <= history.length; k++) {
    const context = history.slice(history.length - k)
    if (k > 0 && !raw.has(context.join(' '))) break
    const discounts = discountsAt(k + 1)
    const all = [...raw.keys()].filter((key) => {
      const parts = key.split(' ')
      return parts.length === k + 1 && parts.slice(0, k).join(' ') === context.join(' ')
    })
    const total = all.reduce((sum, key) => sum + valueOf(key), 0)
    if (total === 0) continue
    const discountOf = (value: number) => discounts[Math.min(value, 3) - 1] ?? zero
    const kept = all.reduce<Fraction>((sum, key) => {
      const value = valueOf(key)
      return value === 0 ? sum : add(sum, discountOf(value))
    }, zero)
    const gamma = fraction(kept.n, kept.d * BigInt(total))
    const value = valueOf([...context, symbol].join(' '))
    const { n, d } = value === 0 ? zero : discountOf(value)
    const above = fraction(BigInt(value) * d - n, d * BigInt(total))
    p = add(above.n > 0n ? above : zero, fraction(p.n * gamma.n, p.d * gamma.d))
  }
  return p
}

const games = fc.record({
  documents: fc.array(fc.array(fc.nat({ max: 4 }), { minLength: 1, maxLength: 14 }), {
    minLength: 1,
    maxLength: 5,
  }),
  order: fc.integer({ min: 1, max: 4 }),
  history: fc.array(fc.nat({ max: 4 }), { maxLength: 5 }),
  symbol: fc.nat({ max: 4 }),
})

test('probabilities are those of the definition, in rationals, and the trie’s within 1e-13', () => {
  fc.assert(
    fc.property(games, ({ documents, order, history, symbol }) => {
      const { model, text, constants } = build(documents, 5, order)
      const asked = { history: Int32Array.from(history), symbol }
      const { probability } = exactShares(text, constants, asked, 'proportional')
      expect(probability).toEqual(naiveProbability(documents, 5, order, history, symbol))
      let contexts = emptyContexts
      for (const token of history) contexts = nextContexts(model, contexts, token)
      const found = predictToken(model, contexts, symbol).probability
      expect(Math.abs(found - toNumber(probability))).toBeLessThan(1e-13)
    }),
    { numRuns: 400 },
  )
})

test('shares and base sum to the probability exactly, by either rule; probabilities sum to 1', () => {
  fc.assert(
    fc.property(games, ({ documents, order, history }) => {
      const { text, constants } = build(documents, 5, order)
      let whole = zero
      for (let symbol = 0; symbol < 5; symbol++) {
        const asked = { history: Int32Array.from(history), symbol }
        for (const rule of ['proportional', 'first-come'] satisfies ShareRule[]) {
          const { probability, base, shares } = exactShares(text, constants, asked, rule)
          expect([...shares.values()].reduce(add, base)).toEqual(probability)
          if (rule === 'proportional') whole = add(whole, probability)
        }
      }
      expect(whole).toEqual(fraction(1))
    }),
    { numRuns: 150 },
  )
})

test('the worker’s credit is the rationals’, document by document', () => {
  fc.assert(
    fc.property(games, fc.constantFrom('proportional', 'first-come'), (game, rule) => {
      const { index, text, constants } = build(game.documents, 5, game.order)
      const answer = [...game.history, game.symbol]
      const expected = new Float64Array(game.documents.length)
      let base = 0
      for (const [i, symbol] of answer.entries()) {
        const asked = { history: Int32Array.from(answer.slice(0, i)), symbol }
        const found = exactShares(text, constants, asked, rule)
        base += toNumber(found.base) / toNumber(found.probability)
        for (const [document, share] of found.shares)
          expected[document]! += toNumber(share) / toNumber(found.probability)
      }
      const credit = createAttributor(index, rule)(Int32Array.from(answer))
      expect(credit.base).toBeCloseTo(base, 12)
      for (const [document, share] of expected.entries())
        expect(credit.credit[document]).toBeCloseTo(share, 12)
    }),
    { numRuns: 200 },
  )
})

test('a verbatim copy registered later gets nothing, and changes no first-come winner', () => {
  const { index } = build(example, 7, 3)
  const copied = build(example.concat(example), 7, 3).index
  const answer = Int32Array.of(2, 3, 0, 1, 2)
  const before = createAttributor(index, 'first-come')(answer).credit
  const after = createAttributor(copied, 'first-come')(answer).credit
  expect(Array.from(after.slice(3))).toEqual([0, 0, 0])
  expect(before.every((credit) => credit > 0)).toBe(true)
})

test('a token of no document has the base and nobody behind it', () => {
  const { text, constants } = build(example, 7, 3)
  const asked = { history: Int32Array.of(0, 1), symbol: -1 }
  const { shares, base, probability } = exactShares(text, constants, asked, 'first-come')
  expect(shares.size).toBe(0)
  expect(probability).toEqual(base)
})

test('what is paid of a token is its shares by batch, rounded down, and always the same sum', () => {
  fc.assert(
    fc.property(games, fc.integer({ min: 1, max: 3 }), (game, batches) => {
      const { text, constants } = build(game.documents, 5, game.order)
      const asked = { history: Int32Array.from(game.history), symbol: game.symbol }
      const batchOf = (document: number) => BigInt(1 + (document % batches))
      const found = tokenWeights(text, constants, asked, { batchOf, step: () => undefined })
      const { shares, probability: p } = exactShares(text, constants, asked, 'first-come')
      const byBatch = new Map<bigint, Fraction>()
      for (const [document, share] of shares) {
        const batch = batchOf(document)
        byBatch.set(batch, add(byBatch.get(batch) ?? zero, share))
      }
      for (const [batch, { n, d }] of byBatch)
        expect(found.get(batch) ?? 0n).toBe((n * tokenUnit * p.d) / (d * p.n))
      expect([...found.values()].reduce((sum, weight) => sum + weight, 0n)).toBe(tokenUnit)
    }),
    { numRuns: 200 },
  )
})
