/**
 * The native methods by number: what `attribute`, `preview` and a replay run. One line a method.
 */
import { type Corpora, attributeHeld, type SpanResult } from '../span/native.ts'
import { attributeNeighbours, attributeRetrieved, type VectorPorts } from '../vectors/native.ts'
import { textWord } from '../words.ts'
import { knnMethod, ragMethod, spanMethod } from './methods.ts'
import type { ReceiptsContext } from './state.ts'

export type NativePorts = VectorPorts & { readonly corpora: Corpora }

/** Reverts InvalidArgument for a method that no node can run. */
export function runNative(
  context: ReceiptsContext,
  ports: NativePorts,
  methodId: number,
  { versionId, answer }: { readonly versionId: bigint; readonly answer: Uint8Array },
): SpanResult {
  switch (methodId) {
    case spanMethod:
      return attributeHeld(context, ports.corpora, versionId, answer)
    case knnMethod:
      return attributeNeighbours(context, ports, versionId, answer)
    case ragMethod:
      return attributeRetrieved(context, ports, versionId, answer)
    default:
      throw context.revert('InvalidArgument', [textWord('methodId')])
  }
}
