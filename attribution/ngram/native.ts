/**
 * n-gram shares (A5) as a method of receipts: the batches of a held version whose rows the probability of
 * an answer's tokens comes from. One token can be repeated in a transaction, the whole of a long answer
 * cannot; so a receipt is stated with the root of its cells (cells.ts) and doubted token by token. Exact
 * integers; what nobody stands behind is a leaf of batch 0, which is paid to the treasury.
 */
import type { Context } from '../../execution/native/index.ts'
import { datanetAbi, moduleAddresses, type receiptsAbi } from '../abi.ts'
import {
  askedAt,
  byClusterThenBatch,
  type NgramText,
  readNgramText,
} from '../methods/ngram-claim.ts'
import { baseId, tokenWeights } from '../methods/ngram-weights.ts'
import type { SpanIndex } from '../methods/span.ts'
import { encodeQuery } from '../methods/tokens.ts'
import {
  type Corpora,
  countTokens,
  type CreditedLeaf,
  maxLeaves,
  type SpanResult,
} from '../span/native.ts'
import { indexOf } from '../span/index-of.ts'
import { textWord } from '../words.ts'

type NgramContext = Pick<Context<typeof receiptsAbi>, 'view' | 'gas' | 'revert' | 'allowsLargeData'>

/**
 * Versions that one token can be repeated over within half of a transaction's gas, whatever they hold:
 * a token of five contexts reads every position ten times at worst.
 */
const maxPositions = 200_000n
const maxRows = 16_384n
const maxBatches = 256

/** Half of the transaction's gas (EIP-7825): no call may cost more. */
const maxGas = 2n ** 23n
/** Threefold over the measured worst (npm run bench:natives): a token, and what it looks at. */
const tokenGas = 40_000n
const stepGas = 2n
/** Figures of the whole version; every call pays for them, though a node keeps them. */
const positionGas = 16n

const datanet = { address: moduleAddresses.datanet, abi: datanetAbi }
/** IDatanet.VersionState.Held. */
const held = 2

export interface NgramReader {
  textOf(index: SpanIndex): NgramText
}

export interface NgramPorts {
  readonly corpora: Corpora
  readonly ngrams: NgramReader
}

export function createNgramReader(): NgramReader {
  const kept = new WeakMap<SpanIndex, NgramText>()
  return {
    textOf(index) {
      const found = kept.get(index) ?? readNgramText(index)
      kept.set(index, found)
      return found
    },
  }
}

/** Refuses versions over which a token costs too much. Reverts NotFound, NotHeld, LimitExceeded. */
export function checkNgramVersion({ view, revert }: NgramContext, versionId: bigint): void {
  const version = view(datanet, 'version', [versionId])
  if (version.state !== held) throw revert('NotHeld', [versionId])
  if (version.tokens > maxPositions)
    throw revert('LimitExceeded', [textWord('tokens'), maxPositions])
  if (version.rows > maxRows) throw revert('LimitExceeded', [textWord('rows'), maxRows])
  let { batches, parentId } = version
  while (parentId !== 0n && batches <= maxBatches) {
    const parent = view(datanet, 'version', [parentId])
    batches += parent.batches
    ;({ parentId } = parent)
  }
  if (batches > maxBatches) throw revert('LimitExceeded', [textWord('batches'), BigInt(maxBatches)])
}

/** An answer, ready to have its tokens repeated. */
export interface NgramAnswer {
  readonly length: number
  /** Of the `at`th token, by batch. */
  weightsOf(at: number): ReadonlyMap<bigint, bigint>
}

/** Charges for the version's figures, then reads them. */
export function openAnswer(
  context: NgramContext,
  { corpora, ngrams }: NgramPorts,
  versionId: bigint,
  answer: Uint8Array,
): NgramAnswer {
  const { gas, view } = context
  checkNgramVersion(context, versionId)
  const version = view(datanet, 'version', [versionId])
  const length = countTokens(context, answer)
  gas.charge(positionGas * version.tokens)
  const index = indexOf(context, corpora, { versionId, ...version })
  const { text, constants } = ngrams.textOf(index)
  const query = encodeQuery(answer, index.corpus.vocabulary)
  const batchOf = createBatchFinder(context, versionId)
  return {
    length,
    weightsOf(at) {
      gas.charge(tokenGas)
      const step = (occurrences: number) => gas.charge(stepGas * BigInt(occurrences))
      return tokenWeights(text, constants, askedAt(query, at), { batchOf, step })
    },
  }
}

/** Rows to batches, each part of the version asked for once. */
function createBatchFinder({ view }: NgramContext, versionId: bigint): (row: number) => bigint {
  const known: { readonly first: number; readonly end: number; readonly batchId: bigint }[] = []
  return (row) => {
    let [low, high] = [0, known.length]
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((known[middle]?.end ?? 0) <= row) low = middle + 1
      else high = middle
    }
    const at = known[low]
    if (at && at.first <= row) return at.batchId
    const { firstRow, rows, batchId } = view(datanet, 'partOfRow', [versionId, BigInt(row)])
    known.splice(low, 0, { first: Number(firstRow), end: Number(firstRow) + rows, batchId })
    return batchId
  }
}

/** The whole answer, while it fits: a long one is stated by `commit`. Reverts LimitExceeded. */
export function attributeNgrams(
  context: NgramContext,
  ports: NgramPorts,
  versionId: bigint,
  answer: Uint8Array,
): SpanResult {
  const { gas, revert } = context
  const before = gas.left()
  const opened = openAnswer(context, ports, versionId, answer)
  const sums = new Map<bigint, bigint>()
  for (let at = 0; at < opened.length; at++) {
    addWeights(sums, opened.weightsOf(at))
    if (before - gas.left() > maxGas)
      throw revert('LimitExceeded', [textWord('answer'), BigInt(at)])
  }
  return { spans: [], leaves: leavesOfSums(context, sums) }
}

export function addWeights(sums: Map<bigint, bigint>, weights: ReadonlyMap<bigint, bigint>): void {
  for (const [batch, weight] of weights) sums.set(batch, (sums.get(batch) ?? 0n) + weight)
}

/** The receipt's leaves: batches with their clusters, the base first. Reverts LimitExceeded. */
export function leavesOfSums(
  { view, revert }: NgramContext,
  sums: ReadonlyMap<bigint, bigint>,
): readonly CreditedLeaf[] {
  if (sums.size > maxLeaves) throw revert('LimitExceeded', [textWord('leaves'), BigInt(maxLeaves)])
  const leaves = Array.from(sums, ([contributionId, weight]): CreditedLeaf => {
    const clusterId =
      contributionId === baseId ? 0n : view(datanet, 'contributionOf', [contributionId])[1]
    return { clusterId, contributionId, weight }
  })
  return leaves.toSorted(byClusterThenBatch)
}
