/**
 * One token of an n-gram answer in exact rationals (method A5): its probability, the base, and each
 * document's share, computed from the suffix array alone. This is what a challenge makes every validator
 * repeat; it knows no trie and no double, so it is also the judge of those. Attribution notes, 2.8. What
 * the chain pays is ngram-weights.ts, which divides the same terms in integers.
 */
import { add, divide, type Fraction, fraction, multiply, one, subtract, zero } from './fraction.ts'
import type { NgramConstants } from './ngram-constants.ts'
import type { ShareRule } from './ngram-shares.ts'
import { lowerBound } from './span.ts'
import { unknownToken } from './tokens.ts'

/** Documents as the index has them: separators between, id = vocabulary size. */
export interface ExactText {
  readonly tokens: Int32Array
  /** Position to document. */
  readonly documents: Int32Array
  readonly order: Int32Array
  readonly vocabulary: number
}

export interface AskedToken {
  /** The tokens before it, as many as there are. */
  readonly history: Int32Array
  /** -1: a token of no document. */
  readonly symbol: number
}

/**
 * Told of work before it is done, so that somebody can count and stop. A step is an occurrence looked at.
 */
export type Step = (steps: number) => void

/** Steps that a token before an n-gram takes, and a document that gets a part of a term. */
const keySteps = 4
export const comerSteps = 16

export interface ExactShares {
  readonly probability: Fraction
  readonly base: Fraction
  /** By document, ascending. With the base they sum to the probability. */
  readonly shares: ReadonlyMap<number, Fraction>
}

/** What one n-gram adds to a token's probability, and who stands behind it. */
export interface ExactTerm {
  readonly weight: Fraction
  readonly ngram: Interval
  readonly isFull: boolean
  /** Groups by the token before (a full n-gram: one occurrence each), and whose the first of each is. */
  readonly groups: Groups
}

interface Groups {
  readonly size: number
  /** By document: groups that begin with it. */
  readonly comers: ReadonlyMap<number, number>
}

/** The terms of p(symbol | history), longest context first, and the base; they sum to the probability. */
export function exactTerms(
  text: ExactText,
  constants: NgramConstants,
  { history, symbol }: AskedToken,
  step: Step,
): { readonly terms: readonly ExactTerm[]; readonly base: Fraction } {
  const terms: ExactTerm[] = []
  const marks = createMarks(text)
  let rest = one
  for (const [low, high, length] of seenContexts(text, history, constants.order - 1).toReversed()) {
    const discounts = discountsOf(constants.counts[length])
    const isFull = length + 1 === constants.order
    if (length > 0) step(high - low)
    const { total, spread }: Continuations =
      length === 0
        ? { total: constants.rootTotal, spread: constants.rootSpread }
        : spreadOf(text, [low, high], { length, isFull }, marks)
    if (total === 0) continue
    const ngram = symbol === unknownToken ? undefined : narrow(text, low, high, length, symbol)
    if (ngram) {
      step(ngram[1] - ngram[0])
      const groups = isFull ? fullGroups(text, ngram) : groupsOf(text, ngram, marks, step)
      const kept = subtract(fraction(groups.size), discounts[Math.min(groups.size, 3) - 1] ?? zero)
      if (groups.size > 0 && kept.n > 0n)
        terms.push({ weight: divide(multiply(rest, kept), fraction(total)), ngram, isFull, groups })
    }
    const left = spread.reduce<Fraction>(
      (sum, count, i) => add(sum, multiply(discounts[i]!, fraction(count))),
      zero,
    )
    rest = divide(multiply(rest, left), fraction(total))
  }
  return { terms, base: divide(rest, fraction(text.vocabulary)) }
}

/** p(symbol | history) and its shares. */
export function exactShares(
  text: ExactText,
  constants: NgramConstants,
  asked: AskedToken,
  rule: ShareRule,
): ExactShares {
  const { terms, base } = exactTerms(text, constants, asked, () => undefined)
  const shares = new Map<number, Fraction>()
  let probability = base
  for (const term of terms) {
    probability = add(probability, term.weight)
    for (const [document, part] of rule === 'first-come' ? firstComers(term) : holders(text, term))
      shares.set(document, add(shares.get(document) ?? zero, multiply(term.weight, part)))
  }
  return { probability, base, shares: new Map([...shares].toSorted(([a], [b]) => a - b)) }
}

const firstComers = ({ groups }: ExactTerm): [number, Fraction][] =>
  Array.from(groups.comers, ([document, count]) => [document, fraction(count, groups.size)])

/** Every occurrence its part of its group, each group the same. */
function holders(text: ExactText, { ngram: [low, high], isFull }: ExactTerm): [number, Fraction][] {
  /** By token before: how often each document has it. */
  const groups = new Map<number, number[]>()
  for (let rank = low; rank < high; rank++) {
    const position = text.order[rank]!
    const key = isFull ? text.vocabulary : tokenBefore(text, position)
    if (key === undefined) continue
    const group = groups.get(key)
    if (group) group.push(text.documents[position]!)
    else groups.set(key, [text.documents[position]!])
  }
  return [...groups.values()].flatMap((group) =>
    group.map((document): [number, Fraction] => [
      document,
      fraction(1, groups.size * group.length),
    ]),
  )
}

