/**
 * Signed n-gram influence: the derivative of ln p(token | context) by the weight of a document in the counts of an
 * n-gram model. A context's prediction is a mixture of what each document says after it, so a document is
 * above nothing where it foretells the token better than all of them together, and below where it dilutes the
 * counts; over documents it sums to nothing. Discounts, which the shares of ngram-shares.ts leave to shorter
 * contexts, go to whoever made them. A measuring tool: the chain does not pay by it.
 */
import {
  type Owners,
  ownersOf,
  type ShareIndex,
  type ShareRule,
} from '../../attribution/methods/ngram-shares.ts'
import { emptyContexts, nextContexts } from '../../attribution/methods/ngram.ts'

/**
 * Of a document's share, this is added where influence pays: influence alone sums to nothing over all documents, as if
 * the honest ones together were worth nothing.
 */
export const sharePart = 1 / 8

/** What documents hold of a context: their parts of its counts, and of what is discounted from those. */
interface Holdings {
  readonly documents: Int32Array
  readonly counts: Float64Array
  readonly discounted: Float64Array
  readonly allDiscounted: number
}

/** By document, in tokens. */
export function createSignedAttributor(index: ShareIndex, rule: ShareRule) {
  const { model, documentCount } = index
  const { trie, values, totals, discounts, vocabulary } = model
  const childrenOf = childrenByParent(trie)
  const owners = new Map<number, Owners>()
  const holdings = new Map<number, Holdings>()
  const ownersAt = (ngram: number): Owners => {
    const known = owners.get(ngram) ?? ownersOf(index, ngram, rule)
    owners.set(ngram, known)
    return known
  }
  const discountOf = (length: number, value: number): number =>
    value === 0 ? 0 : Math.min(value, discounts[length + 1]?.[Math.min(value, 3) - 1] ?? 0)
  const holdingsAt = (context: number, length: number): Holdings => {
    const known = holdings.get(context)
    if (known) return known
    const byDocument = new Map<number, [counts: number, discounted: number]>()
    let allDiscounted = 0
    for (const ngram of childrenOf(context)) {
      const value = values[ngram] ?? 0
      if (value === 0) continue
      const discount = discountOf(length, value)
      allDiscounted += discount
      const { documents, parts } = ownersAt(ngram)
      for (const [i, document] of documents.entries()) {
        const part = parts[i] ?? 0
        const held = byDocument.get(document) ?? [0, 0]
        byDocument.set(document, [held[0] + value * part, held[1] + discount * part])
      }
    }
    const made = {
      documents: Int32Array.from(byDocument.keys()),
      counts: Float64Array.from(byDocument.values(), ([counts]) => counts),
      discounted: Float64Array.from(byDocument.values(), ([, discounted]) => discounted),
      allDiscounted,
    }
    holdings.set(context, made)
    return made
  }
  /** What documents add to p at one context, given p of the next shorter one, times `scale`. */
  const addAt = (influence: Float64Array, level: Level, scale: number): void => {
    const { context, length, ngram, total, shorter, probability } = level
    const { documents, counts, discounted } = holdingsAt(context, length)
    const factor = scale / total
    for (let i = 0; i < documents.length; i++)
      influence[documents[i]!]! += factor * (discounted[i]! * shorter - counts[i]! * probability)
    const value = ngram < 0 ? 0 : (values[ngram] ?? 0)
    const kept = value - discountOf(length, value)
    if (kept <= 0) return
    const owned = ownersAt(ngram)
    for (const [i, document] of owned.documents.entries())
      influence[document]! += factor * kept * (owned.parts[i] ?? 0)
  }
  return (answer: Int32Array): Float64Array => {
    const influence = new Float64Array(documentCount)
    let contexts = emptyContexts
    for (const symbol of answer) {
      const levels: Level[] = []
      let probability = 1 / vocabulary
      for (const [length, context] of contexts.entries()) {
        const total = totals[context] ?? 0
        if (total === 0) continue
        const shorter = probability
        const ngram = trie.child(context, symbol)
        const value = ngram < 0 ? 0 : (values[ngram] ?? 0)
        const { allDiscounted } = holdingsAt(context, length)
        probability = (value - discountOf(length, value) + allDiscounted * shorter) / total
        levels.push({ context, length, ngram, total, shorter, probability })
      }
      let rest = 1 / probability
      for (const level of levels.toReversed()) {
        addAt(influence, level, rest)
        rest *= holdingsAt(level.context, level.length).allDiscounted / level.total
      }
      contexts = nextContexts(model, contexts, symbol)
    }
    return influence
  }
}

interface Level {
  readonly context: number
  /** Tokens of the context. */
  readonly length: number
  /** The context with the token behind it; -1: not seen. */
  readonly ngram: number
  readonly total: number
  /** Of the token after the next shorter context, and after this one. */
  readonly shorter: number
  readonly probability: number
}

function childrenByParent({ size, parent }: ShareIndex['model']['trie']) {
  const starts = new Int32Array(size + 1)
  for (let node = 1; node < size; node++) starts[parent[node]! + 1]!++
  for (let node = 0; node < size; node++) starts[node + 1]! += starts[node]!
  const next = starts.slice(0, size)
  const children = new Int32Array(Math.max(0, size - 1))
  for (let node = 1; node < size; node++) children[next[parent[node]!]!++] = node
  return (node: number): Int32Array => children.subarray(starts[node], starts[node + 1])
}
