/**
 * Claims on what settlements pooled: a contributor's leaf of an answer's data part, and an ancestor's
 * share of a model's income. Anybody may call; the money goes to whom the state names. Each leaf once.
 */
import { fromHex, type Hex, invariant } from '../../primitives/index.ts'
import { nodeGas } from '../limits.ts'
import { hashSumLeaf, verifySumProof } from '../merkle/sum-tree.ts'
import { shareAt } from '../methods/split.ts'
import { textWord } from '../words.ts'
import {
  contributorOf,
  creditAccount,
  type Leaf,
  lineage,
  move,
  paymentAt,
  paymentState,
  receipts,
  rewardsState,
  type RewardsContext,
  type RewardsHandlers,
} from './state.ts'

const maxClaims = 100

export const claimHandlers: Pick<
  RewardsHandlers,
  'claim' | 'claimLineage' | 'claimableLineage' | 'isClaimed'
> = {
  claim(context, [requestIds, leaves, indexes, proofs]) {
    const { revert } = context
    const count = requestIds.length
    if (count > maxClaims) throw revert('LimitExceeded', [textWord('leaves'), BigInt(maxClaims)])
    if (leaves.length !== count || indexes.length !== count || proofs.length !== count)
      throw revert('InvalidArgument', [textWord('leaves')])
    let sum = 0n
    for (const [i, requestId] of requestIds.entries()) {
      const [leaf, index, proof] = [leaves[i], indexes[i], proofs[i]]
      invariant(leaf !== undefined && index !== undefined && proof !== undefined, 'lengths agree')
      sum += claimLeaf(context, requestId, { leaf, index, proof })
    }
    move(context, { pools: -sum, balances: sum })
    return sum
  },
  claimLineage(context, [assetId, ancestorId]) {
    const { storage, view, log } = context
    const state = rewardsState(storage)
    const { amount, income } = claimable(context, assetId, ancestorId)
    state.claimedIncome.at(assetId).at(ancestorId).set(income)
    if (amount === 0n) return 0n
    const { owner } = view(lineage, 'asset', [ancestorId])
    creditAccount(context, owner, amount)
    move(context, { pools: -amount, balances: amount })
    log('LineageCredited', { account: owner, assetId, ancestorId, amount })
    return amount
  },
  claimableLineage: (context, [assetId, ancestorId]) =>
    claimable(context, assetId, ancestorId).amount,
  isClaimed: (context, [requestId, index]) => isClaimed(context, requestId, index),
}

function claimable(context: RewardsContext, assetId: bigint, ancestorId: bigint) {
  const { storage, view } = context
  const state = rewardsState(storage)
  const income = state.income.at(assetId).get()
  const since = income - state.claimedIncome.at(assetId).at(ancestorId).get()
  const ppm = view(lineage, 'shareOf', [assetId, ancestorId])
  return { amount: since * BigInt(ppm), income }
}

interface Claim {
  readonly leaf: Leaf
  readonly index: bigint
  readonly proof: Hex
}

/** Wei credited; none for a leaf that had been. Throws BadState and BadProof. */
function claimLeaf(context: RewardsContext, requestId: Hex, { leaf, index, proof }: Claim): bigint {
  const { gas, revert, storage, view, log } = context
  const { words } = paymentAt(context, requestId, 'receiptId')
  if (words.state !== paymentState.settled)
    throw revert('BadState', [words.state, paymentState.settled])
  const { sumRoot, total } = view(receipts, 'status', [words.receiptId])
  const bytes = fromHex(proof)
  gas.charge(nodeGas * BigInt(Math.ceil(bytes.length / 40) + 2))
  const place = verifySumProof(
    { root: fromHex(sumRoot), total },
    { leaf: hashSumLeaf(leaf), weight: leaf.weight, index, proof: bytes },
  )
  if (!place || total === 0n) throw revert('BadProof', [])
  if (isClaimed(context, requestId, index)) return 0n
  const bits = rewardsState(storage)
    .claimed.at(requestId)
    .at(index / 256n)
  bits.set(bits.get() | (1n << (index % 256n)))
  const settlement = rewardsState(storage).settlements.at(requestId)
  const { data, creditedLeaves, creditedData, protocolAccount } = settlement.load()
  const amount = shareAt(data, { offset: place.offset, weight: leaf.weight, total })
  settlement.store({ creditedLeaves: creditedLeaves + 1, creditedData: creditedData + amount })
  const account = contributorOf(context, leaf.contributionId, protocolAccount)
  creditAccount(context, account, amount)
  log('Credited', { account, requestId, contributionId: leaf.contributionId, index, amount })
  return amount
}

const isClaimed = ({ storage }: RewardsContext, requestId: Hex, index: bigint): boolean =>
  ((rewardsState(storage)
    .claimed.at(requestId)
    .at(index / 256n)
    .get() >>
    (index % 256n)) &
    1n) ===
  1n
