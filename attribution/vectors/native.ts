/**
 * kNN-Shapley (A2) and RAG-Shapley (A3) as methods of receipts: the batches of a held version whose rows,
 * as vectors, an answer is owed to. The answer is spelled like a row: its label first, its vector last.
 * Exact integers. What is proven is the division among the committed vectors; that a vector says
 * what its row means is the word of whoever made it.
 */
import type { Context } from '../../execution/native/index.ts'
import { datanetAbi, moduleAddresses, type receiptsAbi } from '../abi.ts'
import { maxDimensions, orderByDistance } from '../methods/distances.ts'
import { hitsOf, matchesOf, shapleyByRank, shapleyOne } from '../methods/knn-shapley.ts'
import { marginalValues } from '../methods/payout.ts'
import { ragShapley } from '../methods/rag-shapley.ts'
import { chargeAnswer, type Corpora, creditBatches, type SpanResult } from '../span/native.ts'
import { indexOf } from '../span/index-of.ts'
import { textWord } from '../words.ts'
import { labelOf, type Players, vectorOf, type VectorReader } from './players.ts'

type VectorContext = Pick<
  Context<typeof receiptsAbi>,
  'view' | 'gas' | 'revert' | 'allowsLargeData'
>

/** Neighbours that vote (kNN) and candidates that count (RAG). */
const votes = 5
const counted = 8
/** Farther rows are left out of the receipt: each is worth less than 1/64 of a vote. */
const creditedRanks = 64
/** Candidates of one retrieval. */
const candidates = 32

/** Half of the transaction's gas (EIP-7825): no call may cost more. */
const maxGas = 2n ** 23n
/** Of that, what an epoch keeps for adding to the sums of 64 rows of as many batches. */
export const gasForSums = 2n ** 22n
/** Threefold over the measured search (npm run bench:natives): 20k + 6 N + N d / 32. */
const baseGas = 20_000n
const rowGas = 6n
const componentsPerGas = 32n

/**
 * Reading a version's rows as vectors, as every call pays for it, though a node that has just done it need
 * not do it again: what a node remembers is nobody's business.
 */
const readRowGas = 50n
const readComponentGasTenths = 14n

export const readingGas = (rows: bigint, dimensions: number): bigint =>
  rows * readRowGas + (rows * BigInt(dimensions) * readComponentGasTenths) / 10n

/** A Shapley value of 2^-62 in the receipt's unit, 2^-40: 256 leaves stay far below 2^64. */
const weightShift = 22n
/** A score of one, where scores are netted over many answers; and a Shapley value in that unit. */
export const scoreOne = 2n ** 20n
const scoreShift = 42n
/** The pass in the order of registration, threefold (npm run bench:natives). */
const marginalGas = 4n
/** Relevances are integers; their values are kept to 2^-20. */
const relevanceScale = 2n ** 20n

const datanet = { address: moduleAddresses.datanet, abi: datanetAbi }
/** IDatanet.VersionState.Held. */
const held = 2

/** A row is credited as a whole. */
const noSpan = { start: 0, length: 0, occurrences: 0 } as const

export interface VectorPorts {
  readonly corpora: Corpora
  readonly vectors: VectorReader
}

/** By kNN-Shapley: rows whose label is the answer's gain, others lose; a batch's sum below 0 is nothing. */
export function attributeNeighbours(
  context: VectorContext,
  ports: VectorPorts,
  versionId: bigint,
  answer: Uint8Array,
): SpanResult {
  const { players, order, values } = valueNeighbours(context, ports, versionId, answer)
  const credits = Array.from(order.subarray(0, creditedRanks), (player, rank) => ({
    ...noSpan,
    row: BigInt(players.rows[player] ?? 0),
    weight: (values[rank] ?? 0n) >> weightShift,
  }))
  return { spans: [], leaves: creditBatches(context, versionId, credits).leaves }
}

/** What a row is owed by one answer, signed, in units of 2^-20. */
export interface RowScore {
  readonly row: bigint
  readonly score: bigint
  /** What the answer's vote gained when the row was registered, at least 0; none: the method has no such. */
  readonly marginal?: bigint
}

export interface Scores {
  readonly rows: readonly RowScore[]
  /** What rows too far away to be named share: nobody's, the treasury's. */
  readonly base: bigint
}

