/**
 * Rows in a node, put together: the store of batches, indexes of versions made from it, and the one who
 * looks at new versions. Knows which parts there are, not how they work.
 */
import { isValidator, versionLimit, type Corpora } from '../../attribution/index.ts'
import type { Chain } from '../../execution/index.ts'
import {
  type Clock,
  type Logger,
  publicKeyToAddress,
  type Secp256k1,
} from '../../primitives/index.ts'
import type { WantedRows } from '../../p2p/index.ts'
import type { RowsApi } from '../../rpc/index.ts'
import { indexFolder, rowsFolder } from '../folders.ts'
import { makeFolder } from '../make-folder.ts'
import type { Loggers } from '../logger.ts'
import { type Attester, createAttester } from './attester.ts'
import { createBringer } from './bring-rows.ts'
import { createCorpora, type NodeCorpora, type RowsName } from './corpora.ts'
import { createIndexMaker } from './index-maker.ts'
import { openRowStore, type RowStore } from './row-store.ts'
import { openRowsFolder } from './rows-folder.ts'
import { createStandings } from './standings.ts'
import { createValidator, type ValidatorPorts } from './validator.ts'
import { createWanted, type Wanted } from './wanted.ts'

export interface RowsOptions {
  readonly datadir: string | undefined
  /** Another node's folder of rows, read only. */
  readonly rowsFolder?: string
  /** HTTP URLs of nodes that are asked for rows which are not here. */
  readonly rowsFrom?: readonly string[]
  /** Bytes of rows kept; the default holds hundreds of full batches. */
  readonly rowsQuotaBytes?: number
  /** Bytes of indexes in memory. */
  readonly indexBytes?: number
}

export interface NodeRows {
  readonly api: RowsApi
  /** What native modules are given. */
  readonly corpora: Corpora
  /** From now on new versions are looked at; `keys` are those that may be a validator's. */
  watch(chain: Chain, keys: readonly Uint8Array[], ports: WatchPorts): void
  stop(): Promise<void>
}

export type WatchPorts = Omit<ValidatorPorts, 'log' | 'chainId'> & {
  readonly secp256k1: Secp256k1
  /** From peers; absent where there are none. */
  readonly fetchRows?: (wanted: WantedRows) => Promise<Uint8Array | undefined>
}

/** 8 GiB. */
const defaultQuotaBytes = 8 * 2 ** 30
/** 1 GiB: about 110 million tokens, half a gigabyte of text. */
const defaultIndexBytes = 2 ** 30
/** Files of indexes: as much again as the rows they were made of, and some more. */
const indexFilesPerRows = 2

export async function openRows(
  {
    datadir,
    rowsFolder: given,
    rowsFrom = [],
    rowsQuotaBytes = defaultQuotaBytes,
    indexBytes = defaultIndexBytes,
  }: RowsOptions,
  { logs, clock }: { readonly logs: Loggers; readonly clock: Clock },
): Promise<NodeRows> {
  if (datadir !== undefined) await makeFolder(rowsFolder(datadir))
  const log = logs.of('rows')
  let attester: Attester | undefined
  const maker = createIndexMaker(
    {
      ...(datadir !== undefined && { folder: indexFolder(datadir) }),
      quotaBytes: indexFilesPerRows * rowsQuotaBytes,
    },
    log,
  )
  const store = await openRowStore({
    ...(datadir !== undefined && { folder: rowsFolder(datadir) }),
    quotaBytes: rowsQuotaBytes,
    check: (bytes) => maker.check(bytes),
    clock,
    onPut: () => attester?.onRows(),
  })
  let fromPeers: WatchPorts['fetchRows']
  const fromFolder = given === undefined ? undefined : await openRowsFolder(given)
  const bringer = createBringer({ store, fromFolder, rowsFrom, log, fromPeers: () => fromPeers })
  const rowsOf = async (wanted: RowsName): Promise<Uint8Array | undefined> =>
    (await store.get(wanted.root)) ?? bringer.now(wanted)
  const corpora = createCorpora({ memoryBytes: indexBytes }, { rowsOf, maker, log })
  let wishes: Wanted | undefined
  let watched: Chain | undefined
  return {
    api: createApi(store, corpora, () => watched),
    corpora,
    watch(chain, keys, ports) {
      const state = chain.stateAt(chain.head().header.number)
      const key = keys.find((one) =>
        isValidator(state, publicKeyToAddress(ports.secp256k1.publicKey(one))),
      )
      const validator = key && createValidator(key, { ...ports, chainId: chain.spec.chainId, log })
      fromPeers = ports.fetchRows
      const { has: hasRows } = store
      const standings = createStandings(chain)
      store.judgeBy(standings)
      const fetching = createWanted({ clock, log, has: hasRows, fetch: bringer.whenRoom })
      // Where there is nobody to ask, rows come by the door alone.
      const canAsk = fromPeers !== undefined || rowsFrom.length > 0
      const want = (wanted: WantedRows): void => (canAsk ? fetching.want(wanted) : undefined)
      const parts = { chain, corpora, log, hasRows, want, ...(validator && { validator }) }
      const watching = createAttester(parts)
      const sweep = createSweep(store, { clock, log })
      chain.onCommit((executed) => {
        standings.onBlock(executed)
        watching.onBlock(executed)
        sweep()
      })
      ;[attester, wishes, watched] = [watching, fetching, chain]
      Promise.all([standings.start(), watching.start()]).catch((error: unknown) =>
        log.error({ err: error }, 'looking at batches failed'),
      )
    },
    async stop() {
      wishes?.stop()
      await Promise.all([attester?.stop(), maker.stop()])
    },
  }
}

function createApi(
  store: RowStore,
  corpora: NodeCorpora,
  watched: () => Chain | undefined,
): RowsApi {
  return {
    ...store,
    async buildVersion(roots) {
      const chain = watched()
      const most = chain ? versionLimit(chain.stateAt(chain.head().header.number)) : 0n
      return corpora.buildOf(store.sizesOf(roots), most)
    },
  }
}

/** Looks for rows whose time is over, once a minute at most. */
function createSweep(
  store: RowStore,
  { clock, log }: { readonly clock: Clock; readonly log: Logger },
) {
  let lastMs = clock.nowMs()
  return (): void => {
    if (clock.nowMs() - lastMs < sweepEveryMs) return
    lastMs = clock.nowMs()
    store.sweep().catch((error: unknown) => log.warn({ err: error }, 'rows were not removed'))
  }
}

const sweepEveryMs = 60_000
