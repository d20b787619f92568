/**
 * Other blocks in the place of the last ones, as after a reorganisation (anvil_reorg): what stood in
 * the old ones is gone, and the new ones hold what is given. Must run while no block is in work.
 */
import type { Chain, Mempool, PooledTransaction } from '../../execution/index.ts'
import type { Sealer } from '../sealer.ts'

export interface ReorgPorts {
  readonly chain: Pick<Chain, 'head' | 'rollback' | 'build' | 'commit'>
  readonly mempool: Pick<Mempool, 'reset'>
  readonly sealer: Pick<Sealer, 'template'>
}

/** Answers why a transaction is left out, one line each. */
export async function reorg(
  depth: bigint,
  offered: ReadonlyMap<bigint, readonly PooledTransaction[]>,
  { chain, mempool, sealer }: ReorgPorts,
): Promise<readonly string[]> {
  const left: string[] = []
  await chain.rollback(chain.head().header.number - depth)
  for (let at = 0n; at < depth; at++) {
    const { executed, refused } = await chain.build(sealer.template(), offered.get(at) ?? [])
    for (const { tx, message } of refused) left.push(`${tx.hash} in block ${at}: ${message}`)
    await chain.commit(executed)
  }
  mempool.reset()
  return left
}
