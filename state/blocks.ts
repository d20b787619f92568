/**
 * Committed blocks with receipts, senders, and the ways to find them. Bytes are the canonical RLP.
 * Decoded blocks are cached within a bound of bytes. Does not know what the head is: store.ts does.
 */
import { LRUCache } from 'lru-cache'
import {
  asBytes,
  asList,
  decodeBlock,
  decodeReceipt,
  decodeRlp,
  encodeBlock,
  encodeReceipt,
  encodeRlp,
  type Hex,
  type Receipt,
  RlpError,
  type Write,
} from '../primitives/index.ts'
import { type BlockLogs, decodeBlockLogs, logsOfDecoded } from './block-logs.ts'
import { corrupt, type Database } from './database.ts'
import { logKeys } from './log-index.ts'
import {
  decodePlace,
  decodeSenders,
  encodePlace,
  encodeSenders,
  fromHeight,
  heightBytes,
  keys,
  toCount,
  type Place,
} from './tables.ts'
import type { QuietRuns } from './quiet-runs.ts'
import type { CommitInput, StoredBlock } from './types.ts'

export interface Blocks {
  /** undefined when absent; throws NodeError DB_CORRUPT when unreadable. */
  block(height: number): StoredBlock | undefined
  receipts(height: number): readonly Receipt[] | undefined
  logs(height: number): BlockLogs | undefined
  certificate(height: number): Uint8Array | undefined
  heightOf(hash: Hex): number | undefined
  place(hash: Hex): Place | undefined
  writes(input: CommitInput): Write[]
  /** Deletes all that `writes` wrote for the block at `height`. */
  removal(height: number): Write[]
  /** Caches what was just committed; readers of the newest block come next. */
  remember(input: Omit<CommitInput, 'update'>, sizeBytes: number): void
  forget(height: number): void
}

interface Sized<value> {
  readonly value: value
  /** Bytes on disk. */
  readonly size: number
}

/** Decoded blocks and receipts take about this many times their bytes in memory. */
const decodedFactor = 4
const entryCost = 1_000

/** Decoded parts by height, each kind within a third of the bytes. */
interface Caches {
  readonly blocks: LRUCache<number, Sized<StoredBlock>>
  readonly receipts: LRUCache<number, Sized<readonly Receipt[]>>
  /** Their JSON hangs on them (rpc/logs.ts) and is counted in the factor. */
  readonly logs: LRUCache<number, Sized<BlockLogs>>
}

function createCaches(cacheBytes: number): Caches {
  const bounds = {
    maxSize: Math.max(1, Math.floor(cacheBytes / 3)),
    sizeCalculation: ({ size }: Sized<unknown>) => entryCost + size * decodedFactor,
  }
  return {
    blocks: new LRUCache<number, Sized<StoredBlock>>(bounds),
    receipts: new LRUCache<number, Sized<readonly Receipt[]>>(bounds),
    logs: new LRUCache<number, Sized<BlockLogs>>(bounds),
  }
}

