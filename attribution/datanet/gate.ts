/**
 * The novelty gate (attribution notes 4.2): how much of a batch stands, in long matches, in what was there
 * before it: the rows that its version has before it, of batches offered earlier, and the protocol's prior
 * art. Measured by the chain itself over indexes of held versions, so it is no one's word; page by page,
 * since a batch may be long. A batch of which half or more was there is turned away: no later version is
 * built on it, and its deposit is lost. Sees what was copied with few changes, not a paraphrase.
 */
import type { Handlers } from '../../execution/native/index.ts'
import type { Address } from '../../primitives/index.ts'
import type { datanetAbi } from '../abi.ts'
import { coveredBy, longMatchTokens } from '../methods/novelty.ts'
import type { SpanIndex } from '../methods/span.ts'
import { indexOf } from '../span/index-of.ts'
import type { Corpora } from '../span/native.ts'
import { idWord, textWord } from '../words.ts'
import { gateBps, priorArtVersion, treasury } from './parameters.ts'
import {
  batchAt,
  batchState,
  creditAccount,
  datanetLayout,
  noteRetraction,
  versionAt,
  versionState,
  type DatanetContext,
} from './state.ts'

/** Of a row, these stand for it. */
const maxRowTokens = 2_048
/** Reading a token and finding it in another vocabulary; looking for the match that begins with it, by bit of the length. */
const tokenGas = 100n
const matchGas = 60n
const rowGas = 500n
const byteGas = 8n

export interface GatePorts {
  readonly corpora: Corpora
}

export const createGateHandlers = ({
  corpora,
}: GatePorts): Pick<Handlers<typeof datanetAbi>, 'measure' | 'measured'> => ({
  measure(context, [versionId, part, maxRows]) {
    const { gas, storage, revert, message } = context
    const { words: version } = heldVersion(context, versionId)
    if (part >= BigInt(version.batches)) throw revert('NotFound', [idWord(part)])
    if (maxRows === 0) throw revert('InvalidArgument', [textWord('maxRows')])
    const state = datanetLayout(storage)
    const { batchId, firstRow, rows } = state.parts.at(versionId).at(part).load()
    const measure = state.measures.at(versionId).at(batchId)
    let { done, covered, tokens } = measure.load()
    if (done === rows) throw revert('AlreadyExists', [idWord(batchId)])
    const indexAt = (id: bigint): SpanIndex =>
      indexOf(context, corpora, { versionId: id, ...heldVersion(context, id).words })
    const art = priorArt(context, batchId)
    if (firstRow === 0n && art === undefined) throw revert('NotFound', [idWord(0n)])
    const bits = [versionId, ...(art === undefined ? [] : [art])].reduce(
      (sum, id) => sum + BigInt(heldVersion(context, id).words.tokens.toString(2).length),
      0n,
    )
    const index = indexAt(versionId)
    const earlier = {
      firstRow: Number(firstRow),
      art: art === undefined ? undefined : indexAt(art),
    }
    for (let page = 0; page < maxRows && done < rows; page++, done++) {
      const row = tokensOfRow(index, Number(firstRow) + done)
      const bytes = row.reduce(
        (sum, token) => sum + index.corpus.vocabulary.bytesOf(token).length,
        0,
      )
      // Every vocabulary hashes a token byte by byte.
      gas.charge(rowGas + byteGas * BigInt(bytes) * (earlier.art ? 2n : 1n))
      gas.charge(BigInt(row.length) * (tokenGas + matchGas * bits))
      covered += BigInt(coveredIn(index, earlier, row))
      tokens += BigInt(row.length)
    }
    measure.store({ done, covered, tokens })
    const isDone = done === rows
    const isCopy = isDone && tokens > 0n && covered * 10_000n >= tokens * gateBps(context)
    if (isCopy) turnAway(context, batchId, message.caller)
    context.log('BatchMeasured', { versionId, batchId, covered, tokens, rows: done, isCopy })
    return [covered, tokens, done]
  },
  measured({ storage }, [versionId, batchId]) {
    const { covered, tokens, done } = datanetLayout(storage)
      .measures.at(versionId)
      .at(batchId)
      .load()
    return [covered, tokens, done]
  },
})

/** Prior art that is younger than the batch is none. */
function priorArt(context: DatanetContext, batchId: bigint): bigint | undefined {
  const art = priorArtVersion(context)
  if (art === 0n) return undefined
  const { publishedBlock } = versionAt(context, art).words
  return publishedBlock < batchAt(context, batchId).words.submittedBlock ? art : undefined
}

function heldVersion(context: DatanetContext, id: bigint) {
  const version = versionAt(context, id)
  if (version.words.state !== versionState.held) throw context.revert('NotHeld', [id])
  return version
}

function tokensOfRow({ corpus }: SpanIndex, row: number): Int32Array {
  const { tokens, starts } = corpus
  const start = starts[row] ?? 0
  const end = (starts[row + 1] ?? tokens.length) - 1 // the separator
  return tokens.subarray(start, Math.min(end, start + maxRowTokens))
}

/** Tokens of a row that some long match with an earlier row, or with the prior art, covers. */
function coveredIn(
  index: SpanIndex,
  { firstRow, art }: { readonly firstRow: number; readonly art: SpanIndex | undefined },
  row: Int32Array,
): number {
  const { starts, vocabulary } = index.corpus
  const covered = new Uint8Array(row.length)
  coveredBy(index, row, { minLength: longMatchTokens, before: starts[firstRow] ?? 0 }, covered)
  if (art) {
    const query = row.map((token) => {
      const bytes = vocabulary.bytesOf(token)
      return art.corpus.vocabulary.idAt(bytes, 0, bytes.length) ?? -1
    })
    coveredBy(art, query, { minLength: longMatchTokens }, covered)
  }
  return covered.reduce((sum, one) => sum + one, 0)
}

/** Half of the deposit to whoever had it measured, so that it is worth his gas; half to the treasury. */
function turnAway(context: DatanetContext, batchId: bigint, by: Address): void {
  const { entry, words } = batchAt(context, batchId)
  if (words.state !== batchState.accepted) return
  entry.store({ state: batchState.rejected, reason: textWord('novelty'), deposit: 0n })
  const half = words.deposit / 2n
  creditAccount(context, by, half)
  creditAccount(context, treasury(context), words.deposit - half)
  noteRetraction(context, words.datanetId, batchId)
  const { scoreBps } = words
  context.log('BatchDecided', {
    batchId,
    state: batchState.rejected,
    scoreBps,
    reason: textWord('novelty'),
  })
}
