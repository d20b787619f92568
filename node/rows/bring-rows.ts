/**
 * Rows from a folder that was named, from peers, then from nodes that were named; kept when there is room, and given all the same when
 * there is none: whoever executes a block needs them now. Gives nothing that has another root.
 */
import { type Hex, type Logger, NodeError, reject } from '../../primitives/index.ts'
import type { WantedRows } from '../../p2p/index.ts'
import type { RowsName } from './corpora.ts'
import { fetchRows } from './fetch-rows.ts'
import type { RowStore } from './row-store.ts'

export interface BringerPorts {
  readonly store: Pick<RowStore, 'put' | 'check' | 'refusalOf'>
  /** From a folder that another node kept; asked first. */
  readonly fromFolder?: ((root: Hex) => Promise<Uint8Array | undefined>) | undefined
  /** HTTP URLs. */
  readonly rowsFrom: readonly string[]
  readonly log: Logger
  readonly fromPeers: () => ((wanted: WantedRows) => Promise<Uint8Array | undefined>) | undefined
}

export interface Bringer {
  /** For who needs them. */
  readonly now: (wanted: RowsName) => Promise<Uint8Array | undefined>
  /** For who only wants them kept. */
  readonly whenRoom: (wanted: WantedRows) => Promise<Uint8Array | undefined>
}

export function createBringer(ports: BringerPorts): Bringer {
  const { store, fromFolder, rowsFrom, log, fromPeers } = ports
  const now = async (wanted: RowsName): Promise<Uint8Array | undefined> => {
    const { root, rows, sizeBytes } = wanted
    const isSized = rows !== undefined && sizeBytes !== undefined
    const bytes =
      (await fromFolder?.(root)) ??
      (isSized ? await fromPeers()?.({ root, rows, sizeBytes }) : undefined) ??
      (await fetchRows(rowsFrom, root, { log, check: store.check }))
    if (!bytes) return undefined
    const kept = await store.put(bytes).catch(failedToKeep)
    if (kept.type === 'accept') return kept.value.root === root ? bytes : undefined
    log.warn({ root, reason: kept.message }, 'rows that came are not kept')
    const batch = await store.check(bytes)
    return batch.type === 'batch' && batch.root === root ? bytes : undefined
  }
  return {
    now,
    async whenRoom(wanted) {
      const reason = store.refusalOf(wanted)
      if (reason === undefined) return now(wanted)
      log.warn({ root: wanted.root, reason }, 'rows are not fetched')
      return undefined
    },
  }
}

/** A disk that fails is no reason to do without rows that came. */
function failedToKeep(error: unknown) {
  if (error instanceof NodeError && error.code === 'BLOBS_FAILED')
    return reject(error.code, error.message)
  throw error
}
