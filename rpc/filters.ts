/**
 * Polled filters (eth_newFilter and kin). A log or block filter remembers only how far it was read,
 * so an idle one costs nothing and loses nothing; the number of filters is bounded, and a filter
 * that nobody polls expires.
 */
import { randomBytes } from 'node:crypto'
import type { Chain, Mempool } from '../execution/index.ts'
import { assertNever, type Clock, type Hex } from '../primitives/index.ts'
import { filterNotFound, limitExceeded } from './errors.ts'
import type { LogCriteria } from './log-criteria.ts'
import { heightOf } from './blocks.ts'
import { logText } from './format.ts'
import { findLogs, scan } from './logs.ts'
import { listText, type Serialized } from './method.ts'

/** geth's time for a filter nobody polls. */
export const filterLifeMs = 5 * 60_000
/** A wallet has a handful. */
const maxFilters = 10_000
/** Addresses and topics of all log filters together: some 100 MB. */
const maxCriteriaItems = 500_000
/** Blocks named by one poll; the rest come with the next. */
const maxHashes = 10_000
/** Pending hashes kept for one poll, oldest dropped first: they are hints, not history. */
const maxPending = 4_096

type Filter = { lastPollMs: number } & (
  | { readonly type: 'logs'; readonly criteria: LogCriteria; next: bigint }
  | { readonly type: 'blocks'; next: bigint }
  | { readonly type: 'pending'; hashes: Hex[] }
)

export interface Filters {
  newLogs(criteria: LogCriteria): Hex
  newBlocks(): Hex
  newPending(): Hex
  /** What is new since the last call. Throws RpcError `filter not found`. */
  changes(id: string): Promise<readonly Hex[] | Serialized>
  /** Everything a log filter matches. Throws RpcError `filter not found`. */
  logs(id: string): Promise<Serialized>
  uninstall(id: string): boolean
  /** Stops listening to chain and pool. */
  close(): void
}

/** 16 random bytes without leading zeros, as geth names filters and subscriptions. */
export const newId = (): Hex =>
  `0x${randomBytes(16)
    .toString('hex')
    .replace(/^0+(?=.)/, '')}`

export function createFilters(chain: Chain, mempool: Mempool, clock: Clock): Filters {
  const filters = new Map<string, Filter>()
  const next = (): bigint => chain.head().header.number + 1n

  const add = (filter: Filter): Hex => {
    dropExpired(filters, clock.nowMs())
    if (filters.size >= maxFilters)
      throw limitExceeded(`too many filters, the limit is ${maxFilters}`)
    const id = newId()
    filters.set(id, filter)
    return id
  }
  const poll = (id: string): Filter => {
    dropExpired(filters, clock.nowMs())
    const filter = filters.get(id)
    if (!filter) throw filterNotFound()
    filter.lastPollMs = clock.nowMs()
    return filter
  }
  const stopCommits = chain.onCommit(({ block }) => rewind(filters, block.header.number))
  const stopPending = mempool.onPending(({ hash }) => remember(filters, hash))

  return {
    newLogs: (criteria) => {
      let items = itemsOf(criteria)
      for (const filter of filters.values())
        if (filter.type === 'logs') items += itemsOf(filter.criteria)
      if (items > maxCriteriaItems) throw limitExceeded('too many addresses and topics in filters')
      return add({ type: 'logs', criteria, next: next(), lastPollMs: clock.nowMs() })
    },
    newBlocks: () => add({ type: 'blocks', next: next(), lastPollMs: clock.nowMs() }),
    newPending: () => add({ type: 'pending', hashes: [], lastPollMs: clock.nowMs() }),
    changes: (id) => readChanges(chain, poll(id)),
    logs: async (id) => {
      const filter = poll(id)
      if (filter.type !== 'logs') throw filterNotFound()
      return listText(await findLogs(chain, filter.criteria))
    },
    uninstall: (id) => filters.delete(id),
    close: () => {
      stopCommits()
      stopPending()
      filters.clear()
    },
  }
}

const itemsOf = ({ addresses, topics }: LogCriteria): number =>
  addresses.length + topics.reduce((sum, wanted) => sum + (wanted?.length ?? 0), 0)

function dropExpired(filters: Map<string, Filter>, nowMs: number): void {
  for (const [id, filter] of filters)
    if (nowMs - filter.lastPollMs > filterLifeMs) filters.delete(id)
}

/** After a rollback the same heights come again; a filter that was past them reads them anew. */
function rewind(filters: ReadonlyMap<string, Filter>, committed: bigint): void {
  for (const filter of filters.values())
    if (filter.type !== 'pending' && filter.next > committed) filter.next = committed
}

function remember(filters: ReadonlyMap<string, Filter>, hash: Hex): void {
  for (const filter of filters.values())
    if (filter.type === 'pending') {
      filter.hashes.push(hash)
      if (filter.hashes.length > maxPending) filter.hashes.shift()
    }
}

async function readChanges(chain: Chain, filter: Filter): Promise<readonly Hex[] | Serialized> {
  switch (filter.type) {
    case 'pending': {
      const { hashes } = filter
      filter.hashes = []
      return hashes
    }
    case 'blocks':
      return readHashes(chain, filter)
    case 'logs':
      return listText(await readLogs(chain, filter))
    default:
      return assertNever(filter)
  }
}

function readHashes(chain: Chain, filter: Filter & { readonly type: 'blocks' }): Hex[] {
  const hashes: Hex[] = []
  const head = chain.head().header.number
  while (filter.next <= head && hashes.length < maxHashes) {
    const found = chain.store.blockByNumber(filter.next)
    if (found) hashes.push(found.block.hash)
    filter.next++
  }
  return hashes
}

/** `next` moves before the search waits, so two polls at once never answer the same log twice. */
async function readLogs(
  chain: Chain,
  filter: Filter & { readonly type: 'logs' },
): Promise<readonly string[]> {
  const { criteria } = filter
  const head = chain.head().header.number
  const first = boundOf(chain, criteria.from, 0n)
  const last = boundOf(chain, criteria.to, head)
  const range = { from: max(filter.next, first), to: last < head ? last : head }
  if (range.from > range.to) return []
  filter.next = range.to + 1n
  const { logs, reached } = await scan(chain, criteria, range, logText)
  if (reached < range.to && filter.next > reached) filter.next = reached + 1n
  return logs
}

/** Only an explicit height bounds a live filter; tags mean "from now on". */
const boundOf = (chain: Chain, ref: LogCriteria['from'], otherwise: bigint): bigint =>
  ref?.type === 'number' ? heightOf(chain, ref) : otherwise

const max = (a: bigint, b: bigint): bigint => (a > b ? a : b)
