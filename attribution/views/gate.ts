/**
 * What the chain has found out about a batch or a head by itself: the novelty gate's measure of a batch, and the
 * certificate of a trained head. Reads what IDatanet.measure and ILineage.certify left.
 */
import { textWord } from '../words.ts'
import { batchStates, nameOf, shortText, versionStates } from './names.ts'
import { events, read, type ChainReader } from './reader.ts'

/** unheld: nobody can measure it yet. open: rows are left to measure. new, copy: the verdict. */
export type GateVerdict = 'unheld' | 'open' | 'new' | 'copy'

/** IDatanet.VersionState.Held, BatchState.Rejected. */
const held = 2
const rejected = 3

const param = async (reader: ChainReader, name: string): Promise<bigint> =>
  BigInt(await read(reader, 'params', 'get', [textWord(name)]))

/** A batch in every version that appended it. Throws what the reader throws for none. */
export async function gateView(reader: ChainReader, batchId: bigint) {
  const batch = await read(reader, 'datanet', 'batch', [batchId])
  const { datanetId } = batch
  const reason = shortText(batch.reason)
  const isCopy = batch.state === rejected && reason === 'novelty'
  const published = await events(reader, 'datanet', 'VersionPublished', { datanetId })
  const versions = []
  for (const { args } of published) {
    const { versionId, batchIds } = args
    const part = batchIds.indexOf(batchId)
    if (part < 0) continue
    const { state } = await read(reader, 'datanet', 'version', [versionId])
    const [covered, tokens, rows] = await read(reader, 'datanet', 'measured', [versionId, batchId])
    const isDone = rows === batch.rows
    const verdict: GateVerdict =
      state !== held ? 'unheld' : !isDone ? 'open' : isCopy ? 'copy' : 'new'
    versions.push({
      versionId,
      state: nameOf(versionStates, state),
      part,
      rowsMeasured: rows,
      covered,
      tokens,
      coveredBps: tokens === 0n ? 0 : Number((covered * 10_000n) / tokens),
      verdict,
    })
  }
  return {
    batchId,
    datanetId,
    state: nameOf(batchStates, batch.state),
    reason,
    rows: batch.rows,
    deposit: batch.deposit,
    /** Share of its tokens from which a batch is a copy. */
    gateBps: Number(await param(reader, 'datanet.gateBps')),
    priorArtVersion: await param(reader, 'datanet.priorArtVersion'),
    versions,
  }
}

/** Of a model whose content is a head: the versions it was shown to be the optimum of. */
export async function certificatesView(reader: ChainReader, assetId: bigint) {
  const { contentHash } = await read(reader, 'lineage', 'asset', [assetId])
  const certified = await events(reader, 'lineage', 'HeadCertified', { assetId })
  const sources = await read(reader, 'lineage', 'sources', [assetId])
  return {
    assetId,
    contentHash,
    versions: sources.map(({ versionId }) => {
      const found = certified.find(({ args }) => args.versionId === versionId)
      return {
        versionId,
        isCertified: found !== undefined,
        blockNumber: found?.blockNumber,
        transactionHash: found?.transactionHash,
      }
    }),
  }
}
