/**
 * ILineage: models and what they were made of. Shares and sources are flattened once, when an asset is
 * registered, so that nothing afterwards walks a graph; parents exist before their children, so there
 * are no circles. A head, which is a model small enough for it, can be shown to be the optimum of a version's
 * rows (`certify`). Moves no money: rewards asks for shares.
 */
import { defineModule, type Handlers, type NativeModule } from '../../execution/native/index.ts'
import { fromHex } from '../../primitives/index.ts'
import { lineageAbi, moduleAddresses } from '../abi.ts'
import { checkUri } from '../limits.ts'
import type { Corpora } from '../span/native.ts'
import { certifyHead } from '../vectors/head.ts'
import { createVectorReader } from '../vectors/players.ts'
import { idWord, textWord, zeroAddress, zeroWord } from '../words.ts'
import { checkTerms, flattenShares, flattenSources, million } from './flatten.ts'
import {
  assetAt,
  assetState,
  type LineageContext,
  lineageState,
  packShare,
  type Registration,
  shareId,
  sharePpm,
} from './state.ts'

const maxParents = 8
const maxOwnSources = 8
/** IDs fit 43 bits beside a share of 20 or an edge of 8: four ancestors a slot. */
const maxAssets = 2n ** 43n

const handlers: Omit<Handlers<typeof lineageAbi>, 'certify'> = {
  register(context, [registration]) {
    checkShape(context, registration)
    const { message, storage, block, log } = context
    const state = lineageState(storage)
    const assetId = state.count.get() + 1n
    if (assetId >= maxAssets) throw context.revert('LimitExceeded', [textWord('assets'), maxAssets])
    const shares = flattenShares(context, assetId, registration)
    const sources = flattenSources(context, registration)
    const floorPrice = checkTerms(context, registration)
    state.count.set(assetId)
    const asset = state.assets.at(assetId)
    const { kind, contentHash, manifestHash, uri, parents, termsFlags, price } = registration
    asset.store({
      owner: message.caller,
      kind,
      state: assetState.active,
      termsFlags,
      provider: registration.provider,
      registeredBlock: block.number,
      price,
      floorPrice,
      contentHash,
      manifestHash,
    })
    asset.shares.store(shares)
    asset.sources.store(sources)
    if (parents.length > 0) {
      asset.parents.store(parents.map((one) => packShare(one.assetId, one.sharePpm)))
      asset.parentEdges.store(parents.map(({ edge }) => edge))
    }
    log('AssetRegistered', {
      assetId,
      kind,
      owner: message.caller,
      contentHash,
      manifestHash,
      uri,
    })
    for (const { assetId: parentId, edge, sharePpm: share } of parents)
      log('ParentAdded', { assetId, parentId, edge, sharePpm: share })
    for (const { versionId, edge } of registration.sources)
      log('SourceAdded', { assetId, versionId, edge })
    return assetId
  },
  update(context, [assetId, owner, provider, price]) {
    const { entry, words } = ownedAsset(context, assetId)
    if (owner === zeroAddress) throw context.revert('InvalidArgument', [textWord('owner')])
    if (price < words.floorPrice)
      throw context.revert('InsufficientValue', [price, words.floorPrice])
    entry.store({ owner, provider, price })
    context.log('AssetUpdated', { assetId, owner, provider, price, state: words.state })
  },
  retire(context, [assetId]) {
    const { entry, words } = ownedAsset(context, assetId)
    if (words.state !== assetState.active)
      throw context.revert('BadState', [words.state, assetState.active])
    entry.store({ state: assetState.retired })
    const { owner, provider, price } = words
    context.log('AssetUpdated', { assetId, owner, provider, price, state: assetState.retired })
  },
  count: ({ storage }) => lineageState(storage).count.get(),
  asset: (context, [assetId]) => assetAt(context, assetId).words,
  parents(context, [assetId]) {
    const { entry } = assetAt(context, assetId)
    const edges = entry.parentEdges.load()
    return entry.parents.load().map((packed, i) => ({
      assetId: shareId(packed),
      edge: edges[i] ?? 0,
      sharePpm: sharePpm(packed),
    }))
  },
  sources: (context, [assetId]) =>
    assetAt(context, assetId)
      .entry.sources.load()
      .map((packed) => ({ versionId: packed >> 8n, edge: Number(packed & 0xffn) })),
  shares(context, [assetId]) {
    const shares = assetAt(context, assetId).entry.shares.load()
    return [shares.map(shareId), shares.map(sharePpm)]
  },
  shareOf(context, [assetId, ancestorId]) {
    const shares = assetAt(context, assetId).entry.shares.load()
    const found = shares.find((packed) => shareId(packed) === ancestorId)
    return found === undefined ? 0 : sharePpm(found)
  },
  usesVersion: (context, [assetId, versionId]) => usesVersion(context, assetId, versionId),
  certifiedBlock: ({ storage }, [assetId, versionId]) =>
    lineageState(storage).certified.at(assetId).at(versionId).get(),
}

