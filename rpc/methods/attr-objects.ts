/** attr_ about what there is: modules, methods, datanets, batches, versions, models. Lists are paged. */
import {
  assetView,
  batchIds,
  batchView,
  datanetView,
  maxPage,
  methodView,
  moduleViews,
  read,
  versionIds,
  versionView,
  type ChainReader,
} from '../../attribution/views/index.ts'
import { blockNumber, blockNumberOrHash } from '../block-ref.ts'
import { heightOf } from '../blocks.ts'
import { method, type Context, type MethodTable } from '../method.ts'
import { createModuleReader, orNull, toJson } from '../module-reader.ts'
import { address, hexOrDecimal, optional, required, struct, type Decoded } from '../params.ts'

const id = required('id', hexOrDecimal)
const block = optional('block', blockNumberOrHash)

/** One object by id; null when there is none. */
const one = (view: (reader: ChainReader, id: bigint) => Promise<unknown>) =>
  method([id, block], async (context, number, ref) =>
    toJson(await orNull(view(createModuleReader(context, ref), number))),
  )

/** `from` counts from 0 along the ids; `limit` at most a page. */
export const page = struct('attr.Page', { from: hexOrDecimal, limit: hexOrDecimal })

export const blockRange = struct('attr.Range', { fromBlock: blockNumber, toBlock: blockNumber })

/** The heights a range means on this chain. */
export function heightsOf({ api: { chain } }: Context, range: Decoded<typeof blockRange> = {}) {
  const { fromBlock, toBlock } = range
  return {
    ...(fromBlock && fromBlock.type !== 'hash' && { from: heightOf(chain, fromBlock) }),
    ...(toBlock && toBlock.type !== 'hash' && { to: heightOf(chain, toBlock) }),
  }
}

/** A page of `ids`, as whole objects, with how many there are. */
async function listOf(
  ids: readonly bigint[],
  wanted: Decoded<typeof page> = {},
  view: (id: bigint) => Promise<unknown>,
) {
  const from = Number(wanted.from ?? 0n)
  const limit = Math.min(Number(wanted.limit ?? BigInt(maxPage)), maxPage)
  const items: unknown[] = []
  for (const each of ids.slice(from, from + limit)) items.push(await view(each))
  return toJson({ total: ids.length, from, items })
}

const countTo = (count: bigint): bigint[] =>
  Array.from({ length: Number(count) }, (_, i) => BigInt(i + 1))

const batchFilter = struct('attr.BatchFilter', { datanetId: hexOrDecimal, contributor: address })

export const attrObjects: MethodTable = {
  attr_modules: method([block], async (context, ref) =>
    toJson(await moduleViews(createModuleReader(context, ref))),
  ),
  attr_methods: method([block], async (context, ref) => {
    const reader = createModuleReader(context, ref)
    const ids = countTo(await read(reader, 'receipts', 'methodCount', []))
    return toJson(await Promise.all(ids.map((each) => methodView(reader, Number(each)))))
  }),
  attr_getDatanet: one(datanetView),
  attr_getBatch: one(batchView),
  attr_getVersion: one(versionView),
  attr_getAsset: one(assetView),
  attr_listDatanets: method([optional('page', page)], async (context, wanted) => {
    const reader = createModuleReader(context)
    const [datanets] = await read(reader, 'datanet', 'counts', [])
    return listOf(countTo(datanets), wanted, (each) => datanetView(reader, each))
  }),
  attr_listAssets: method([optional('page', page)], async (context, wanted) => {
    const reader = createModuleReader(context)
    const count = await read(reader, 'lineage', 'count', [])
    return listOf(countTo(count), wanted, (each) => assetView(reader, each))
  }),
  attr_listBatches: method(
    [optional('filter', batchFilter), optional('page', page)],
    async (context, filter = {}, wanted) => {
      const reader = createModuleReader(context)
      const ids = await batchIds(reader, filter)
      return listOf(ids, wanted, (each) => batchView(reader, each))
    },
  ),
  attr_listVersions: method(
    [required('datanetId', hexOrDecimal), optional('page', page)],
    async (context, datanetId, wanted) => {
      const reader = createModuleReader(context)
      const ids = await versionIds(reader, datanetId)
      return listOf(ids, wanted, (each) => versionView(reader, each))
    },
  ),
}
