/**
 * The search behind eth_getLogs and filters: candidates from the store's index, checked log by log,
 * in the order (block, index). Bounded in results, and polite to the event loop on long scans.
 */
import { setImmediate } from 'node:timers/promises'
import type { Chain } from '../execution/index.ts'
import type { Block, Log, Receipt } from '../primitives/index.ts'
import { heightOf } from './blocks.ts'
import { type BlockRef, latest } from './block-ref.ts'
import { invalidParams, limitExceeded, serverError } from './errors.ts'
import { formatLog, type Json, quantity } from './format.ts'
import type { LogCriteria } from './log-criteria.ts'

/** Most logs of one answer, as of the public providers whose error text tools parse. */
export const maxLogs = 10_000

/** Most bytes of log data in one answer; a block alone may pass it. */
const maxDataBytes = 25_000_000

/** Candidate blocks between two breaths of the event loop: about a millisecond of work. */
const blocksPerBreath = 64

export interface LogRange {
  readonly from: bigint
  readonly to: bigint
}

/** Throws RpcError in geth's words for a range that is reversed or ahead of the head. */
export function rangeOf(chain: Chain, criteria: LogCriteria): LogRange {
  const from = height(chain, criteria.from ?? latest)
  const to = height(chain, criteria.to ?? latest)
  if (from > to) throw invalidParams('invalid block range params')
  if (to > chain.head().header.number)
    throw invalidParams('block range extends beyond current head block')
  return { from, to }
}

const height = (chain: Chain, ref: BlockRef): bigint =>
  ref.type === 'hash' ? chain.head().header.number : heightOf(chain, ref)

/** All logs that match. Throws RpcError -32005 with a smaller range that works when too many do. */
export async function findLogs(chain: Chain, criteria: LogCriteria): Promise<readonly Json[]> {
  if (criteria.blockHash !== undefined) {
    const found = chain.store.blockByHash(criteria.blockHash)
    if (!found) throw serverError('unknown block')
    const receipts = chain.store.receipts(found.block.header.number) ?? []
    return logsOfBlock(found.block, receipts, criteria)
  }
  const range = rangeOf(chain, criteria)
  const { logs, reached } = await scan(chain, criteria, range)
  if (reached >= range.to) return logs
  throw limitExceeded(
    `query returned more than ${maxLogs} results. Try with this block range [${quantity(range.from)}, ${quantity(reached)}].`,
  )
}

export interface Scan {
  readonly logs: readonly Json[]
  /** Last block that was searched; below `to` when the next one would pass `maxLogs`. */
  readonly reached: bigint
}

/** Searches whole blocks, at least the first with a match, until the range ends or `maxLogs` is full. */
export async function scan(chain: Chain, criteria: LogCriteria, range: LogRange): Promise<Scan> {
  const { addresses, topics } = criteria
  const logs: Json[] = []
  let [visited, dataBytes] = [0, 0]
  for await (const number of chain.store.blocksWithLogs({ ...range, addresses, topics })) {
    if (++visited % blocksPerBreath === 0) await setImmediate()
    const found = chain.store.blockByNumber(number)
    if (!found) continue
    const receipts = chain.store.receipts(number) ?? []
    dataBytes += dataBytesOf(receipts, criteria)
    const matching = logsOfBlock(found.block, receipts, criteria)
    const isOver = logs.length + matching.length > maxLogs || dataBytes > maxDataBytes
    if (logs.length > 0 && isOver) return { logs, reached: number - 1n }
    for (const log of matching) logs.push(log)
  }
  return { logs, reached: range.to }
}

/** Bytes of data in a block's matching logs. */
function dataBytesOf(receipts: readonly Receipt[], criteria: LogCriteria): number {
  let sum = 0
  for (const { logs } of receipts)
    for (const log of logs) if (matches(log, criteria)) sum += log.data.length
  return sum
}

/** Matching logs of one block, in order. */
export function logsOfBlock(
  block: Block,
  receipts: readonly Receipt[],
  criteria: LogCriteria,
): Json[] {
  const matching: Json[] = []
  let logIndex = 0
  for (const [transactionIndex, receipt] of receipts.entries())
    for (const log of receipt.logs) {
      if (matches(log, criteria))
        matching.push(formatLog(log, { block, transactionIndex, logIndex }))
      logIndex++
    }
  return matching
}

export const matches = (log: Log, { addresses, topics }: LogCriteria): boolean =>
  (addresses.length === 0 || addresses.includes(log.address)) &&
  topics.length <= log.topics.length &&
  topics.every((wanted, at) => {
    const topic = log.topics[at]
    return wanted === null || (topic !== undefined && wanted.includes(topic))
  })