/** The same values, row by row, for who nets them over many answers. */
export function scoreNeighbours(
  context: VectorContext,
  ports: VectorPorts,
  versionId: bigint,
  answer: Uint8Array,
): Scores {
  const found = valueNeighbours(context, ports, versionId, answer, maxGas - gasForSums)
  const { players, distances, label, order, matches, values } = found
  context.gas.charge(marginalGas * BigInt(order.length))
  const byPlayer = players.labels.map((own) => (own === label ? 1 : 0))
  const marginals = marginalValues(distances, Uint8Array.from(byPlayer), votes)
  let rest = (BigInt(hitsOf(matches, votes)) * shapleyOne) / BigInt(votes)
  const rows = Array.from(order.subarray(0, creditedRanks), (player, rank): RowScore => {
    const value = values[rank] ?? 0n
    rest -= value
    return {
      row: BigInt(players.rows[player] ?? 0),
      score: value >> scoreShift,
      marginal: (BigInt(Math.max(0, marginals[player] ?? 0)) * scoreOne) / BigInt(votes),
    }
  })
  return { rows: atMostOne(rows), base: rest > 0n ? rest >> scoreShift : 0n }
}

/**
 * What rows gain by one answer is at most one, or who asks about his own rows would be paid more than he gave.
 * Shapley values sum to at most one, but some are below nothing, and those above it may be more.
 */
export function atMostOne(rows: readonly RowScore[]): readonly RowScore[] {
  const gains = rows.reduce((sum, { score }) => (score > 0n ? sum + score : sum), 0n)
  if (gains <= scoreOne) return rows
  return rows.map((row) => ({ ...row, score: (row.score * scoreOne) / gains }))
}

function valueNeighbours(
  context: VectorContext,
  ports: VectorPorts,
  versionId: bigint,
  answer: Uint8Array,
  mostGas = maxGas,
) {
  const { players, vector, label } = open(context, ports, versionId, answer, mostGas)
  const distances = players.vectors.distancesTo(vector)
  const order = orderByDistance(distances)
  const matches = matchesOf(order, players.labels, label)
  return { players, distances, label, order, matches, values: shapleyByRank(matches, votes) }
}

/** By RAG-Shapley over the rows of largest dot product with the answer's vector, negative ones as 0. */
export function attributeRetrieved(
  context: VectorContext,
  ports: VectorPorts,
  versionId: bigint,
  answer: Uint8Array,
): SpanResult {
  const { players, vector } = open(context, ports, versionId, answer)
  const products = players.vectors.productsWith(vector)
  const largest = products.reduce((most, product) => Math.max(most, product), -(2 ** 30))
  const order = orderByDistance(products.map((product) => largest - product))
  const chosen = order.subarray(0, candidates)
  const relevances = Array.from(chosen, (player) => BigInt(Math.max(0, products[player] ?? 0)))
  const { numerators, denominator } = ragShapley(relevances, counted)
  const credits = Array.from(chosen, (player, rank) => ({
    ...noSpan,
    row: BigInt(players.rows[player] ?? 0),
    weight: ((numerators[rank] ?? 0n) * relevanceScale) / denominator,
  }))
  return { spans: [], leaves: creditBatches(context, versionId, credits).leaves }
}

/** Charges for the whole search, then reads the version's vectors. */
function open(
  context: VectorContext,
  { corpora, vectors }: VectorPorts,
  versionId: bigint,
  answer: Uint8Array,
  mostGas = maxGas,
): { readonly players: Players; readonly vector: Int8Array; readonly label: number } {
  const { gas, revert, view } = context
  const version = view(datanet, 'version', [versionId])
  if (version.state !== held) throw revert('NotHeld', [versionId])
  chargeAnswer(context, answer)
  const vector = vectorOf(answer)
  if (!vector || vector.length > maxDimensions)
    throw revert('InvalidArgument', [textWord('answer')])
  const components = version.rows * BigInt(vector.length)
  const cost =
    baseGas +
    rowGas * version.rows +
    components / componentsPerGas +
    readingGas(version.rows, vector.length)
  if (cost > mostGas) throw revert('LimitExceeded', [textWord('components'), mostGas])
  gas.charge(cost)
  const index = indexOf(context, corpora, { versionId, ...version })
  const players = vectors.playersOf(index, vector.length)
  return { players, vector, label: labelOf(answer, index) }
}
