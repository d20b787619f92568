/**
 * Smallest value in any stretch of a fixed list, in logarithmic time: minima of blocks of 64, and a
 * tree of minima above them. Keeps a common phrase with a million occurrences as cheap as a rare one.
 */

export interface RangeMinimum {
  /** Smallest of values[low] .. values[high - 1]; low < high. */
  minimum(low: number, high: number): number
}

const blockSize = 64

/** `valueAt(i)` for i below `length` must never change. */
export function createRangeMinimum(
  length: number,
  valueAt: (index: number) => number,
): RangeMinimum {
  const blocks = Math.ceil(length / blockSize)
  // tree[blocks + b] is the minimum of block b, tree[k] of its children 2k and 2k + 1.
  const tree = new Int32Array(2 * blocks)
  for (let b = 0; b < blocks; b++)
    tree[blocks + b] = scan(b * blockSize, Math.min(length, (b + 1) * blockSize))
  for (let k = blocks - 1; k > 0; k--) tree[k] = Math.min(tree[2 * k]!, tree[2 * k + 1]!)

  function scan(low: number, high: number): number {
    let smallest = valueAt(low)
    for (let i = low + 1; i < high; i++) smallest = Math.min(smallest, valueAt(i))
    return smallest
  }

  function scanBlocks(first: number, end: number): number {
    let smallest = tree[blocks + first]!
    for (let a = blocks + first, b = blocks + end; a < b; a >>= 1, b >>= 1) {
      if (a & 1) smallest = Math.min(smallest, tree[a++]!)
      if (b & 1) smallest = Math.min(smallest, tree[--b]!)
    }
    return smallest
  }

  return {
    minimum(low, high) {
      const [first, end] = [Math.ceil(low / blockSize), Math.floor(high / blockSize)]
      if (first >= end) return scan(low, high)
      let smallest = scanBlocks(first, end)
      if (low < first * blockSize) smallest = Math.min(smallest, scan(low, first * blockSize))
      if (end * blockSize < high) smallest = Math.min(smallest, scan(end * blockSize, high))
      return smallest
    },
  }
}
