/** Proof mode of spans: equal to the index and to brute force; whatever is changed in a proof is refused. */
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import {
  buildSpanIndex,
  commitIndex,
  creditsOf,
  creditSpans,
  encodeCorpus,
  maxAnswerTokens,
  proveSpans,
  verifySpans,
  type SpanCredit,
} from '../../../../attribution/methods/index.ts'
import { documentAt, rarityTable } from '../../../../attribution/methods/span.ts'
import { encodeQuery } from '../../../../attribution/methods/tokens.ts'
import { decodeWitness, encodeWitness } from '../../../../attribution/methods/span-witness.ts'
import { decodeRlp, encodeRlp, type RlpItem } from '../../../../primitives/index.ts'

const bytes = (text: string) => new TextEncoder().encode(text)

const stop = (): never => {
  throw new RangeError('out of gas')
}

function prepare(documents: readonly Uint8Array[]) {
  const index = buildSpanIndex(encodeCorpus(documents))
  return { index, commitment: commitIndex(index) }
}

/** Every (start, position) pair, token by token; knows nothing of suffix arrays. */
function bruteForce(documents: readonly Uint8Array[], answer: Uint8Array, minLength: number) {
  const corpus = encodeCorpus(documents)
  const query = encodeQuery(answer, corpus.vocabulary)
  const rarity = rarityTable(corpus.counts)
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
  const best = Array.from(query.keys(), (start) => {
    const lengths = Array.from(corpus.tokens.keys(), (position) => lengthAt(start, position))
    const length = lengths.reduce((a, b) => Math.max(a, b), 0)
    return { length, document: documentAt(corpus, lengths.indexOf(length)) }
  })
  return best.flatMap(({ length, document }, start): SpanCredit[] => {
    const isInside = best.slice(0, start).some((one, i) => i + one.length >= start + length)
    if (length < minLength || isInside) return []
    const ids = [...query.subarray(start, start + length)]
    return [{ start, length, document, weight: ids.reduce((sum, id) => sum + rarity[id]!, 0) }]
  })
}

const word = fc.constantFrom('a', 'b', 'c', 'd', 'e')
const text = (maxLength: number) =>
  fc.array(word, { maxLength }).map((words) => bytes(words.join(' ')))

