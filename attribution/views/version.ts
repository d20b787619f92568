/**
 * What a publisher states about a version, made from its rows: the roots that validators will make again
 * from the same rows before they hold it. Batches in the order of the chain, the parent's first.
 */
import {
  buildSpanIndex,
  commitIndex,
  encodeCorpus,
  hashRow,
  isBatchFault,
  merkleRoot,
  readBatch,
  rowText,
  type SpanIndex,
} from '../methods/index.ts'
import { NodeError, toHex, type Hex } from '../../primitives/index.ts'

export interface BuiltVersion {
  readonly root: Hex
  readonly corpusRoot: Hex
  readonly indexRoot: Hex
  readonly tokens: bigint
  readonly rows: number
  readonly sizeBytes: bigint
  readonly index: SpanIndex
}

/** Throws NodeError BATCH_INVALID. */
export function buildVersion(batches: readonly Uint8Array[]): BuiltVersion {
  const encoder = new TextEncoder()
  const rows = batches.flatMap((bytes, i) => {
    const batch = readBatch(bytes)
    if (isBatchFault(batch)) throw new NodeError('BATCH_INVALID', `batch ${i}: ${batch.fault}`)
    return batch.rows
  })
  const index = buildSpanIndex(encodeCorpus(rows.map((row) => encoder.encode(rowText(row)))))
  const commitment = commitIndex(index)
  return {
    root: toHex(merkleRoot(rows.map((row) => hashRow(row.bytes)))),
    corpusRoot: toHex(commitment.corpusRoot),
    indexRoot: toHex(commitment.root),
    tokens: BigInt(index.order.length),
    rows: rows.length,
    sizeBytes: batches.reduce((sum, { length }) => sum + BigInt(length), 0n),
    index,
  }
}
