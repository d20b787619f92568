/**
 * Interpolated modified Kneser-Ney over documents (method A5): counts in a trie, discounts, and the
 * probability of a token as a sum of terms, one for each n-gram that stands behind it, plus a base that
 * is nobody's. Attribution notes, 2.8; Chen and Goodman, TR-10-98 (1998). N-grams never cross
 * documents. Counts are integers; probabilities doubles by + - * / only. ngram-shares.ts says whose a
 * term is.
 */
export interface NgramCorpus {
  /** Ids 0 .. vocabulary - 1, documents end to end. */
  readonly tokens: Int32Array
  /** First token of each document, then the number of tokens. */
  readonly starts: Int32Array
  readonly vocabulary: number
}

/** D(1), D(2), D(3+). */
export type Discounts = readonly [number, number, number]

export interface NgramModel {
  readonly order: number
  readonly vocabulary: number
  readonly trie: Trie
  /** By n-gram: raw count at the full order, else the number of distinct tokens before it. */
  readonly values: Int32Array
  /** By context: sum of its continuations' values, and how many have value 1, 2, 3 or more. */
  readonly totals: Int32Array
  readonly ones: Int32Array
  readonly twos: Int32Array
  readonly more: Int32Array
  /** By order, from 1 (index 0 is empty). */
  readonly discounts: readonly Discounts[]
}

export const root = 0
const none = -1

export interface Trie {
  readonly size: number
  readonly parent: Int32Array
  /** Last token of the n-gram. */
  readonly token: Int32Array
  readonly depth: Uint8Array
  /** Occurrences. */
  readonly raw: Int32Array
  /** The n-gram without its first token. */
  readonly suffix: Int32Array
  /** -1 where there is none. */
  child(node: number, token: number): number
}

export function trainNgram(corpus: NgramCorpus, order: number): NgramModel {
  const trie = buildTrie(corpus, order)
  const { size, parent, depth, raw, suffix } = trie
  const values = new Int32Array(size)
  for (let node = 1; node < size; node++) {
    if (depth[node] === order) values[node] = raw[node]!
    if (depth[node]! > 1) values[suffix[node]!]!++
  }
  const counts = Array.from({ length: order + 1 }, () => [0, 0, 0, 0, 0])
  const [totals, ones, twos, more] = [
    new Int32Array(size),
    new Int32Array(size),
    new Int32Array(size),
    new Int32Array(size),
  ]
  for (let node = 1; node < size; node++) {
    const value = values[node]!
    if (value === 0) continue
    if (value <= 4) counts[depth[node]!]![value]!++
    const context = parent[node]!
    totals[context]! += value
    if (value === 1) ones[context]!++
    else if (value === 2) twos[context]!++
    else more[context]!++
  }
  const discounts = counts.map(discountsOf)
  const { vocabulary } = corpus
  return { order, vocabulary, trie, values, totals, ones, twos, more, discounts }
}

/** From the numbers of n-grams with value 1, 2, 3, 4 (index 0 unused). */
function discountsOf([, c1 = 0, c2 = 0, c3 = 0, c4 = 0]: readonly number[]): Discounts {
  const y = c1 / (c1 + 2 * c2)
  return [sane(1 - (2 * y * c2) / c1), sane(2 - (3 * y * c3) / c2), sane(3 - (4 * y * c4) / c3)]
}

/** Where the counts say nothing: a half. */
const sane = (discount: number): number =>
  Number.isFinite(discount) && discount > 0 ? discount : 0.5

