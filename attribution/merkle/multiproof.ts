/**
 * One proof for many leaves of a tree of `tree.ts`. Siblings that the leaves themselves lead to are
 * left out; the rest stand in the one order in which they are used: level by level from the leaves,
 * left to right. So a proof has one spelling, and a missing, extra or moved record is refused.
 */
import { equalBytes, invariant } from '../../primitives/index.ts'
import { climb, hashLeaf, maxDepth, noMeasure, recordAt, type Measure, type Tree } from './tree.ts'

/** A leaf and where it stands; `record` is its hash, then its measure. */
export interface PlacedRecord {
  readonly index: number
  readonly record: Uint8Array
}

/** Indexes strictly ascending, at least one. */
export function proveLeaves(tree: Tree, indexes: readonly number[]): Uint8Array[] {
  invariant(isAscending(indexes) && (indexes.at(-1) ?? -1) < tree.size, 'no such leaves')
  const proof: Uint8Array[] = []
  let known = [...indexes]
  for (let level = 0; level < tree.levels.length - 1; level++) {
    const above: number[] = []
    for (const [at, index] of known.entries()) {
      const hasPartner = index % 2 === 0 ? known[at + 1] === index + 1 : known[at - 1] === index - 1
      if (!hasPartner) proof.push(recordAt(tree, level, index ^ 1))
      if (index % 2 === 0 || !hasPartner) above.push(index >>> 1)
    }
    known = above
  }
  return proof
}

export interface Climbed {
  readonly top: Uint8Array
  /** Every record that leaves and proof brought to light, by level, then by index. */
  readonly levels: readonly ReadonlyMap<number, Uint8Array>[]
}

/**
 * The top record that the leaves lead to; undefined when leaves and proof fit no tree. The caller
 * compares it with the root it trusts. `onNode` is called before each hash.
 */
export function climbAll(
  measure: Measure,
  leaves: readonly PlacedRecord[],
  proof: readonly Uint8Array[],
  onNode: () => void = ignore,
): Climbed | undefined {
  if (!isAscending(leaves.map(({ index }) => index))) return undefined
  const levels: Map<number, Uint8Array>[] = []
  let used = 0
  let known = new Map(leaves.map(({ index, record }) => [index, record]))
  while (known.size > 1 || used < proof.length) {
    if (levels.length === maxDepth) return undefined
    const level = new Map(known)
    const above = new Map<number, Uint8Array>()
    for (const [index, record] of known) {
      if (above.has(index >>> 1)) continue
      const sibling = known.get((index ^ 1) >>> 0) ?? proof[used++]
      if (!sibling || sibling.length !== 32 + measure.bytes) return undefined
      level.set((index ^ 1) >>> 0, sibling)
      onNode()
      const joined = climb(measure, record, index % 2, [sibling])
      if (!joined) return undefined
      above.set(index >>> 1, joined)
    }
    levels.push(level)
    known = above
  }
  const top = known.get(0)
  return top && { top, levels: [...levels, known] }
}

const ignore = (): void => undefined

function isAscending(indexes: readonly number[]): boolean {
  return (
    indexes.length > 0 &&
    indexes.every(
      (index, at) =>
        Number.isSafeInteger(index) && index < 2 ** maxDepth && index > (indexes[at - 1] ?? -1),
    )
  )
}

/** Whether the leaves stand at their indexes under `root`, in a tree without a measure. */
export function verifyLeaves(
  root: Uint8Array,
  leaves: readonly { readonly index: number; readonly data: Uint8Array }[],
  proof: readonly Uint8Array[],
  onNode?: () => void,
): boolean {
  const placed = leaves.map(({ index, data }) => ({ index, record: hashLeaf(data) }))
  const climbed = climbAll(noMeasure, placed, proof, onNode)
  return climbed !== undefined && equalBytes(climbed.top, root)
}
