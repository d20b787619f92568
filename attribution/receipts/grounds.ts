/**
 * What a doubt can show in one transaction: the whole computed again, one token of it, a proof of other
 * spans, a leaf that may not be there, two leaves out of order. Answers whether the receipt survives; what
 * shows nothing (no leaf of this receipt, another answer) is refused and decides nothing.
 */
import { fromHex, type Hex, invariant } from '../../primitives/index.ts'
import { nodeGas } from '../limits.ts'
import { hashSumLeaf, verifySumProof } from '../merkle/sum-tree.ts'
import { byClusterThenBatch } from '../methods/ngram-claim.ts'
import { verifyCell } from '../methods/ngram-cells.ts'
import { baseId, tokenUnit } from '../methods/ngram-weights.ts'
import { openAnswer } from '../ngram/native.ts'
import { type SpanResult, verifySpanReceipt } from '../span/native.ts'
import { textWord } from '../words.ts'
import { receiptIdOf, sumOf } from './commit.ts'
import { methodAt, ngramMethod, spanMethod } from './methods.ts'
import { type NativePorts, runNative } from './native.ts'
import { datanet, ground, type Leaf, type ReceiptsContext, type StoredReceipt } from './state.ts'

const leaf = {
  type: 'tuple',
  components: [
    { name: 'clusterId', type: 'uint256' },
    { name: 'contributionId', type: 'uint256' },
    { name: 'weight', type: 'uint64' },
  ],
} as const
const badLeafParameters = [leaf, { type: 'uint256' }, { type: 'bytes' }] as const
const wrongSpansParameters = [{ type: 'bytes' }, { type: 'bytes' }] as const
const wrongOrderParameters = [
  leaf,
  { type: 'bytes' },
  leaf,
  { type: 'bytes' },
  { type: 'uint256' },
] as const
const wrongTokenParameters = [
  { type: 'bytes' },
  leaf,
  { type: 'bytes' },
  { type: 'bytes32' },
  {
    type: 'tuple',
    components: [
      { name: 'index', type: 'uint256' },
      { name: 'token', type: 'uint32' },
      { name: 'weight', type: 'uint64' },
      { name: 'cellsRoot', type: 'bytes32' },
      { name: 'cellsTotal', type: 'uint64' },
      { name: 'cellProof', type: 'bytes' },
      { name: 'evidenceTotal', type: 'uint64' },
      { name: 'evidenceProof', type: 'bytes' },
    ],
  },
] as const

/** The receipt that is doubted, and by what. */
interface Shown {
  readonly receiptId: Hex
  readonly receipt: StoredReceipt
  readonly reason: number
  readonly data: Hex
}

/** Whether the receipt survives what the challenger shows. */
export function stands(context: ReceiptsContext, ports: NativePorts, shown: Shown): boolean {
  const { decode } = context
  const { receipt, reason, data } = shown
  switch (reason) {
    case ground.replay: {
      const answer = checkAnswer(context, receipt, data)
      return isSame(context, receipt, repeat(context, ports, receipt, answer))
    }
    case ground.badLeaf: {
      const [one, index, proof] = decode(badLeafParameters, data)
      return isGoodLeaf(context, receipt, one, index, fromHex(proof))
    }
    case ground.wrongToken:
      return isRightToken(context, ports, shown)
    case ground.wrongOrder: {
      const [first, firstProof, second, secondProof, index] = decode(wrongOrderParameters, data)
      checkPlace(context, receipt, first, index, fromHex(firstProof))
      checkPlace(context, receipt, second, index + 1n, fromHex(secondProof))
      return byClusterThenBatch(first, second) < 0
    }
    default: {
      invariant(reason === ground.wrongSpans, 'the other grounds are not decided at once')
      const [text, witness] = decode(wrongSpansParameters, data)
      const answer = checkAnswer(context, receipt, text)
      return isSame(context, receipt, proveSpans(context, receipt, answer, witness))
    }
  }
}

/** The method again, over the whole answer. */
export function repeat(
  context: ReceiptsContext,
  ports: NativePorts,
  { versionId, methodId, assetId }: StoredReceipt,
  answer: Uint8Array,
): SpanResult {
  return runNative(context, ports, methodId, { versionId, answer, assetId })
}

