/** The novelty gate against counting by hand, and what passes it. */
import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { coveredBy, coveredTokens, isCopy } from '../../../../attribution/methods/novelty.ts'
import { buildSpanIndex } from '../../../../attribution/methods/span.ts'
import { encodeCorpus, encodeQuery } from '../../../../attribution/methods/tokens.ts'

const bytes = (words: readonly string[]) => new TextEncoder().encode(words.join(' '))
const words = fc.array(fc.constantFrom('a', 'b', 'c'), { maxLength: 25 })

test('covered is every token that some long enough match contains', () => {
  fc.assert(
    fc.property(
      fc.array(words, { maxLength: 4 }),
      words,
      fc.integer({ min: 1, max: 5 }),
      (before, document, least) => {
        const index = buildSpanIndex(encodeCorpus(before.map(bytes)))
        const covered = document.map(() => false)
        for (let from = 0; from < document.length; from++)
          for (let to = from + least; to <= document.length; to++) {
            const part = ` ${document.slice(from, to).join(' ')} `
            if (before.some((one) => ` ${one.join(' ')} `.includes(part)))
              covered.fill(true, from, to)
          }
        const query = encodeQuery(bytes(document), index.corpus.vocabulary)
        expect(coveredTokens(index, query, least)).toBe(covered.filter(Boolean).length)
      },
    ),
  )
})

test('of a part of an index, only what stands in its first documents counts', () => {
  fc.assert(
    fc.property(fc.array(words, { minLength: 1, maxLength: 5 }), fc.nat(4), (documents, cut) => {
      const texts = documents.map(bytes)
      const { corpus, ...index } = buildSpanIndex(encodeCorpus(texts))
      const first = Math.min(cut, documents.length - 1)
      const query = encodeQuery(bytes(documents[first] ?? []), corpus.vocabulary)
      const covered = new Uint8Array(query.length)
      const before = corpus.starts[first] ?? 0
      coveredBy({ corpus, ...index }, query, { minLength: 3, before }, covered)
      const alone = buildSpanIndex(encodeCorpus(texts.slice(0, first)))
      const same = encodeQuery(bytes(documents[first] ?? []), alone.corpus.vocabulary)
      expect(covered.reduce((sum, one) => sum + one, 0)).toBe(coveredTokens(alone, same, 3))
    }),
  )
})

test('a copy is one from half of its tokens on, and nothing is no copy', () => {
  const text = Array.from({ length: 40 }, (_, i) => `w${i}`)
  const index = buildSpanIndex(encodeCorpus([bytes(text)]))
  const ask = (list: readonly string[]) =>
    isCopy(index, encodeQuery(bytes(list), index.corpus.vocabulary))
  const fresh = Array.from({ length: 20 }, (_, i) => `n${i}`)
  expect(ask(text)).toBe(true)
  expect(ask([...text.slice(0, 20), ...fresh])).toBe(true)
  expect(ask([...text.slice(0, 19), ...fresh])).toBe(false)
  expect(ask([])).toBe(false)
  // Matches shorter than eight tokens are no copying.
  expect(ask(text.filter((_, i) => i % 8 !== 7))).toBe(false)
})
