/**
 * Where logs with an address or a topic stand: one key per block and distinct item, so a search reads
 * candidates in height order. Items are shortened hashes and combinations are not kept, so answers
 * are a superset; whoever asks checks the logs themselves.
 */
import { compareBytes, fromHex, keccak256, type Hex, type Receipt } from '../primitives/index.ts'
import type { Database } from './database.ts'
import { heightBytes, keys, toCount } from './tables.ts'
import type { LogQuery } from './types.ts'

/** 8 bytes of a hash: two items share them once in 2^32 items, and then only cost time. */
const itemBytes = 8
/** Any log at all. */
const anyPosition = 0
const addressPosition = 1
const firstTopicPosition = 2

interface Item {
  readonly position: number
  readonly item: Uint8Array
}

const itemOf = (position: number, value: Hex): Item => ({
  position,
  item: keccak256(fromHex(value)).subarray(0, itemBytes),
})
const anyLog: Item = { position: anyPosition, item: new Uint8Array(itemBytes) }

/** Index keys of a block's logs, each once. */
export function logKeys(receipts: readonly Receipt[], height: number): Uint8Array[] {
  const items = new Map<string, Item>()
  for (const receipt of receipts)
    for (const log of receipt.logs) {
      items.set('any', anyLog)
      items.set(log.address, itemOf(addressPosition, log.address))
      log.topics.forEach((topic, i) => {
        items.set(`${i} ${topic}`, itemOf(firstTopicPosition + i, topic))
      })
    }
  const all = Array.from(items.values(), ({ position, item }) => keys.log(position, item, height))
  return all.toSorted(compareBytes)
}

/** Heights looked at in one step: grows while there is little to find, so memory stays bounded. */
const minWindow = 1_024
const maxWindow = 65_536
const fewHits = 256

/** Ascending heights within from..to that may hold matching logs. */
export async function* searchLogs(
  db: Database,
  query: Pick<LogQuery, 'addresses' | 'topics'>,
  from: number,
  to: number,
): AsyncGenerator<number> {
  const criteria = criteriaOf(query)
  let window = minWindow
  for (let start = from; start <= to;) {
    const end = Math.min(to, start + window - 1)
    const heights = await matchesWithin(db, criteria, start, end)
    yield* heights
    window = heights.length < fewHits ? Math.min(window * 2, maxWindow) : minWindow
    start = end + 1
  }
}

/** All must hold; within each, one of the items suffices. */
function criteriaOf({ addresses, topics }: Pick<LogQuery, 'addresses' | 'topics'>): Item[][] {
  const criteria = topics.flatMap((list, i) =>
    list === null || list.length === 0
      ? []
      : [list.map((topic) => itemOf(firstTopicPosition + i, topic))],
  )
  if (addresses.length > 0)
    criteria.unshift(addresses.map((address) => itemOf(addressPosition, address)))
  return criteria.length > 0 ? criteria : [[anyLog]]
}

async function matchesWithin(
  db: Database,
  criteria: readonly (readonly Item[])[],
  start: number,
  end: number,
): Promise<number[]> {
  let matches: Set<number> | undefined
  for (const items of criteria) {
    const found = new Set<number>()
    for (const { position, item } of items) {
      const bounds = {
        gte: keys.log(position, item, start),
        lt: keys.log(position, item, end + 1),
      }
      for await (const [key] of db.range(bounds)) {
        const height = toCount(key, key.length - heightBytes, heightBytes)
        if (!matches || matches.has(height)) found.add(height)
      }
    }
    if (found.size === 0) return []
    matches = found
  }
  return [...(matches ?? [])].toSorted((a, b) => a - b)
}