export function createBlocks(db: Database, cacheBytes: number, quiet: QuietRuns): Blocks {
  const caches = createCaches(cacheBytes)
  const { blocks, receipts } = caches

  const readBlock = (height: number): StoredBlock | undefined => {
    const known = blocks.get(height)
    if (known) return known.value
    const bytes = db.get(keys.byHeight('b', height))
    if (bytes === undefined) {
      const block = quiet.block(height)
      return block && { block, senders: [] }
    }
    const value = decodeStored(db, height, bytes, db.get(keys.byHeight('n', height)))
    blocks.set(height, { value, size: bytes.length })
    return value
  }
  const readReceipts = (height: number): readonly Receipt[] | undefined => {
    const known = receipts.get(height)
    if (known) return known.value
    const bytes = db.get(keys.byHeight('r', height))
    if (bytes === undefined) return quiet.at(height) && []
    const value = decodeReceipts(db, height, bytes)
    receipts.set(height, { value, size: bytes.length })
    return value
  }
  return {
    block: readBlock,
    receipts: readReceipts,
    logs: (height) => readLogs(db, caches, height),
    certificate: (height) => db.get(keys.byHeight('k', height)),
    heightOf: (hash) => {
      const bytes = db.get(keys.blockNumber(hash))
      return bytes ? toCount(bytes, 0, heightBytes) : quiet.heightOf(hash)
    },
    place: (hash) => {
      const bytes = db.get(keys.transaction(hash))
      return bytes && decodePlace(bytes)
    },
    writes: blockWrites,
    removal: (height) => {
      const stored = readBlock(height)
      const list = readReceipts(height)
      if (!stored || !list) throw corrupt(db.name, `block ${height} is missing`)
      const written = blockWrites({ ...stored, receipts: list }).map(({ key }) => ({ key }))
      return [...written, { key: keys.byHeight('k', height) }]
    },
    remember: ({ block, receipts: list, senders }, size) => {
      const height = Number(block.header.number)
      blocks.set(height, { value: { block, senders }, size })
      receipts.set(height, { value: list, size })
      caches.logs.delete(height)
    },
    forget: (height) => {
      for (const cache of Object.values(caches)) cache.delete(height)
    },
  }
}

/** Without decoding a block that is not decoded already. */
function readLogs(
  db: Database,
  { blocks, receipts, logs }: Caches,
  height: number,
): BlockLogs | undefined {
  const known = logs.get(height)
  if (known) return known.value
  const keep = (value: BlockLogs, size: number): BlockLogs => {
    logs.set(height, { value, size })
    return value
  }
  const [block, list] = [blocks.get(height), receipts.get(height)]
  if (block && list) return keep(logsOfDecoded(block.value.block, list.value), list.size)
  const [bytes, listBytes] = [
    db.get(keys.byHeight('b', height)),
    db.get(keys.byHeight('r', height)),
  ]
  return bytes && listBytes && keep(decodeBlockLogs(bytes, listBytes), listBytes.length)
}

/** Everything of a block but its state. */
export function blockWrites(input: Omit<CommitInput, 'update'>): Write[] {
  const { block, receipts, senders, certificate } = input
  const height = Number(block.header.number)
  return [
    { key: keys.byHeight('b', height), value: encodeBlock(block) },
    { key: keys.byHeight('r', height), value: encodeRlp(receipts.map(encodeReceipt)) },
    { key: keys.byHeight('n', height), value: encodeSenders(senders) },
    { key: keys.blockNumber(block.hash), value: fromHeight(height) },
    ...block.transactions.map((tx, index) => ({
      key: keys.transaction(tx.hash),
      value: encodePlace({ height, index }),
    })),
    ...(certificate ? [{ key: keys.byHeight('k', height), value: certificate }] : []),
    ...logKeys(receipts, height).map((key) => ({ key, value: new Uint8Array(0) })),
  ]
}

function decodeStored(
  db: Database,
  height: number,
  bytes: Uint8Array,
  senders: Uint8Array | undefined,
): StoredBlock {
  const verdict = decodeBlock(bytes)
  if (verdict.type !== 'accept')
    throw corrupt(db.name, `block ${height} cannot be read: ${verdict.message}`)
  const block = verdict.value
  if (senders?.length !== 20 * block.transactions.length)
    throw corrupt(db.name, `the senders of block ${height} are missing`)
  return { block, senders: decodeSenders(senders) }
}

function decodeReceipts(db: Database, height: number, bytes: Uint8Array): readonly Receipt[] {
  try {
    return asList(decodeRlp(bytes), 'receipts').map((item) =>
      decodeReceipt(asBytes(item, 'receipt')),
    )
  } catch (error) {
    if (error instanceof RlpError)
      throw corrupt(db.name, `the receipts of block ${height} cannot be read`, error)
    throw error
  }
}
