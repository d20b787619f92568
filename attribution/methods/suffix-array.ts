/**
 * Suffix array by induced sorting (SA-IS): Nong, Zhang, Chan, "Linear Suffix Array Construction by
 * Almost Pure Induced-Sorting", DCC 2009. Linear time; besides the result one list of the LMS positions
 * and one counter an alphabet symbol a level. Integers only.
 *
 * A suffix is of type S when it is smaller than the one behind it, else L; LMS is an S right behind an
 * L. No types are kept: whoever puts a suffix down looks at the symbol before it, which lies beside the
 * one it has just read, and writes the suffix inverted (~position) when the pass at work has nothing to
 * induce from it. So a pass touches the text once a suffix, which is what it waits for.
 */

/**
 * The positions 0..n-1 of `text` in ascending order of the suffixes that begin there. Symbols are
 * 0..alphabet-1. A suffix that is a prefix of another comes first. `order`, when given, is as long as
 * the text, filled and returned.
 */
export function suffixArray(
  text: Int32Array,
  alphabet: number,
  order = new Int32Array(text.length),
): Int32Array {
  sortSuffixes(text, alphabet, order.fill(0))
  return order
}

/** `order` is all zeros. */
function sortSuffixes(text: Int32Array, alphabet: number, order: Int32Array): void {
  const n = text.length
  if (n < 2) return
  const sizes = new Int32Array(alphabet)
  const positions = scan(text, sizes)
  const count = positions.length
  sortSubstrings(text, sizes, order, positions)
  if (count > 1) sortLms(text, order, positions)
  else if (count === 1) order[0] = positions[0]!
  spread(text, sizes, order, count)
  induceL(text, headsOf(sizes), order)
  induceS(text, tailsOf(sizes), order)
}

/**
 * The LMS positions in the order of the text; counts its symbols on the way. Written without a branch
 * that hangs on the text, which a processor would guess wrong at every third symbol: what is true is -1.
 */
function scan(text: Int32Array, sizes: Int32Array): Int32Array {
  const n = text.length
  const found = new Int32Array((n >> 1) + 1)
  let [count, isS, next] = [0, 0, text[n - 1]!]
  sizes[next]!++
  for (let i = n - 2; i >= 0; i--) {
    const here = text[i]!
    sizes[here]!++
    const rise = next - here
    const isL = rise >> 31
    found[count] = i + 1
    count -= isS & isL
    isS = (-rise >> 31) | (isS & ~isL)
    next = here
  }
  return found.subarray(0, count).toReversed()
}

/** Puts the LMS positions, sorted by their substrings, at the front of `order`. */
function sortSubstrings(
  text: Int32Array,
  sizes: Int32Array,
  order: Int32Array,
  positions: Int32Array,
): void {
  const tails = tailsOf(sizes)
  for (let i = positions.length - 1; i >= 0; i--) {
    const position = positions[i]!
    order[--tails[text[position]!]!] = position
  }
  induceSubstringsL(text, headsOf(sizes), order)
  induceSubstringsS(text, tailsOf(sizes), order)
  for (let i = 0, count = 0; i < order.length; i++) {
    const position = order[i]!
    if (position < 0) order[count++] = ~position
  }
}

/** Names the sorted substrings, and sorts the names where two are equal. */
function sortLms(text: Int32Array, order: Int32Array, positions: Int32Array): void {
  const count = positions.length
  const { names, reduced } = nameSubstrings(text, order, positions)
  const sorted = order.subarray(0, count)
  if (names < count) sortSuffixes(reduced, names, sorted.fill(0))
  else for (let i = 0; i < count; i++) sorted[reduced[i]!] = i
  for (let i = 0; i < count; i++) sorted[i] = positions[sorted[i]!]!
}

/**
 * The shorter text that is sorted in place of the LMS suffixes: names of their substrings in the order
 * of the text, equal ones alike, ascending from 0. Two LMS are never adjacent, so half of a position is
 * a cell of its own behind the `count` sorted ones.
 */
