/**
 * Span provenance (A1) as a method of receipts: which batches of a version an answer's maximal spans are
 * credited to, with which weights. Two ways to one result: computed from the index of a held version,
 * or read from a proof under the index root of any version. Exact integers; the first row that has a
 * span gets all of it, so a verbatim copy registered later gets nothing.
 */
import type { Context } from '../../execution/native/index.ts'
import { fromHex, type Hex } from '../../primitives/index.ts'
import { datanetAbi, moduleAddresses, receiptsAbi } from '../abi.ts'
import { findSpans, firstDocument, spanWeight, type SpanIndex } from '../methods/span.ts'
import { maxAnswerTokens, verifySpans } from '../methods/span-proof.ts'
import { encodeQuery, tokensOf } from '../methods/tokens.ts'
import { byClusterThenBatch } from '../methods/ngram-claim.ts'
import { indexOf } from './index-of.ts'
import { textWord } from '../words.ts'

/** Indexes of held versions, which the node keeps (node/corpora.ts). */
export interface Corpora {
  /** Throws MissingData when it is not at hand: never answers "none". */
  indexOf(version: { readonly versionId: bigint; readonly indexRoot: Hex }): SpanIndex
}

/** Least tokens of a span that is paid (attribution notes 2.4: more loses accuracy, fewer adds noise). */
export const paidSpanTokens = 2
/** Credits to more batches than this are more than one answer can owe. */
export const maxLeaves = 256

/** attribution notes 1.1, at 30 Mgas/s with threefold safety: 10k + 60 L log2(n) + 300 a span. */
const baseGas = 10_000n
const tokenStepGas = 60n
const spanGas = 300n
/** Opening a leaf of a witness, or comparing two of its tokens. */
const witnessStepGas = 200n

export interface CreditedSpan {
  readonly start: number
  readonly length: number
  /** In the corpus; 0 when a proof does not say. */
  readonly occurrences: number
  readonly row: bigint
  readonly weight: bigint
  readonly contributionId: bigint
}

export interface CreditedLeaf {
  readonly clusterId: bigint
  readonly contributionId: bigint
  readonly weight: bigint
}

export interface SpanResult {
  /** By start. */
  readonly spans: readonly CreditedSpan[]
  /** By (clusterId, contributionId); a batch that earned nothing has none. */
  readonly leaves: readonly CreditedLeaf[]
}

type SpanContext = Pick<Context<typeof receiptsAbi>, 'view' | 'gas' | 'revert' | 'allowsLargeData'>
type FoundSpan = Omit<CreditedSpan, 'contributionId'>

const datanet = { address: moduleAddresses.datanet, abi: datanetAbi }

/** Computed from the index. Reverts NotFound, NotHeld, LimitExceeded. */
export function attributeHeld(
  context: SpanContext,
  corpora: Corpora,
  versionId: bigint,
  answer: Uint8Array,
): SpanResult {
  const { gas, revert } = context
  const version = context.view(datanet, 'version', [versionId])
  if (version.state !== held) throw revert('NotHeld', [versionId])
  const length = countTokens(context, answer)
  gas.charge(baseGas + tokenStepGas * BigInt(length) * BigInt(bitLength(version.tokens)))
  const index = indexOf(context, corpora, { versionId, ...version })
  const query = encodeQuery(answer, index.corpus.vocabulary)
  const spans = findSpans(index, query, paidSpanTokens).map((span): FoundSpan => ({
    start: span.start,
    length: span.length,
    occurrences: span.high - span.low,
    row: BigInt(firstDocument(index, span)),
    weight: BigInt(spanWeight(index, query, span)),
  }))
  return creditBatches(context, versionId, spans)
}

/** Read from a proof, of a held version or an external one. Reverts NotFound, LimitExceeded, BadProof. */
export function verifySpanReceipt(
  context: SpanContext,
  versionId: bigint,
  answer: Uint8Array,
  witness: Uint8Array,
): SpanResult {
  const { gas, revert } = context
  const version = context.view(datanet, 'version', [versionId])
  gas.charge(baseGas + tokenStepGas * BigInt(countTokens(context, answer)))
  gas.charge(witnessWordGas * BigInt(Math.ceil(witness.length / 32)))
  const question = { answer, minLength: paidSpanTokens }
  const proven = verifySpans(fromHex(version.indexRoot), question, witness, () =>
    gas.charge(witnessStepGas),
  )
  if (!proven) throw revert('BadProof', [])
  const spans = proven.map(({ start, length, document, weight }): FoundSpan => ({
    start,
    length,
    occurrences: 0,
    row: BigInt(document),
    weight: BigInt(weight),
  }))
  return creditBatches(context, versionId, spans)
}

/** IDatanet.VersionState.Held. */
const held = 2
/** Decoding and hashing what is opened. */
const witnessWordGas = 60n

const bitLength = (value: bigint): number => value.toString(2).length

/** 64 KiB: 32 bytes for each token there may be. */
const maxAnswerBytes = 65_536
/** Splitting into tokens is a pass over bytes that a contract may have for nothing. */
const byteGas = 8n

/** For reading it once; throws LimitExceeded. */
export function chargeAnswer({ gas, revert }: SpanContext, answer: Uint8Array): void {
  if (answer.length > maxAnswerBytes)
    throw revert('LimitExceeded', [textWord('answer'), BigInt(maxAnswerBytes)])
  gas.charge(byteGas * BigInt(answer.length))
}

/** For reading it once; throws LimitExceeded. */
export function countTokens(context: SpanContext, answer: Uint8Array): number {
  const { revert } = context
  chargeAnswer(context, answer)
  const { length } = tokensOf(answer)
  if (length > maxAnswerTokens)
    throw revert('LimitExceeded', [textWord('answer'), BigInt(maxAnswerTokens)])
  return length
}

/**
 * Rows to batches and their clusters, asked of the datanet module and paid for like any view. A batch
 * whose weights sum to nothing or less has no leaf.
 */
export function creditBatches(
  context: SpanContext,
  versionId: bigint,
  found: readonly FoundSpan[],
): SpanResult {
  const { view, gas, revert } = context
  gas.charge(spanGas * BigInt(found.length))
  const batchOfRow = new Map<bigint, bigint>()
  const leaves = new Map<bigint, CreditedLeaf>()
  const spans = found.map((span): CreditedSpan => {
    const known = batchOfRow.get(span.row)
    const contributionId = known ?? view(datanet, 'partOfRow', [versionId, span.row]).batchId
    batchOfRow.set(span.row, contributionId)
    const leaf = leaves.get(contributionId)
    if (!leaf && leaves.size === maxLeaves)
      throw revert('LimitExceeded', [textWord('leaves'), BigInt(maxLeaves)])
    leaves.set(contributionId, {
      clusterId: leaf?.clusterId ?? view(datanet, 'contributionOf', [contributionId])[1],
      contributionId,
      weight: (leaf?.weight ?? 0n) + span.weight,
    })
    return { ...span, contributionId }
  })
  const earning = [...leaves.values()].filter(({ weight }) => weight > 0n)
  return { spans, leaves: earning.toSorted(byClusterThenBatch) }
}
