/** Facts about an open store for people: heights, hashes, and what each table takes on disk. */
import type { Hex } from '../primitives/index.ts'
import type { OpenStore } from './store.ts'
import { databaseVersion, decodeHead, keys, tableRange, tables, type TableName } from './tables.ts'

export interface StoreInfo {
  /** Folder, or "memory". */
  readonly name: string
  readonly version: number
  readonly genesisHash: Hex | undefined
  readonly head:
    | { readonly number: bigint; readonly hash: Hex; readonly stateRoot: Hex }
    | undefined
  readonly oldestState: bigint
  readonly keepStates: number | 'archive'
  readonly tables: readonly {
    readonly prefix: TableName
    readonly holds: string
    /** Compressed, by the engine's estimate; what was written last is not counted yet. */
    readonly approximateBytes: number
  }[]
}

/** Reads only. Throws NodeError DB_FAILED or DB_CORRUPT. */
export async function storeInfo(store: OpenStore): Promise<StoreInfo> {
  const { db, keepStates } = store.inside
  const head = store.head()
  const genesis = db.get(keys.fact('genesis'))
  const sizes = await Promise.all(
    (Object.keys(tables) as TableName[]).map(async (prefix) => ({
      prefix,
      holds: tables[prefix],
      approximateBytes: await db.approximateBytes(tableRange(prefix)),
    })),
  )
  return {
    name: db.name,
    version: databaseVersion,
    genesisHash: genesis && decodeHead(genesis).hash,
    head: head && {
      number: head.header.number,
      hash: head.hash,
      stateRoot: head.header.stateRoot,
    },
    oldestState: store.oldestState(),
    keepStates,
    tables: sizes,
  }
}
