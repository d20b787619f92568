/**
 * What a publisher states about a version, made from its rows: the roots that validators will make again
 * from the same rows before they hold it. Batches in the order of the chain, the parent's first.
 */
import { buildTree, hashLeaf, merkleRoot, noMeasure, topOf } from '../merkle/tree.ts'
import { isRowsFault, readRows } from '../rows/batch.ts'
import { hashRow, rowText } from '../rows/row.ts'
import { NodeError, toHex, type Hex } from '../../primitives/index.ts'
import { commitIndex } from './span-commitment.ts'
import { buildSpanIndex, type SpanIndex } from './span.ts'
import { createCorpusBuilder } from './tokens.ts'
import { createGrowing } from './vocabulary.ts'

/** What the chain is told. */
export interface VersionFacts {
  readonly root: Hex
  readonly corpusRoot: Hex
  readonly indexRoot: Hex
  readonly tokens: bigint
  readonly rows: number
  readonly sizeBytes: bigint
}

export interface BuiltVersion extends VersionFacts {
  readonly index: SpanIndex
}

/** The long steps, one after the other. */
export type VersionStage = 'sorting' | 'hashing'

export interface VersionBuilder {
  /** Keeps no bytes of it. Throws NodeError BATCH_INVALID. */
  add(batch: Uint8Array): { readonly root: Hex; readonly rows: number }
  finish(onStage?: (stage: VersionStage) => void): BuiltVersion
}

/** For who has the batches one at a time. */
export function createVersionBuilder(): VersionBuilder {
  const encoder = new TextEncoder()
  const corpus = createCorpusBuilder()
  const hashes = createGrowing((size) => new Uint8Array(size))
  let [sizeBytes, batches] = [0n, 0]
  return {
    add(batch) {
      const rows = readRows(batch)
      if (isRowsFault(rows))
        throw new NodeError('BATCH_INVALID', `batch ${batches}: ${rows.fault}`, { batches })
      const own = rows.map((row) => hashRow(row.bytes))
      for (const row of rows) corpus.add(encoder.encode(rowText(row)))
      for (const hash of own) hashes.append(hash)
      sizeBytes += BigInt(batch.length)
      batches++
      return { root: toHex(merkleRoot(own)), rows: rows.length }
    },
    finish(onStage = () => undefined) {
      onStage('sorting')
      const index = buildSpanIndex(corpus.finish())
      onStage('hashing')
      const commitment = commitIndex(index)
      return {
        root: toHex(rootOf(hashes.take())),
        corpusRoot: toHex(commitment.corpusRoot),
        indexRoot: toHex(commitment.root),
        tokens: BigInt(index.order.length),
        rows: hashes.length() / 32,
        sizeBytes,
        index,
      }
    },
  }
}

/** As `merkleRoot` of the hashes, which stand end to end. */
const rootOf = (hashes: Uint8Array): Uint8Array =>
  topOf(
    buildTree(noMeasure, hashes.length / 32, (i) => hashLeaf(hashes.subarray(32 * i, 32 * i + 32))),
  )

/** Throws NodeError BATCH_INVALID. */
export function buildVersion(batches: readonly Uint8Array[]): BuiltVersion {
  const builder = createVersionBuilder()
  for (const batch of batches) builder.add(batch)
  return builder.finish()
}
