/**
 * Binary Merkle trees whose nodes may carry a measure of the leaves below them: nothing, a sum, a
 * smallest value. One layout for all: leaf = keccak(0x00 ‖ data), node = keccak(0x01 ‖ left ‖ right),
 * where left and right are records, hash ‖ measure. The prefixes keep a node from passing for a leaf.
 * A node without a right neighbour is paired with the empty record (32 zero bytes, measure of
 * nothing), so a path is as long as the tree is deep and an index alone says which side is which.
 * Knows nothing of what leaves mean; `sum-tree.ts`, `rows/` and `methods/` do.
 */
import { equalBytes, invariant, keccak256 } from '../../primitives/index.ts'

/** What a node says about the leaves below it, as `bytes` bytes beside its hash. */
export interface Measure {
  readonly bytes: number
  /** Of no leaves. */
  readonly empty: Uint8Array
  /** undefined when there is no such value (a sum that overflows): no tree has this node. */
  combine(left: Uint8Array, right: Uint8Array): Uint8Array | undefined
}

const nothing = new Uint8Array(0)
export const noMeasure: Measure = { bytes: 0, empty: nothing, combine: () => nothing }

export interface Tree {
  readonly measure: Measure
  /** Leaves. */
  readonly size: number
  /** From the leaves up, records end to end; the last level is one record. None in an empty tree. */
  readonly levels: readonly Uint8Array[]
}

const hashBytes = 32

/** 2^32 leaves: what 32-bit positions reach. */
export const maxDepth = 32

/** Levels above the leaves in a tree of `size` leaves. */
export function depthOf(size: number): number {
  let depth = 0
  while (2 ** depth < size) depth++
  return depth
}

export function hashLeaf(data: Uint8Array): Uint8Array {
  const input = new Uint8Array(1 + data.length)
  input.set(data, 1)
  return keccak256(input)
}

/** Record of a node above two records that stand end to end; undefined: see `Measure.combine`. */
function joinPair(measure: Measure, pair: Uint8Array): Uint8Array | undefined {
  const width = hashBytes + measure.bytes
  const above = measure.combine(pair.subarray(hashBytes, width), pair.subarray(width + hashBytes))
  if (!above) return undefined
  const input = new Uint8Array(1 + pair.length)
  input[0] = 1
  input.set(pair, 1)
  return recordOf(keccak256(input), above)
}

function joinRecords(measure: Measure, left: Uint8Array, right: Uint8Array) {
  return joinPair(measure, recordOf(left, right))
}

/** Two byte strings end to end. */
export function recordOf(hash: Uint8Array, measure: Uint8Array): Uint8Array {
  const record = new Uint8Array(hash.length + measure.length)
  record.set(hash)
  record.set(measure, hash.length)
  return record
}

const emptyRecord = ({ empty }: Measure): Uint8Array => recordOf(new Uint8Array(hashBytes), empty)

/** `leafAt(i)` is leaf i's: its hash, then its measure. Throws when a node cannot be (overflow). */
export function buildTree(
  measure: Measure,
  size: number,
  leafAt: (index: number) => Uint8Array,
): Tree {
  if (size === 0) return { measure, size, levels: [] }
  const width = hashBytes + measure.bytes
  const leaves = new Uint8Array(size * width)
  for (let i = 0; i < size; i++) leaves.set(leafAt(i), i * width)
  const levels: Uint8Array[] = [leaves]
  for (let count = size; count > 1; count = Math.ceil(count / 2))
    levels.push(levelAbove(measure, levels.at(-1) ?? leaves, count))
  return { measure, size, levels }
}

/** The records above `count` records. */
function levelAbove(measure: Measure, below: Uint8Array, count: number): Uint8Array {
  const width = hashBytes + measure.bytes
  const level = new Uint8Array(Math.ceil(count / 2) * width)
  // One input for all: millions of nodes are made here.
  const input = new Uint8Array(1 + 2 * width)
  input[0] = 1
  for (let i = 0; 2 * i < count; i++) {
    input.set(below.subarray(2 * i * width, (2 * i + 2) * width), 1)
    if (2 * i + 1 === count) input.set(emptyRecord(measure), 1 + width)
    level.set(keccak256(input), i * width)
    if (measure.bytes === 0) continue
    const left = input.subarray(1 + hashBytes, 1 + width)
    const above = measure.combine(left, input.subarray(1 + width + hashBytes))
    invariant(above !== undefined, 'a measure of these leaves does not exist')
    level.set(above, i * width + hashBytes)
  }
  return level
}

/** The one record above all; the empty record in an empty tree. */
export const topOf = (tree: Tree): Uint8Array => recordAt(tree, tree.levels.length - 1, 0)

/** Record of a node; the empty one where there is none. */
export function recordAt({ measure, levels }: Tree, level: number, index: number): Uint8Array {
  const width = hashBytes + measure.bytes
  const records = levels[level]
  if (!records || (index + 1) * width > records.length) return emptyRecord(measure)
  return records.slice(index * width, (index + 1) * width)
}

/** Siblings from the leaf up. */
export function proveLeaf(tree: Tree, index: number): Uint8Array[] {
  invariant(index >= 0 && index < tree.size, 'no such leaf')
  return Array.from({ length: tree.levels.length - 1 }, (_, level) =>
    recordAt(tree, level, ((index >>> level) ^ 1) >>> 0),
  )
}

/**
 * The top record that a leaf's record and its siblings lead to; undefined when the path has no place
 * in any tree. The caller compares it with the root it trusts.
 */
export function climb(
  measure: Measure,
  leaf: Uint8Array,
  index: number,
  siblings: readonly Uint8Array[],
): Uint8Array | undefined {
  if (siblings.length > maxDepth || !isIndex(index, siblings.length)) return undefined
  let record: Uint8Array | undefined = leaf
  for (const [level, sibling] of siblings.entries()) {
    if (sibling.length !== hashBytes + measure.bytes) return undefined
    const isRight = Math.floor(index / 2 ** level) % 2 === 1
    record = isRight ? joinRecords(measure, sibling, record) : joinRecords(measure, record, sibling)
    if (!record) return undefined
  }
  return record
}

const isIndex = (index: number, depth: number): boolean =>
  Number.isSafeInteger(index) && index >= 0 && index < 2 ** depth

/** Whether `data` is leaf `index` under `root`, in a tree without a measure. */
export function verifyLeaf(
  root: Uint8Array,
  data: Uint8Array,
  index: number,
  siblings: readonly Uint8Array[],
): boolean {
  const top = climb(noMeasure, hashLeaf(data), index, siblings)
  return top !== undefined && equalBytes(top, root)
}

/** Root of a tree without a measure over these leaves; 32 zero bytes for none. */
export const merkleRoot = (leaves: readonly Uint8Array[]): Uint8Array => topOf(merkleTree(leaves))

export const merkleTree = (leaves: readonly Uint8Array[]): Tree =>
  buildTree(noMeasure, leaves.length, (i) => hashLeaf(leaves[i] ?? nothing))
