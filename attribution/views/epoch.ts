/**
 * Epochs as whole answers: which requests share a receipt, until when it is open, and what each row
 * that was named is owed so far (contracts/interfaces/IReceipts.sol, `enter` and `close`).
 */
import type { Hex } from '../../primitives/index.ts'
import { nameOf, receiptStates } from './names.ts'
import { maxPage, methodView } from './objects.ts'
import { events, read, type BlockRange, type ChainReader } from './reader.ts'

/** Rows wanted, counted along the ascending row numbers. */
export interface RowPage {
  readonly from?: number
  readonly limit?: number
}

/** undefined for an id no epoch has. */
export async function epochView(reader: ChainReader, receiptId: Hex, page: RowPage = {}) {
  const entered = await epochRequests(reader, receiptId)
  if (entered.length === 0) return undefined
  const { methodId, state, ...epoch } = await read(reader, 'receipts', 'epoch', [receiptId])
  const rows = [...new Set(entered.flatMap(({ args }) => args.rows))].toSorted((a, b) =>
    a < b ? -1 : 1,
  )
  const { from = 0, limit = maxPage } = page
  const points = []
  for (const row of rows.slice(from, from + Math.min(limit, maxPage)))
    points.push(await pointView(reader, receiptId, epoch.versionId, row))
  const method = await methodView(reader, methodId)
  return {
    receiptId,
    state: nameOf(receiptStates, state),
    ...epoch,
    method,
    /** Whether `close` is due by time; a nearly full one may be closed earlier. */
    isDue: state === open && reader.blockNumber >= epoch.endBlock,
    entered: entered.map(({ args, blockNumber, transactionHash }) => ({
      requestId: args.requestId,
      outputHash: args.outputHash,
      fee: args.fee,
      blockNumber,
      transactionHash,
    })),
    /** Of the page; `totalRows` in all. */
    rows: points,
    totalRows: rows.length,
  }
}

/** What a row is owed: `net` in wei of the fees times units of 2^-20, `weight` what counts of it at `close`. */
async function pointView(reader: ChainReader, receiptId: Hex, versionId: bigint, row: bigint) {
  const point = await read(reader, 'receipts', 'point', [receiptId, row])
  const { batchId } = await read(reader, 'datanet', 'partOfRow', [versionId, row])
  const [contributor] = await read(reader, 'datanet', 'contributionOf', [batchId])
  return { row, batchId, contributor, ...point }
}

/** Ids of epochs in which something was entered, the youngest first. */
export async function epochIds(
  reader: ChainReader,
  { assetId, isOpen }: { readonly assetId?: bigint; readonly isOpen?: boolean } = {},
  range: BlockRange = {},
): Promise<Hex[]> {
  const only = assetId === undefined ? {} : { assetId }
  const entered = await events(reader, 'receipts', 'EpochEntered', only, range)
  const ids = [...new Set(entered.map(({ args }) => args.receiptId))].toReversed()
  if (isOpen === undefined) return ids
  const wanted: Hex[] = []
  for (const id of ids)
    if (((await read(reader, 'receipts', 'status', [id])).state === open) === isOpen)
      wanted.push(id)
  return wanted
}

/** The answers of an epoch in the order they came; none for a receipt of one request. */
export const epochRequests = (reader: ChainReader, receiptId: Hex) =>
  events(reader, 'receipts', 'EpochEntered', { receiptId })

/** Requests that a receipt answers: all of an epoch in the order they came, or the one. Throws for no receipt. */
export async function requestsOf(reader: ChainReader, receiptId: Hex): Promise<readonly Hex[]> {
  const entered = await epochRequests(reader, receiptId)
  if (entered.length > 0) return entered.map(({ args }) => args.requestId)
  return [(await read(reader, 'receipts', 'status', [receiptId])).requestId]
}

/** IReceipts.State.Open. */
const open = 5
