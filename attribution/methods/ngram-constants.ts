/**
 * The figures of a whole corpus that an n-gram probability rests on (method A5): how many n-grams of each
 * order have which value. One pass over the suffix array, where equal n-grams stand together. Integers.
 */
import type { ExactText } from './ngram-exact.ts'

/** By order from 1, and of the empty context. */
export interface NgramConstants {
  readonly order: number
  /** Numbers of n-grams with value 1, 2, 3, 4. */
  readonly counts: readonly (readonly [number, number, number, number])[]
  readonly rootTotal: number
  /** Tokens of value 1, of 2, of 3 or more. */
  readonly rootSpread: readonly [number, number, number]
}

type ConstantsText = Pick<ExactText, 'tokens' | 'order' | 'vocabulary'>

/** What one order has found so far. */
interface Tally {
  readonly counts: [number, number, number, number]
  total: number
  readonly spread: [number, number, number]
  /** Of the n-gram that is being read: its value, and the round in which a token before was met. */
  value: number
  round: number
  readonly rounds: Int32Array
}

export function constantsOf(text: ConstantsText, order: number): NgramConstants {
  const { tokens, order: suffixes, vocabulary } = text
  const tallies = Array.from({ length: order }, (): Tally => ({
    counts: [0, 0, 0, 0],
    total: 0,
    spread: [0, 0, 0],
    value: 0,
    round: 0,
    rounds: new Int32Array(vocabulary + 1),
  }))
  let last = -1
  for (const position of suffixes) {
    const shared = last < 0 ? 0 : sharedLength(text, last, position, order)
    const length = wholeLength(text, position, order)
    // N-grams longer than what the last two suffixes share have been read to their end.
    for (let n = shared; n < order; n++) close(tallies[n]!)
    const before = position === 0 ? vocabulary : tokens[position - 1]!
    for (let n = 0; n < length; n++) {
      const tally = tallies[n]!
      if (n + 1 < order) {
        if (before === vocabulary || tally.rounds[before] === tally.round + 1) continue
        tally.rounds[before] = tally.round + 1
      }
      tally.value++
    }
    last = position
  }
  for (const tally of tallies) close(tally)
  const [first] = tallies
  return {
    order,
    counts: tallies.map(({ counts }) => counts),
    rootTotal: first?.total ?? 0,
    rootSpread: first?.spread ?? [0, 0, 0],
  }
}

function close(tally: Tally): void {
  const { value, counts, spread } = tally
  tally.round++
  if (value === 0) return
  if (value <= 4) counts[value - 1]!++
  spread[Math.min(value, 3) - 1]!++
  tally.total += value
  tally.value = 0
}

/** Tokens of the document from here on, up to `most`. */
function wholeLength(
  { tokens, vocabulary }: ConstantsText,
  position: number,
  most: number,
): number {
  let length = 0
  while (length < most && tokens[position + length]! < vocabulary) length++
  return length
}

/** Tokens of one document that two suffixes begin with, up to `most`. */
function sharedLength(
  { tokens, vocabulary }: ConstantsText,
  a: number,
  b: number,
  most: number,
): number {
  let length = 0
  while (length < most && tokens[a + length] === tokens[b + length]) {
    if (tokens[a + length]! >= vocabulary) break
    length++
  }
  return length
}
