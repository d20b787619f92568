/**
 * What the rewards module keeps, in Solidity's storage layout, and how its sums move. Everything it owes
 * is in one of three sums: fees that wait, balances, and pools nobody has claimed yet; together they are
 * what it was paid and has not sent. Decides nothing.
 */
import {
  type Context,
  type Handlers,
  layout,
  type LayoutOf,
  mapping,
  struct,
} from '../../execution/native/index.ts'
import type { Address, Hex } from '../../primitives/index.ts'
import { datanetAbi, lineageAbi, moduleAddresses, receiptsAbi, type rewardsAbi } from '../abi.ts'
import { credit } from '../limits.ts'
import { zeroAddress } from '../words.ts'

export type RewardsContext = Context<typeof rewardsAbi>
export type RewardsHandlers = Handlers<typeof rewardsAbi>
export type Leaf = Parameters<RewardsHandlers['settle']>[1][1][number]
export type Split = Parameters<RewardsHandlers['setSplit']>[1][1]

export const paymentState = { none: 0, escrowed: 1, settled: 2, refunded: 3 } as const

/** In Solidity: IRewards.Split. */
export const splitNames = [
  'dataBps',
  'modelBps',
  'providerBps',
  'stakersBps',
  'protocolBps',
] as const

const splitFields = {
  dataBps: 'uint16',
  modelBps: 'uint16',
  providerBps: 'uint16',
  stakersBps: 'uint16',
  protocolBps: 'uint16',
} as const

const paymentStruct = struct({
  payer: 'address',
  state: 'uint8',
  paidBlock: 'uint64',
  amount: 'uint128',
  refundBlock: 'uint64',
  assetId: 'uint64',
  /** As it was when the request was paid. */
  ...splitFields,
  inputHash: 'bytes32',
  receiptId: 'bytes32',
})

const settlementStruct = struct({
  providerAccount: 'address',
  settledBlock: 'uint64',
  creditedLeaves: 'uint32',
  stakersAccount: 'address',
  protocolAccount: 'address',
  /** The data part that leaves divide; what a method's cap keeps back is the protocol's. */
  data: 'uint128',
  creditedData: 'uint128',
})

export const rewardsState = layout({
  escrowed: 'uint128',
  balances: 'uint128',
  pools: 'uint128',
  payments: mapping('bytes32', paymentStruct),
  settlements: mapping('bytes32', settlementStruct),
  splits: mapping('uint256', struct(splitFields)),
  /** A bit a leaf. */
  claimed: mapping('bytes32', mapping('uint256', 'uint256')),
  balanceOf: mapping('address', 'uint256'),
  /** Wei of a model's income for each millionth, since it was registered; and how far an ancestor got. */
  income: mapping('uint256', 'uint256'),
  claimedIncome: mapping('uint256', mapping('uint256', 'uint256')),
})

/** The modules asked here. */
export const datanet = { address: moduleAddresses.datanet, abi: datanetAbi }
export const lineage = { address: moduleAddresses.lineage, abi: lineageAbi }
export const receipts = { address: moduleAddresses.receipts, abi: receiptsAbi }

type PaymentWords = ReturnType<ReturnType<LayoutOf<typeof rewardsState>['payments']['at']>['load']>

/** The payment's state and what else of it is asked for. Throws NotFound. */
export function paymentAt<name extends keyof PaymentWords>(
  context: RewardsContext,
  requestId: Hex,
  ...names: readonly name[]
) {
  const entry = rewardsState(context.storage).payments.at(requestId)
  const words = entry.pick<'state' | name>('state', ...names)
  if (words.state === paymentState.none) throw context.revert('NotFound', [requestId])
  return { entry, words }
}

/** Wei that move between the three sums, or come in and go out. */
export interface Movement {
  readonly escrowed?: bigint
  readonly balances?: bigint
  readonly pools?: bigint
}

export function move({ storage }: RewardsContext, by: Movement): void {
  const sums = rewardsState(storage)
  if (by.escrowed || by.balances) {
    const { escrowed, balances } = { escrowed: sums.escrowed.get(), balances: sums.balances.get() }
    sums.store({
      escrowed: escrowed + (by.escrowed ?? 0n),
      balances: balances + (by.balances ?? 0n),
    })
  }
  if (by.pools) sums.pools.set(sums.pools.get() + by.pools)
}

/** Adds to what an account may withdraw; the sums are moved by the caller, once for all. */
export const creditAccount = (
  { storage }: RewardsContext,
  account: Address,
  amount: bigint,
): void => credit(rewardsState(storage).balanceOf, account, amount)

/** Whose batch it is; a receipt that names no batch of anybody pays `otherwise`. */
export function contributorOf(
  { view }: RewardsContext,
  contributionId: bigint,
  otherwise: Address,
): Address {
  const [contributor] = view(datanet, 'contributionOf', [contributionId])
  return contributor === zeroAddress ? otherwise : contributor
}
