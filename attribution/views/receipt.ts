/**
 * A receipt as one answer: what was recorded, under which method, the leaves of its tree with a proof
 * each, what each is worth, and (where the answer stands in the chain) the spans behind them.
 */
import { decodeFunctionData } from 'viem'
import { toHex, type Address, type Hex } from '../../primitives/index.ts'
import { moduleAbis, moduleAddresses } from '../abi.ts'
import { buildSumTree, proveSumLeaf, shareAt } from '../methods/index.ts'
import { methodClasses, nameOf, receiptStates } from './names.ts'
import { methodView } from './objects.ts'
import { events, read, type ChainReader } from './reader.ts'

export interface LeafView {
  readonly index: number
  readonly clusterId: bigint
  /** The batch. */
  readonly contributionId: bigint
  readonly contributor: Address
  readonly weight: bigint
  /** Sum of the weights before it. */
  readonly offset: bigint
  /** For IRewards.claim and IReceipts.verifyShare. */
  readonly proof: Hex
}

/** undefined for an id no receipt has. */
export async function receiptView(reader: ChainReader, receiptId: Hex) {
  const [committed] = await events(reader, 'receipts', 'ReceiptCommitted', { receiptId })
  if (!committed) return undefined
  const { class_, ...status } = await read(reader, 'receipts', 'status', [receiptId])
  const [challenge] = await events(reader, 'receipts', 'ReceiptChallenged', { receiptId })
  const [resolution] = await events(reader, 'receipts', 'ReceiptResolved', { receiptId })
  return {
    receiptId,
    ...committed.args.receipt,
    state: nameOf(receiptStates, status.state),
    class: nameOf(methodClasses, class_),
    committer: status.committer,
    bond: status.bond,
    committedBlock: status.committedBlock,
    finalBlock: status.finalBlock,
    transactionHash: committed.transactionHash,
    method: await methodView(reader, status.methodId),
    challenge: challenge && {
      by: challenge.args.by,
      ground: challenge.args.ground,
      bond: challenge.args.bond,
      upheld: resolution?.args.upheld,
      loser: resolution?.args.loser,
      amount: resolution?.args.amount,
    },
  }
}

/** The leaves the logs hold, in the order of the tree; undefined when they lie elsewhere. */
export async function leavesView(
  reader: ChainReader,
  receiptId: Hex,
): Promise<readonly LeafView[] | undefined> {
  const [logged] = await events(reader, 'receipts', 'ReceiptLeaves', { receiptId })
  if (!logged) return undefined
  const tree = buildSumTree(logged.args.leaves)
  const leaves: LeafView[] = []
  let offset = 0n
  for (const [index, leaf] of tree.leaves.entries()) {
    const batch = await read(reader, 'datanet', 'batch', [leaf.contributionId])
    leaves.push({
      index,
      ...leaf,
      contributor: batch.contributor,
      offset,
      proof: toHex(proveSumLeaf(tree, index)),
    })
    offset += leaf.weight
  }
  return leaves
}

/** Wei of a leaf in a pool of the receipt's total. */
export const amountOf = (pool: bigint, total: bigint, { offset, weight }: LeafView): bigint =>
  total === 0n ? 0n : shareAt(pool, { offset, weight, total })

/**
 * The spans behind a receipt that `attribute` made, computed again by the module over the same
 * version; undefined when the answer is not in the transaction's own call.
 */
export async function spansView(
  reader: ChainReader,
  receipt: { readonly transactionHash: Hex; readonly versionId: bigint; readonly methodId: number },
) {
  const answer = await answerOf(reader, receipt.transactionHash)
  if (!answer) return undefined
  const [spans] = await read(reader, 'receipts', 'preview', [
    receipt.versionId,
    receipt.methodId,
    answer,
  ])
  return { answer, spans }
}

async function answerOf(reader: ChainReader, hash: Hex): Promise<Hex | undefined> {
  const transaction = await reader.transaction(hash)
  if (transaction?.to?.toLowerCase() !== moduleAddresses.receipts) return undefined
  const { functionName, args } = decodeFunctionData({
    abi: moduleAbis.receipts,
    data: transaction.input,
  })
  return functionName === 'attribute' ? args[3] : undefined
}
