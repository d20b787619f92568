/**
 * The opened leaves of a span index as something that can be read: checks each opening against its root,
 * answers from nothing else, and knows whether everything opened was used. Throws BadWitness.
 */
import { compareBytes, equalBytes, toBigInt } from '../../primitives/index.ts'
import { climbAll, type Climbed } from '../merkle/multiproof.ts'
import { hashLeaf, noMeasure, type Measure } from '../merkle/tree.ts'
import { BadWitness, type SpanReader } from './span-check.ts'
import {
  chunkRecord,
  chunkValues,
  hashToken,
  smallest,
  type SpanHeader,
} from './span-commitment.ts'
import { lowerBound } from './span.ts'
import { unknownToken } from './tokens.ts'
import type { Opening } from './span-witness.ts'

export interface Opened {
  readonly reader: SpanReader
  /** Whether every opened leaf was read: a proof holds nothing idle. */
  isUsedUp(): boolean
}

export function openReader(
  header: SpanHeader,
  openings: { readonly text: Opening; readonly order: Opening; readonly starts: Opening },
  step: () => void,
): Opened {
  const { length, documents } = header
  const text = openChunks(
    { size: length, measure: noMeasure, root: header.text },
    openings.text,
    step,
  )
  const order = openChunks(
    { size: length, measure: smallest, root: header.order },
    openings.order,
    step,
  )
  const starts = openChunks(
    { size: documents, measure: noMeasure, root: header.starts },
    openings.starts,
    step,
  )
  const reader: SpanReader = {
    length,
    documents,
    token: (position) => text.at(position),
    order: (rank) => order.at(rank),
    minimum: (low, high) => minimumOf(order, low, high),
    start: (document) => starts.at(document),
    step,
  }
  return { reader, isUsedUp: () => text.isUsedUp() && order.isUsedUp() && starts.isUsedUp() }
}

interface Chunks {
  at(index: number): number
  isUsedUp(): boolean
  readonly levels: Climbed['levels']
}

/** A committed list of 32-bit values. */
interface Committed {
  readonly size: number
  readonly measure: Measure
  readonly root: Uint8Array
}

function openChunks(
  { size, measure, root }: Committed,
  opening: Opening,
  step: () => void,
): Chunks {
  const views = new Map<number, DataView>()
  const used = new Set<number>()
  const last = Math.ceil(size / chunkValues) - 1
  const records = opening.leaves.map(({ index, data }) => {
    step()
    const values = index === last ? size - last * chunkValues : chunkValues
    if (index > last || data.length !== 4 * values) throw new BadWitness('a leaf of another size')
    views.set(index, new DataView(data.buffer, data.byteOffset, data.length))
    return { index, record: chunkRecord(data, measure) }
  })
  const levels = climbTo(root, measure, records, opening.proof)
  return {
    levels,
    at(index) {
      const chunk = Math.floor(index / chunkValues)
      const view = views.get(chunk)
      if (!view || index >= size) throw new BadWitness('a leaf that was not opened')
      used.add(chunk)
      return view.getUint32(4 * (index % chunkValues), true)
    },
    isUsedUp: () => used.size === views.size,
  }
}

function climbTo(
  root: Uint8Array,
  measure: Measure,
  records: readonly { readonly index: number; readonly record: Uint8Array }[],
  proof: readonly Uint8Array[],
): Climbed['levels'] {
  if (records.length === 0 && proof.length === 0) return []
  const climbed = climbAll(measure, records, proof)
  if (!climbed || !equalBytes(climbed.top, root)) throw new BadWitness('leaves of another tree')
  return climbed.levels
}

/** From both ends inwards, and between them from the nodes beside their paths to the root. */
function minimumOf(order: Chunks, low: number, high: number): number {
  let [left, right] = [Math.floor(low / chunkValues), Math.floor((high - 1) / chunkValues)]
  let least = order.at(low)
  const scan = (from: number, to: number): void => {
    for (let rank = from; rank < to; rank++) least = Math.min(least, order.at(rank))
  }
  if (left === right) {
    scan(low, high)
    return least
  }
  scan(low, (left + 1) * chunkValues)
  scan(right * chunkValues, high)
  for (let level = 0; left >>> 1 !== right >>> 1; level++) {
    if (left % 2 === 0) least = Math.min(least, measureAt(order, level, left + 1))
    if (right % 2 === 1) least = Math.min(least, measureAt(order, level, right - 1))
    left >>>= 1
    right >>>= 1
  }
  return least
}

function measureAt({ levels }: Chunks, level: number, index: number): number {
  const record = levels[level]?.get(index)
  if (!record) throw new BadWitness('a node that was not opened')
  return Number(toBigInt(record.subarray(32)))
}

export interface KnownToken {
  /** `unknownToken` when the vocabulary has none. */
  readonly id: number
  readonly count: number
}

/** What the vocabulary says of each token; every opened entry must speak of one. */
export function openEntries(
  header: SpanHeader,
  opening: Opening,
  tokens: readonly string[],
): readonly KnownToken[] {
  const entries = opening.leaves.map(({ index, data }) => {
    if (data.length !== 40 || index >= header.vocabularySize)
      throw new BadWitness('no entry of the vocabulary')
    const [hash, id, count] = [data.subarray(0, 32), data.subarray(32, 36), data.subarray(36)]
    return { index, hash, id: Number(toBigInt(id)), count: Number(toBigInt(count)) }
  })
  const records = opening.leaves.map(({ index, data }) => ({ index, record: hashLeaf(data) }))
  climbTo(header.vocabulary, noMeasure, records, opening.proof)
  const used = new Set<number>()
  const byToken = new Map<string, KnownToken>()
  for (const token of new Set(tokens)) byToken.set(token, look(hashToken(token)))
  if (used.size !== entries.length) throw new BadWitness('an entry of no token')
  return tokens.map((token) => byToken.get(token)!)

  function look(hash: Uint8Array): KnownToken {
    const at = lowerBound(entries.length, (i) => compareBytes(entries[i]!.hash, hash) < 0)
    const [before, here] = [entries[at - 1], entries[at]]
    if (here) used.add(at)
    if (here && equalBytes(here.hash, hash)) return here
    if (before) used.add(at - 1)
    const next = here ? here.index : header.vocabularySize
    if (next !== (before ? before.index + 1 : 0)) throw new BadWitness('a token not spoken for')
    return { id: unknownToken, count: 0 }
  }
}
