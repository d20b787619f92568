/**
 * A receipt as one answer: what was recorded, under which method, the leaves of its tree with a proof
 * each, what each is worth, and (where the answer stands in the chain) the spans behind them.
 */
import { decodeFunctionData } from 'viem/utils'
import { toHex, type Address, type Hex } from '../../primitives/index.ts'
import { moduleAbis, moduleAddresses } from '../abi.ts'
import { buildSumTree, proveSumLeaf, shareAt, type SumLeaf } from '../methods/index.ts'
import { auditStates, methodClasses, nameOf, receiptStates } from './names.ts'
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
  const [audit, lastAnswerBlock, tokens] = await read(reader, 'receipts', 'audit', [
    receiptId,
    status.committer,
  ])
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
    /** `tokens`: what the committer has repeated of a long answer. */
    audit: { state: nameOf(auditStates, audit), lastAnswerBlock, tokens },
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

/**
 * The leaves in the order of the tree: from the log of `attribute`, else computed again where the answer
 * stands in the chain, else as they were shown when the fee was settled or claimed. undefined when none of
 * these gives the receipt's own root.
 */
export async function leavesView(
  reader: ChainReader,
  receiptId: Hex,
): Promise<readonly LeafView[] | undefined> {
  const plain = await plainLeaves(reader, receiptId)
  if (!plain) return undefined
  const tree = buildSumTree(plain)
  const leaves: LeafView[] = []
  let offset = 0n
  for (const [index, leaf] of tree.leaves.entries()) {
    // Zero for the leaf of an epoch that is nobody's.
    const [contributor] = await read(reader, 'datanet', 'contributionOf', [leaf.contributionId])
    leaves.push({
      index,
      ...leaf,
      contributor,
      offset,
      proof: toHex(proveSumLeaf(tree, index)),
    })
    offset += leaf.weight
  }
  return leaves
}

async function plainLeaves(
  reader: ChainReader,
  receiptId: Hex,
): Promise<readonly SumLeaf[] | undefined> {
  const [logged] = await events(reader, 'receipts', 'ReceiptLeaves', { receiptId })
  if (logged) return logged.args.leaves
  const [committed] = await events(reader, 'receipts', 'ReceiptCommitted', { receiptId })
  if (!committed) return undefined
  const { requestId, versionId, methodId, sumRoot } = committed.args.receipt
  const answer = await answerOf(reader, receiptId, committed.transactionHash)
  if (answer) {
    const call = [versionId, methodId, answer] as const
    const [, leaves, root] = await read(reader, 'receipts', 'preview', call)
    return root === sumRoot ? leaves : undefined
  }
  const shown = await shownLeaves(reader, requestId)
  return shown.length > 0 && toHex(buildSumTree(shown).root) === sumRoot ? shown : undefined
}

/** What `settle` and `claim` showed of a request's tree, in transactions that called IRewards themselves. */
async function shownLeaves(reader: ChainReader, requestId: Hex): Promise<readonly SumLeaf[]> {
  const paid = await events(reader, 'rewards', 'Credited', { requestId })
  const leaves = new Map<bigint, SumLeaf>()
  for (const hash of new Set(paid.map(({ transactionHash }) => transactionHash))) {
    const transaction = await reader.transaction(hash)
    if (transaction?.to?.toLowerCase() !== moduleAddresses.rewards) continue
    const call = decodeFunctionData({ abi: moduleAbis.rewards, data: transaction.input })
    if (call.functionName === 'settle') return call.args[1]
    if (call.functionName !== 'claim') continue
    const [requestIds, claimed, indexes] = call.args
    for (const [i, id] of requestIds.entries()) {
      const [leaf, index] = [claimed[i], indexes[i]]
      if (id === requestId && leaf && index !== undefined) leaves.set(index, leaf)
    }
  }
  return [...leaves].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, leaf]) => leaf)
}

/** Wei of a leaf in a pool of the receipt's total. */
export const amountOf = (pool: bigint, total: bigint, { offset, weight }: LeafView): bigint =>
  total === 0n ? 0n : shareAt(pool, { offset, weight, total })

/**
 * The spans behind a receipt, computed again by the module over the same version; undefined when the
 * answer is nowhere in the chain.
 */
export async function spansView(
  reader: ChainReader,
  receipt: {
    readonly receiptId: Hex
    readonly transactionHash: Hex
    readonly versionId: bigint
    readonly methodId: number
  },
) {
  const { receiptId, transactionHash, versionId, methodId } = receipt
  const answer = await answerOf(reader, receiptId, transactionHash)
  if (!answer) return undefined
  // Shares of tokens have no spans, and a long answer does not fit one call.
  if (methodId === ngramMethod) return { answer, spans: [] }
  const [spans] = await read(reader, 'receipts', 'preview', [versionId, methodId, answer])
  return { answer, spans }
}

/** From the call of `attribute`, or from the challenge or answer that had the receipt computed again. */
async function answerOf(reader: ChainReader, receiptId: Hex, made: Hex): Promise<Hex | undefined> {
  const own = await moduleCall(reader, made)
  if (own?.functionName === 'attribute') return own.args[3]
  const [repeated] = await events(reader, 'receipts', 'ReceiptLeaves', { receiptId })
  const shown = repeated && (await moduleCall(reader, repeated.transactionHash))
  if (shown?.functionName === 'answer' || shown?.functionName === 'answerInPieces')
    return shown.args[1]
  const [challenged] = await events(reader, 'receipts', 'ReceiptChallenged', { receiptId })
  if (challenged?.args.ground !== replay) return undefined
  const call = await moduleCall(reader, challenged.transactionHash)
  return call?.functionName === 'challenge' ? call.args[2] : undefined
}

/** Of receipts/methods.ts. */
const ngramMethod = 7
/** IReceipts.Ground.Replay: its data is the answer. */
const replay = 0

/** A transaction's own call of the receipts module; undefined when a contract called it. */
async function moduleCall(reader: ChainReader, hash: Hex) {
  const transaction = await reader.transaction(hash)
  if (transaction?.to?.toLowerCase() !== moduleAddresses.receipts) return undefined
  return decodeFunctionData({ abi: moduleAbis.receipts, data: transaction.input })
}
