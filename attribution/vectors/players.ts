/**
 * Rows as vectors: the last word of a row's text is its vector, two hex digits a component (int8), the
 * first its label. `{"label":"cat","vector":"00ff7f80"}` is such a row; others may stand among them and do
 * not play. Read from the index of a held version, so the vectors are under its committed roots.
 */
import {
  createVectorIndex,
  maxDimensions,
  strideOf,
  type VectorIndex,
} from '../methods/distances.ts'
import type { SpanIndex } from '../methods/span.ts'
import { tokenBounds, unknownToken } from '../methods/tokens.ts'

/** Those rows of a version whose vectors have a certain number of components, in order. */
export interface Players {
  readonly vectors: VectorIndex
  /** By player: its row, and the token that is its label. */
  readonly rows: Int32Array
  readonly labels: Int32Array
}

export interface VectorReader {
  /** Of that many components; the last few are kept, though every call pays for reading (native.ts). */
  playersOf(index: SpanIndex, dimensions: number): Players
}

/** Numbers of components by which an index is kept read: who asks for others pays for them. */
const maxKept = 4

export function createVectorReader(): VectorReader {
  const kept = new WeakMap<SpanIndex, Map<number, Players>>()
  return {
    playersOf(index, dimensions) {
      const byDimensions = kept.get(index) ?? new Map<number, Players>()
      kept.set(index, byDimensions)
      const players = byDimensions.get(dimensions) ?? readPlayers(index, dimensions)
      byDimensions.delete(dimensions)
      byDimensions.set(dimensions, players)
      for (const [oldest] of byDimensions) {
        if (byDimensions.size <= maxKept) break
        byDimensions.delete(oldest)
      }
      return players
    },
  }
}

function readPlayers({ corpus }: SpanIndex, dimensions: number): Players {
  const { tokens, starts, vocabulary } = corpus
  const stride = strideOf(dimensions)
  const rows: number[] = []
  const vectors: number[] = []
  for (let row = 0; row < starts.length; row++) {
    const last = (starts[row + 1] ?? tokens.length) - 2 // before the separator
    const token = tokens[last]
    if (token === undefined || last < (starts[row] ?? 0)) continue
    if (vocabulary.bytesOf(token).length !== 2 * dimensions) continue
    rows.push(row)
    vectors.push(token)
  }
  const values = new Int8Array(rows.length * stride)
  const labels = new Int32Array(rows.length)
  const players: number[] = []
  for (const [i, row] of rows.entries()) {
    const at = players.length
    const slot = values.subarray(at * stride, at * stride + dimensions)
    if (!readHex(vocabulary.bytesOf(vectors[i] ?? 0), slot)) {
      slot.fill(0)
      continue
    }
    labels[at] = tokens[starts[row] ?? 0] ?? unknownToken
    players.push(row)
  }
  const count = players.length
  return {
    vectors: createVectorIndex({ count, dimensions, values: values.subarray(0, count * stride) }),
    rows: Int32Array.from(players),
    labels: labels.subarray(0, count),
  }
}

/** The token that is a row's label. */
export const labelOfRow = ({ corpus }: SpanIndex, row: number): number =>
  corpus.tokens[corpus.starts[row] ?? 0] ?? unknownToken

/** Components of one row, read alone; undefined when it is no vector. */
export function vectorOfRow({ corpus }: SpanIndex, row: number): Int8Array | undefined {
  const { tokens, starts, vocabulary } = corpus
  const last = (starts[row + 1] ?? tokens.length) - 2 // before the separator
  const token = tokens[last]
  if (token === undefined || last < (starts[row] ?? 0)) return undefined
  const word = vocabulary.bytesOf(token)
  const vector = new Int8Array(word.length >> 1)
  const isVector = word.length > 0 && word.length % 2 === 0 && vector.length <= maxDimensions
  return isVector && readHex(word, vector) ? vector : undefined
}

/** Components of the answer's last word; undefined when it is no vector. Costs the answer's bytes. */
export function vectorOf(answer: Uint8Array): Int8Array | undefined {
  const bounds = tokenBounds(answer)
  const word = answer.subarray(bounds.at(-2) ?? 0, bounds.at(-1) ?? 0)
  const vector = new Int8Array(word.length >> 1)
  return word.length > 0 && word.length % 2 === 0 && readHex(word, vector) ? vector : undefined
}

/** Id of the answer's first word; -1 when no row has it. */
export function labelOf(answer: Uint8Array, { corpus }: SpanIndex): number {
  const [start = 0, end = 0] = tokenBounds(answer)
  return corpus.vocabulary.idAt(answer, start, end) ?? unknownToken
}

/** Value of a lower-case hex digit by its byte; 16 for what is none. */
const digits = Uint8Array.from({ length: 256 }, (_, byte) => {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30
  return byte >= 0x61 && byte <= 0x66 ? byte - 0x57 : 16
})

/** Lower-case hex to bytes; false when it is none. */
function readHex(text: Uint8Array, into: Int8Array): boolean {
  let faults = 0
  for (let i = 0; i < into.length; i++) {
    const high = digits[text[2 * i] ?? 0] ?? 16
    const low = digits[text[2 * i + 1] ?? 0] ?? 16
    faults |= high | low
    into[i] = (high << 4) | low
  }
  return faults < 16
}
