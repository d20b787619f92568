/**
 * attr_ about rows: giving a node a batch, and reading it back, row by row and with proofs. A batch is
 * named by the Merkle root of its row hashes, so whoever reads can check. Larger ones go by POST /rows.
 */
import {
  type Batch,
  hashRow,
  isBatchFault,
  proveLeaf,
  readBatch,
} from '../../attribution/methods/index.ts'
import { toHex, type Hex } from '../../primitives/index.ts'
import { invalidParams, limitExceeded, serverError } from '../errors.ts'
import { method, type Context, type MethodTable } from '../method.ts'
import { bytes, hash, hexOrDecimal, optional, required } from '../params.ts'
import type { RowsApi } from '../rows-api.ts'

const root = required('root', hash)
/** Rows a page: with 64 KiB each below the limit of an answer. */
const maxRowsAPage = 100n
const text = new TextDecoder()

export const attrRows: MethodTable = {
  attr_putRows: method([required('rows', bytes)], async (context, given) => {
    const verdict = await rowsOf(context).put(given)
    if (verdict.type === 'accept') return verdict.value
    throw verdict.code === 'BLOBS_FULL'
      ? limitExceeded(verdict.message)
      : invalidParams(verdict.message)
  }),
  attr_hasRows: method([root], async (context, wanted) => rowsOf(context).has(wanted)),
  attr_getRows: method(
    [root, optional('from', hexOrDecimal), optional('limit', hexOrDecimal)],
    async (context, wanted, from = 0n, limit = maxRowsAPage) => {
      const batch = await batchOf(context, wanted)
      const end = from + (limit < maxRowsAPage ? limit : maxRowsAPage)
      const page = batch?.rows.slice(clamp(from, batch), clamp(end, batch))
      return (
        batch && {
          root: wanted,
          total: batch.rows.length,
          from: clamp(from, batch),
          items: page?.map((row) => ({
            hash: toHex(hashRow(row.bytes)),
            row: text.decode(row.bytes),
          })),
        }
      )
    },
  ),
  attr_getRow: method([root, required('index', hexOrDecimal)], async (context, wanted, index) => {
    const batch = await batchOf(context, wanted)
    const row = batch?.rows[clamp(index, batch)]
    if (!batch || !row) return null
    return {
      root: wanted,
      index: Number(index),
      hash: toHex(hashRow(row.bytes)),
      row: text.decode(row.bytes),
      proof: proveLeaf(batch.tree, Number(index)).map(toHex),
    }
  }),
}

function rowsOf({ api }: Context): RowsApi {
  if (!api.rows) throw serverError('this node keeps no rows')
  return api.rows
}

/** null when it is not here. */
async function batchOf(context: Context, wanted: Hex): Promise<Batch | null> {
  const given = await rowsOf(context).get(wanted)
  const batch = given && readBatch(given)
  return batch && !isBatchFault(batch) ? batch : null
}

const clamp = (index: bigint, { rows }: Batch): number =>
  index < BigInt(rows.length) ? Number(index) : rows.length
