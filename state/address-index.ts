/**
 * Which transactions an address appears in, who made a contract, which transaction spent a nonce.
 * Entries carry the beginning of their transaction's hash: what a rollback leaves behind is known by
 * it and passed over, so nothing has to be taken out. Written only where a node keeps the index.
 */
import {
  concat,
  equalBytes,
  fromHex,
  type Hex,
  toFixedBytes,
  toHex,
  type Write,
} from '../primitives/index.ts'
import type { Blocks } from './blocks.ts'
import type { Database } from './database.ts'
import {
  countBytes,
  decodePlace,
  encodePlace,
  fromHeight,
  heightBytes,
  keys,
  type Place,
  toCount,
} from './tables.ts'
import type {
  AddressIndex,
  Appearance,
  CommitInput,
  StoredBlock,
  TransactionPlace,
} from './types.ts'

/** Enough of a hash to tell two transactions at one place apart. */
const markBytes = 8
const placeBytes = heightBytes + countBytes
const nonceBytes = 8

const markOf = (hash: Hex): Uint8Array => fromHex(hash).subarray(0, markBytes)

/** What a block adds; nothing where appearances are not collected. */
export function addressWrites(db: Database, input: CommitInput): Write[] {
  const { block, appearances } = input
  if (!appearances) return []
  const height = Number(block.header.number)
  return [
    { key: keys.fact('indexed'), value: spanAfter(db, height) },
    ...entriesOf(input, appearances),
  ]
}

function entriesOf(
  { block, senders }: StoredBlock,
  appearances: readonly (Appearance | undefined)[],
): Write[] {
  const height = Number(block.header.number)
  const writes: Write[] = []
  for (const [index, tx] of block.transactions.entries()) {
    const { addresses = [], created = [] } = appearances[index] ?? {}
    const place = encodePlace({ height, index })
    const mark = markOf(tx.hash)
    for (const address of addresses)
      writes.push({ key: keys.appearance(fromHex(address), place), value: mark })
    for (const { contract, creator } of created)
      writes.push({
        key: keys.creation(fromHex(contract)),
        value: concat(place, mark, fromHex(creator)),
      })
    const sender = senders[index]
    if (sender)
      writes.push({
        key: keys.sent(fromHex(sender), toFixedBytes(tx.nonce, nonceBytes)),
        value: concat(place, mark),
      })
  }
  return writes
}

/** The block that is to be filled in next, below what is kept up to `head`; negative: none. */
export const nextUnindexed = (db: Database, head: number): number =>
  (keptSince(db, head) ?? head + 1) - 1

/**
 * Fills in a block that was committed without the index, and says that blocks from `lowest` to the head are
 * complete: those between it and the block have no transactions. Nothing when it is not that block's turn.
 */
export function addressWritesOfOld(
  db: Database,
  head: number,
  stored: StoredBlock,
  { appearances, lowest }: { readonly appearances: readonly Appearance[]; readonly lowest: number },
): Write[] {
  if (Number(stored.block.header.number) !== nextUnindexed(db, head)) return []
  const span = concat(fromHeight(lowest), fromHeight(head))
  return [{ key: keys.fact('indexed'), value: span }, ...entriesOf(stored, appearances)]
}

/** First and last height of what is kept without a gap, after block `height`. */
function spanAfter(db: Database, height: number): Uint8Array {
  const since = keptSince(db, height - 1) ?? height
  return concat(fromHeight(Math.min(since, height)), fromHeight(height))
}

/** Blocks without transactions leave no gap. */
export function addressWritesOfEmpty(db: Database, from: number, last: number): Write[] {
  const since = keptSince(db, from - 1)
  if (since === undefined) return []
  return [{ key: keys.fact('indexed'), value: concat(fromHeight(since), fromHeight(last)) }]
}

/** The first height, when everything from it to `height` is kept. */
function keptSince(db: Database, height: number): number | undefined {
  const span = db.get(keys.fact('indexed'))
  const isKept = span !== undefined && toCount(span, heightBytes, heightBytes) >= height
  return isKept ? toCount(span, 0, heightBytes) : undefined
}

export function createAddressIndex(db: Database, blocks: Blocks, head: () => number): AddressIndex {
  /** Undefined for what a rollback left behind. */
  const standing = ({ height, index }: Place, mark: Uint8Array): TransactionPlace | undefined => {
    const tx = height > head() ? undefined : blocks.block(height)?.block.transactions[index]
    if (!tx || !equalBytes(markOf(tx.hash), mark)) return undefined
    return { blockNumber: BigInt(height), index }
  }
  return {
    since: () => {
      const span = db.get(keys.fact('indexed'))
      return span && BigInt(toCount(span, 0, heightBytes))
    },
    nextUnfilled: () => {
      const next = nextUnindexed(db, head())
      return next < 1 ? undefined : BigInt(next)
    },
    async *appearances(address, { from = 0n, to: wanted, isBackwards = false }) {
      const bytes = fromHex(address)
      const top = BigInt(head())
      const to = wanted === undefined || wanted > top ? top : wanted
      if (to < from) return
      const bounds = {
        gte: keys.appearance(bytes, encodePlace({ height: Number(from), index: 0 })),
        lt: keys.appearance(bytes, encodePlace({ height: Number(to) + 1, index: 0 })),
      }
      for await (const [key, mark] of db.range(bounds, { reverse: isBackwards })) {
        const place = standing(decodePlace(key.subarray(-placeBytes)), mark)
        if (place) yield place
      }
    },
    creation: (contract) => {
      const entry = db.get(keys.creation(fromHex(contract)))
      if (!entry) return undefined
      const mark = entry.subarray(placeBytes, placeBytes + markBytes)
      const place = standing(decodePlace(entry), mark)
      return place && { place, creator: toHex(entry.subarray(placeBytes + markBytes)) }
    },
    sent: (sender, nonce) => {
      const entry = db.get(keys.sent(fromHex(sender), toFixedBytes(nonce, nonceBytes)))
      return entry && standing(decodePlace(entry), entry.subarray(placeBytes))
    },
  }
}
