/**
 * Rows in a node, put together: the store of batches, indexes of versions made from it, and the one who
 * looks at new versions. Knows which parts there are, not how they work.
 */
import { isValidator, type Corpora } from '../../attribution/index.ts'
import type { Chain } from '../../execution/index.ts'
import { type Hex, publicKeyToAddress, type Secp256k1 } from '../../primitives/index.ts'
import type { RowsApi } from '../../rpc/index.ts'
import { indexFolder, rowsFolder } from '../folders.ts'
import { makeFolder } from '../make-folder.ts'
import type { Loggers } from '../logger.ts'
import { type Attester, createAttester } from './attester.ts'
import { createCorpora } from './corpora.ts'
import { fetchRows } from './fetch-rows.ts'
import { createIndexMaker } from './index-maker.ts'
import { openRowStore } from './row-store.ts'
import { createValidator, type ValidatorPorts } from './validator.ts'

export interface RowsOptions {
  readonly datadir: string | undefined
  /** HTTP URLs of nodes that are asked for rows which are not here. */
  readonly rowsFrom?: readonly string[]
  /** Bytes of rows kept; the default holds hundreds of full batches. */
  readonly quotaBytes?: number
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
    rowsFrom = [],
    quotaBytes = defaultQuotaBytes,
    indexBytes = defaultIndexBytes,
  }: RowsOptions,
  logs: Loggers,
): Promise<NodeRows> {
  if (datadir !== undefined) await makeFolder(rowsFolder(datadir))
  const log = logs.of('rows')
  let attester: Attester | undefined
  const maker = createIndexMaker(
    {
      ...(datadir !== undefined && { folder: indexFolder(datadir) }),
      quotaBytes: indexFilesPerRows * quotaBytes,
    },
    log,
  )
  const store = await openRowStore({
    ...(datadir !== undefined && { folder: rowsFolder(datadir) }),
    quotaBytes,
    check: (bytes) => maker.check(bytes),
    onPut: () => attester?.onRows(),
  })
  async function rowsOf(root: Hex): Promise<Uint8Array | undefined> {
    const here = await store.get(root)
    if (here) return here
    const bytes = await fetchRows(rowsFrom, root, { log, check: (given) => maker.check(given) })
    if (bytes) await store.put(bytes)
    return bytes
  }
  const corpora = createCorpora({ memoryBytes: indexBytes }, { rowsOf, maker, log })
  return {
    api: { ...store, buildVersion: (roots) => corpora.buildOf(store.sizesOf(roots)) },
    corpora,
    watch(chain, keys, ports) {
      const state = chain.stateAt(chain.head().header.number)
      const key = keys.find((one) =>
        isValidator(state, publicKeyToAddress(ports.secp256k1.publicKey(one))),
      )
      const { chainId } = chain.spec
      const validator = key && createValidator(key, { ...ports, chainId, log })
      const watching = createAttester({ chain, corpora, log, ...(validator && { validator }) })
      chain.onCommit((executed) => watching.onBlock(executed))
      attester = watching
      watching.start()
    },
    async stop() {
      const stopped = attester?.stop()
      await maker.stop()
      await stopped
    },
  }
}
