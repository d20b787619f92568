/**
 * Indexes of dataset versions as this node has them: derived, in memory, made again whenever they are
 * missing. Builds from rows alone and refuses to know an index by a root that is not the one it built.
 * What an execution misses is fetched here before it runs again; what nobody has is an error of the node.
 */
import {
  isBatchFault,
  readBatch,
  rowText,
  merkleRoot,
  hashRow,
} from '../../attribution/methods/index.ts'
import {
  buildSpanIndex,
  commitIndex,
  encodeCorpus,
  type SpanCommitment,
  type SpanIndex,
} from '../../attribution/methods/index.ts'
import { versionSource, type Corpora, type VersionSource } from '../../attribution/index.ts'
import { MissingData } from '../../execution/native/index.ts'
import {
  type Hex,
  type Logger,
  NodeError,
  type StateReader,
  toHex,
} from '../../primitives/index.ts'

export interface BuiltCorpus {
  readonly index: SpanIndex
  readonly commitment: SpanCommitment
}

export interface CorporaPorts {
  /** Rows of a batch by its root, from wherever they are; undefined when nobody has them. */
  readonly rowsOf: (root: Hex) => Promise<Uint8Array | undefined>
  readonly log: Logger
}

export interface NodeCorpora extends Corpora {
  /** Builds, or finds built, and compares with what the chain says. Throws DATA_MISSING, INDEX_MISMATCH. */
  build(source: VersionSource): Promise<BuiltCorpus>
  /** Whether an index with this root is in memory. */
  has(indexRoot: Hex): boolean
}

/** Tokens kept in memory over all indexes: 12 bytes each and their trees, about 1 GiB. */
const maxTokensKept = 32 * 2 ** 20

export function createCorpora({ rowsOf, log }: CorporaPorts): NodeCorpora {
  /** By index root, in order of last use. */
  const kept = new Map<Hex, BuiltCorpus>()
  const building = new Map<Hex, Promise<BuiltCorpus>>()

  function use(indexRoot: Hex): BuiltCorpus | undefined {
    const corpus = kept.get(indexRoot)
    if (!corpus) return undefined
    kept.delete(indexRoot)
    kept.set(indexRoot, corpus)
    return corpus
  }

  function keep(indexRoot: Hex, corpus: BuiltCorpus): void {
    kept.set(indexRoot, corpus)
    let tokens = 0
    for (const { index } of kept.values()) tokens += index.order.length
    for (const [root, { index }] of kept) {
      if (tokens <= maxTokensKept || kept.size === 1) break
      kept.delete(root)
      tokens -= index.order.length
    }
  }

  async function make(source: VersionSource): Promise<BuiltCorpus> {
    const texts = await textsOf(source, rowsOf)
    const index = buildSpanIndex(encodeCorpus(texts))
    const commitment = commitIndex(index)
    compare(source, index, commitment)
    keep(source.indexRoot, { index, commitment })
    log.info(
      { versionId: source.versionId, rows: source.rows, tokens: source.tokens },
      'index built',
    )
    return { index, commitment }
  }

  async function build(source: VersionSource): Promise<BuiltCorpus> {
    const known = use(source.indexRoot)
    if (known) return known
    const begun = building.get(source.indexRoot) ?? make(source)
    building.set(source.indexRoot, begun)
    try {
      return await begun
    } finally {
      building.delete(source.indexRoot)
    }
  }

  return {
    build,
    has: (indexRoot) => kept.has(indexRoot),
    indexOf({ versionId, indexRoot }) {
      const corpus = use(indexRoot)
      if (corpus) return corpus.index
      throw new MissingData(`the index of version ${versionId}`, async (state: StateReader) => {
        const source = versionSource(state, versionId)
        if (source) await build(source)
      })
    },
  }
}

async function textsOf(
  source: VersionSource,
  rowsOf: CorporaPorts['rowsOf'],
): Promise<Uint8Array[]> {
  const encoder = new TextEncoder()
  const texts: Uint8Array[] = []
  const hashes: Uint8Array[] = []
  for (const { batchId, root, rows } of source.batches) {
    const bytes = await rowsOf(root)
    if (!bytes)
      throw new NodeError(
        'DATA_MISSING',
        `the rows of batch ${batchId} are not here: give them to the node with attr_putRows`,
        { versionId: source.versionId, batchId, root },
      )
    const batch = readBatch(bytes)
    if (isBatchFault(batch) || toHex(batch.root) !== root || batch.rows.length !== rows)
      throw mismatch(source, `batch ${batchId} is not what its root and count say`)
    for (const row of batch.rows) {
      texts.push(encoder.encode(rowText(row)))
      hashes.push(hashRow(row.bytes))
    }
  }
  if (toHex(merkleRoot(hashes)) !== source.root)
    throw mismatch(source, 'its rows have another root')
  return texts
}

function compare(source: VersionSource, index: SpanIndex, commitment: SpanCommitment): void {
  if (BigInt(index.order.length) !== source.tokens)
    throw mismatch(source, `it has ${index.order.length} tokens, not ${source.tokens}`)
  if (toHex(commitment.corpusRoot) !== source.corpusRoot)
    throw mismatch(source, 'its corpus has another root')
  if (toHex(commitment.root) !== source.indexRoot)
    throw mismatch(source, 'the index built from its rows has another root')
}

const mismatch = ({ versionId, indexRoot }: VersionSource, why: string): NodeError =>
  new NodeError('INDEX_MISMATCH', `version ${versionId} is not what it says: ${why}`, {
    versionId,
    indexRoot,
  })
