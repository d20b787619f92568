/**
 * eth_subscribe: what happens on the chain, pushed to one socket. A subscription begins after its id
 * was sent and dies with its socket. Every event is formatted once, however many listen.
 */
import type { ExecutedBlock, PooledTransaction } from '../execution/index.ts'
import type { Hex } from '../primitives/index.ts'
import { limitExceeded, subscriptionNotFound } from './errors.ts'
import { newId } from './filters.ts'
import { formatHeader, formatPooled, formatSyncing } from './format.ts'
import type { LogCriteria } from './log-criteria.ts'
import { logsOfBlock } from './logs.ts'
import type { NodeApi } from './node-api.ts'

/** Of one socket: a dapp has a handful, an indexer one per event. */
const maxPerSocket = 1_000

/** Given an event, the JSON texts to push, if any. */
export interface Listener {
  /** Whose method pushes; eth when absent. */
  readonly namespace?: 'attr'
  readonly onBlock?: (executed: ExecutedBlock, texts: BlockEvent) => readonly string[]
  readonly onPending?: (tx: PooledTransaction, texts: PendingEvent) => string
}

/** Texts every listener of one event shares. */
interface BlockEvent {
  readonly header: () => string
}
interface PendingEvent {
  readonly hash: () => string
  readonly full: () => string
}

/** What one message may do to its socket's subscriptions. */
export interface Subscriptions {
  add(listener: Listener): Hex
  /** Throws RpcError `subscription not found`. */
  remove(id: string): true
  /** Called when the answer with the new ids is on its way: from now on they hear events. */
  begin(): void
}

/** The subscriptions of one socket; each message adds its own. */
export interface SocketSubscriptions {
  forMessage(): Subscriptions
  /** Nothing is heard any more, whatever is still in work. */
  close(): void
}

export interface SubscriptionHub {
  /** `push` takes one whole message and may close the socket. */
  forSocket(push: (text: string) => void): SocketSubscriptions
  close(): void
}

interface Socket {
  readonly push: (text: string) => void
  readonly active: Map<string, Listener>
}

export function createSubscriptionHub(api: NodeApi): SubscriptionHub {
  const sockets = new Set<Socket>()
  const stopCommits = api.chain.onCommit((executed) => {
    const header = once(() =>
      JSON.stringify(formatHeader(executed.block.header, executed.block.hash)),
    )
    publish(sockets, (listener) => listener.onBlock?.(executed, { header }))
  })
  const stopPending = api.mempool.onPending((tx) => {
    const hash = once(() => JSON.stringify(tx.hash))
    const full = once(() => JSON.stringify(formatPooled(tx, tx.from)))
    publish(sockets, (listener) => {
      const text = listener.onPending?.(tx, { hash, full })
      return text === undefined ? undefined : [text]
    })
  })
  return {
    forSocket: (push) => subscriptionsOf(sockets, push),
    close: () => {
      stopCommits()
      stopPending()
      sockets.clear()
    },
  }
}

function subscriptionsOf(sockets: Set<Socket>, push: (text: string) => void): SocketSubscriptions {
  const socket: Socket = { push, active: new Map() }
  const state = { isClosed: false, waiting: 0 }
  const forMessage = (): Subscriptions => {
    const waiting = new Map<string, Listener>()
    return {
      add(listener) {
        if (socket.active.size + state.waiting >= maxPerSocket)
          throw limitExceeded(`too many subscriptions, the limit is ${maxPerSocket}`)
        const id = newId()
        waiting.set(id, listener)
        state.waiting++
        return id
      },
      remove(id) {
        if (waiting.delete(id)) state.waiting--
        else if (!socket.active.delete(id)) throw subscriptionNotFound()
        if (socket.active.size === 0) sockets.delete(socket)
        return true
      },
      begin() {
        state.waiting -= waiting.size
        if (!state.isClosed && waiting.size > 0) {
          for (const [id, listener] of waiting) socket.active.set(id, listener)
          sockets.add(socket)
        }
        waiting.clear()
      },
    }
  }
  return {
    forMessage,
    close() {
      state.isClosed = true
      sockets.delete(socket)
      socket.active.clear()
    },
  }
}

function publish(
  sockets: ReadonlySet<Socket>,
  textsFor: (listener: Listener) => readonly string[] | undefined,
): void {
  for (const { push, active } of sockets)
    for (const [id, listener] of active)
      for (const result of textsFor(listener) ?? [])
        push(
          `{"jsonrpc":"2.0","method":"${listener.namespace ?? 'eth'}_subscription","params":{"subscription":"${id}","result":${result}}}`,
        )
}

function once(make: () => string): () => string {
  let text: string | undefined
  return () => (text ??= make())
}

export const headsListener: Listener = { onBlock: (_, texts) => [texts.header()] }

export const logsListener = (criteria: LogCriteria): Listener => ({
  onBlock: ({ block, receipts }) =>
    logsOfBlock(block, receipts, criteria).map((log) => JSON.stringify(log)),
})

export const pendingListener = (isFull: boolean): Listener => ({
  onPending: (_, texts) => (isFull ? texts.full() : texts.hash()),
})

/** Tells when the node falls behind or catches up, as seen at each block. */
export function syncingListener(api: NodeApi): Listener {
  let last = describeSyncing(api)
  return {
    onBlock: () => {
      const now = describeSyncing(api)
      if (now === last) return []
      last = now
      return [now]
    },
  }
}

function describeSyncing(api: NodeApi): string {
  const status = api.syncing()
  return status === false
    ? 'false'
    : JSON.stringify({ syncing: true, status: formatSyncing(status) })
}
