/**
 * What an operator states about an n-gram answer: the leaves of the receipt, the root of its cells, and
 * proofs of cells for whoever doubts or defends them. The same arithmetic as the chain's, over the same
 * index, without its bounds. Attribution notes, 2.8 and 3.6.
 */
import { constantsOf, type NgramConstants } from './ngram-constants.ts'
import type { ExactText } from './ngram-exact.ts'
import { type CellCommitment, commitCells } from './ngram-cells.ts'
import { baseId, tokenWeights } from './ngram-weights.ts'
import type { SumLeaf } from '../merkle/sum-tree.ts'
import type { SpanIndex } from './span.ts'
import { encodeQuery } from './tokens.ts'

/** Tokens of a full n-gram on chain (accuracy by order: attribution notes, 2.8). */
export const ngramOrder = 5

export interface NgramText {
  readonly text: ExactText
  readonly constants: NgramConstants
}

/** The documents of an index and the figures of all of them: some 100 ns a position. */
export function readNgramText({ corpus, order }: SpanIndex): NgramText {
  const { tokens, starts, vocabulary } = corpus
  const documents = new Int32Array(tokens.length)
  for (const [row, start] of starts.entries())
    documents.fill(row, start, starts[row + 1] ?? tokens.length)
  const text = { tokens, documents, order, vocabulary: vocabulary.size }
  return { text, constants: constantsOf(text, ngramOrder) }
}

/** The token at a place of an answer and what stands before it. */
export const askedAt = (query: Int32Array, at: number) => ({
  history: query.subarray(Math.max(0, at - ngramOrder + 1), at),
  symbol: query[at] ?? -1,
})

export interface NgramClaim {
  readonly leaves: readonly SumLeaf[]
  readonly cells: CellCommitment
}

/** Batches by row as the version has them. */
export function claimNgrams(
  index: SpanIndex,
  answer: Uint8Array,
  partOfRow: (row: number) => Pick<SumLeaf, 'clusterId' | 'contributionId'>,
): NgramClaim {
  const { text, constants } = readNgramText(index)
  const query = encodeQuery(answer, index.corpus.vocabulary)
  const clusters = new Map([[baseId, 0n]])
  const batchOf = (row: number): bigint => {
    const { clusterId, contributionId } = partOfRow(row)
    clusters.set(contributionId, clusterId)
    return contributionId
  }
  const ports = { batchOf, step: () => undefined }
  const weights = Array.from(query, (_, at) =>
    tokenWeights(text, constants, askedAt(query, at), ports),
  )
  const sums = new Map<bigint, bigint>()
  for (const byBatch of weights)
    for (const [batch, weight] of byBatch) sums.set(batch, (sums.get(batch) ?? 0n) + weight)
  const leaves = Array.from(sums, ([contributionId, weight]) => {
    const clusterId = clusters.get(contributionId) ?? 0n
    return { clusterId, contributionId, weight }
  }).toSorted(byClusterThenBatch)
  return {
    leaves,
    cells: commitCells(
      weights,
      leaves.map(({ contributionId }) => contributionId),
    ),
  }
}

/** The order of a receipt's leaves. */
export function byClusterThenBatch(a: Omit<SumLeaf, 'weight'>, b: Omit<SumLeaf, 'weight'>): number {
  if (a.clusterId !== b.clusterId) return a.clusterId < b.clusterId ? -1 : 1
  return a.contributionId < b.contributionId ? -1 : 1
}
