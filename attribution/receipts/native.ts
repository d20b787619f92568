/**
 * The native methods by number: what `attribute`, `preview` and a replay run. One line a method.
 */
import type { Hex } from '../../primitives/index.ts'
import { weighLoss } from '../methods/payout.ts'
import { attributeNgrams, type NgramPorts } from '../ngram/native.ts'
import { readParam } from '../params/module.ts'
import { type Corpora, attributeHeld, type SpanResult } from '../span/native.ts'
import { attributeByHead, maxGas, scoreByHead } from '../vectors/head.ts'
import {
  attributeNeighbours,
  attributeRetrieved,
  gasForSums,
  scoreNeighbours,
  scoreOne,
  type Scores,
  type VectorPorts,
} from '../vectors/native.ts'
import { textWord } from '../words.ts'
import { headMethod, knnMethod, ngramMethod, ragMethod, spanMethod } from './methods.ts'
import { lineage, type ReceiptsContext } from './state.ts'

export type NativePorts = NgramPorts & VectorPorts & { readonly corpora: Corpora }

interface Asked {
  readonly versionId: bigint
  readonly answer: Uint8Array
  /** The asset that answered; none in a preview. */
  readonly assetId?: bigint
}

/** Reverts InvalidArgument for a method that no node can run. */
export function runNative(
  context: ReceiptsContext,
  ports: NativePorts,
  methodId: number,
  { versionId, answer, assetId }: Asked,
): SpanResult {
  switch (methodId) {
    case spanMethod:
      return attributeHeld(context, ports.corpora, versionId, answer)
    case knnMethod:
      return attributeNeighbours(context, ports, versionId, answer)
    case ragMethod:
      return attributeRetrieved(context, ports, versionId, answer)
    case headMethod: {
      const isCertified = assetId !== undefined && hasCertificate(context, assetId, versionId)
      const found = attributeByHead(context, ports, versionId, answer, isCertified)
      if (assetId !== undefined) checkContent(context, assetId, found.contentHash)
      return found
    }
    case ngramMethod:
      return attributeNgrams(context, ports, versionId, answer)
    default:
      throw context.revert('InvalidArgument', [textWord('methodId')])
  }
}

/** Whether a method scores rows, for the better or the worse, so that many answers can be netted. */
export const isScored = (methodId: number): boolean =>
  methodId === knnMethod || methodId === headMethod

/** Row by row and signed, for an epoch (epoch.ts). Reverts InvalidArgument for a method without such. */
export function scoreNative(
  context: ReceiptsContext,
  ports: NativePorts,
  methodId: number,
  { versionId, answer, assetId }: Required<Asked>,
): Scores {
  if (!isScored(methodId)) throw context.revert('InvalidArgument', [textWord('methodId')])
  if (methodId === knnMethod) return scoreNeighbours(context, ports, versionId, answer)
  const isCertified = hasCertificate(context, assetId, versionId)
  const most = maxGas - gasForSums
  const found = scoreByHead(context, ports, versionId, answer, isCertified, most)
  checkContent(context, assetId, found.contentHash)
  // A question that surprises the head moves its scores without bound: as parts of one they cannot.
  const whole = found.rows.reduce((sum, { score }) => sum + (score < 0n ? -score : score), 0n)
  const lossBps = readParam(context, 'receipts.lossBps')
  const rows = found.rows.map(({ row, score }) => ({
    row,
    score: whole === 0n ? 0n : weighLoss((score * scoreOne) / whole, lossBps),
  }))
  return { rows, base: 0n }
}

/** Whether the asset's head was shown to be the optimum of the version (ILineage.certify). */
const hasCertificate = (context: ReceiptsContext, assetId: bigint, versionId: bigint): boolean =>
  context.view(lineage, 'certifiedBlock', [assetId, versionId]) > 0n

/** The head that answered is the asset's. */
function checkContent(context: ReceiptsContext, assetId: bigint, contentHash: Hex): void {
  if (context.view(lineage, 'asset', [assetId]).contentHash !== contentHash)
    throw context.revert('InvalidArgument', [textWord('contentHash')])
}
