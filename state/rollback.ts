/**
 * The way back: block by block, each step one atomic batch, so that a crash leaves the head somewhere
 * on the way. A run of empty blocks is one step. Decides nothing about which height is meant.
 */
import { corrupt } from './database.ts'
import { type Context, dropEdits, heightOf, headWrites, requireKept, write } from './context.ts'
import { editRemovals } from './edits.ts'
import { retreat } from './history.ts'
import type { QuietRun } from './quiet-runs.ts'
import { keys } from './tables.ts'

export async function rollback(context: Context, target: number): Promise<void> {
  requireKept(context, target)
  const top = heightOf(context.head)
  if (context.pendingRecords > 0) {
    await write(context, editRemovals(context.db, top + 1))
    dropEdits(context)
  }
  for (let height = top; height > target; height = heightOf(context.head)) {
    const run = context.quiet.at(height)
    if (run) await undoRun(context, run, Math.max(target, run.from - 1))
    else await undoBlock(context, height)
  }
}

/** No state changed in it, so the head moves and nothing else. */
async function undoRun(context: Context, run: QuietRun, target: number): Promise<void> {
  const head = context.blocks.block(target)?.block
  if (!head) throw corrupt(context.db.name, `block ${target} is missing`)
  const { writes, apply } = context.quiet.cut(run, target - run.from + 1)
  await write(context, [...writes, ...headWrites(head)])
  apply()
  context.head = head
  context.epoch++
}

/** Readers of the block are refused from the start; older ones read right throughout. */
async function undoBlock(context: Context, height: number): Promise<void> {
  const { db, flat, world, blocks } = context
  const parent = blocks.block(height - 1)?.block
  if (!parent) throw corrupt(db.name, `block ${height - 1} is missing`)
  const list = [...retreat(db, height)]
  const { root, nodes } = world.retreatUpdate(list)
  if (root !== parent.header.stateRoot)
    throw corrupt(db.name, `the changes of block ${height} do not lead back to its parent`)
  const writes = [
    ...blocks.removal(height),
    ...editRemovals(db, height),
    ...list.flatMap((item) => item.writes),
    { key: keys.byHeight('d', height) },
    ...world.retreatWrites(nodes, height),
    ...headWrites(parent),
  ]
  context.head = parent
  context.epoch++
  flat.clear()
  world.begin(nodes, 'new')
  await write(context, writes)
  flat.clear()
  world.end(nodes)
  blocks.forget(height)
}
