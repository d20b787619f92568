/**
 * Merkle-sum trees of an attribution: who gets which part of a whole. A leaf cannot claim more than
 * its weight, and the sum of all leaves is the committed total.
 *
 *   leaf = keccak(0x00 ‖ cluster_32 ‖ contribution_32 ‖ weight_u64)
 *   node = keccak(0x01 ‖ left_32 ‖ sumLeft_u64 ‖ right_32 ‖ sumRight_u64)
 *   root = keccak(0x02 ‖ top_32 ‖ total_u64 ‖ leaves_u32)
 *   proof = leaves_u32 ‖ (sibling_32 ‖ sum_u64) from the leaf up
 *
 * Integers big-endian. The root fixes the number of leaves, hence the length of every proof. Says
 * nothing about whether the weights are right: the method that made them does.
 */
import {
  concat,
  equalBytes,
  invariant,
  keccak256,
  toBigInt,
  toFixedBytes,
} from '../../primitives/index.ts'
import {
  buildTree,
  climb,
  depthOf,
  hashLeaf,
  proveLeaf,
  recordOf,
  topOf,
  type Measure,
  type Tree,
} from './tree.ts'

const maxSum = 2n ** 64n - 1n
const sumBytes = 8
const recordBytes = 32 + sumBytes
const countBytes = 4

const sums: Measure = {
  bytes: sumBytes,
  empty: new Uint8Array(sumBytes),
  combine(left, right) {
    const sum = toBigInt(left) + toBigInt(right)
    return sum > maxSum ? undefined : toFixedBytes(sum, sumBytes)
  },
}

export interface SumLeaf {
  /** Near-duplicates share one; 0 for none. */
  readonly clusterId: bigint
  readonly contributionId: bigint
  /** Below 2^64. */
  readonly weight: bigint
}

export interface SumTree {
  readonly root: Uint8Array
  readonly total: bigint
  readonly leaves: readonly SumLeaf[]
  readonly tree: Tree
}

export const hashSumLeaf = ({ clusterId, contributionId, weight }: SumLeaf): Uint8Array =>
  hashLeaf(
    concat(
      toFixedBytes(clusterId, 32),
      toFixedBytes(contributionId, 32),
      toFixedBytes(weight, sumBytes),
    ),
  )

/** Leaves in the order given. Throws when an id or the total does not fit. */
export function buildSumTree(leaves: readonly SumLeaf[]): SumTree {
  const tree = buildTree(sums, leaves.length, (i) => {
    const leaf = leaves[i]
    invariant(leaf !== undefined, 'a leaf')
    return recordOf(hashSumLeaf(leaf), toFixedBytes(leaf.weight, sumBytes))
  })
  const top = topOf(tree)
  return { root: bindRoot(top, leaves.length), total: toBigInt(top.subarray(32)), leaves, tree }
}

const bindRoot = (top: Uint8Array, leaves: number): Uint8Array =>
  keccak256(concat(Uint8Array.of(2), top, toFixedBytes(BigInt(leaves), countBytes)))

export const proveSumLeaf = ({ tree }: SumTree, index: number): Uint8Array =>
  concat(toFixedBytes(BigInt(tree.size), countBytes), ...proveLeaf(tree, index))

/** Where a proven leaf stands in its whole. */
export interface SumPlace {
  /** Sum of the weights of all leaves before it: `shareAt` of `split.ts` wants it. */
  readonly offset: bigint
  /** Of the whole tree. */
  readonly leaves: number
}

/** `leaf` is the leaf's hash; undefined when it is not leaf `index` with that weight under the root. */
export function verifySumProof(
  { root, total }: { readonly root: Uint8Array; readonly total: bigint },
  claim: {
    readonly leaf: Uint8Array
    readonly weight: bigint
    readonly index: bigint
    readonly proof: Uint8Array
  },
): SumPlace | undefined {
  const { leaf, weight, index, proof } = claim
  const leaves = Number(toBigInt(proof.subarray(0, countBytes)))
  if (leaf.length !== 32 || weight < 0n || weight > maxSum || total < 0n || total > maxSum)
    return undefined
  if (index < 0n || index >= BigInt(leaves)) return undefined
  const depth = depthOf(leaves)
  if (proof.length !== countBytes + depth * recordBytes) return undefined
  const siblings = Array.from({ length: depth }, (_, level) =>
    proof.subarray(countBytes + level * recordBytes, countBytes + (level + 1) * recordBytes),
  )
  const top = climb(sums, recordOf(leaf, toFixedBytes(weight, sumBytes)), Number(index), siblings)
  if (!top || toBigInt(top.subarray(32)) !== total) return undefined
  if (!equalBytes(bindRoot(top, leaves), root)) return undefined
  let offset = 0n
  for (const [level, sibling] of siblings.entries())
    if ((index >> BigInt(level)) % 2n === 1n) offset += toBigInt(sibling.subarray(32))
  return { offset, leaves }
}