export interface LineagePorts {
  /** Indexes of held versions. */
  readonly corpora: Corpora
}

/** With what certificates of heads need: the rows of held versions, read as vectors. */
export function createLineage({ corpora }: LineagePorts): NativeModule {
  const ports = { corpora, vectors: createVectorReader() }
  return defineModule({
    address: moduleAddresses.lineage,
    name: 'lineage',
    abi: lineageAbi,
    enums: {
      register: {
        'registration.kind': 5,
        'registration.parents.edge': 4,
        'registration.sources.edge': 2,
      },
    },
    handlers: {
      ...handlers,
      certify(context, [assetId, versionId, head]) {
        const { block, storage, revert, keccak, log } = context
        const { words } = assetAt(context, assetId)
        const bytes = fromHex(head)
        if (keccak(bytes) !== words.contentHash)
          throw revert('InvalidArgument', [textWord('contentHash')])
        if (!usesVersion(context, assetId, versionId))
          throw revert('InvalidArgument', [textWord('versionId')])
        const certified = lineageState(storage).certified.at(assetId).at(versionId)
        if (certified.get() !== 0n) throw revert('AlreadyExists', [idWord(versionId)])
        certifyHead(context, ports, versionId, bytes)
        certified.set(block.number)
        log('HeadCertified', { assetId, versionId })
      },
    },
  })
}

const usesVersion = (context: LineageContext, assetId: bigint, versionId: bigint): boolean =>
  assetAt(context, assetId)
    .entry.sources.load()
    .some((packed) => packed >> 8n === versionId)

function ownedAsset(context: LineageContext, assetId: bigint) {
  const found = assetAt(context, assetId)
  const { caller } = context.message
  if (found.words.owner !== caller) throw context.revert('NotAuthorized', [caller])
  return found
}

/** What can be seen without looking at any other asset. */
function checkShape(context: LineageContext, registration: Registration): void {
  const { revert } = context
  const { contentHash, uri, parents, sources } = registration
  const refuse = (what: string): Error => revert('InvalidArgument', [textWord(what)])
  if (contentHash === zeroWord) throw refuse('contentHash')
  checkUri(context, uri)
  if (parents.length > maxParents)
    throw revert('LimitExceeded', [textWord('parents'), BigInt(maxParents)])
  if (sources.length > maxOwnSources)
    throw revert('LimitExceeded', [textWord('sources'), BigInt(maxOwnSources)])
  const sum = parents.reduce((total, parent) => total + parent.sharePpm, 0)
  if (sum > million) throw revert('LimitExceeded', [textWord('sharePpm'), BigInt(million)])
  if (new Set(parents.map(({ assetId }) => assetId)).size < parents.length) throw refuse('parents')
  if (new Set(sources.map(({ versionId }) => versionId)).size < sources.length)
    throw refuse('sources')
}