/** Every n-gram of up to `order` tokens, found by hashing (parent, token). */
function buildTrie({ tokens, starts }: NgramCorpus, order: number): Trie {
  let capacity = 1 << 16
  let [slots, parent, token, raw, suffix, depth] = [
    new Int32Array(2 * capacity).fill(none),
    new Int32Array(capacity),
    new Int32Array(capacity),
    new Int32Array(capacity),
    new Int32Array(capacity),
    new Uint8Array(capacity),
  ]
  let size = 1
  const slotOf = (node: number, symbol: number): number => {
    const mask = slots.length - 1
    let slot = hashPair(node, symbol) & mask
    for (;;) {
      const found = slots[slot]!
      if (found === none || (parent[found] === node && token[found] === symbol)) return slot
      slot = (slot + 1) & mask
    }
  }
  const grow = (): void => {
    capacity *= 2
    parent = longer(parent, capacity)
    token = longer(token, capacity)
    raw = longer(raw, capacity)
    suffix = longer(suffix, capacity)
    const depths = new Uint8Array(capacity)
    depths.set(depth)
    depth = depths
    slots = new Int32Array(2 * capacity).fill(none)
    for (let node = 1; node < size; node++) slots[slotOf(parent[node]!, token[node]!)] = node
  }
  const path = new Int32Array(order + 1)
  const before = new Int32Array(order + 1)
  for (let document = 0; document + 1 < starts.length; document++) {
    const end = starts[document + 1]!
    for (let at = starts[document]!; at < end; at++) {
      before.set(path)
      let node = root
      for (let n = 1; n <= order && at + n <= end; n++) {
        const symbol = tokens[at + n - 1]!
        const slot = slotOf(node, symbol)
        let child = slots[slot]!
        if (child === none) {
          child = size++
          slots[slot] = child
          parent[child] = node
          token[child] = symbol
          depth[child] = n
        }
        raw[child]!++
        path[n] = child
        node = child
        // The path one position back, a token longer, has this n-gram as its suffix.
        if (n < order && at > starts[document]!) suffix[before[n + 1]!] = child
        if (size === capacity) grow()
      }
    }
  }
  return {
    size,
    parent,
    token,
    depth,
    raw,
    suffix,
    child: (node, symbol) => slots[slotOf(node, symbol)]!,
  }
}

function longer(values: Int32Array, length: number): Int32Array<ArrayBuffer> {
  const result = new Int32Array(length)
  result.set(values)
  return result
}

/** The finaliser of MurmurHash3 over both: neighbours in the trie do not meet in the table. */
function hashPair(node: number, symbol: number): number {
  let hash = Math.imul(node, 0x9e3779b1) ^ Math.imul(symbol, 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return hash ^ (hash >>> 16)
}

/** The contexts of the next token: nodes of the last 0, 1, 2, ... tokens, as far as they were seen. */
export type Contexts = readonly number[]

export const emptyContexts: Contexts = [root]

/** After `symbol`, which may be -1: a token of no document. */
export function nextContexts(
  { trie, order }: NgramModel,
  contexts: Contexts,
  symbol: number,
): Contexts {
  const next = [root]
  for (const context of contexts.slice(0, order - 1)) {
    const node = trie.child(context, symbol)
    if (node === none) break
    next.push(node)
  }
  return next
}

export interface Term {
  /** The n-gram: a node of the trie. */
  readonly ngram: number
  /** Its part of the probability. */
  readonly weight: number
}

export interface Prediction {
  /** From the longest context to the shortest; they and the base sum to the probability. */
  readonly terms: readonly Term[]
  readonly base: number
  readonly probability: number
}

/** p(symbol | contexts). */
export function predictToken(model: NgramModel, contexts: Contexts, symbol: number): Prediction {
  const { trie, values, totals, ones, twos, more, discounts, vocabulary } = model
  const terms: Term[] = []
  let rest = 1
  let probability = 0
  for (let k = contexts.length - 1; k >= 0; k--) {
    const context = contexts[k]!
    const total = totals[context]!
    if (total === 0) continue
    const [d1, d2, d3] = discounts[k + 1]!
    const ngram = trie.child(context, symbol)
    const value = ngram === none ? 0 : values[ngram]!
    const discount = value === 1 ? d1 : value === 2 ? d2 : d3
    if (value > discount) {
      const weight = (rest * (value - discount)) / total
      terms.push({ ngram, weight })
      probability += weight
    }
    rest *= (d1 * ones[context]! + d2 * twos[context]! + d3 * more[context]!) / total
  }
  const base = rest / vocabulary
  return { terms, base, probability: probability + base }
}
