/**
 * Indexes of dataset versions as this node has them: derived, in memory up to a bound, beside that in
 * files, made again from rows whenever they are missing. Refuses to know an index by roots that are not
 * those it built. What an execution misses is fetched here before it runs again; what nobody has is an
 * error of the node.
 */
import { versionSource, type Corpora, type VersionSource } from '../../attribution/index.ts'
import type { BuiltVersion, VersionFacts } from '../../attribution/methods/index.ts'
import { MissingData } from '../../execution/native/index.ts'
import { type Hex, type Logger, NodeError, type StateReader } from '../../primitives/index.ts'
import type { WantedRows } from '../../p2p/index.ts'
import type { IndexMaker } from './index-maker.ts'

/** A batch by its root, and how much to expect where the chain says it. */
export type RowsName = Pick<WantedRows, 'root'> & Partial<WantedRows>

export interface CorporaPorts {
  /** Rows of a batch by its root, from wherever they are; undefined when nobody has them. */
  readonly rowsOf: (batch: RowsName) => Promise<Uint8Array | undefined>
  readonly maker: Pick<IndexMaker, 'make' | 'load'>
  readonly log: Logger
}

export interface NodeCorpora extends Corpora {
  /** Builds, or finds built, and compares with what the chain says. Throws DATA_MISSING, INDEX_MISMATCH. */
  build(source: VersionSource): Promise<void>
  /** The same for a transaction in work: it stays, beyond the bound too, until what is answered is called. */
  hold(source: VersionSource): Promise<() => void>
  /**
   * Builds, for a client, of rows that are no version yet. Throws as `build`, BATCH_INVALID, INDEX_BUSY,
   * VERSION_TOO_LARGE.
   */
  buildOf(
    batches: readonly { readonly root: Hex; readonly sizeBytes: number }[],
    mostBytes: bigint,
  ): Promise<VersionFacts>
}

/** Versions asked for whose facts are remembered. */
const maxFacts = 64

export interface CorporaOptions {
  /** Of indexes in memory, about 9 bytes a token; one stays, whatever its size. */
  readonly memoryBytes: number
}

export function createCorpora({ memoryBytes }: CorporaOptions, ports: CorporaPorts): NodeCorpora {
  const memory = createMemory(memoryBytes)
  /** By version: another one may state the same index root, and rows that are not its rows. */
  const coming = new Map<string, Promise<BuiltVersion>>()
  /** By the roots of the batches: who asks again, because an answer took too long, joins the work. */
  const facts = new Map<string, Promise<VersionFacts>>()

  async function bring(source: VersionSource): Promise<BuiltVersion> {
    const version = (await ports.maker.load(source)) ?? (await make(source, ports))
    compare(source, version)
    memory.keep(version)
    return version
  }

  async function build(source: VersionSource): Promise<void> {
    const { versionId, indexRoot } = source
    const name = `${versionId} ${indexRoot}`
    const begun = coming.get(name) ?? memory.use(indexRoot) ?? bring(source)
    if (begun instanceof Promise) coming.set(name, begun)
    try {
      compare(source, await begun)
    } finally {
      coming.delete(name)
    }
  }

  async function hold(source: VersionSource): Promise<() => void> {
    const release = memory.hold(source.indexRoot)
    try {
      await build(source).catch(missingForNow)
      return release
    } catch (error) {
      release()
      throw error
    }
  }

  return {
    build,
    hold,
    async buildOf(batches, mostBytes) {
      const sizeBytes = batches.reduce((sum, one) => sum + BigInt(one.sizeBytes), 0n)
      if (sizeBytes > mostBytes)
        throw new NodeError(
          'VERSION_TOO_LARGE',
          `a version of ${sizeBytes} bytes cannot be held: the chain's datanet.maxVersionBytes is ${mostBytes}`,
          { sizeBytes, mostBytes },
        )
      const name = batches.map(({ root }) => root).join()
      const begun = facts.get(name) ?? makeOf(batches, sizeBytes, ports)
      facts.set(name, begun)
      const [oldest] = facts.keys()
      if (facts.size > maxFacts && oldest !== undefined) facts.delete(oldest)
      try {
        return await begun
      } catch (error) {
        facts.delete(name)
        throw error
      }
    },
    indexOf({ versionId, indexRoot }) {
      const version = memory.use(indexRoot)
      if (version) return version.index
      throw new MissingData(`the index of version ${versionId}`, async (state: StateReader) => {
        const source = versionSource(state, versionId)
        return source ? hold(source) : () => undefined
      })
    },
  }
}