describe('span proof', () => {
  test('shows exactly the spans brute force finds, with first documents and weights', () => {
    fc.assert(
      fc.property(
        fc.array(text(60), { maxLength: 8 }),
        fc.array(fc.constantFrom('a', 'b', 'c', 'd', 'x'), { maxLength: 30 }),
        fc.integer({ min: 1, max: 4 }),
        (documents, words, minLength) => {
          const { index, commitment } = prepare(documents)
          const question = { answer: bytes(words.join(' ')), minLength }
          const witness = proveSpans(index, commitment, question)!
          const spans = verifySpans(commitment.root, question, witness)!
          expect(spans).toEqual(bruteForce(documents, question.answer, minLength))
          const query = encodeQuery(question.answer, index.corpus.vocabulary)
          expect(creditsOf(spans)).toEqual(creditSpans(index, query, minLength))
        },
      ),
      { numRuns: 700 },
    )
  })

  test('of one question answers no other, nor one about another corpus', () => {
    const { index, commitment } = prepare([bytes('a b c d e f g'), bytes('c d e x')])
    const question = { answer: bytes('b c d e x'), minLength: 2 }
    const witness = proveSpans(index, commitment, question)!
    expect(verifySpans(commitment.root, question, witness)).toHaveLength(2)
    for (const other of [
      { ...question, minLength: 5 },
      { ...question, answer: bytes('b c d e f') },
      { ...question, answer: bytes('b c d e') },
      { ...question, answer: bytes('b c d e x y') },
      { ...question, answer: bytes('') },
    ])
      expect(verifySpans(commitment.root, other, witness)).toBeUndefined()
    const elsewhere = prepare([bytes('a b c d e f g'), bytes('c d e y')])
    expect(verifySpans(elsewhere.commitment.root, question, witness)).toBeUndefined()
  })

  test('an empty corpus, an empty answer and unknown words have proofs too', () => {
    for (const [documents, answer] of [
      [[], 'a b'],
      [[bytes('')], 'a b'],
      [[bytes('c d')], 'a b'],
      [[bytes('c d')], ''],
    ] as const) {
      const { index, commitment } = prepare(documents)
      const question = { answer: bytes(answer), minLength: 1 }
      const witness = proveSpans(index, commitment, question)!
      expect(verifySpans(commitment.root, question, witness)).toEqual([])
    }
  })

  test('a verbatim copy registered later earns exactly 0; the original keeps all', () => {
    const original = bytes('the quick brown fox jumps over the lazy dog')
    const question = { answer: bytes('a quick brown fox over the lazy dog'), minLength: 2 }
    const credited = (documents: readonly Uint8Array[]) => {
      const { index, commitment } = prepare(documents)
      const witness = proveSpans(index, commitment, question)!
      return creditsOf(verifySpans(commitment.root, question, witness)!)
    }
    const copied = credited([bytes('the end'), original, original, original])
    expect(copied.map(({ document }) => document)).toEqual([1])
  })

  test('longer than the limit, an answer has no proof', () => {
    const { index, commitment } = prepare([bytes('a')])
    const answer = bytes('a '.repeat(maxAnswerTokens + 1))
    expect(proveSpans(index, commitment, { answer, minLength: 1 })).toBeUndefined()
    expect(
      verifySpans(commitment.root, { answer, minLength: 1 }, new Uint8Array(0)),
    ).toBeUndefined()
  })

  test('the verifier counts its steps aloud, and stops when told to', () => {
    const { index, commitment } = prepare([bytes('a b c d e f g')])
    const question = { answer: bytes('c d e'), minLength: 1 }
    const witness = proveSpans(index, commitment, question)!
    let steps = 0
    verifySpans(commitment.root, question, witness, () => {
      steps++
    })
    expect(steps).toBeGreaterThan(10)
    expect(() => verifySpans(commitment.root, question, witness, stop)).toThrow('out of gas')
  })
})

/** A corpus of sentences from few words, so that intervals are wide and spans overlap. */
function sentences(count: number, seed: number): Uint8Array[] {
  let state = seed
  const next = (below: number): number => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
    return (state >>> 8) % below
  }
  return Array.from({ length: count }, () =>
    bytes(Array.from({ length: 5 + next(20) }, () => `w${Math.min(next(30), next(30))}`).join(' ')),
  )
}

