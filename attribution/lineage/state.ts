/**
 * What the lineage module keeps, in Solidity's storage layout. Ids count from 1; 0 means none. Decides
 * nothing.
 */
import {
  array,
  type Context,
  type Handlers,
  layout,
  mapping,
  struct,
} from '../../execution/native/index.ts'
import type { lineageAbi } from '../abi.ts'
import { idWord } from '../words.ts'

export type LineageContext = Context<typeof lineageAbi>
export type Registration = Parameters<Handlers<typeof lineageAbi>['register']>[1][0]

export const assetState = { none: 0, active: 1, retired: 2 } as const
export const assetStruct = struct({
  owner: 'address',
  kind: 'uint8',
  state: 'uint8',
  termsFlags: 'uint32',
  provider: 'address',
  registeredBlock: 'uint64',
  price: 'uint128',
  floorPrice: 'uint128',
  contentHash: 'bytes32',
  manifestHash: 'bytes32',
  /** assetId << 20 | ppm, the asset itself first. */
  shares: array('uint64'),
  /** versionId << 8 | edge, its own first. */
  sources: array('uint64'),
  /** assetId << 20 | ppm of what it names itself; the edges beside. */
  parents: array('uint64'),
  parentEdges: array('uint8'),
})

export const lineageState = layout({
  count: 'uint256',
  assets: mapping('uint256', assetStruct),
  /** By asset and version: the block in which its head was shown to be the optimum. */
  certified: mapping('uint256', mapping('uint256', 'uint64')),
})

export const packShare = (assetId: bigint, ppm: number): bigint => (assetId << 20n) | BigInt(ppm)
export const shareId = (packed: bigint): bigint => packed >> 20n
export const sharePpm = (packed: bigint): number => Number(packed & 0xfffffn)

/** Throws NotFound. */
export function assetAt(context: LineageContext, assetId: bigint) {
  const entry = lineageState(context.storage).assets.at(assetId)
  const words = entry.load()
  if (words.state === assetState.none) throw context.revert('NotFound', [idWord(assetId)])
  return { entry, words }
}
