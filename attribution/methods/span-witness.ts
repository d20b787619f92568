/**
 * The wire form of a span witness: strict RLP, one spelling for one witness. Checks shapes and sizes of
 * hostile bytes; whether they are true is for `span-proof.ts`.
 *
 *   [header, insertions, intervals, vocabulary, text, order, starts]
 *   header = [length, vocabularySize, counted, documents, text, order, vocabulary, starts]
 *   opening = [[index, ...], [leaf, ...], records end to end]
 */
import {
  concat,
  decodeRlp,
  encodeRlp,
  fromBigInt,
  RlpError,
  toBigInt,
  type RlpItem,
} from '../../primitives/index.ts'
import { BadWitness, type SpanClaim } from './span-check.ts'
import { smallest, type SpanHeader } from './span-commitment.ts'

/** Leaves of one tree with their joint proof. */
export interface Opening {
  readonly leaves: readonly { readonly index: number; readonly data: Uint8Array }[]
  readonly proof: readonly Uint8Array[]
}

export interface Witness {
  readonly header: SpanHeader
  readonly claim: SpanClaim
  readonly vocabulary: Opening
  readonly text: Opening
  readonly order: Opening
  readonly starts: Opening
}

const number = (value: number): Uint8Array => fromBigInt(BigInt(value))

export function encodeWitness({ header, claim, ...openings }: Witness): Uint8Array {
  const { length, vocabularySize, counted, documents } = header
  return encodeRlp([
    [
      ...[length, vocabularySize, counted, documents].map(number),
      header.text,
      header.order,
      header.vocabulary,
      header.starts,
    ],
    claim.insertions.map(({ start, rank }) => [number(start), number(rank)]),
    claim.intervals.map(({ low, high, document }) => [low, high, document].map(number)),
    ...[openings.vocabulary, openings.text, openings.order, openings.starts].map(
      ({ leaves, proof }) => [
        leaves.map(({ index }) => number(index)),
        leaves.map(({ data }) => data),
        concat(...proof),
      ],
    ),
  ])
}

/** Throws BadWitness. */
export function decodeWitness(bytes: Uint8Array): Witness {
  const [header, insertions, intervals, vocabulary, text, order, starts] = list(decode(bytes), 7)
  return {
    header: readHeader(header),
    claim: {
      insertions: list(insertions).map((item) => {
        const [start, rank] = list(item, 2)
        return { start: readNumber(start), rank: readNumber(rank) }
      }),
      intervals: list(intervals).map((item) => {
        const [low, high, document] = list(item, 3)
        return { low: readNumber(low), high: readNumber(high), document: readNumber(document) }
      }),
    },
    vocabulary: readOpening(vocabulary, 32),
    text: readOpening(text, 32),
    order: readOpening(order, 32 + smallest.bytes),
    starts: readOpening(starts, 32),
  }
}

function decode(bytes: Uint8Array): RlpItem {
  try {
    return decodeRlp(bytes)
  } catch (error) {
    if (error instanceof RlpError) throw new BadWitness('not canonical RLP')
    throw error
  }
}

function readHeader(item: RlpItem | undefined): SpanHeader {
  const fields = list(item, 8)
  const [length, vocabularySize, counted, documents] = fields.slice(0, 4).map(readNumber)
  const [text, order, vocabulary, starts] = fields.slice(4)
  return {
    length: length!,
    vocabularySize: vocabularySize!,
    counted: counted!,
    documents: documents!,
    text: readBytes(text, 32),
    order: readBytes(order, 32 + smallest.bytes),
    vocabulary: readBytes(vocabulary, 32),
    starts: readBytes(starts, 32),
  }
}

function readOpening(item: RlpItem | undefined, width: number): Opening {
  const [indexes, leaves, records] = list(item, 3)
  const data = list(leaves)
  const proof = readBytes(records)
  if (proof.length % width !== 0) throw new BadWitness('records of another size')
  return {
    leaves: list(indexes, data.length).map((index, i) => ({
      index: readNumber(index),
      data: readBytes(data[i]),
    })),
    proof: Array.from({ length: proof.length / width }, (_, i) =>
      proof.subarray(i * width, (i + 1) * width),
    ),
  }
}

function list(item: RlpItem | undefined, length?: number): readonly RlpItem[] {
  if (item === undefined || item instanceof Uint8Array) throw new BadWitness('a list is missing')
  if (length !== undefined && item.length !== length)
    throw new BadWitness('a list of another length')
  return item
}

function readBytes(item: RlpItem | undefined, length?: number): Uint8Array {
  if (!(item instanceof Uint8Array)) throw new BadWitness('bytes are missing')
  if (length !== undefined && item.length !== length)
    throw new BadWitness('bytes of another length')
  return item
}

/** Below 2^32, without leading zeros. */
function readNumber(item: RlpItem | undefined): number {
  const bytes = readBytes(item)
  if (bytes.length > 4 || bytes[0] === 0) throw new BadWitness('no 32-bit number')
  return Number(toBigInt(bytes))
}
