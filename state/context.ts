/**
 * What the store's operations share: the open parts, the head, and the rules of writing. Only
 * store.ts and rollback.ts change it.
 */
import { type Block, NodeError, type Write } from '../primitives/index.ts'
import type { Blocks } from './blocks.ts'
import type { Database } from './database.ts'
import type { Flat } from './flat.ts'
import type { QuietRuns } from './quiet-runs.ts'
import { encodeHead, keys } from './tables.ts'
import type { AccountEdit } from './types.ts'
import type { World } from './world.ts'

/** What checks and reports look into beside the store itself. */
export interface Inside {
  readonly db: Database
  readonly blocks: Blocks
  readonly world: World
  readonly quiet: QuietRuns
  readonly keepStates: number | 'archive'
}

export interface Context extends Inside {
  readonly flat: Flat
  readonly sync: boolean
  readonly keepPreimages: boolean
  head: Block | undefined
  /** Set by hand since the head; another list after each call of `edit`. */
  pendingEdits: readonly AccountEdit[]
  /** Records of them on disk. */
  pendingRecords: number
  oldest: number
  /** Raised by every rollback, so that readers check whether their block still stands. */
  epoch: number
  /** Why nothing can be written any more. */
  failure: Error | undefined
}

export const heightOf = (head: Block | undefined): number =>
  head ? Number(head.header.number) : -1

/** After a failed write nobody knows what the disk has: no further one is tried. */
export async function write(context: Context, writes: readonly Write[]): Promise<void> {
  if (context.failure) throw context.failure
  try {
    await context.db.write(writes, { sync: context.sync })
  } catch (error) {
    context.failure = error instanceof Error ? error : new Error('a write failed')
    throw error
  }
}

export const headWrites = (block: Block): Write[] => {
  const value = encodeHead({ height: heightOf(block), hash: block.hash })
  const genesis = { key: keys.fact('genesis'), value }
  return [{ key: keys.fact('head'), value }, ...(block.header.number === 0n ? [genesis] : [])]
}

export function dropEdits(context: Context): void {
  if (context.pendingRecords === 0) return
  context.pendingEdits = []
  context.pendingRecords = 0
}

export const unknown = ({ head }: Context, height: number): NodeError =>
  new NodeError('STATE_UNKNOWN', `there is no state of block ${height}`, {
    height,
    head: heightOf(head),
  })

export const pruned = ({ oldest }: Context, height: number): NodeError =>
  new NodeError(
    'STATE_PRUNED',
    `the state of block ${height} is not kept any more; the oldest is that of block ${oldest}`,
    { height, oldest },
  )

/** Throws NodeError STATE_UNKNOWN or STATE_PRUNED. */
export function requireKept(context: Context, height: number): void {
  if (height < 0 || height > heightOf(context.head)) throw unknown(context, height)
  if (height < context.oldest) throw pruned(context, height)
}