/** Indexes by their root, so many bytes of them, and beyond that what is held. */
function createMemory(memoryBytes: number) {
  /** In order of last use. */
  const kept = new Map<Hex, BuiltVersion>()
  const holders = new Map<Hex, number>()
  return {
    use(root: Hex): BuiltVersion | undefined {
      const version = kept.get(root)
      if (!version) return undefined
      kept.delete(root)
      kept.set(root, version)
      return version
    },
    keep(version: BuiltVersion): void {
      kept.set(version.indexRoot, version)
      let bytes = 0
      for (const one of kept.values()) bytes += sizeOf(one)
      for (const [root, one] of kept) {
        if (bytes <= memoryBytes || root === version.indexRoot) break
        if (holders.has(root)) continue
        kept.delete(root)
        bytes -= sizeOf(one)
      }
    },
    /** For one more transaction in work, until what is answered is called. */
    hold(root: Hex): () => void {
      holders.set(root, (holders.get(root) ?? 0) + 1)
      return () => {
        const others = (holders.get(root) ?? 1) - 1
        if (others > 0) holders.set(root, others)
        else holders.delete(root)
      }
    },
  }
}

/** What will pass is like rows that will come: whoever executes tries again. */
function missingForNow(error: unknown): never {
  const passes =
    error instanceof NodeError &&
    ['INDEX_BUSY', 'THREAD_ENDED', 'BLOBS_FAILED'].includes(error.code)
  if (!passes) throw error
  throw new NodeError('DATA_MISSING', error.message, error.facts, error)
}

async function makeOf(
  batches: readonly { readonly root: Hex; readonly sizeBytes: number }[],
  sizeBytes: bigint,
  { maker, rowsOf }: CorporaPorts,
): Promise<VersionFacts> {
  const what = { batches: batches.length }
  const { index: _, ...facts } = await maker.make({
    what,
    sizeBytes,
    isForClient: true,
    batches: rowsInTurn(batches, rowsOf),
  })
  return facts
}

/** Lists of four bytes a token and a few smaller ones. */
const sizeOf = ({ index }: BuiltVersion): number => index.order.buffer.byteLength

async function make(
  source: VersionSource,
  { rowsOf, maker, log }: CorporaPorts,
): Promise<BuiltVersion> {
  const { versionId, rows, tokens, batches, sizeBytes } = source
  let read = 0
  const made = await maker.make({
    what: { versionId },
    sizeBytes,
    batches: rowsInTurn(batches, rowsOf, { versionId }),
    onBatch({ root, rows: count }) {
      const batch = batches[read++]
      if (!batch || batch.root !== root || batch.rows !== count)
        throw mismatch(source, `batch ${batch?.batchId ?? '?'} is not what its root and count say`)
    },
  })
  log.info({ versionId, rows, tokens }, 'index built')
  return made
}

/**
 * What comes is as long as it was said to be: the contributor's word decides the deposit, what validators
 * take, and where the work is done.
 */
async function* rowsInTurn(
  batches: readonly (RowsName & { readonly sizeBytes: number; readonly batchId?: bigint })[],
  rowsOf: CorporaPorts['rowsOf'],
  facts: Readonly<Record<string, unknown>> = {},
): AsyncGenerator<Uint8Array> {
  for (const { batchId, ...batch } of batches) {
    const { root, sizeBytes } = batch
    const bytes = await rowsOf(batch)
    if (!bytes)
      throw new NodeError(
        'DATA_MISSING',
        `the rows of batch ${batchId ?? root} are not here: give them to the node with attr_putRows`,
        { ...facts, batchId, root },
      )
    if (bytes.length !== sizeBytes)
      throw new NodeError(
        'INDEX_MISMATCH',
        `the rows of batch ${batchId ?? root} have ${bytes.length} bytes, not ${sizeBytes}`,
        { ...facts, batchId, root },
      )
    yield bytes
  }
}

function compare(source: VersionSource, version: BuiltVersion): void {
  if (version.root !== source.root) throw mismatch(source, 'its rows have another root')
  if (version.tokens !== source.tokens)
    throw mismatch(source, `it has ${version.tokens} tokens, not ${source.tokens}`)
  if (version.corpusRoot !== source.corpusRoot)
    throw mismatch(source, 'its corpus has another root')
  if (version.indexRoot !== source.indexRoot)
    throw mismatch(source, 'the index built from its rows has another root')
}

const mismatch = ({ versionId, indexRoot }: VersionSource, why: string): NodeError =>
  new NodeError('INDEX_MISMATCH', `version ${versionId} is not what it says: ${why}`, {
    versionId,
    indexRoot,
  })
