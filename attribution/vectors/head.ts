/**
 * Influence on a convex head (A4) as a method of receipts. The answer carries the head, the question and
 * the influence vector; the transaction checks both certificates over the committed vectors (the head is
 * the optimum of the version's data: one gradient; the vector is H^-1 g: one Hessian-vector product) and
 * computes the scores. Nobody's training is trusted: there is one optimum. Trains nothing.
 */
import type { Context } from '../../execution/native/index.ts'
import { type Hex, keccakHex } from '../../primitives/index.ts'
import { datanetAbi, type lineageAbi, moduleAddresses, type receiptsAbi } from '../abi.ts'
import { maxDimensions } from '../methods/distances.ts'
import { powerOfTwo } from '../methods/exact-math.ts'
import type { SpanIndex } from '../methods/span.ts'
import { type HeadData, isOptimal } from '../methods/linear-head.ts'
import { influences, isInfluence, rowGradient } from '../methods/linear-influence.ts'
import { chargeAnswer, creditBatches, type SpanResult } from '../span/native.ts'
import { indexOf } from '../span/index-of.ts'
import { textWord } from '../words.ts'
import { readingGas, type Scores, type VectorPorts } from './native.ts'
import type { Players } from './players.ts'

type HeadContext = Pick<Context<typeof receiptsAbi>, 'view' | 'gas' | 'revert' | 'allowsLargeData'>
/** What both modules that check heads have in common. */
type CertifyContext = Pick<
  Context<typeof lineageAbi>,
  'view' | 'gas' | 'revert' | 'allowsLargeData'
>

const headerBytes = 5
const maxClasses = 32
/** Norm of the gradient, and of Hv - g, that passes: 2^-30; the optimum is then within 2^-30 / lambda. */
const epsilon = powerOfTwo(-30)
/** Rows of largest score, by amount, that a receipt pays. */
const creditedRows = 64
/** Scores in units of 2^-20. */
const scoreScale = powerOfTwo(20)
/** Half of the transaction's gas (EIP-7825): no call may cost more. */
export const maxGas = 2n ** 23n

/**
 * Threefold over the measured passes (npm run bench:natives): 4.2 for each weight and row (gradient, product,
 * scores), 12 for each class and row (three exponentials).
 */
const baseGas = 30_000n
const weightGasTenths = 42n
const classGas = 12n
/** The same without the gradient, of a head whose certificate the chain has; and the gradient alone. */
const certifiedWeightGasTenths = 32n
const certifiedClassGas = 8n
const gradientWeightGasTenths = 18n
const gradientClassGas = 5n

const datanet = { address: moduleAddresses.datanet, abi: datanetAbi }
/** IDatanet.VersionState.Held. */
const held = 2

/** What a head's bytes say. */
interface Head {
  readonly head: Uint8Array
  readonly classes: number
  readonly dimensions: number
  /** lambda = 2^-shift, features = int8 x 2^-shift. */
  readonly lambdaShift: number
  readonly featureShift: number
  readonly weights: Float64Array
}

/** And the answer's, which begin with the head. */
interface HeadAnswer extends Head {
  readonly label: number
  readonly question: Int8Array
  readonly vector: Float64Array
}

/**
 * head = classes (1 byte), dimensions without the constant (2), lambda shift (1), feature shift (1), then
 * classes x (dimensions + 1) doubles, the constant last; then label (1), question (dimensions), and the
 * influence vector as the weights. Big-endian. undefined for anything else.
 */
function readAnswer(bytes: Uint8Array): HeadAnswer | undefined {
  const head = readHead(bytes)
  if (!head) return undefined
  const { classes, dimensions, weights } = head
  const headEnd = head.head.length
  if (bytes.length !== headEnd + 1 + dimensions + 8 * weights.length) return undefined
  const label = bytes[headEnd] ?? 0
  if (label >= classes) return undefined
  return {
    ...head,
    label,
    question: new Int8Array(bytes.slice(headEnd + 1, headEnd + 1 + dimensions).buffer),
    vector: doublesAt(bytes, headEnd + 1 + dimensions, weights.length),
  }
}

function doublesAt(bytes: Uint8Array, at: number, count: number): Float64Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return Float64Array.from({ length: count }, (_, i) => view.getFloat64(at + 8 * i))
}

/** The head that the bytes begin with. */
function readHead(bytes: Uint8Array): Head | undefined {
  if (bytes.length < headerBytes) return undefined
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const [classes, dimensions] = [view.getUint8(0), view.getUint16(1)]
  const [lambdaShift, featureShift] = [view.getUint8(3), view.getUint8(4)]
  const count = classes * (dimensions + 1)
  if (classes < 2 || classes > maxClasses) return undefined
  if (dimensions < 1 || dimensions > maxDimensions) return undefined
  if (lambdaShift > 20 || featureShift > 7) return undefined
  const headEnd = headerBytes + 8 * count
  if (bytes.length < headEnd) return undefined
  return {
    head: bytes.subarray(0, headEnd),
    classes,
    dimensions,
    lambdaShift,
    featureShift,
    weights: doublesAt(bytes, headerBytes, count),
  }
}

export interface HeadResult extends SpanResult {
  /** What the asset that answered must have as its content. */
  readonly contentHash: Hex
}

export function attributeByHead(
  context: HeadContext,
  ports: VectorPorts,
  versionId: bigint,
  bytes: Uint8Array,
  isCertified = false,
): HeadResult {
  const { rows, contentHash } = scoreByHead(context, ports, versionId, bytes, isCertified)
  const credits = rows.map(({ row, score }) => ({
    start: 0,
    length: 0,
    occurrences: 0,
    row,
    weight: score,
  }))
  return { spans: [], leaves: creditBatches(context, versionId, credits).leaves, contentHash }
}

