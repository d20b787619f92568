/**
 * What the receipts module keeps, in Solidity's storage layout, and the look-ups its functions share.
 * A receipt is a few words; its leaves are in the logs or behind its evidence hash. Decides nothing.
 */
import {
  array,
  type Context,
  type Handlers,
  layout,
  mapping,
  struct,
} from '../../execution/native/index.ts'
import type { Address, Hex } from '../../primitives/index.ts'
import { datanetAbi, lineageAbi, moduleAddresses, type receiptsAbi, rewardsAbi } from '../abi.ts'
import { credit } from '../limits.ts'

export type ReceiptsContext = Context<typeof receiptsAbi>
export type ReceiptsHandlers = Handlers<typeof receiptsAbi>
export type Receipt = Parameters<ReceiptsHandlers['commit']>[1][0]
export type Leaf = Parameters<ReceiptsHandlers['verifyShare']>[1][1]

export const receiptState = {
  none: 0,
  committed: 1,
  challenged: 2,
  final: 3,
  void: 4,
  open: 5,
} as const
export const ground = {
  replay: 0,
  badLeaf: 1,
  wrongSpans: 2,
  unavailable: 3,
  dispute: 4,
  wrongToken: 5,
  wrongOrder: 6,
  reveal: 7,
} as const

const receiptStruct = struct({
  state: 'uint8',
  class_: 'uint8',
  methodId: 'uint16',
  finalBlock: 'uint64',
  committedBlock: 'uint64',
  leaves: 'uint32',
  total: 'uint64',
  sumRoot: 'bytes32',
  requestId: 'bytes32',
  committer: 'address',
  assetId: 'uint64',
  versionId: 'uint64',
  bond: 'uint128',
  /** Of receipts that are audited: the chance of it, and the blocks to answer in. Zero for others. */
  auditBps: 'uint16',
  answerBlocks: 'uint32',
  /** Only of committed receipts: what a challenger's answer must hash to. */
  outputHash: 'bytes32',
})

const challengeStruct = struct({
  challenger: 'address',
  ground: 'uint8',
  /** Or for the committer's answer. */
  lastVoteBlock: 'uint64',
  bond: 'uint128',
  against: 'uint64',
  inFavour: 'uint64',
})

export const receiptsState = layout({
  receipts: mapping('bytes32', receiptStruct),
  receiptOf: mapping('bytes32', 'bytes32'),
  challenges: mapping('bytes32', challengeStruct),
  voted: mapping('bytes32', mapping('address', 'bool')),
  /** `open`: receipts it signed that can still be doubted. */
  attesters: mapping('address', struct({ bond: 'uint128', lastBlock: 'uint64', open: 'uint32' })),
  balances: mapping('address', 'uint256'),
  /** Who signed, of receipts that are not over. */
  signersOf: mapping('bytes32', array('address')),
  /** Of receipts that stand for many requests (epoch.ts): sums of wei and of wei times scores. */
  epochs: mapping(
    'bytes32',
    struct({
      requests: 'uint32',
      capTenths: 'uint16',
      backingBps: 'uint16',
      /** An answer was entered by another than the datanet's owner, or of another's model: no row owes. */
      hasOthers: 'bool',
      pool: 'uint128',
      base: 'uint128',
    }),
  ),
  /** By asset, version and method. */
  currentEpoch: mapping('uint256', mapping('uint256', mapping('uint16', 'bytes32'))),
  points: mapping(
    'bytes32',
    mapping('uint256', struct({ net: 'int128', bound: 'uint120', isBounded: 'bool' })),
  ),
  epochBatches: mapping('bytes32', array('uint64')),
  batchNets: mapping(
    'bytes32',
    mapping(
      'uint256',
      struct({ positive: 'uint112', negative: 'uint112', debtors: 'uint24', isListed: 'bool' }),
    ),
  ),
  /** By the version that appended it, and row: the earlier row it repeats, plus one. */
  leaders: mapping('uint256', mapping('uint256', 'uint64')),
  /** Wei that a batch's rows are below nothing, of all epochs, and how many rows that were. */
  debts: mapping('uint256', struct({ amount: 'uint128', rows: 'uint64' })),
  /**
   * How far a long answer has been computed again: tokens, and the hash of the sums so far. By caller, as
   * a piece names the sums before it: with one for all, whoever comes first makes the others' fail.
   */
  repeated: mapping('bytes32', mapping('address', struct({ tokens: 'uint32', sums: 'bytes32' }))),
})

/** The modules asked here. */
export const datanet = { address: moduleAddresses.datanet, abi: datanetAbi }
export const lineage = { address: moduleAddresses.lineage, abi: lineageAbi }
export const rewards = { address: moduleAddresses.rewards, abi: rewardsAbi }

/** Throws NotFound. */
export function receiptAt(context: ReceiptsContext, receiptId: Hex) {
  const entry = receiptsState(context.storage).receipts.at(receiptId)
  const words = entry.load()
  if (words.state === receiptState.none) throw context.revert('NotFound', [receiptId])
  return { entry, words }
}

export type StoredReceipt = ReturnType<typeof receiptAt>['words']

/** Adds to what an account may withdraw. */
export const creditAccount = (
  { storage }: ReceiptsContext,
  account: Address,
  amount: bigint,
): void => credit(receiptsState(storage).balances, account, amount)
