/**
 * Suffix array by induced sorting (SA-IS): Nong, Zhang, Chan, "Linear Suffix Array Construction by
 * Almost Pure Induced-Sorting", DCC 2009. Linear time; besides the result one type bit a symbol and
 * two counters an alphabet symbol. Integers only. Step numbers: docs of the paper's algorithm.
 */

/**
 * The positions 0..n-1 of `text` in ascending order of the suffixes that begin there. Symbols are
 * 0..alphabet-1. A suffix that is a prefix of another comes first.
 */
export function suffixArray(text: Int32Array, alphabet: number): Int32Array {
  const order = new Int32Array(text.length)
  sortSuffixes(text, alphabet, order)
  return order
}

const empty = -1

function sortSuffixes(text: Int32Array, alphabet: number, order: Int32Array): void {
  const n = text.length
  if (n < 2) {
    if (n === 1) order[0] = 0
    return
  }
  const isS = suffixTypes(text)
  const sizes = new Int32Array(alphabet)
  for (let i = 0; i < n; i++) sizes[text[i]!]!++
  const buckets = new Int32Array(alphabet)

  // Sort the LMS substrings: put LMS positions in any order at their buckets' tails, then induce.
  order.fill(empty)
  setTails(buckets, sizes)
  for (let i = 1; i < n; i++) if (isLms(isS, i)) order[--buckets[text[i]!]!] = i
  induce(text, isS, sizes, buckets, order)

  // Gather them in that order, name them, and sort the names where two are equal.
  let count = 0
  for (let i = 0; i < n; i++) if (isLms(isS, order[i]!)) order[count++] = order[i]!
  const names = nameSubstrings(text, isS, order, count)
  const reduced = reduceText(order, count, n)
  const sorted = order.subarray(0, count)
  if (names < count) sortSuffixes(reduced, names, sorted)
  else reduced.forEach((name, i) => (sorted[name] = i))

  // Back to text positions, then induce every suffix from the sorted LMS suffixes.
  const positions = new Int32Array(count)
  for (let i = 1, k = 0; i < n; i++) if (isLms(isS, i)) positions[k++] = i
  for (let i = 0; i < count; i++) sorted[i] = positions[sorted[i]!]!
  order.fill(empty, count)
  setTails(buckets, sizes)
  for (let i = count - 1; i >= 0; i--) {
    const position = order[i]!
    order[i] = empty
    order[--buckets[text[position]!]!] = position
  }
  induce(text, isS, sizes, buckets, order)
}

/** 1 where suffix i is smaller than suffix i + 1 (type S); the last suffix is type L. */
function suffixTypes(text: Int32Array): Uint8Array {
  const isS = new Uint8Array(text.length)
  for (let i = text.length - 2; i >= 0; i--) {
    const [here, next] = [text[i]!, text[i + 1]!]
    isS[i] = here < next || (here === next && isS[i + 1] === 1) ? 1 : 0
  }
  return isS
}

/** Leftmost S: an S right after an L. */
const isLms = (isS: Uint8Array, i: number): boolean => i > 0 && isS[i] === 1 && isS[i - 1] === 0

function setHeads(buckets: Int32Array, sizes: Int32Array): void {
  for (let c = 0, sum = 0; c < sizes.length; c++) {
    buckets[c] = sum
    sum += sizes[c]!
  }
}

function setTails(buckets: Int32Array, sizes: Int32Array): void {
  for (let c = 0, sum = 0; c < sizes.length; c++) {
    sum += sizes[c]!
    buckets[c] = sum
  }
}

/** From LMS entries at their buckets' tails: places L suffixes left to right, then S right to left. */
function induce(
  text: Int32Array,
  isS: Uint8Array,
  sizes: Int32Array,
  buckets: Int32Array,
  order: Int32Array,
): void {
  const n = text.length
  setHeads(buckets, sizes)
  order[buckets[text[n - 1]!]!++] = n - 1 // precedes the virtual end, which is smaller than all
  for (let i = 0; i < n; i++) {
    const before = order[i]! - 1
    if (before >= 0 && isS[before] === 0) order[buckets[text[before]!]!++] = before
  }
  setTails(buckets, sizes)
  for (let i = n - 1; i >= 0; i--) {
    const before = order[i]! - 1
    if (before >= 0 && isS[before] === 1) order[--buckets[text[before]!]!] = before
  }
}

/**
 * Names the `count` LMS substrings at the front of `order`, equal ones alike, ascending from 0; the
 * name of position p goes to cell count + floor(p / 2), free because two LMS are never adjacent.
 */
function nameSubstrings(
  text: Int32Array,
  isS: Uint8Array,
  order: Int32Array,
  count: number,
): number {
  order.fill(empty, count)
  let names = 0
  let previous = empty
  for (let i = 0; i < count; i++) {
    const position = order[i]!
    if (previous === empty || !isSameSubstring(text, isS, previous, position)) names++
    order[count + (position >> 1)] = names - 1
    previous = position
  }
  return names
}

/** Compares two LMS substrings, both ends included; one that reaches the end equals no other. */
function isSameSubstring(text: Int32Array, isS: Uint8Array, a: number, b: number): boolean {
  for (let i = 0; ; i++) {
    const [x, y] = [a + i, b + i]
    if (x >= text.length || y >= text.length || text[x] !== text[y]) return false
    const [endX, endY] = [i > 0 && isLms(isS, x), i > 0 && isLms(isS, y)]
    if (endX || endY) return endX && endY
  }
}

/** The names in text order: the shorter text that is sorted in place of the LMS suffixes. */
function reduceText(order: Int32Array, count: number, n: number): Int32Array {
  const reduced = new Int32Array(count)
  for (let i = count, k = 0; i < n; i++) if (order[i] !== empty) reduced[k++] = order[i]!
  return reduced
}
