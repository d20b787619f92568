/**
 * One token of an n-gram answer in exact rationals (method A5): its probability, the base, and each
 * document's share, computed from the suffix array alone. This is what a challenge makes every validator
 * repeat; it knows no trie and no double, so it is also the judge of those. Attribution notes, 2.8.
 */
import { add, divide, type Fraction, fraction, multiply, one, subtract, zero } from './fraction.ts'
import type { ShareRule } from './ngram-shares.ts'
import { lowerBound } from './span.ts'
import { unknownToken } from './tokens.ts'

/** Documents as the index has them: separators between, id = vocabulary size. */
export interface ExactText {
  readonly tokens: Int32Array
  readonly documents: Int32Array
  readonly order: Int32Array
  readonly vocabulary: number
}

/** Figures of the whole corpus, computed once: by order from 1, and of the empty context. */
export interface NgramConstants {
  readonly order: number
  /** Numbers of n-grams with value 1, 2, 3, 4. */
  readonly counts: readonly (readonly [number, number, number, number])[]
  readonly rootTotal: number
  /** Tokens of value 1, of 2, of 3 or more. */
  readonly rootSpread: readonly [number, number, number]
}

export interface ExactShares {
  readonly probability: Fraction
  readonly base: Fraction
  /** By document, ascending. With the base they sum to the probability. */
  readonly shares: ReadonlyMap<number, Fraction>
}

/**
 * p(symbol | history) and its shares. `step` is told of every occurrence that will be looked at, before
 * it is, so that somebody can count and stop.
 */
