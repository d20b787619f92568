/**
 * The points of an epoch: what each row of a version is owed by the answers of one asset and method, signed
 * and weighted by the fees, summed answer by answer (attribution notes 4.1). A row inside the novelty radius
 * of an earlier one hands what it is owed to that one. What a row weighs is its sum, not below nothing and
 * not above what its registration was worth, times a factor; batches keep the sums of both signs, so that
 * an epoch ends without walking over rows. Moves no money.
 */
import { type Hex, invariant } from '../../primitives/index.ts'
import { textWord } from '../words.ts'
import { datanet, receiptsState, type ReceiptsContext } from './state.ts'

/** As many as a receipt has leaves, less one for what is nobody's. */
export const maxEpochBatches = 255

export interface Epoch {
  readonly receiptId: Hex
  readonly versionId: bigint
  /** Tenths of the marginal sum that a weight may be; 0: no cap. */
  readonly capTenths: number
}

export interface Delta {
  readonly net: bigint
  /** Marginal value, at least 0. */
  readonly bound: bigint
}

interface Point extends Delta {
  /** Some answer of the epoch gave it a marginal value, or a method that has such values scored it. */
  readonly isBounded: boolean
}

/** By row of a version: the version that appended it, whose joins hold in all that are built on it. */
export function homesOf({ view }: Pick<ReceiptsContext, 'view'>, versionId: bigint) {
  const version = (id: bigint) => view(datanet, 'version', [id])
  const first = version(versionId)
  /** Down the parents, as far as rows asked for. */
  const known = [{ id: versionId, parentId: first.parentId, firstRow: -1n }]
  return (row: bigint): bigint => {
    for (let i = 0; ; i++) {
      const one = known[i]
      invariant(one !== undefined, 'a version without a parent has the first row')
      if (one.firstRow < 0n && one.parentId !== 0n) {
        const parent = version(one.parentId)
        one.firstRow = parent.rows
        known.push({ id: one.parentId, parentId: parent.parentId, firstRow: -1n })
      }
      if (row >= one.firstRow) return one.id
    }
  }
}

export type Homes = ReturnType<typeof homesOf>

/**
 * The row that stands for `row`: itself, or the one it was shown to repeat, as long as that one stands for
 * itself. One link and no more, since rows that are near one by one may be far apart.
 */
export function leaderOf({ storage }: ReceiptsContext, homes: Homes, row: bigint): bigint {
  const { leaders } = receiptsState(storage)
  const next = leaders.at(homes(row)).at(row).get()
  if (next === 0n) return row
  const leader = next - 1n
  return leaders.at(homes(leader)).at(leader).get() === 0n ? leader : row
}

/** Adds to a row, and to its batch what that changes. `batchIds`: batches already asked for. */
export function addToPoint(
  context: ReceiptsContext,
  epoch: Epoch,
  row: bigint,
  delta: Delta & { readonly isBounded: boolean },
  batchIds: Map<bigint, bigint>,
): void {
  const state = receiptsState(context.storage)
  const point = state.points.at(epoch.receiptId).at(row)
  const before = point.load()
  const after: Point = {
    net: before.net + delta.net,
    bound: before.bound + delta.bound,
    isBounded: before.isBounded || delta.isBounded,
  }
  if (abs(after.net) >= limit || after.bound >= limit)
    throw context.revert('LimitExceeded', [textWord('score'), limit])
  point.store(after)
  const batchId =
    batchIds.get(row) ?? context.view(datanet, 'partOfRow', [epoch.versionId, row]).batchId
  batchIds.set(row, batchId)
  addToBatch(context, epoch.receiptId, batchId, {
    positive: weightOf(epoch, after) - weightOf(epoch, before),
    negative: debtOf(after) - debtOf(before),
    debtors: Number(after.net < 0n) - Number(before.net < 0n),
  })
}

/** In wei times 2^20: all the money there is stays far below. */
const limit = 2n ** 119n
const sumLimit = 2n ** 112n
const abs = (value: bigint): bigint => (value < 0n ? -value : value)

export function weightOf({ capTenths }: Epoch, { net, bound, isBounded }: Point): bigint {
  if (net <= 0n) return 0n
  const cap = (bound * BigInt(capTenths)) / 10n
  return capTenths > 0 && isBounded && cap < net ? cap : net
}

const debtOf = ({ net }: Point): bigint => (net < 0n ? -net : 0n)

function addToBatch(
  { storage, revert }: ReceiptsContext,
  receiptId: Hex,
  batchId: bigint,
  by: { readonly positive: bigint; readonly negative: bigint; readonly debtors: number },
): void {
  const state = receiptsState(storage)
  const batch = state.batchNets.at(receiptId).at(batchId)
  const { positive, negative, debtors, isListed } = batch.load()
  if (!isListed) {
    const list = state.epochBatches.at(receiptId)
    if (list.length() >= BigInt(maxEpochBatches))
      throw revert('LimitExceeded', [textWord('batches'), BigInt(maxEpochBatches)])
    list.push().set(batchId)
  }
  if (isListed && by.positive === 0n && by.negative === 0n) return
  const sums = { positive: positive + by.positive, negative: negative + by.negative }
  if (sums.positive >= sumLimit || sums.negative >= sumLimit)
    throw revert('LimitExceeded', [textWord('score'), sumLimit])
  batch.store({ ...sums, debtors: debtors + by.debtors, isListed: true })
}
