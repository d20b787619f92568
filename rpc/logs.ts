/**
 * The search behind eth_getLogs and filters: candidates from the store's index, checked log by log,
 * in the order (block, index). Bounded in results, and polite to the event loop on long scans.
 */
import { setImmediate } from 'node:timers/promises'
import type { Chain } from '../execution/index.ts'
import type { Block, Log, Receipt } from '../primitives/index.ts'
import type { BlockLogs, PlacedLog } from '../state/index.ts'
import { heightOf } from './blocks.ts'
import { type BlockRef, latest } from './block-ref.ts'
import { invalidParams, limitExceeded, serverError } from './errors.ts'
import { formatLog, type Json, logText, quantity } from './format.ts'
import type { LogCriteria } from './log-criteria.ts'

/** Most logs of one answer, as of the public providers whose error text tools parse. */
export const maxLogs = 10_000

/** Most bytes of log data in one answer; a block alone may pass it. */
const maxDataBytes = 25_000_000

/** Logs looked at between two breaths of the event loop: some milliseconds of work. */
const logsPerBreath = 1_000
/** What reading a block costs beside its logs, in logs. */
const logsPerBlock = 8

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

/** The JSON text of all logs that match. Throws RpcError -32005 with a smaller range that works. */
export async function findLogs(chain: Chain, criteria: LogCriteria): Promise<readonly string[]> {
  if (criteria.blockHash !== undefined) {
    const found = chain.store.blockByHash(criteria.blockHash)
    if (!found) throw serverError('unknown block')
    const block = chain.store.logs(found.block.header.number)
    return block ? textsOf(block, matchesIn(block, criteria)) : []
  }
  const range = rangeOf(chain, criteria)
  const { logs, reached } = await scan(chain, criteria, range, keptText)
  if (reached >= range.to) return logs
  throw limitExceeded(
    `query returned more than ${maxLogs} results. Try with this block range [${quantity(range.from)}, ${quantity(reached)}].`,
  )
}

export interface Scan<shown> {
  readonly logs: readonly shown[]
  /** Last block that was searched; below `to` when the next one would pass `maxLogs`. */
  readonly reached: bigint
}

/**
 * Searches whole blocks, at least the first with a match, until the range ends or `maxLogs` is full.
 * `show` makes what is kept of each log at once, so that no block's bytes are held until the end.
 */
export async function scan<shown>(
  chain: Chain,
  criteria: Pick<LogCriteria, 'addresses' | 'topics'>,
  range: LogRange,
  show: (block: BlockLogs, log: PlacedLog) => shown,
): Promise<Scan<shown>> {
  const { addresses, topics } = criteria
  const logs: shown[] = []
  let [examined, dataBytes] = [0, 0]
  for await (const number of chain.store.blocksWithLogs({ ...range, addresses, topics })) {
    const block = chain.store.logs(number)
    if (!block) continue
    const found = matchesIn(block, criteria)
    for (const { data } of found) dataBytes += data.length
    const isOver = logs.length + found.length > maxLogs || dataBytes > maxDataBytes
    if (logs.length > 0 && isOver) return { logs, reached: number - 1n }
    for (const log of found) logs.push(show(block, log))
    examined += block.logs.length + logsPerBlock
    if (examined > logsPerBreath) {
      await setImmediate()
      examined = 0
    }
  }
  return { logs, reached: range.to }
}

const matchesIn = (
  { logs }: BlockLogs,
  criteria: Pick<LogCriteria, 'addresses' | 'topics'>,
): PlacedLog[] => logs.filter((log) => matches(log, criteria))

/** JSON of a block's logs by index. Lives as long as the store keeps the block's logs decoded. */
const texts = new WeakMap<BlockLogs, string[]>()

/** `logText`, made once: every indexer that follows the chain asks for the same logs. */
function keptText(block: BlockLogs, log: PlacedLog): string {
  let known = texts.get(block)
  if (!known) texts.set(block, (known = []))
  return (known[log.index] ??= logText(block, log))
}

const textsOf = (block: BlockLogs, logs: readonly PlacedLog[]): string[] =>
  logs.map((log) => keptText(block, log))

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

export const matches = (
  log: Log,
  { addresses, topics }: Pick<LogCriteria, 'addresses' | 'topics'>,
): boolean =>
  (addresses.length === 0 || addresses.includes(log.address)) &&
  topics.length <= log.topics.length &&
  topics.every((wanted, at) => {
    const topic = log.topics[at]
    return wanted === null || (topic !== undefined && wanted.includes(topic))
  })
