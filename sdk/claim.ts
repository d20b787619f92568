/**
 * What is true of an n-gram answer (IReceipts method 7), computed here: the version's rows are fetched from a node, their
 * index built, its root compared with the chain's, so that no node is believed. For answers that are too long for
 * `preview`, and for the cells that a doubter may ask for. Versions under that method have 200,000 tokens at most.
 */
import type { Client, Hex } from 'viem'
import {
  buildSumTree,
  buildVersion,
  claimNgrams,
  isRowFault,
  joinRows,
  parseRow,
  type Row,
  type SumLeaf,
} from '../attribution/methods/index.ts'
import { read, type ChainReader } from '../attribution/views/index.ts'
import { NodeError, fromHex, toHex } from '../primitives/index.ts'

export interface TokenClaim {
  readonly leaves: readonly SumLeaf[]
  readonly sumRoot: Hex
  readonly total: bigint
  /** Root of the cells. */
  readonly evidenceHash: Hex
}

interface Part {
  readonly batchId: bigint
  readonly clusterId: bigint
  readonly firstRow: bigint
  readonly root: Hex
}

/** IDatanet.parts gives so many at once, attr_getRows so many. */
const partsAPage = 50n
const rowsAPage = 100

/** Throws NodeError ROWS_MISSING, or ROWS_FALSE where a node gives other rows than the version's. */
export async function claimTokens(
  client: Client,
  reader: ChainReader,
  versionId: bigint,
  answer: Hex,
): Promise<TokenClaim> {
  const parts = await partsOf(reader, versionId)
  const batches = []
  for (const { root } of parts) batches.push(await fetchBatch(client, root))
  const built = buildVersion(batches)
  const { indexRoot } = await read(reader, 'datanet', 'version', [versionId])
  if (built.indexRoot !== indexRoot)
    throw new NodeError('ROWS_FALSE', `the node’s rows are not those of version ${versionId}`)
  const { leaves, cells } = claimNgrams(built.index, fromHex(answer), (row) => {
    const part = parts.findLast(({ firstRow }) => firstRow <= BigInt(row))
    return { clusterId: part?.clusterId ?? 0n, contributionId: part?.batchId ?? 0n }
  })
  const { root, total } = buildSumTree(leaves)
  return { leaves, sumRoot: toHex(root), total, evidenceHash: toHex(cells.root) }
}

/** Of the version and all below it, in the order of rows. */
async function partsOf(reader: ChainReader, versionId: bigint): Promise<readonly Part[]> {
  const { parentId, batches } = await read(reader, 'datanet', 'version', [versionId])
  const parts = parentId === 0n ? [] : [...(await partsOf(reader, parentId))]
  for (let from = 0n; from < BigInt(batches); from += partsAPage)
    for (const part of await read(reader, 'datanet', 'parts', [versionId, from, partsAPage])) {
      const { batchId, firstRow } = part
      const [, clusterId] = await read(reader, 'datanet', 'contributionOf', [batchId])
      const { root } = await read(reader, 'datanet', 'batch', [batchId])
      parts.push({ batchId, clusterId, firstRow, root })
    }
  return parts
}

async function fetchBatch(client: Client, root: Hex): Promise<Uint8Array> {
  const rows: Row[] = []
  for (let from = 0, total = 1; from < total; from += rowsAPage) {
    const page = (await client.request({
      method: 'attr_getRows',
      params: [root, from, rowsAPage],
    } as never)) as { readonly total: number; readonly items: readonly { row: string }[] } | null
    if (!page) throw new NodeError('ROWS_MISSING', `the node does not keep batch ${root}`)
    ;({ total } = page)
    for (const { row } of page.items) {
      const parsed = parseRow(new TextEncoder().encode(row))
      if (isRowFault(parsed)) throw new NodeError('ROWS_FALSE', `batch ${root}: ${parsed.fault}`)
      rows.push(parsed)
    }
  }
  return joinRows(rows)
}
