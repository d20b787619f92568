/**
 * The native methods by number: what `attribute`, `preview` and a replay run. One line a method.
 */
import { type Corpora, attributeHeld, type SpanResult } from '../span/native.ts'
import { attributeByHead } from '../vectors/head.ts'
import { attributeNeighbours, attributeRetrieved, type VectorPorts } from '../vectors/native.ts'
import { textWord } from '../words.ts'
import { headMethod, knnMethod, ragMethod, spanMethod } from './methods.ts'
import { lineage, type ReceiptsContext } from './state.ts'

export type NativePorts = VectorPorts & { readonly corpora: Corpora }

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
      const found = attributeByHead(context, ports, versionId, answer)
      if (assetId === undefined) return found
      const { contentHash } = context.view(lineage, 'asset', [assetId])
      if (contentHash !== found.contentHash)
        throw context.revert('InvalidArgument', [textWord('contentHash')])
      return found
    }
    default:
      throw context.revert('InvalidArgument', [textWord('methodId')])
  }
}
