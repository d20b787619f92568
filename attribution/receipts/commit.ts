/**
 * How a receipt comes to be: `attribute` runs a native method in the transaction and is final at once;
 * `commit` states a result under a bond. Both bind a paid, unanswered request of an asset to a version
 * that the asset was made from.
 */
import { fromHex, type Hex, type Secp256k1, toHex } from '../../primitives/index.ts'
import { maxShownLeaves, nodeGas } from '../limits.ts'
import { buildSumTree } from '../merkle/sum-tree.ts'
import { readParam } from '../params/module.ts'
import { tokenUnit } from '../methods/ngram-weights.ts'
import { checkNgramVersion } from '../ngram/native.ts'
import { type Corpora, maxLeaves, type SpanResult } from '../span/native.ts'
import { idWord, textWord, zeroAddress, zeroWord } from '../words.ts'
import { checkAttesters } from './attesters.ts'
import { bondFor, drawBlocks } from './audit.ts'
import { type Method, methodAt, methodClass, ngramMethod, windowOf } from './methods.ts'
import { isScored, type NativePorts, runNative } from './native.ts'
import {
  datanet,
  lineage,
  type Receipt,
  receiptsState,
  type ReceiptsContext,
  type ReceiptsHandlers,
  receiptState,
  rewards,
} from './state.ts'

/** IRewards.PaymentState.Escrowed, IDatanet.VersionState.Abandoned. */
const escrowed = 1
const abandoned = 3

const receiptParameters = [
  {
    type: 'tuple',
    components: [
      { name: 'requestId', type: 'bytes32' },
      { name: 'assetId', type: 'uint256' },
      { name: 'versionId', type: 'uint256' },
      { name: 'methodId', type: 'uint16' },
      { name: 'outputHash', type: 'bytes32' },
      { name: 'sumRoot', type: 'bytes32' },
      { name: 'total', type: 'uint64' },
      { name: 'leaves', type: 'uint32' },
      { name: 'evidenceHash', type: 'bytes32' },
    ],
  },
] as const

export interface ReceiptsPorts {
  /** Indexes of held versions. */
  readonly corpora: Corpora
  /** For attesters' signatures. */
  readonly secp256k1: Pick<Secp256k1, 'recover'>
}

export const createCommitHandlers = (
  ports: ReceiptsPorts & NativePorts,
): Pick<ReceiptsHandlers, 'attribute' | 'commit' | 'preview'> => ({
  attribute(context, [requestId, versionId, methodId, answer]) {
    const method = nativeMethod(context, methodId)
    const { assetId } = checkRequest(context, requestId, versionId)
    if (isScored(methodId) && readParam(context, 'receipts.netted') > 0n)
      throw context.revert('InvalidArgument', [textWord('methodId')])
    const bytes = fromHex(answer)
    const { leaves } = runNative(context, ports, methodId, {
      versionId,
      answer: bytes,
      assetId,
    })
    const { sumRoot, total } = sumOf(context, leaves)
    const receipt: Receipt = {
      requestId,
      assetId,
      versionId,
      methodId,
      outputHash: context.keccak(bytes),
      sumRoot,
      total,
      leaves: leaves.length,
      evidenceHash: zeroWord,
    }
    const receiptId = store(context, receipt, method, {
      bond: 0n,
      auditBps: 0,
      answerBlocks: 0,
      finalBlock: context.block.number,
    })
    context.log('ReceiptLeaves', { receiptId, leaves })
    context.log('ReceiptFinal', { receiptId })
    return receiptId
  },
  commit(context, [receipt, signatures]) {
    const { message, block, revert, view } = context
    const method = methodAt(receipt.methodId)
    if (!method) throw revert('InvalidArgument', [textWord('methodId')])
    // Another native method has no proof that a challenge could show: it is computed by `attribute` alone.
    if (method.isNative && !method.isAudited)
      throw revert('InvalidArgument', [textWord('methodId')])
    const { assetId, amount } = checkRequest(context, receipt.requestId, receipt.versionId)
    const terms = bondFor(context, method, amount)
    if (message.value !== terms.bond) throw revert('InsufficientValue', [message.value, terms.bond])
    if (receipt.assetId !== assetId) throw revert('InvalidArgument', [textWord('assetId')])
    if (view(datanet, 'version', [receipt.versionId]).state === abandoned)
      throw revert('InvalidArgument', [textWord('versionId')])
    if (receipt.total === 0n ? receipt.leaves !== 0 : receipt.leaves === 0)
      throw revert('InvalidArgument', [textWord('leaves')])
    if (receipt.total === 0n && receipt.sumRoot !== zeroWord)
      throw revert('InvalidArgument', [textWord('sumRoot')])
    if (method.class === methodClass.declared) checkDeclared(context, receipt)
    if (receipt.methodId === ngramMethod) checkNgrams(context, receipt)
    const { secp256k1 } = ports
    const signers = checkAttesters(context, secp256k1, receipt, signatures, method.signatures)
    const window = windowOf(context, method)
    const least = method.isAudited && window < drawBlocks ? drawBlocks : window
    const finalBlock = block.number + least
    const receiptId = store(context, receipt, method, { ...terms, finalBlock })
    if (signers.length > 0) receiptsState(context.storage).signersOf.at(receiptId).store(signers)
    return receiptId
  },
  preview(context, [versionId, methodId, answer]) {
    nativeMethod(context, methodId)
    const found = runNative(context, ports, methodId, { versionId, answer: fromHex(answer) })
    const { sumRoot, total } = sumOf(context, found.leaves)
    return [found.spans, found.leaves, sumRoot, total]
  },
})

