/**
 * Whose each term of an n-gram probability is (method A5): a full n-gram belongs to the documents it
 * stands in; a shorter one, whose weight comes from the tokens seen before it, to the documents that
 * brought those. Shares and base sum to the probability. Doubles, for the worker that answers; what the
 * chain checks is ngram-exact.ts. Attribution notes, 2.8.
 */
import {
  emptyContexts,
  type NgramCorpus,
  type NgramModel,
  nextContexts,
  predictToken,
} from './ngram.ts'
import { lowerBound } from './span.ts'
import { suffixArray } from './suffix-array.ts'

/** Proportional measures; first-come pays, since a copy registered later gets nothing. */
export type ShareRule = 'proportional' | 'first-come'

export interface ShareIndex {
  readonly model: NgramModel
  /** The documents, each with a separator behind it whose id is the vocabulary's size. */
  readonly text: Int32Array
  /** Position to document. */
  readonly documents: Int32Array
  readonly order: Int32Array
  readonly documentCount: number
}

/** Parts sum to 1. */
export interface Owners {
  readonly documents: Int32Array
  readonly parts: Float64Array
}

export function createShareIndex(corpus: NgramCorpus, model: NgramModel): ShareIndex {
  const { tokens, starts, vocabulary } = corpus
  const documentCount = starts.length - 1
  const text = new Int32Array(tokens.length + documentCount)
  const documents = new Int32Array(text.length)
  for (let document = 0, at = 0; document < documentCount; document++) {
    const from = starts[document]!
    const length = starts[document + 1]! - from
    text.set(tokens.subarray(from, from + length), at)
    text[at + length] = vocabulary
    documents.fill(document, at, at + length + 1)
    at += length + 1
  }
  return { model, text, documents, order: suffixArray(text, vocabulary + 1), documentCount }
}

/** Who gets which part of a term of this n-gram. */
export function ownersOf(index: ShareIndex, ngram: number, rule: ShareRule): Owners {
  const { model, text, documents, order } = index
  const [low, high] = intervalOf(index, ngram)
  const isFull = model.trie.depth[ngram] === model.order
  const separator = model.vocabulary
  /** By token before (all as one for a full n-gram): how often, and the first document. */
  const groups = new Map<number, { count: number; first: number }>()
  const groupAt = (position: number): number => {
    if (isFull) return separator
    return position === 0 ? separator : text[position - 1]!
  }
  for (let rank = low; rank < high; rank++) {
    const position = order[rank]!
    const key = groupAt(position)
    if (!isFull && key === separator) continue
    const document = documents[position]!
    const group = groups.get(key)
    if (!group) groups.set(key, { count: 1, first: document })
    else {
      group.count++
      group.first = Math.min(group.first, document)
    }
  }
  const parts = new Map<number, number>()
  const give = (document: number, part: number): void =>
    void parts.set(document, (parts.get(document) ?? 0) + part)
  if (rule === 'first-come') for (const { first } of groups.values()) give(first, 1 / groups.size)
  else
    for (let rank = low; rank < high; rank++) {
      const position = order[rank]!
      const group = groups.get(groupAt(position))
      if (group) give(documents[position]!, 1 / (groups.size * group.count))
    }
  return { documents: Int32Array.from(parts.keys()), parts: Float64Array.from(parts.values()) }
}

/** Ranks of the suffixes that begin with the n-gram. */
function intervalOf({ model, text, order }: ShareIndex, ngram: number): [number, number] {
  const { trie } = model
  const pattern: number[] = []
  for (let node = ngram; node !== 0; node = trie.parent[node]!) pattern.unshift(trie.token[node]!)
  const isBelow = (rank: number, isUpper: boolean): boolean => {
    const position = order[rank]!
    for (const [i, symbol] of pattern.entries()) {
      const difference = (text[position + i] ?? -1) - symbol
      if (difference !== 0) return difference < 0
    }
    return isUpper
  }
  return [
    lowerBound(order.length, (rank) => isBelow(rank, false)),
    lowerBound(order.length, (rank) => isBelow(rank, true)),
  ]
}

export interface AnswerCredit {
  /** By document: sum over tokens of its share of the token's probability, in tokens. */
  readonly credit: Float64Array
  /** What nobody stands behind, in tokens. */
  readonly base: number
  /** ln of the probability is not taken here: the product would underflow, so one figure a token. */
  readonly probabilities: Float64Array
}

/** Remembers owners by n-gram: answers ask for the same ones again and again. */
export function createAttributor(index: ShareIndex, rule: ShareRule) {
  const known = new Map<number, Owners>()
  return (answer: Int32Array): AnswerCredit => {
    const credit = new Float64Array(index.documentCount)
    const probabilities = new Float64Array(answer.length)
    let base = 0
    let contexts = emptyContexts
    for (const [i, symbol] of answer.entries()) {
      const prediction = predictToken(index.model, contexts, symbol)
      probabilities[i] = prediction.probability
      base += prediction.base / prediction.probability
      for (const { ngram, weight } of prediction.terms) {
        let owners = known.get(ngram)
        if (!owners) known.set(ngram, (owners = ownersOf(index, ngram, rule)))
        const scale = weight / prediction.probability
        const { documents, parts } = owners
        for (let k = 0; k < documents.length; k++) credit[documents[k]!]! += scale * parts[k]!
      }
      contexts = nextContexts(index.model, contexts, symbol)
    }
    return { credit, base, probabilities }
  }
}