type Interval = readonly [low: number, high: number]

/** Intervals of the last 0, 1, 2, ... tokens, as far as they were seen, with their lengths. */
function seenContexts(
  text: ExactText,
  history: Int32Array,
  longest: number,
): (readonly [number, number, number])[] {
  const contexts: (readonly [number, number, number])[] = [[0, text.order.length, 0]]
  for (let length = 1; length <= Math.min(longest, history.length); length++) {
    let interval: Interval | undefined = [0, text.order.length]
    for (let i = 0; i < length && interval; i++)
      interval = narrow(text, ...interval, i, history[history.length - length + i]!)
    if (!interval) break
    contexts.push([...interval, length])
  }
  return contexts
}

/** Suffixes of the interval whose token at `offset` is `symbol`: undefined when there are none. */
function narrow(
  { tokens, order }: ExactText,
  low: number,
  high: number,
  offset: number,
  symbol: number,
): Interval | undefined {
  const at = (rank: number): number => tokens[order[low + rank]! + offset] ?? -1
  const from = low + lowerBound(high - low, (rank) => at(rank) < symbol)
  const to = low + lowerBound(high - low, (rank) => at(rank) <= symbol)
  return from < to ? [from, to] : undefined
}

/** The token before a position; undefined at a document's start. */
function tokenBefore({ tokens, vocabulary }: ExactText, position: number): number | undefined {
  const before = position === 0 ? vocabulary : tokens[position - 1]!
  return before === vocabulary ? undefined : before
}

interface Continuations {
  readonly total: number
  /** How many have value 1, 2, 3 or more. */
  readonly spread: readonly number[]
}

/** Which tokens were met in the round that is on. */
interface Marks {
  /** By token: the last round it was met in. */
  readonly rounds: Int32Array
  /** By token, of that round: the first document. */
  readonly firsts: Int32Array
  round: number
}

const createMarks = ({ vocabulary }: ExactText): Marks => ({
  rounds: new Int32Array(vocabulary + 1),
  firsts: new Int32Array(vocabulary + 1),
  round: 0,
})

/**
 * Sum and spread of the values of a context's continuations. Suffixes are sorted, so those with the same
 * next token stand together.
 */
function spreadOf(
  { tokens, order, vocabulary }: ExactText,
  [low, high]: Interval,
  { length, isFull }: { readonly length: number; readonly isFull: boolean },
  marks: Marks,
): Continuations {
  let total = 0
  const spread: [number, number, number] = [0, 0, 0]
  for (let rank = low; rank < high;) {
    const next = tokens[order[rank]! + length]!
    const round = ++marks.round
    let value = 0
    for (; rank < high; rank++) {
      const position = order[rank]!
      if (tokens[position + length] !== next) break
      const before = position === 0 ? vocabulary : tokens[position - 1]!
      if (!isFull && (before === vocabulary || marks.rounds[before] === round)) continue
      marks.rounds[before] = round
      value++
    }
    if (next === vocabulary || value === 0) continue
    total += value
    spread[Math.min(value, 3) - 1]!++
  }
  return { total, spread }
}

/** Occurrences by the token before, those at documents' starts left out. */
function groupsOf(text: ExactText, [low, high]: Interval, marks: Marks, step: Step): Groups {
  const round = ++marks.round
  const keys: number[] = []
  for (let rank = low; rank < high; rank++) {
    const position = text.order[rank]!
    const key = tokenBefore(text, position)
    if (key === undefined) continue
    const document = text.documents[position]!
    if (marks.rounds[key] !== round) {
      marks.rounds[key] = round
      marks.firsts[key] = document
      keys.push(key)
    } else if (document < marks.firsts[key]!) marks.firsts[key] = document
  }
  step(keySteps * keys.length)
  const comers = new Map<number, number>()
  for (const key of keys) {
    const first = marks.firsts[key]!
    comers.set(first, (comers.get(first) ?? 0) + 1)
  }
  return { size: keys.length, comers }
}

/** A full n-gram counts as often as it occurs, and all of it is the first document's. */
function fullGroups({ order, documents }: ExactText, [low, high]: Interval): Groups {
  let first = documents[order[low]!]!
  for (let rank = low; rank < high; rank++) first = Math.min(first, documents[order[rank]!]!)
  return { size: high - low, comers: new Map([[first, high - low]]) }
}

/** D(1), D(2), D(3+) by the rule of ngram.ts. */
function discountsOf(
  counts: readonly [number, number, number, number] | undefined,
): [Fraction, Fraction, Fraction] {
  const [c1, c2, c3, c4] = counts ?? [0, 0, 0, 0]
  const half = fraction(1, 2)
  const y = c1 + 2 * c2 === 0 ? undefined : fraction(c1, c1 + 2 * c2)
  const discount = (order: number, above: number, below: number): Fraction => {
    if (!y || below === 0) return half
    const value = subtract(
      fraction(order),
      multiply(multiply(fraction(order + 1), y), fraction(above, below)),
    )
    return value.n > 0n ? value : half
  }
  return [discount(1, c2, c1), discount(2, c3, c2), discount(3, c4, c3)]
}