export function proveSpans(
  context: ReceiptsContext,
  { methodId, versionId }: StoredReceipt,
  answer: Uint8Array,
  witness: Hex,
): SpanResult {
  if (methodId !== spanMethod) throw context.revert('InvalidArgument', [textWord('ground')])
  return verifySpanReceipt(context, versionId, answer, fromHex(witness))
}

/** The answer's bytes, when they are the receipt's and the method is one that can be repeated. */
export function checkAnswer(
  context: ReceiptsContext,
  receipt: StoredReceipt,
  answer: Hex,
): Uint8Array {
  const { revert, keccak } = context
  if (!methodAt(receipt.methodId)?.isNative) throw revert('InvalidArgument', [textWord('ground')])
  const bytes = fromHex(answer)
  if (keccak(bytes) !== receipt.outputHash) throw revert('BadProof', [])
  return bytes
}

export function isSame(
  context: ReceiptsContext,
  receipt: StoredReceipt,
  { leaves }: Pick<SpanResult, 'leaves'>,
): boolean {
  const { sumRoot, total } = sumOf(context, leaves)
  return sumRoot === receipt.sumRoot && total === receipt.total && leaves.length === receipt.leaves
}

/** Throws BadProof when the leaf is none of the receipt's. */
function isGoodLeaf(
  context: ReceiptsContext,
  receipt: StoredReceipt,
  one: Leaf,
  index: bigint,
  proof: Uint8Array,
): boolean {
  const { view } = context
  checkPlace(context, receipt, one, index, proof)
  if (receipt.methodId === ngramMethod && one.contributionId === baseId) return one.clusterId === 0n
  const [contributor, clusterId] = view(datanet, 'contributionOf', [one.contributionId])
  if (BigInt(contributor) === 0n || clusterId !== one.clusterId) return false
  return view(datanet, 'hasBatch', [receipt.versionId, one.contributionId])
}

/**
 * One cell of an n-gram receipt against the token computed again. The answer says how many tokens there
 * are, and so what the receipt's total and the shape of its cells must be.
 */
function isRightToken(
  context: ReceiptsContext,
  ports: NativePorts,
  { receiptId, receipt, data }: Shown,
): boolean {
  const { decode, gas, revert } = context
  if (receipt.methodId !== ngramMethod) throw revert('InvalidArgument', [textWord('ground')])
  const [text, one, proof, evidenceHash, cell] = decode(wrongTokenParameters, data)
  const opened = openAnswer(context, ports, receipt.versionId, checkAnswer(context, receipt, text))
  if (receipt.total !== tokenUnit * BigInt(opened.length)) return false
  if (receiptIdOf(context, { ...receipt, evidenceHash }) !== receiptId) throw revert('BadProof', [])
  checkPlace(context, receipt, one, cell.index, fromHex(proof))
  const cellProof = fromHex(cell.cellProof)
  const evidenceProof = fromHex(cell.evidenceProof)
  gas.charge(nodesOf(cellProof) + nodesOf(evidenceProof))
  const batch = one.contributionId
  const shape = verifyCell(evidenceHash, { ...cell, batch, cellProof, evidenceProof })
  if (!shape || cell.token >= opened.length) throw revert('BadProof', [])
  if (shape.tokens !== opened.length || shape.batches !== receipt.leaves) return false
  if (cell.evidenceTotal !== receipt.total || cell.cellsTotal !== one.weight) return false
  return (opened.weightsOf(cell.token).get(batch) ?? 0n) === cell.weight
}

const nodesOf = (proof: Uint8Array): bigint => nodeGas * BigInt(Math.ceil(proof.length / 40) + 2)

function checkPlace(
  context: ReceiptsContext,
  receipt: StoredReceipt,
  one: Leaf,
  index: bigint,
  proof: Uint8Array,
): void {
  if (!placeOf(context, receipt, one, index, proof)) throw context.revert('BadProof', [])
}

/** Where a leaf stands in a receipt's tree; undefined: nowhere. */
export function placeOf(
  { gas }: Pick<ReceiptsContext, 'gas'>,
  { sumRoot, total }: Pick<StoredReceipt, 'sumRoot' | 'total'>,
  one: Leaf,
  index: bigint,
  proof: Uint8Array,
) {
  gas.charge(nodesOf(proof))
  return verifySumProof(
    { root: fromHex(sumRoot), total },
    { leaf: hashSumLeaf(one), weight: one.weight, index, proof },
  )
}
