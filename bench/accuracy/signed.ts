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
import { type Contexts, emptyContexts, nextContexts } from '../../attribution/methods/ngram.ts'

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
  const ledger = createLedger(index, rule)
  return (answer: Int32Array): Float64Array => {
    const influence = new Float64Array(documentCount)
    let contexts = emptyContexts
    for (const symbol of answer) {
      const levels = levelsOf(model, ledger, contexts, symbol)
      let rest = 1 / (levels.at(-1)?.probability ?? 1)
      for (const level of levels.toReversed()) {
        addAt(influence, ledger, level, rest)
        rest *= level.holdings.allDiscounted / level.total
      }
      contexts = nextContexts(model, contexts, symbol)
    }
    return influence
  }
}

interface Level {
  readonly holdings: Holdings
  /** The context with the token behind it; -1: not seen. */
  readonly ngram: number
  /** Of the token's count, what is not discounted. */
  readonly kept: number
  readonly total: number
  /** Of the token after the next shorter context, and after this one. */
  readonly shorter: number
  readonly probability: number
}

type Ledger = ReturnType<typeof createLedger>

/** From the empty context to the longest that was seen. */
function levelsOf(
  { trie, values, totals, vocabulary }: ShareIndex['model'],
  { holdingsAt, discountOf }: Ledger,
  contexts: Contexts,
  symbol: number,
): Level[] {
  const levels: Level[] = []
  let probability = 1 / vocabulary
  for (const [length, context] of contexts.entries()) {
    const total = totals[context] ?? 0
    if (total === 0) continue
    const shorter = probability
    const ngram = trie.child(context, symbol)
    const value = ngram < 0 ? 0 : (values[ngram] ?? 0)
    const kept = value - discountOf(length, value)
    const holdings = holdingsAt(context, length)
    probability = (kept + holdings.allDiscounted * shorter) / total
    levels.push({ holdings, ngram, kept, total, shorter, probability })
  }
  return levels
}

/** What documents add to p at one context, times `scale`. */
function addAt(
  influence: Float64Array,
  { ownersAt }: Ledger,
  { holdings, ngram, kept, total, shorter, probability }: Level,
  scale: number,
): void {
  const { documents, counts, discounted } = holdings
  const factor = scale / total
  const add = (document: number, part: number): void =>
    void (influence[document] = (influence[document] ?? 0) + factor * part)
  for (let i = 0; i < documents.length; i++)
    add(documents[i] ?? 0, (discounted[i] ?? 0) * shorter - (counts[i] ?? 0) * probability)
  if (kept <= 0) return
  const owned = ownersAt(ngram)
  for (const [i, document] of owned.documents.entries()) add(document, kept * (owned.parts[i] ?? 0))
}

/** Whose counts are whose, context by context; remembered, since answers ask for the same ones. */
function createLedger(index: ShareIndex, rule: ShareRule) {
  const { trie, values, discounts } = index.model
  const childrenOf = childrenByParent(trie)
  const owners = new Map<number, Owners>()
  const known = new Map<number, Holdings>()
  const ownersAt = (ngram: number): Owners => {
    const found = owners.get(ngram) ?? ownersOf(index, ngram, rule)
    owners.set(ngram, found)
    return found
  }
  /** Of what follows a context of so many tokens. */
  const discountOf = (length: number, value: number): number =>
    value === 0 ? 0 : Math.min(value, discounts[length + 1]?.[Math.min(value, 3) - 1] ?? 0)
  const readHoldings = (context: number, length: number): Holdings => {
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
    return {
      documents: Int32Array.from(byDocument.keys()),
      counts: Float64Array.from(byDocument.values(), ([counts]) => counts),
      discounted: Float64Array.from(byDocument.values(), ([, discounted]) => discounted),
      allDiscounted,
    }
  }
  const holdingsAt = (context: number, length: number): Holdings => {
    const found = known.get(context) ?? readHoldings(context, length)
    known.set(context, found)
    return found
  }
  return { ownersAt, discountOf, holdingsAt }
}

function childrenByParent({ size, parent }: ShareIndex['model']['trie']) {
  const starts = new Int32Array(size + 1)
  const countAt = (node: number): void => void (starts[node + 1] = (starts[node + 1] ?? 0) + 1)
  for (let node = 1; node < size; node++) countAt(parent[node] ?? 0)
  for (let node = 0; node < size; node++)
    starts[node + 1] = (starts[node + 1] ?? 0) + (starts[node] ?? 0)
  const next = starts.slice(0, size)
  const children = new Int32Array(Math.max(0, size - 1))
  for (let node = 1; node < size; node++) {
    const of = parent[node] ?? 0
    const at = next[of] ?? 0
    children[at] = node
    next[of] = at + 1
  }
  return (node: number): Int32Array => children.subarray(starts[node], starts[node + 1])
}
