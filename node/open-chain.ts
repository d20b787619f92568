/**
 * Opens the database of a chain and makes sure that it is the chain meant: block 0 must be the
 * genesis's, and so must the rules, which block 0's hash does not bind (chain id, forks, our
 * section). Those are kept beside the database in `config.json`.
 */
import { readFile, rename, writeFile } from 'node:fs/promises'
import { formatGenesis, type Genesis, genesisCommit, type GenesisModule } from '../genesis/index.ts'
import { invariant, NodeError } from '../primitives/index.ts'
import { openStore, type OpenStore, type Store } from '../state/index.ts'
import { chainFolder, rulesFile } from './folders.ts'
import { makeFolder } from './make-folder.ts'

export interface OpenChainOptions {
  readonly genesis: Genesis
  /** Native modules that stand in block 0; node/modules.ts knows them. */
  readonly modules?: readonly GenesisModule[]
  /** Undefined: everything in memory. */
  readonly datadir: string | undefined
  /** Upper bound of the store's read caches. */
  readonly cacheBytes: number
  readonly keepStates: number | 'archive'
  /** So that the whole state can be written out (devnets). */
  readonly keepPreimages?: boolean
  /** Waits at each block until the disk has it, as a validator must. */
  readonly sync?: boolean
}

/** Commits block 0 to an empty database. Throws NodeError DB_* or FOLDER_UNUSABLE: what to do. */
export async function openChain(options: OpenChainOptions): Promise<OpenStore> {
  const { genesis, modules, datadir, cacheBytes, keepStates, sync = false } = options
  if (datadir !== undefined) await makeFolder(chainFolder(datadir))
  const store = await openStore({
    ...(datadir !== undefined && { path: chainFolder(datadir) }),
    ...(options.keepPreimages && { keepPreimages: true }),
    cacheBytes,
    keepStates,
    sync,
  })
  try {
    const isNew = store.head() === undefined
    if (!isNew) await compareGenesis(store, options)
    if (datadir !== undefined) await compareRules(genesis, datadir, isNew)
    if (isNew) await store.commit(genesisCommit(genesis, store, modules))
    return store
  } catch (error) {
    await store.close()
    throw error
  }
}

async function compareGenesis(
  store: Store,
  { genesis, modules, datadir = 'memory' }: OpenChainOptions,
): Promise<void> {
  const found = store.blockByNumber(0n)?.block.hash
  invariant(found !== undefined, 'a store with a head has a block 0')
  // The root of block 0 takes an empty state to compute, and this store has one no longer.
  const empty = await openStore({ cacheBytes: 2 ** 20, keepStates: 1 })
  const wanted = genesisCommit(genesis, empty, modules).block.hash
  await empty.close()
  if (found !== wanted) throw otherGenesis(datadir, `block 0 is ${found}, this one's ${wanted}`)
}

/** The genesis without what block 0 binds. */
const rulesOf = (genesis: Genesis): string => formatGenesis({ ...genesis, alloc: new Map() })

/** A folder without the file (lost, or a crash before it was written) takes the rules it is given. */
async function compareRules(genesis: Genesis, datadir: string, isNew: boolean): Promise<void> {
  const file = rulesFile(datadir)
  const wanted = rulesOf(genesis)
  const found = isNew ? undefined : await readFile(file, 'utf8').catch(() => undefined)
  if (found === wanted) return
  if (found !== undefined) throw otherGenesis(datadir, `its chain id or rules differ, see ${file}`)
  await writeFile(`${file}.new`, wanted)
  await rename(`${file}.new`, file)
}

const otherGenesis = (datadir: string, difference: string): NodeError =>
  new NodeError(
    'DB_GENESIS',
    `the chain in ${datadir} began with another genesis (${difference}): start with the genesis ` +
      'or options it was made with, choose another --datadir, or delete it (`dev --reset` does)',
  )