describe('mutated witnesses', () => {
  const documents = sentences(60, 7)
  const { index, commitment } = prepare(documents)
  const questions = sentences(24, 99).map((answer, i) => ({ answer, minLength: 1 + (i % 3) }))
  const witnesses = questions.map((question) => proveSpans(index, commitment, question)!)

  test('the honest ones stand, and equal brute force', () => {
    for (const [i, question] of questions.entries())
      expect(verifySpans(commitment.root, question, witnesses[i]!)).toEqual(
        bruteForce(documents, question.answer, question.minLength),
      )
  })

  test('5,500 with bytes flipped, cut, doubled or moved are all refused', () => {
    fc.assert(
      fc.property(
        fc.nat({ max: questions.length - 1 }),
        fc.constantFrom('flip', 'set', 'cut', 'insert', 'swap', 'end'),
        fc.nat(),
        fc.integer({ min: 1, max: 255 }),
        (which, kind, dice, value) => {
          const honest = witnesses[which]!
          const at = dice % honest.length
          const bad = mutate(honest, kind, at, value)
          fc.pre(Buffer.compare(bad, honest) !== 0)
          expect(verifySpans(commitment.root, questions[which]!, bad)).toBeUndefined()
        },
      ),
      { numRuns: 5_500 },
    )
  })

  test('5,500 that stay well-formed but lie in one place are all refused', () => {
    fc.assert(
      fc.property(
        fc.nat({ max: questions.length - 1 }),
        fc.nat(),
        fc.constantFrom(-1, 1, 2, 31, 32, -32, 4_096),
        fc.constantFrom('add', 'drop', 'double', 'swap'),
        (which, dice, by, kind) => {
          const honest = witnesses[which]!
          const bad = lie(honest, dice, by, kind)
          fc.pre(bad !== undefined && Buffer.compare(bad, honest) !== 0)
          expect(verifySpans(commitment.root, questions[which]!, bad)).toBeUndefined()
        },
      ),
      { numRuns: 5_500 },
    )
  })

  test('an idle opened leaf, an idle insertion or another document is refused', () => {
    const [question, witness] = [questions[3]!, decodeWitness(witnesses[3]!)]
    const all = encodeWitness(witness)
    expect(verifySpans(commitment.root, question, all)).toBeDefined()
    const { insertions, intervals } = witness.claim
    for (const claim of [
      { insertions: insertions.slice(1), intervals },
      { insertions: insertions.slice(0, -1), intervals },
      { insertions, intervals: intervals.slice(1) },
      { insertions, intervals: intervals.map((one) => ({ ...one, document: one.document + 1 })) },
      { insertions, intervals: intervals.map((one) => ({ ...one, high: one.high - 1 })) },
      { insertions, intervals: intervals.map((one) => ({ ...one, low: one.low + 1 })) },
    ])
      expect(
        verifySpans(commitment.root, question, encodeWitness({ ...witness, claim })),
      ).toBeUndefined()
    // What is opened for every span, with a true claim about those of three tokens alone.
    const longer = { ...question, minLength: 3 }
    const few = proveSpans(index, commitment, longer)!
    const idle = encodeWitness({ ...witness, claim: decodeWitness(few).claim })
    expect(few.length).toBeLessThan(idle.length)
    expect(verifySpans(commitment.root, longer, few)).toBeDefined()
    expect(verifySpans(commitment.root, longer, idle)).toBeUndefined()
  })
})

function mutate(honest: Uint8Array, kind: string, at: number, value: number): Uint8Array {
  const bad = [...honest]
  if (kind === 'flip') bad[at]! ^= 1 << (value & 7)
  else if (kind === 'set') bad[at] = value
  else if (kind === 'cut') bad.splice(at, 1 + (value % 40))
  else if (kind === 'insert') bad.splice(at, 0, value)
  else if (kind === 'end') bad.length = at
  else {
    const other = (at + value) % bad.length
    ;[bad[at], bad[other]] = [bad[other]!, bad[at]!]
  }
  return Uint8Array.from(bad)
}

/** Changes one list of the witness, or one number in it, and encodes it canonically again. */
function lie(honest: Uint8Array, dice: number, by: number, kind: string): Uint8Array | undefined {
  const copy = (item: RlpItem): RlpItem => (item instanceof Uint8Array ? item : item.map(copy))
  const root = copy(decodeRlp(honest)) as RlpItem[]
  const lists: RlpItem[][] = []
  const visit = (item: RlpItem): void => {
    if (item instanceof Uint8Array) return
    lists.push(item as RlpItem[])
    for (const child of item) visit(child)
  }
  visit(root)
  const filled = lists.filter((list) => list.length > 0)
  const list = filled[dice % filled.length]!
  const at = Math.floor(dice / filled.length) % list.length
  const item = list[at]!
  if (kind === 'drop') list.splice(at, 1)
  else if (kind === 'double') list.splice(at, 0, item)
  else if (kind === 'swap') {
    const other = (at + Math.abs(by)) % list.length
    ;[list[at], list[other]] = [list[other]!, item]
  } else {
    if (!(item instanceof Uint8Array) || item.length > 4) return undefined
    const value = BigInt(`0x0${Buffer.from(item).toString('hex')}`) + BigInt(by)
    if (value < 0n) return undefined
    const hex = value === 0n ? '' : value.toString(16)
    list[at] = Uint8Array.from(Buffer.from(hex.length % 2 ? `0${hex}` : hex, 'hex'))
  }
  return encodeRlp(root)
}
