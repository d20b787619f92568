import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { textOf } from '../../../../attribution/methods/vocabulary.ts'
import { createRangeMinimum } from '../../../../attribution/methods/range-minimum.ts'
import { suffixArray } from '../../../../attribution/methods/suffix-array.ts'
import {
  buildSpanIndex,
  creditSpans,
  documentAt,
  findSpans,
  firstDocument,
  rarityTable,
  type SpanIndex,
} from '../../../../attribution/methods/span.ts'
import {
  encodeCorpus,
  encodeQuery,
  tokenBounds,
  tokensOf,
  unknownToken,
} from '../../../../attribution/methods/tokens.ts'

const bytes = (text: string) => new TextEncoder().encode(text)
/** Every letter a word of its own. */
const letters = (text: string) => bytes(text.split('').join(' '))
const symbols = (text: string) => Int32Array.from(text, (c) => c.charCodeAt(0) - 97)
const naiveOrder = (text: Int32Array): number[] =>
  Array.from(text.keys()).toSorted((a, b) => {
    for (let i = 0; ; i++) {
      if (a + i >= text.length) return -1
      if (b + i >= text.length) return 1
      const difference = text[a + i]! - text[b + i]!
      if (difference !== 0) return difference
    }
  })

/** Of a word in a vocabulary's first table. */
function placeOf(word: string): number {
  let hash = 0x811c9dc5
  for (const byte of bytes(word)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0
  return (hash ^ (hash >>> 15)) & 1_023
}

describe('tokens', () => {
  test('words are runs of word bytes, other bytes stand alone, spaces part', () => {
    const text = bytes("Don't  stop—now, x2\n;")
    const bounds = tokenBounds(text)
    const tokens = Array.from({ length: bounds.length / 2 }, (_, i) =>
      new TextDecoder().decode(text.subarray(bounds[2 * i], bounds[2 * i + 1])),
    )
    // The dash is three bytes above 0x7f, hence part of a word.
    expect(tokens).toEqual(["Don't", 'stop—now', ',', 'x2', ';'])
  })

  test('ids follow first occurrence; each document ends with the separator', () => {
    const corpus = encodeCorpus([bytes('a b a'), bytes('b c')])
    expect([...corpus.tokens]).toEqual([0, 1, 0, 3, 1, 2, 3])
    expect([...corpus.starts]).toEqual([0, 4])
    expect([...corpus.counts]).toEqual([2, 2, 1])
    expect([...encodeQuery(bytes('c d a'), corpus.vocabulary)]).toEqual([2, unknownToken, 0])
  })

  test('ids are those of a plain map over the tokens, whatever comes and however long', () => {
    const words = fc.string({ unit: 'binary', maxLength: 40 })
    fc.assert(
      fc.property(fc.array(fc.array(words, { maxLength: 30 }), { maxLength: 5 }), (lists) => {
        const documents = lists.map((list) => bytes(list.join(' ')))
        const ids = new Map<string, number>()
        const expected = documents.map((document) =>
          tokensOf(document).map((token) => {
            if (!ids.has(token)) ids.set(token, ids.size)
            return ids.get(token)!
          }),
        )
        const { tokens, vocabulary } = encodeCorpus(documents)
        expect([...tokens]).toEqual(expected.flatMap((list) => [...list, ids.size]))
        expect(Array.from(ids.values(), (id) => textOf(vocabulary.bytesOf(id)))).toEqual([
          ...ids.keys(),
        ])
      }),
      { numRuns: 100 },
    )
    // More words than the recall has slots, each of them twice.
    const many = Array.from({ length: 70_000 }, (_, i) => `w${i}`)
    const { tokens } = encodeCorpus([bytes([...many, ...many].join(' '))])
    expect(tokens.every((id, i) => i === 140_000 || id === i % 70_000)).toBe(true)
  })

  test.each(['', 'with one tail of more than eight bytes'])(
    'words made to fall on one place of the table are still told apart %s',
    (tail) => {
      const crowd: string[] = []
      for (let i = 100_000; crowd.length < 100; i++) {
        const made = `x${i}${tail.replaceAll(' ', '')}`
        if (placeOf(made) === 7) crowd.push(made)
      }
      const others = Array.from({ length: 900 }, (_, i) => `y${i}`)
      for (const words of [
        [...crowd, ...crowd],
        [...crowd, ...others, ...crowd, ...others],
      ]) {
        const { tokens, counts, vocabulary } = encodeCorpus([bytes(words.join(' '))])
        const half = words.length / 2
        expect([...tokens.subarray(0, -1)]).toEqual(words.map((_, i) => i % half))
        expect([...counts]).toEqual(Array.from({ length: half }, () => 2))
        expect([...encodeQuery(bytes(words.join(' ')), vocabulary)]).toEqual(
          words.map((_, i) => i % half),
        )
      }
    },
  )

  test('nothing in, nothing out', () => {
    expect([...encodeCorpus([]).tokens]).toEqual([])
    expect([...encodeCorpus([bytes('')]).tokens]).toEqual([0])
  })
})

describe('suffix array', () => {
  test.each([
    ['banana', [5, 3, 1, 0, 4, 2]],
    ['mississippi', [10, 7, 4, 1, 0, 9, 8, 6, 3, 5, 2]],
    ['abracadabra', [10, 7, 0, 3, 5, 8, 1, 4, 6, 9, 2]],
    ['', []],
    ['a', [0]],
    ['aaaa', [3, 2, 1, 0]],
  ] as const)('%s', (text, order) => {
    expect([...suffixArray(symbols(text), 26)]).toEqual(order)
  })

  test('equals a comparison sort on 5,000 random texts', () => {
    fc.assert(
      fc.property(
        fc
          .integer({ min: 1, max: 4 })
          .chain((alphabet) =>
            fc.array(fc.nat({ max: alphabet - 1 }), { minLength: 1, maxLength: 60 }),
          ),
        (text) => {
          const array = Int32Array.from(text)
          expect([...suffixArray(array, 4)]).toEqual(naiveOrder(array))
        },
      ),
      { numRuns: 5_000 },
    )
  })

  test.each([2, 200])('equals a comparison sort on long texts of %i symbols', (alphabet) => {
    fc.assert(
      fc.property(
        fc.array(fc.nat({ max: alphabet - 1 }), { minLength: 3_000, maxLength: 3_000 }),
        (text) => {
          const array = Int32Array.from(text)
          expect([...suffixArray(array, alphabet)]).toEqual(naiveOrder(array))
        },
      ),
      { numRuns: 15 },
    )
  })
})

test('a range minimum equals the minimum of the range', () => {
  fc.assert(
    fc.property(
      fc.array(fc.nat({ max: 50 }), { minLength: 1, maxLength: 700 }),
      fc.nat(),
      fc.nat(),
      (values, a, b) => {
        const low = a % values.length
        const high = low + 1 + (b % (values.length - low))
        const tree = createRangeMinimum(Int32Array.from(values))
        expect(tree.minimum(low, high)).toBe(Math.min(...values.slice(low, high)))
      },
    ),
    { numRuns: 2_000 },
  )
})

describe('spans', () => {
  test('dabracx in abracadabra has two maximal spans', () => {
    const index = buildSpanIndex(encodeCorpus([letters('abracadabra')]))
    const query = encodeQuery(letters('dabracx'), index.corpus.vocabulary)
    expect(findSpans(index, query, 1).map(({ start, length }) => [start, length])).toEqual([
      [0, 5],
      [1, 5],
    ])
  })

  test('rarity is floor(256 log2(N/c)) for every count', () => {
    const counts = Int32Array.from([1, 2, 3, 7, 987])
    const expected = [...counts].map((c) => Math.floor(256 * Math.log2(1000 / c)))
    expect([...rarityTable(counts)]).toEqual(expected)
  })

  test('spans and credit equal brute force over all positions', () => {
    const word = fc.constantFrom('a', 'b', 'c', 'd')
    const text = fc.array(word, { maxLength: 25 }).map((words) => bytes(words.join(' ')))
    fc.assert(
      fc.property(
        fc.array(text, { minLength: 1, maxLength: 6 }),
        text,
        fc.integer({ min: 1, max: 3 }),
        (documents, answer, minLength) => {
          const index = buildSpanIndex(encodeCorpus(documents))
          const query = encodeQuery(answer, index.corpus.vocabulary)
          const found = findSpans(index, query, minLength)
          expect(
            found.map((span) => ({
              start: span.start,
              length: span.length,
              occurrences: span.high - span.low,
              first: firstDocument(index, span),
            })),
          ).toEqual(bruteSpans(index, query, minLength))
        },
      ),
      { numRuns: 2_000 },
    )
  })

  test('a verbatim copy registered later earns exactly 0', () => {
    const original = bytes('the quick brown fox jumps over the lazy dog')
    const answer = bytes('a quick brown fox over the lazy dog')
    const alone = buildSpanIndex(encodeCorpus([bytes('the end'), original]))
    const copied = buildSpanIndex(encodeCorpus([bytes('the end'), original, original, original]))
    const credited = (index: SpanIndex) =>
      creditSpans(index, encodeQuery(answer, index.corpus.vocabulary), 2).map((c) => c.document)
    expect(credited(alone)).toEqual([1])
    expect(credited(copied)).toEqual([1])
  })
})

/** Every (start, position) pair, compared token by token. */
function bruteSpans({ corpus }: SpanIndex, query: Int32Array, minLength: number) {
  const lengthAt = (start: number, position: number): number => {
    let length = 0
    while (
      start + length < query.length &&
      position + length < corpus.tokens.length &&
      query[start + length] === corpus.tokens[position + length]
    )
      length++
    return length
  }
  const positions = Array.from(corpus.tokens.keys())
  const longest = Array.from(query.keys()).map((start) =>
    Math.max(0, ...positions.map((position) => lengthAt(start, position))),
  )
  return longest.flatMap((length, start) => {
    const earlier = longest.slice(0, start).map((l, s) => s + l)
    if (length < minLength || earlier.some((end) => end >= start + length)) return []
    const at = positions.filter((position) => lengthAt(start, position) >= length)
    const first = Math.min(...at.map((position) => documentAt(corpus, position)))
    return [{ start, length, occurrences: at.length, first }]
  })
}
