/**
 * A validator as a child of `tributary dev --validators`: tells its parent where it answers, what is
 * decided and when nothing is, lets it cut peers off, and ends when the parent is gone. Does nothing in
 * a process that has no such parent.
 */
import type { Hex } from '../../primitives/index.ts'
import type { NodeUrls, TributaryNode } from '../node.ts'
import type { Standstill } from './watch.ts'

/** What a child says. */
export type ChildNews =
  | ({
      readonly type: 'ready'
      readonly head: number
    } & NodeUrls)
  | {
      readonly type: 'block'
      readonly height: number
      readonly hash: Hex
      readonly transactions: number
    }
  | ({ readonly type: 'standstill' } & Standstill)

/** What a parent says: from now on these peers are cut off. */
export type ParentOrder = { readonly type: 'cut'; readonly peerIds: readonly string[] }

/** What this file uses of `process`. */
interface ParentPort {
  readonly send?: ((message: ChildNews) => boolean) | undefined
  readonly connected?: boolean
  on(event: 'message' | 'disconnect', listener: (message: unknown) => void): unknown
  kill(pid: number, signal: 'SIGTERM'): unknown
  readonly pid: number
}

export function superviseBy(
  parent: ParentPort,
  node: Pick<TributaryNode, 'chain' | 'validator'>,
  urls: NodeUrls,
): void {
  if (!parent.send) return
  const tell = (news: ChildNews): void => void parent.send?.(news)
  node.chain.onCommit(({ block: { header, hash, transactions } }) =>
    tell({ type: 'block', height: Number(header.number), hash, transactions: transactions.length }),
  )
  node.validator?.onStandstill((news) => tell({ type: 'standstill', ...news }))
  parent.on('message', (order) => {
    if (isOrder(order)) node.validator?.network.cut(order.peerIds)
  })
  const stop = (): void => void parent.kill(parent.pid, 'SIGTERM')
  parent.on('disconnect', stop)
  if (parent.connected === false) return stop() // it has gone while we started
  tell({ type: 'ready', ...urls, head: Number(node.chain.head().header.number) })
}

const isOrder = (message: unknown): message is ParentOrder =>
  typeof message === 'object' &&
  message !== null &&
  'type' in message &&
  message.type === 'cut' &&
  'peerIds' in message &&
  Array.isArray(message.peerIds)
