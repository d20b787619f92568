/**
 * The demo's model: a trigram language model over the books. Small, but a real one: it continues the
 * question from what it has read, and its words stand in rows that can be paid. No dice: the choices
 * follow from the question, so every demo is the same.
 */
import { keccak256 } from '../../primitives/index.ts'

const answerWords = 60

export interface DemoModel {
  answer(question: string): string
}

export function trainModel(texts: readonly string[]): DemoModel {
  const next = new Map<string, string[]>()
  const starts: string[] = []
  for (const text of texts) {
    const words = text.split(' ')
    for (let i = 0; i + 2 < words.length; i++) {
      const pair = words.slice(i, i + 2).join(' ')
      const known = next.get(pair)
      if (known) known.push(words[i + 2] ?? '')
      else {
        next.set(pair, [words[i + 2] ?? ''])
        starts.push(pair)
      }
    }
  }
  return { answer: (question) => continueFrom(question, starts, next) }
}

/** From a pair that holds a word of the question, where there is one. */
function continueFrom(
  question: string,
  starts: readonly string[],
  next: ReadonlyMap<string, readonly string[]>,
): string {
  const choose = choices(question)
  const asked = question.match(/[A-Za-z]{4,}/g) ?? []
  const fitting = starts.filter((pair) => asked.some((word) => pair.split(' ').includes(word)))
  const from = fitting.length > 0 ? fitting : starts
  const words = (from[choose(from.length)] ?? '').split(' ')
  while (words.length < answerWords) {
    const known = next.get(words.slice(-2).join(' '))
    if (known) words.push(known[choose(known.length)] ?? '')
    else words.push(...(starts[choose(starts.length)] ?? '').split(' '))
  }
  return words.join(' ')
}

/** Numbers below a bound, drawn from hashes of the question. */
function choices(question: string): (bound: number) => number {
  let state = keccak256(new TextEncoder().encode(question))
  return (bound) => {
    state = keccak256(state)
    const word = ((state[0] ?? 0) << 16) | ((state[1] ?? 0) << 8) | (state[2] ?? 0)
    return word % bound
  }
}