/** A fixed split names who gets what, and few enough that a settlement can look at each. */
function checkDeclared({ revert }: ReceiptsContext, { leaves }: Receipt): void {
  if (leaves === 0) throw revert('InvalidArgument', [textWord('leaves')])
  if (leaves > maxShownLeaves)
    throw revert('LimitExceeded', [textWord('leaves'), BigInt(maxShownLeaves)])
}

function nativeMethod({ revert }: ReceiptsContext, methodId: number): Method {
  const method = methodAt(methodId)
  if (!method?.isNative) throw revert('InvalidArgument', [textWord('methodId')])
  return method
}

/** Shares of tokens, over a version of which any token can be repeated. */
function checkNgrams(context: ReceiptsContext, { versionId, total, leaves }: Receipt): void {
  checkNgramVersion(context, versionId)
  if (total === 0n || total % tokenUnit !== 0n)
    throw context.revert('InvalidArgument', [textWord('total')])
  if (leaves > maxLeaves)
    throw context.revert('LimitExceeded', [textWord('leaves'), BigInt(maxLeaves)])
}

/** The request's payment. */
export function checkRequest(context: ReceiptsContext, requestId: Hex, versionId: bigint) {
  const { message, storage, revert, view } = context
  const payment = view(rewards, 'payment', [requestId])
  if (payment.state === 0) throw revert('NotFound', [requestId])
  if (payment.state !== escrowed) throw revert('BadState', [payment.state, escrowed])
  const { owner, provider } = view(lineage, 'asset', [payment.assetId])
  const isProvider = provider !== zeroAddress && message.caller === provider
  if (message.caller !== owner && !isProvider) throw revert('NotAuthorized', [message.caller])
  if (!view(lineage, 'usesVersion', [payment.assetId, versionId]))
    throw revert('InvalidArgument', [textWord('versionId')])
  const known = receiptsState(storage).receiptOf.at(requestId).get()
  if (known !== zeroWord) throw revert('AlreadyExists', [known])
  return payment
}

/** Root over the leaves; nothing for none. A sum tree costs two hashes a leaf. */
export function sumOf(
  { gas, revert }: ReceiptsContext,
  leaves: SpanResult['leaves'],
): { readonly sumRoot: Hex; readonly total: bigint } {
  if (leaves.length === 0) return { sumRoot: zeroWord, total: 0n }
  gas.charge(2n * nodeGas * BigInt(leaves.length))
  if (leaves.reduce((sum, { weight }) => sum + weight, 0n) >= 2n ** 64n)
    throw revert('InvalidArgument', [textWord('weight')])
  const { root, total } = buildSumTree(leaves)
  return { sumRoot: toHex(root), total }
}

/** keccak256(abi.encode(receipt)). */
export const receiptIdOf = ({ keccak, encode }: ReceiptsContext, receipt: Receipt): Hex =>
  keccak(encode(receiptParameters, [receipt]))

function store(
  context: ReceiptsContext,
  receipt: Receipt,
  method: Method,
  terms: ReturnType<typeof bondFor> & { readonly finalBlock: bigint },
): Hex {
  const { message, block, storage, revert } = context
  const { bond, finalBlock } = terms
  const receiptId = receiptIdOf(context, receipt)
  const state = receiptsState(storage)
  const entry = state.receipts.at(receiptId)
  if (entry.state.get() !== receiptState.none) throw revert('AlreadyExists', [receiptId])
  const isCommitted = bond > 0n
  if (receipt.assetId >= 2n ** 64n || receipt.versionId >= 2n ** 64n)
    throw revert('NotFound', [idWord(receipt.assetId)])
  entry.store({
    state: isCommitted ? receiptState.committed : receiptState.final,
    class_: method.class,
    methodId: receipt.methodId,
    finalBlock,
    committedBlock: block.number,
    leaves: receipt.leaves,
    total: receipt.total,
    sumRoot: receipt.sumRoot,
    requestId: receipt.requestId,
    committer: message.caller,
    assetId: receipt.assetId,
    versionId: receipt.versionId,
    bond,
    auditBps: terms.auditBps,
    answerBlocks: terms.answerBlocks,
    ...(isCommitted && { outputHash: receipt.outputHash }),
  })
  state.receiptOf.at(receipt.requestId).set(receiptId)
  context.log('ReceiptCommitted', {
    receiptId,
    assetId: receipt.assetId,
    requestId: receipt.requestId,
    receipt,
    committer: message.caller,
    finalBlock,
  })
  return receiptId
}