/**
 * The rows of largest score, by amount, signed. A head that the chain has certified for this version is not
 * looked at again: the caller makes sure that it is the asset's. Reverts NotHeld, InvalidArgument, LimitExceeded, and
 * BadProof for a head or vector that is not it.
 */
export function scoreByHead(
  context: HeadContext,
  ports: VectorPorts,
  versionId: bigint,
  bytes: Uint8Array,
  isCertified: boolean,
  mostGas = maxGas,
): Scores & { readonly contentHash: Hex } {
  const { revert } = context
  chargeAnswer(context, bytes)
  const answer = readAnswer(bytes)
  if (!answer) throw revert('InvalidArgument', [textWord('answer')])
  const { data, rows } = openData(context, ports, versionId, answer, {
    weightTenths: isCertified ? certifiedWeightGasTenths : weightGasTenths,
    class: isCertified ? certifiedClassGas : classGas,
    most: mostGas,
  })
  const { weights, vector, label } = answer
  if (data.count === 0) throw revert('BadProof', [])
  if (!isCertified && !isOptimal(data, weights, epsilon)) throw revert('BadProof', [])
  const featureScale = powerOfTwo(answer.featureShift)
  const question = Float64Array.from(
    { length: answer.dimensions + 1 },
    (_, j) => (answer.question[j] ?? featureScale) / featureScale,
  )
  const gradient = rowGradient(data, weights, question, label)
  if (!isInfluence(data, weights, { vector, gradient }, epsilon)) throw revert('BadProof', [])
  const scores = influences(data, weights, vector)
  const order = Int32Array.from(scores.keys()).toSorted(
    (a, b) => Math.abs(scores[b] ?? 0) - Math.abs(scores[a] ?? 0) || a - b,
  )
  const best = Array.from(order.subarray(0, creditedRows), (point) => ({
    row: BigInt(rows[point] ?? 0),
    score: BigInt(Math.floor((scores[point] ?? 0) * scoreScale)),
  }))
  return { rows: best, base: 0n, contentHash: keccakHex(answer.head) }
}

/**
 * Whether a head's bytes are the optimum of a held version: one gradient in the transaction. Reverts NotHeld,
 * InvalidArgument, LimitExceeded, BadProof.
 */
export function certifyHead(
  context: CertifyContext,
  ports: VectorPorts,
  versionId: bigint,
  bytes: Uint8Array,
): void {
  const { revert } = context
  const head = readHead(bytes)
  if (!head || head.head.length !== bytes.length)
    throw revert('InvalidArgument', [textWord('head')])
  const { data } = openData(context, ports, versionId, head, {
    weightTenths: gradientWeightGasTenths,
    class: gradientClassGas,
    most: maxGas,
  })
  if (data.count === 0 || !isOptimal(data, head.weights, epsilon)) throw revert('BadProof', [])
}

/** Charges for the passes over a held version, then reads its rows as the head's data. */
function openData(
  context: CertifyContext,
  { corpora, vectors }: VectorPorts,
  versionId: bigint,
  head: Head,
  price: { readonly weightTenths: bigint; readonly class: bigint; readonly most: bigint },
) {
  const { gas, revert, view } = context
  const version = view(datanet, 'version', [versionId])
  if (version.state !== held) throw revert('NotHeld', [versionId])
  const cells = version.rows * BigInt(head.classes)
  const width = BigInt(head.dimensions + 1)
  const cost =
    baseGas +
    (cells * width * price.weightTenths) / 10n +
    price.class * cells +
    readingGas(version.rows, head.dimensions)
  if (cost > price.most) throw revert('LimitExceeded', [textWord('head'), price.most])
  gas.charge(cost)
  const index = indexOf(context, corpora, { versionId, ...version })
  return dataOf(vectors.playersOf(index, head.dimensions), index, head)
}

/** The players whose label is the number of a class. */
function dataOf(
  { vectors, labels, rows }: Players,
  { corpus }: SpanIndex,
  { classes, dimensions, lambdaShift, featureShift }: Head,
): { readonly data: HeadData; readonly rows: readonly number[] } {
  const width = dimensions + 1
  const chosen: number[] = []
  const classAt: number[] = []
  for (let player = 0; player < vectors.count; player++) {
    const label = classOf(corpus.vocabulary.bytesOf(labels[player] ?? 0))
    if (label === undefined || label >= classes) continue
    chosen.push(player)
    classAt.push(label)
  }
  const features = new Float64Array(chosen.length * width).fill(1)
  const featureScale = powerOfTwo(featureShift)
  for (const [i, player] of chosen.entries()) {
    const vector = vectors.vectorAt(player)
    for (let j = 0; j < dimensions; j++) features[i * width + j] = (vector[j] ?? 0) / featureScale
  }
  const data: HeadData = {
    count: chosen.length,
    dimensions: width,
    classes,
    features,
    labels: Uint8Array.from(classAt),
    lambda: powerOfTwo(-lambdaShift),
  }
  return { data, rows: chosen.map((player) => rows[player] ?? 0) }
}

/** '0' to '99', without leading zeros. */
function classOf(text: Uint8Array): number | undefined {
  // Before anything is made of it: a row's first word may be as long as the row.
  if (text.length < 1 || text.length > 2) return undefined
  const digits = Array.from(text, (byte) => byte - 0x30)
  if (digits.some((digit) => digit < 0 || digit > 9)) return undefined
  if (digits.length === 2 && digits[0] === 0) return undefined
  return digits.reduce((sum, digit) => sum * 10 + digit, 0)
}
