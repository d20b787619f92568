/**
 * Datanets, batches, versions, assets and methods as one answer each: what a module's struct says, in
 * words, with what only its logs say (the address of the rows). Nothing is judged here.
 */
import type { Address } from '../../primitives/index.ts'
import {
  assetKinds,
  assetStates,
  batchStates,
  datanetModes,
  methodClasses,
  nameOf,
  parentEdges,
  shortText,
  sourceEdges,
  versionStates,
} from './names.ts'
import { events, read, type BlockRange, type ChainReader } from './reader.ts'

/** Items of one page. */
export const maxPage = 50

export async function datanetView(reader: ChainReader, id: bigint) {
  const { policy, ...datanet } = await read(reader, 'datanet', 'datanet', [id])
  const [created] = await events(reader, 'datanet', 'DatanetCreated', { datanetId: id })
  return {
    id,
    ...datanet,
    uri: created?.args.uri ?? '',
    policy: {
      ...policy,
      mode: nameOf(datanetModes, policy.mode),
      licence: shortText(policy.licence),
    },
  }
}

export async function batchView(reader: ChainReader, id: bigint) {
  const batch = await read(reader, 'datanet', 'batch', [id])
  const [submitted] = await events(reader, 'datanet', 'BatchSubmitted', { batchId: id })
  return {
    id,
    ...batch,
    state: nameOf(batchStates, batch.state),
    licence: shortText(batch.licence),
    reason: shortText(batch.reason),
    uri: submitted?.args.uri ?? '',
  }
}

/** Ids of batches in order, of one datanet or one contributor or all. */
export async function batchIds(
  reader: ChainReader,
  only: { readonly datanetId?: bigint; readonly contributor?: Address },
  range: BlockRange = {},
): Promise<bigint[]> {
  const submitted = await events(reader, 'datanet', 'BatchSubmitted', only, range)
  return submitted.map(({ args }) => args.batchId)
}

export async function versionView(reader: ChainReader, id: bigint) {
  const version = await read(reader, 'datanet', 'version', [id])
  const [published] = await events(reader, 'datanet', 'VersionPublished', { versionId: id })
  return {
    id,
    ...version,
    state: nameOf(versionStates, version.state),
    parts: await read(reader, 'datanet', 'parts', [id, 0n, BigInt(maxPage)]),
    uri: published?.args.uri ?? '',
  }
}

export async function versionIds(reader: ChainReader, datanetId: bigint): Promise<bigint[]> {
  const published = await events(reader, 'datanet', 'VersionPublished', { datanetId })
  return published.map(({ args }) => args.versionId)
}

export async function assetView(reader: ChainReader, id: bigint) {
  const asset = await read(reader, 'lineage', 'asset', [id])
  const [registered] = await events(reader, 'lineage', 'AssetRegistered', { assetId: id })
  const parents = await read(reader, 'lineage', 'parents', [id])
  const sources = await read(reader, 'lineage', 'sources', [id])
  return {
    id,
    ...asset,
    kind: nameOf(assetKinds, asset.kind),
    state: nameOf(assetStates, asset.state),
    uri: registered?.args.uri ?? '',
    parents: parents.map((parent) => ({ ...parent, edge: nameOf(parentEdges, parent.edge) })),
    sources: sources.map((source) => ({ ...source, edge: nameOf(sourceEdges, source.edge) })),
    shares: await lineageShares(reader, id),
    split: await read(reader, 'rewards', 'splitOf', [id]),
  }
}

/** Who has which part of a model's income; the asset itself first. */
export async function lineageShares(reader: ChainReader, id: bigint) {
  const [assetIds, ppm] = await read(reader, 'lineage', 'shares', [id])
  return assetIds.map((assetId, i) => ({ assetId, sharePpm: ppm[i] ?? 0 }))
}

export async function methodView(reader: ChainReader, id: number) {
  const { class_, ...method } = await read(reader, 'receipts', 'method', [id])
  return { id, ...method, class: nameOf(methodClasses, class_), name: shortText(method.name) }
}

export async function moduleViews(reader: ChainReader) {
  const count = await read(reader, 'registry', 'count', [])
  const modules = []
  for (let i = 0n; i < count; i++) {
    const module = await read(reader, 'registry', 'moduleAt', [i])
    modules.push({ ...module, name: shortText(module.name) })
  }
  return modules
}
