/**
 * What a new asset inherits: shares of its ancestors, exact to the millionth; the datanet versions they
 * were made from; and the terms and prices it may not undercut. Reads the parents' flattened vectors
 * only, so its cost is bounded by the caps. Writes nothing.
 */
import { datanetAbi, moduleAddresses } from '../abi.ts'
import { splitByWeight } from '../methods/split.ts'
import { idWord, textWord } from '../words.ts'
import { assetAt, assetState, type LineageContext, packShare, type Registration } from './state.ts'

/** All of a model's income in millionths. */
export const million = 1_000_000
const maxShares = 64
const maxSources = 16
/** IDatanet.VersionState.Abandoned. */
const abandoned = 3
/** Dividing and merging, an ancestor. */
const ancestorGas = 200n

const datanet = { address: moduleAddresses.datanet, abi: datanetAbi }

/** The asset itself first, then ancestors in the order of the parents; the sum is a million. */
export function flattenShares(
  context: LineageContext,
  assetId: bigint,
  { parents }: Pick<Registration, 'parents'>,
): bigint[] {
  const given = parents.reduce((sum, { sharePpm }) => sum + sharePpm, 0)
  const byAncestor = new Map<bigint, number>([[assetId, million - given]])
  for (const parent of parents) {
    const { entry, words } = assetAt(context, parent.assetId)
    if (words.state !== assetState.active)
      throw context.revert('BadState', [words.state, assetState.active])
    const shares = entry.shares.load()
    context.gas.charge(ancestorGas * BigInt(shares.length))
    const parts = splitByWeight(
      BigInt(parent.sharePpm),
      shares.map((packed) => packed & 0xfffffn),
    )
    for (const [i, packed] of shares.entries()) {
      const ancestor = packed >> 20n
      byAncestor.set(ancestor, (byAncestor.get(ancestor) ?? 0) + Number(parts[i] ?? 0n))
    }
  }
  const shares = [...byAncestor].filter(([id, ppm]) => id === assetId || ppm > 0)
  if (shares.length > maxShares)
    throw context.revert('LimitExceeded', [textWord('shares'), BigInt(maxShares)])
  return shares.map(([id, ppm]) => packShare(id, ppm))
}

/** Its own first, then the parents', each version once with its first edge. */
export function flattenSources(
  context: LineageContext,
  { parents, sources }: Pick<Registration, 'parents' | 'sources'>,
): bigint[] {
  const edges = new Map<bigint, bigint>()
  for (const { versionId, edge } of sources) {
    if (versionId >= 2n ** 56n) throw context.revert('NotFound', [idWord(versionId)])
    edges.set(versionId, BigInt(edge))
  }
  for (const { assetId } of parents)
    for (const packed of assetAt(context, assetId).entry.sources.load()) {
      const version = packed >> 8n
      if (!edges.has(version)) edges.set(version, packed & 0xffn)
    }
  if (edges.size > maxSources)
    throw context.revert('LimitExceeded', [textWord('sources'), BigInt(maxSources)])
  return Array.from(edges, ([version, edge]) => (version << 8n) | edge)
}

/** Least price that parents and sources allow. Throws TermsViolated and InsufficientValue. */
export function checkTerms(
  context: LineageContext,
  { parents, sources, termsFlags, price }: Registration,
): bigint {
  let floorPrice = 0n
  const check = (id: bigint, granted: number, least: bigint): void => {
    const missing = (termsFlags & ~granted) >>> 0
    if (missing !== 0) throw context.revert('TermsViolated', [id, missing])
    if (least > floorPrice) floorPrice = least
  }
  for (const { assetId } of parents) {
    const { words } = assetAt(context, assetId)
    check(assetId, words.termsFlags, words.price)
  }
  for (const { versionId } of sources) {
    const version = context.view(datanet, 'version', [versionId])
    if (version.state === abandoned) throw context.revert('InvalidArgument', [textWord('sources')])
    const { policy } = context.view(datanet, 'datanet', [version.datanetId])
    check(versionId, policy.termsFlags, policy.pricePerQuery)
  }
  if (price < floorPrice) throw context.revert('InsufficientValue', [price, floorPrice])
  return floorPrice
}
