/**
 * The cells of an n-gram receipt: what each batch gets of each token, so that one of them can be shown and
 * doubted alone. Two layers of sum trees, so nothing can be paid that no cell says:
 *
 *   cells of a batch: one leaf a token of the answer, in order: (token, batch, weight)
 *   evidence: one leaf a leaf of the receipt, in its order: (root of the batch's cells, batch, weight)
 *
 * Every token weighs the same (ngram-weights.ts) and the receipt's total is theirs, so where a batch gets
 * too little of a token another gets too much: each lie has a cell that is wrong by itself.
 */
import { fromHex, type Hex, toHex } from '../../primitives/index.ts'
import { buildSumTree, hashSumLeaf, proveSumLeaf, verifySumProof } from '../merkle/sum-tree.ts'

/** A cell and the way to it, as a challenge shows them. */
export interface CellProof {
  /** Of the receipt's leaf. */
  readonly index: bigint
  readonly token: number
  readonly batch: bigint
  readonly weight: bigint
  /** Root over the batch's cells, their sum, and the cell's place under it. */
  readonly cellsRoot: Hex
  readonly cellsTotal: bigint
  readonly cellProof: Uint8Array
  /** Sum of the evidence, and the place of the batch's cells in it. */
  readonly evidenceTotal: bigint
  readonly evidenceProof: Uint8Array
}

export interface CellCommitment {
  /** `evidenceHash` of the receipt. */
  readonly root: Uint8Array
  prove(index: number, token: number): CellProof
}

/** Of the weights by token, for the batches of the receipt's leaves in their order. */
export function commitCells(
  weights: readonly ReadonlyMap<bigint, bigint>[],
  batches: readonly bigint[],
): CellCommitment {
  const cellsOf = (batch: bigint) =>
    buildSumTree(
      weights.map((byBatch, token) => ({
        clusterId: BigInt(token),
        contributionId: batch,
        weight: byBatch.get(batch) ?? 0n,
      })),
    )
  const roots = batches.map((batch) => {
    const { root, total } = cellsOf(batch)
    return { clusterId: BigInt(toHex(root)), contributionId: batch, weight: total }
  })
  const evidence = buildSumTree(roots)
  return {
    root: evidence.root,
    prove(index, token) {
      const batch = batches[index] ?? 0n
      const cells = cellsOf(batch)
      return {
        index: BigInt(index),
        token,
        batch,
        weight: weights[token]?.get(batch) ?? 0n,
        cellsRoot: toHex(cells.root),
        cellsTotal: cells.total,
        cellProof: proveSumLeaf(cells, token),
        evidenceTotal: evidence.total,
        evidenceProof: proveSumLeaf(evidence, index),
      }
    },
  }
}

/** How many leaves the two trees have; undefined when the cell is none of theirs. */
export function verifyCell(
  evidenceHash: Hex,
  proof: CellProof,
): { readonly batches: number; readonly tokens: number } | undefined {
  const { index, token, batch, weight, cellsRoot, cellsTotal } = proof
  const cell = { clusterId: BigInt(token), contributionId: batch, weight }
  const cells = { clusterId: BigInt(cellsRoot), contributionId: batch, weight: cellsTotal }
  const inner = verifySumProof(
    { root: fromHex(cellsRoot), total: cellsTotal },
    { leaf: hashSumLeaf(cell), weight, index: BigInt(token), proof: proof.cellProof },
  )
  const outer = verifySumProof(
    { root: fromHex(evidenceHash), total: proof.evidenceTotal },
    { leaf: hashSumLeaf(cells), weight: cellsTotal, index, proof: proof.evidenceProof },
  )
  return inner && outer && { batches: outer.leaves, tokens: inner.leaves }
}
