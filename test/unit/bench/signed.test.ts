/** Signed n-gram influence is what the bench says it is: a derivative, by counting again with one document heavier. */
import { expect, test } from '@jest/globals'
import { createShareIndex } from '../../../attribution/methods/ngram-shares.ts'
import { type NgramModel, trainNgram } from '../../../attribution/methods/ngram.ts'
import { createSignedAttributor } from '../../../bench/accuracy/signed.ts'

const documents = [
  [0, 1, 2, 3, 0, 4, 0, 1, 2],
  [0, 5, 2, 3, 0, 1],
  [6, 1, 2, 0, 5, 2, 3],
]
const answer = [0, 1, 2, 0, 5, 2, 6]
const [order, vocabulary] = [3, 7]

const corpus = {
  tokens: Int32Array.from(documents.flat()),
  starts: Int32Array.of(0, 9, 15, 22),
  vocabulary,
}
const model = trainNgram(corpus, order)
const index = createShareIndex(corpus, model)

/** Who had each n-gram first, and how often it stands anywhere; by its tokens, joined. */
const firsts = new Map<string, { readonly document: number; times: number }>()
for (const [document, tokens] of documents.entries())
  for (let length = 1; length <= order; length++)
    for (let at = 0; at + length <= tokens.length; at++) {
      const ngram = tokens.slice(at, at + length).join(' ')
      const known = firsts.get(ngram)
      if (known) known.times++
      else firsts.set(ngram, { document, times: 1 })
    }

/** What stands for an n-gram, each part as heavy as the document that brought it. */
function valueOf(ngram: string, weights: readonly number[]): number {
  const weightOf = (document: number): number => weights[document] ?? 1
  if (ngram.split(' ').length === order) {
    const found = firsts.get(ngram)
    return found ? found.times * weightOf(found.document) : 0
  }
  let sum = 0
  for (let before = 0; before < vocabulary; before++) {
    const found = firsts.get(`${before} ${ngram}`)
    if (found) sum += weightOf(found.document)
  }
  return sum
}

const none = documents.map(() => 1)

/** p of a token after all those before it, discounts growing with what they are taken from. */
function probabilityOf(
  { discounts }: NgramModel,
  history: readonly number[],
  symbol: number,
  weights: readonly number[],
): number {
  let probability = 1 / vocabulary
  for (let length = 0; length <= Math.min(order - 1, history.length); length++) {
    const context = history.slice(history.length - length)
    if (length > 0 && !firsts.has(context.join(' '))) break
    let [total, discounted, kept] = [0, 0, 0]
    for (let next = 0; next < vocabulary; next++) {
      const ngram = [...context, next].join(' ')
      const whole = valueOf(ngram, none)
      if (whole === 0) continue
      const value = valueOf(ngram, weights)
      const discount = Math.min(whole, discounts[length + 1]?.[Math.min(whole, 3) - 1] ?? 0)
      total += value
      discounted += (discount * value) / whole
      if (next === symbol) kept = value - (discount * value) / whole
    }
    if (total > 0) probability = (kept + discounted * probability) / total
  }
  return probability
}

const logOf = (weights: readonly number[]): number =>
  answer.reduce(
    (sum, symbol, at) => sum + Math.log(probabilityOf(model, answer.slice(0, at), symbol, weights)),
    0,
  )

test('signed influence is the derivative of ln p by the weight of a document', () => {
  const influence = createSignedAttributor(index, 'first-come')(Int32Array.from(answer))
  const step = 1e-6
  for (const [document, found] of influence.entries()) {
    const moved = (by: number) => none.map((weight, i) => (i === document ? weight + by : weight))
    const slope = (logOf(moved(step)) - logOf(moved(-step))) / (2 * step)
    expect(Math.abs(found)).toBeGreaterThan(1e-3)
    expect(found).toBeCloseTo(slope, 6)
  }
})

test.each(['first-come', 'proportional'] as const)(
  'over all documents it sums to nothing (%s)',
  (rule) => {
    const influence = createSignedAttributor(index, rule)(Int32Array.from(answer))
    expect(influence.reduce((sum, one) => sum + one, 0)).toBeCloseTo(0, 12)
    expect(influence.some((one) => one > 0.1)).toBe(true)
  },
)

test('a document that says nothing that is asked is below nothing', () => {
  const junk = [0, 6, 2, 6, 1, 6, 5, 6, 3]
  const tokens = [...documents.flat(), ...junk]
  const longer = {
    tokens: Int32Array.from(tokens),
    starts: Int32Array.of(0, 9, 15, 22, tokens.length),
    vocabulary,
  }
  const influenceOf = createSignedAttributor(
    createShareIndex(longer, trainNgram(longer, order)),
    'first-come',
  )
  expect(influenceOf(Int32Array.of(0, 1, 2, 3, 0, 5, 2, 3))[3]).toBeLessThan(-0.1)
})
