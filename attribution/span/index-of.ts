/**
 * The index of a held version, asked of the node by a handler that has paid for it. How many one transaction
 * may ask for is a rule of the chain (execution/native/large-data.ts). Builds none.
 */
import { type Context, maxLargeDataTokens } from '../../execution/native/index.ts'
import type { Hex } from '../../primitives/index.ts'
import type { SpanIndex } from '../methods/span.ts'
import { textWord } from '../words.ts'
import type { Corpora } from './native.ts'

type Asker = Pick<Context, 'allowsLargeData'> & {
  readonly revert: (name: 'LimitExceeded', args: readonly [Hex, bigint]) => Error
}

export interface IndexedVersion {
  readonly versionId: bigint
  readonly indexRoot: Hex
  readonly tokens: bigint
}

/** Reverts LimitExceeded where that would be more than every node can have at hand together. */
export function indexOf(context: Asker, corpora: Corpora, version: IndexedVersion): SpanIndex {
  if (!context.allowsLargeData(version.indexRoot, version.tokens))
    throw context.revert('LimitExceeded', [textWord('indexes'), maxLargeDataTokens])
  return corpora.indexOf(version)
}
