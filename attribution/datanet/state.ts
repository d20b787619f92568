/**
 * What the datanet module keeps, in Solidity's storage layout: the declarations of its bytecode twin to
 * come. Packed by what is written together. Ids count from 1; 0 means none. Decides nothing.
 */
import { layout, mapping, struct, type Context } from '../../execution/native/index.ts'
import type { Address } from '../../primitives/index.ts'
import { datanetAbi } from '../abi.ts'
import { credit } from '../limits.ts'
import { idWord } from '../words.ts'

export type DatanetContext = Context<typeof datanetAbi>

export const mode = { owner: 0, quorum: 1 } as const
export const batchState = {
  none: 0,
  pending: 1,
  accepted: 2,
  rejected: 3,
  expired: 4,
  retracted: 5,
} as const
export const versionState = { none: 0, external: 1, held: 2, abandoned: 3 } as const

const datanetStruct = struct({
  owner: 'address',
  createdBlock: 'uint64',
  curators: 'uint32',
  batches: 'uint64',
  versions: 'uint64',
  latestVersionId: 'uint64',
  curatorWeight: 'uint64',
  mode: 'uint8',
  quorumBps: 'uint16',
  reviewBlocks: 'uint32',
  revealBlocks: 'uint32',
  penaltyBps: 'uint16',
  maxBatchRows: 'uint32',
  termsFlags: 'uint32',
  /** Batches taken out after they had been published. */
  retractions: 'uint64',
  depositPerBatch: 'uint128',
  depositPerKiB: 'uint128',
  pricePerQuery: 'uint128',
  licence: 'bytes32',
  termsHash: 'bytes32',
  metaHash: 'bytes32',
})

const batchStruct = struct({
  contributor: 'address',
  datanetId: 'uint64',
  state: 'uint8',
  scoreBps: 'uint16',
  isPublished: 'bool',
  rows: 'uint32',
  sizeBytes: 'uint64',
  submittedBlock: 'uint64',
  /** The curators' weight when it came in: what a quorum is a share of. */
  curatorWeight: 'uint64',
  verdicts: 'uint16',
  reveals: 'uint16',
  deposit: 'uint128',
  committedWeight: 'uint64',
  clusterId: 'uint64',
  root: 'bytes32',
  sketch: 'bytes32',
  licence: 'bytes32',
  reason: 'bytes32',
  /** Of versions that appended it the one its deposit is counted from: the last, until that is held. */
  versionId: 'uint64',
  retractedBlock: 'uint64',
})

const verdictStruct = struct({
  sealedVerdict: 'bytes32',
  weight: 'uint32',
  scoreBps: 'uint16',
  isRevealed: 'bool',
  isAccepted: 'bool',
  reason: 'bytes32',
})

const versionStruct = struct({
  publisher: 'address',
  datanetId: 'uint64',
  batches: 'uint32',
  parentId: 'uint64',
  rows: 'uint64',
  sizeBytes: 'uint64',
  tokens: 'uint64',
  publishedBlock: 'uint64',
  attestedPower: 'uint64',
  /** The datanet's when it was published. */
  retractions: 'uint64',
  /** Versions before it, parent by parent. */
  depth: 'uint16',
  state: 'uint8',
  root: 'bytes32',
  corpusRoot: 'bytes32',
  indexRoot: 'bytes32',
  deposit: 'uint128',
  heldBlock: 'uint64',
})

const partStruct = struct({ batchId: 'uint64', firstRow: 'uint64', rows: 'uint32' })

export const datanetLayout = layout({
  datanets: 'uint64',
  batches: 'uint64',
  versions: 'uint64',
  totalPower: 'uint64',
  /** Of all held versions, each counted whole. */
  heldBytes: 'uint64',
  powers: mapping('address', 'uint64'),
  balances: mapping('address', 'uint256'),
  datanet: mapping('uint256', datanetStruct),
  curators: mapping(
    'uint256',
    mapping('uint256', struct({ curator: 'address', untilBlock: 'uint64', weight: 'uint32' })),
  ),
  batch: mapping('uint256', batchStruct),
  batchByRoot: mapping('uint256', mapping('bytes32', 'uint64')),
  clusterBySketch: mapping('uint256', mapping('bytes32', 'uint64')),
  verdictOf: mapping('uint256', mapping('address', verdictStruct)),
  verdictBy: mapping('uint256', mapping('uint256', 'address')),
  version: mapping('uint256', versionStruct),
  parts: mapping('uint256', mapping('uint256', partStruct)),
  attested: mapping('uint256', mapping('address', 'uint64')),
  /** By version and batch: rows measured by the novelty gate, their tokens, and those that were not new. */
  measures: mapping(
    'uint256',
    mapping('uint256', struct({ done: 'uint32', covered: 'uint64', tokens: 'uint64' })),
  ),
  /** By datanet and number, from 0: batches taken out after they had been published. */
  retracted: mapping('uint256', mapping('uint256', 'uint64')),
})

/** Takes note that a batch is out of every version with it. */
export function noteRetraction(context: DatanetContext, datanetId: bigint, batchId: bigint): void {
  const { entry, words } = datanetAt(context, datanetId)
  datanetLayout(context.storage).retracted.at(datanetId).at(words.retractions).set(batchId)
  entry.store({ retractions: words.retractions + 1n })
}

/** Throws NotFound unless there is such a datanet. */
export function datanetAt(context: DatanetContext, id: bigint) {
  const entry = datanetLayout(context.storage).datanet.at(id)
  const words = entry.load()
  if (words.createdBlock === 0n && BigInt(words.owner) === 0n)
    throw context.revert('NotFound', [idWord(id)])
  return { entry, words }
}

/** Throws NotFound unless there is such a batch. */
export function batchAt(context: DatanetContext, id: bigint) {
  const entry = datanetLayout(context.storage).batch.at(id)
  const words = entry.load()
  if (words.state === batchState.none) throw context.revert('NotFound', [idWord(id)])
  return { entry, words }
}

/** Throws NotFound unless there is such a version. */
export function versionAt(context: DatanetContext, id: bigint) {
  const entry = datanetLayout(context.storage).version.at(id)
  const words = entry.load()
  if (words.state === versionState.none) throw context.revert('NotFound', [idWord(id)])
  return { entry, words }
}

/** Adds to what an account may withdraw. */
export const creditAccount = (
  { storage }: DatanetContext,
  account: Address,
  amount: bigint,
): void => credit(datanetLayout(storage).balances, account, amount)