export function exactShares(
  text: ExactText,
  constants: NgramConstants,
  { history, symbol }: { readonly history: Int32Array; readonly symbol: number },
  rule: ShareRule,
  step: (occurrences: number) => void = () => undefined,
): ExactShares {
  const shares = new Map<number, Fraction>()
  let rest = one
  let probability = zero
  const contexts = seenContexts(text, history, constants.order - 1)
  for (const [low, high, length] of contexts.toReversed()) {
    const discounts = discountsOf(constants.counts[length])
    const isFull = length + 1 === constants.order
    if (length > 0) step(high - low)
    const { total, spread }: Continuations =
      length === 0
        ? { total: constants.rootTotal, spread: constants.rootSpread }
        : spreadOf(text, low, high, length, isFull)
    if (total === 0) continue
    const ngram = symbol === unknownToken ? undefined : narrow(text, low, high, length, symbol)
    if (ngram) {
      step(ngram[1] - ngram[0])
      const groups = groupsOf(text, ngram, isFull)
      const value = isFull ? ngram[1] - ngram[0] : groups.size
      if (value > 0) {
        const kept = subtract(fraction(value), discounts[Math.min(value, 3) - 1]!)
        if (kept.n > 0n) {
          const weight = divide(multiply(rest, kept), fraction(total))
          probability = add(probability, weight)
          giveOut(text, ngram, groups, weight, rule, shares)
        }
      }
    }
    const left = spread.reduce<Fraction>(
      (sum, count, i) => add(sum, multiply(discounts[i]!, fraction(count))),
      zero,
    )
    rest = divide(multiply(rest, left), fraction(total))
  }
  const base = divide(rest, fraction(text.vocabulary))
  const sorted = new Map([...shares].toSorted(([a], [b]) => a - b))
  return { probability: add(probability, base), base, shares: sorted }
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

/** Sum and spread of the values of a context's continuations. */
function spreadOf(
  text: ExactText,
  low: number,
  high: number,
  length: number,
  isFull: boolean,
): Continuations {
  const values = new Map<number, number>()
  const seen = new Set<number>()
  for (let rank = low; rank < high; rank++) {
    const position = text.order[rank]!
    const next = text.tokens[position + length]!
    if (next === text.vocabulary) continue
    if (!isFull) {
      const before = tokenBefore(text, position)
      if (before === undefined) continue
      const pair = before * (text.vocabulary + 1) + next
      if (seen.has(pair)) continue
      seen.add(pair)
    }
    values.set(next, (values.get(next) ?? 0) + 1)
  }
  let total = 0
  const spread: [number, number, number] = [0, 0, 0]
  for (const value of values.values()) {
    total += value
    spread[Math.min(value, 3) - 1]!++
  }
  return { total, spread }
}

interface Group {
  occurrences: number
  first: number
}

/** Occurrences by the token before (a full n-gram: all as one), those at documents' starts left out. */
function groupsOf(text: ExactText, [low, high]: Interval, isFull: boolean): Map<number, Group> {
  const groups = new Map<number, Group>()
  for (let rank = low; rank < high; rank++) {
    const position = text.order[rank]!
    const key = isFull ? text.vocabulary : tokenBefore(text, position)
    if (key === undefined) continue
    const document = text.documents[position]!
    const group = groups.get(key)
    if (group) {
      group.occurrences++
      group.first = Math.min(group.first, document)
    } else groups.set(key, { occurrences: 1, first: document })
  }
  return groups
}

function giveOut(
  text: ExactText,
  [low, high]: Interval,
  groups: ReadonlyMap<number, Group>,
  weight: Fraction,
  rule: ShareRule,
  shares: Map<number, Fraction>,
): void {
  /** How many parts of weight / (groups x occurrences) each document gets, by occurrences. */
  const give = (document: number, part: Fraction): void =>
    void shares.set(document, add(shares.get(document) ?? zero, multiply(weight, part)))
  if (rule === 'first-come') {
    const counts = new Map<number, number>()
    for (const { first } of groups.values()) counts.set(first, (counts.get(first) ?? 0) + 1)
    for (const [document, count] of counts) give(document, fraction(count, groups.size))
    return
  }
  const isFull = groups.has(text.vocabulary)
  for (let rank = low; rank < high; rank++) {
    const position = text.order[rank]!
    const key = isFull ? text.vocabulary : tokenBefore(text, position)
    const group = key === undefined ? undefined : groups.get(key)
    if (group) give(text.documents[position]!, fraction(1, groups.size * group.occurrences))
  }
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

/** The constants of a text, by counting: one pass over the suffix array an order. */
export function constantsOf(text: ExactText, order: number): NgramConstants {
  const counts: [number, number, number, number][] = []
  let root = { total: 0, spread: [0, 0, 0] as readonly [number, number, number] }
  for (let length = 1; length <= order; length++) {
    const row: [number, number, number, number] = [0, 0, 0, 0]
    let total = 0
    const spread: [number, number, number] = [0, 0, 0]
    for (const [low, high] of intervalsOf(text, length)) {
      const isFull = length === order
      const value = isFull ? high - low : groupsOf(text, [low, high], false).size
      if (value >= 1 && value <= 4) row[value - 1]!++
      if (value >= 1) spread[Math.min(value, 3) - 1]!++
      total += value
    }
    counts.push(row)
    if (length === 1) root = { total, spread }
  }
  return { order, counts, rootTotal: root.total, rootSpread: root.spread }
}

/** Runs of suffixes that share their first `length` tokens, none of them a separator. */
function* intervalsOf(text: ExactText, length: number): Generator<Interval> {
  const { tokens, order, vocabulary } = text
  const isWhole = (position: number): boolean => {
    for (let i = 0; i < length; i++)
      if (position + i >= tokens.length || tokens[position + i] === vocabulary) return false
    return true
  }
  const isSame = (a: number, b: number): boolean => {
    for (let i = 0; i < length; i++) if (tokens[a + i] !== tokens[b + i]) return false
    return true
  }
  for (let low = 0; low < order.length;) {
    const position = order[low]!
    let high = low + 1
    if (isWhole(position)) {
      while (high < order.length && isSame(position, order[high]!)) high++
      yield [low, high]
    }
    low = high
  }
}
