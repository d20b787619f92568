/**
 * Smallest value in any stretch of a fixed list, in logarithmic time: minima of blocks of 64, and a
 * tree of minima above them. Keeps a common phrase with a million occurrences as cheap as a rare one.
 */

export interface RangeMinimum {
  /** What `minimaOf` made. */
  readonly tree: Int32Array
  /** Smallest of values[low] .. values[high - 1]; low < high. */
  minimum(low: number, high: number): number
}

const blockSize = 64

/** Minima of `values`: tree[blocks + b] is that of block b, tree[k] of its children 2k and 2k + 1. */
export function minimaOf(
  values: Int32Array,
  tree = new Int32Array(minimaLength(values.length)),
): Int32Array {
  const blocks = tree.length / 2
  for (let b = 0; b < blocks; b++) {
    const end = Math.min(values.length, (b + 1) * blockSize)
    let smallest = values[b * blockSize]!
    for (let i = b * blockSize + 1; i < end; i++) if (values[i]! < smallest) smallest = values[i]!
    tree[blocks + b] = smallest
  }
  for (let k = blocks - 1; k > 0; k--) tree[k] = Math.min(tree[2 * k]!, tree[2 * k + 1]!)
  return tree
}

/** Numbers in the tree of a list of `length`. */
export const minimaLength = (length: number): number => 2 * Math.ceil(length / blockSize)

/** `values` must never change; `tree` is that of `minimaOf`. */
export function createRangeMinimum(values: Int32Array, tree = minimaOf(values)): RangeMinimum {
  const blocks = tree.length / 2

  function scan(low: number, high: number): number {
    let smallest = values[low]!
    for (let i = low + 1; i < high; i++) smallest = Math.min(smallest, values[i]!)
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
    tree,
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