function nameSubstrings(text: Int32Array, order: Int32Array, positions: Int32Array) {
  const count = positions.length
  // Length of each substring, both ends included; the last reaches the end and equals no other.
  for (let i = 0; i < count; i++) {
    const position = positions[i]!
    order[count + (position >> 1)] = i + 1 < count ? positions[i + 1]! - position + 1 : -1
  }
  let names = 0
  let [before, beforeLength] = [0, 0]
  for (let i = 0; i < count; i++) {
    const position = order[i]!
    const length = order[count + (position >> 1)]!
    if (length !== beforeLength || !isSame(text, before, position, length)) {
      names++
      before = position
      beforeLength = length
    }
    order[count + (position >> 1)] = names - 1
  }
  const reduced = new Int32Array(count)
  for (let i = 0; i < count; i++) reduced[i] = order[count + (positions[i]! >> 1)]!
  return { names, reduced }
}

function isSame(text: Int32Array, a: number, b: number, length: number): boolean {
  for (let i = 0; i < length; i++) if (text[a + i] !== text[b + i]) return false
  return length > 0
}

/** From the front of `order`, where they stand sorted, to the tails of their buckets; zeros elsewhere. */
function spread(text: Int32Array, sizes: Int32Array, order: Int32Array, count: number): void {
  const tails = tailsOf(sizes)
  order.fill(0, count)
  for (let i = count - 1; i >= 0; i--) {
    const position = order[i]!
    order[i] = 0
    order[--tails[text[position]!]!] = position
  }
}

function headsOf(sizes: Int32Array): Int32Array {
  const heads = new Int32Array(sizes.length)
  for (let c = 0, sum = 0; c < sizes.length; c++) {
    heads[c] = sum
    sum += sizes[c]!
  }
  return heads
}

function tailsOf(sizes: Int32Array): Int32Array {
  const tails = new Int32Array(sizes.length)
  for (let c = 0, sum = 0; c < sizes.length; c++) {
    sum += sizes[c]!
    tails[c] = sum
  }
  return tails
}

/** The last suffix precedes the virtual end, which is smaller than all: the first L of its bucket. */
function putLast(text: Int32Array, heads: Int32Array, order: Int32Array): void {
  const last = text.length - 1
  const symbol = text[last]!
  order[heads[symbol]!++] = text[last - 1]! < symbol ? ~last : last
}

/** Left to right. What has been used is cleared; an inverted L waits, upright, for the other pass. */
function induceSubstringsL(text: Int32Array, heads: Int32Array, order: Int32Array): void {
  putLast(text, heads, order)
  for (let i = 0; i < order.length; i++) {
    const position = order[i]!
    if (position > 0) {
      order[i] = 0
      const before = position - 1
      const symbol = text[before]!
      order[heads[symbol]!++] = before > 0 && text[before - 1]! < symbol ? ~before : before
    } else if (position < 0) order[i] = ~position
  }
}

/** Right to left. Only LMS positions are left, inverted. */
function induceSubstringsS(text: Int32Array, tails: Int32Array, order: Int32Array): void {
  for (let i = order.length - 1; i >= 0; i--) {
    const position = order[i]!
    if (position <= 0) continue
    order[i] = 0
    const before = position - 1
    const symbol = text[before]!
    order[--tails[symbol]!] = before > 0 && text[before - 1]! > symbol ? ~before : before
  }
}

/** Left to right; every entry is inverted as it is left, so that the other pass sees those meant for it. */
function induceL(text: Int32Array, heads: Int32Array, order: Int32Array): void {
  putLast(text, heads, order)
  for (let i = 0; i < order.length; i++) {
    const position = order[i]!
    order[i] = ~position
    if (position <= 0) continue
    const before = position - 1
    const symbol = text[before]!
    order[heads[symbol]!++] = before > 0 && text[before - 1]! < symbol ? ~before : before
  }
}

/** Right to left; all entries are upright in the end. */
function induceS(text: Int32Array, tails: Int32Array, order: Int32Array): void {
  for (let i = order.length - 1; i >= 0; i--) {
    const position = order[i]!
    if (position > 0) {
      const before = position - 1
      const symbol = text[before]!
      order[--tails[symbol]!] = before === 0 || text[before - 1]! > symbol ? ~before : before
    } else order[i] = ~position
  }
}
