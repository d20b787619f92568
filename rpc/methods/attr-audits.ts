/**
 * attr_ about what the chain checks by itself: epochs of netted answers, audits of stated receipts and
 * what is due on them, the novelty gate's measure of a batch, certificates of heads.
 */
import {
  auditsView,
  certificatesView,
  epochIds,
  epochView,
  gateView,
  maxPage,
} from '../../attribution/views/index.ts'
import { method, type MethodTable } from '../method.ts'
import { createModuleReader, orNull, toJson } from '../module-reader.ts'
import { address, flag, hash, hexOrDecimal, optional, required, struct } from '../params.ts'
import { blockRange, heightsOf, page } from './attr-objects.ts'

const range = optional('range', blockRange)
const epochFilter = struct('attr.EpochFilter', { assetId: hexOrDecimal, isOpen: flag })
const auditFilter = struct('attr.AuditFilter', { committer: address, assetId: hexOrDecimal })

export const attrAudits: MethodTable = {
  attr_getEpoch: method(
    [required('receiptId', hash), optional('rows', page)],
    async (context, receiptId, wanted) => {
      const { from = 0n, limit = BigInt(maxPage) } = wanted ?? {}
      const rows = { from: Number(from), limit: Number(limit) }
      const view = epochView(createModuleReader(context), receiptId, rows)
      return toJson((await orNull(view)) ?? null)
    },
  ),
  attr_listEpochs: method(
    [optional('filter', epochFilter), range],
    async (context, filter, blocks) => {
      const reader = createModuleReader(context)
      const ids = await epochIds(reader, filter, heightsOf(context, blocks))
      const items = []
      for (const id of ids.slice(0, maxPage))
        items.push(await epochView(reader, id, { from: 0, limit: 0 }))
      return toJson({ total: ids.length, items })
    },
  ),
  attr_listAudits: method(
    [optional('filter', auditFilter), range],
    async (context, filter, blocks) =>
      toJson(await auditsView(createModuleReader(context), filter, heightsOf(context, blocks))),
  ),
  attr_getGate: method([required('batchId', hexOrDecimal)], async (context, batchId) =>
    toJson(await orNull(gateView(createModuleReader(context), batchId))),
  ),
  attr_getCertificates: method([required('assetId', hexOrDecimal)], async (context, assetId) =>
    toJson(await orNull(certificatesView(createModuleReader(context), assetId))),
  ),
}
