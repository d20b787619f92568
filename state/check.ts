/**
 * Whether a database is what it should be: every block with its lookups, the tries against their
 * hashes, the flat state against the tries, the past of every kept state. Reads the disk past all
 * caches in bounded memory and repairs nothing. Nothing may be committed meanwhile.
 */
import type { Hex, Logger } from '../primitives/index.ts'
import { checkBlocks } from './check-blocks.ts'
import { checkState } from './check-state.ts'
import type { OpenStore } from './store.ts'

/** `type` says which promise is broken; `message` where. */
export interface StoreFault {
  readonly type: 'block' | 'lookup' | 'flat' | 'trie' | 'code' | 'history'
  readonly message: string
}

export interface CheckProgress {
  readonly stage: 'blocks' | 'history' | 'state'
  /** Blocks, or accounts, looked at. */
  readonly done: number
}

export interface CheckReport {
  readonly head: { readonly number: bigint; readonly hash: Hex } | undefined
  readonly blocks: number
  readonly accounts: number
  readonly slots: number
  readonly trieNodes: number
  /** The first `maxFaults`. */
  readonly faults: readonly StoreFault[]
  readonly faultCount: number
}

/** A damaged table could give one fault an entry: enough to see the pattern. */
export const maxFaults = 100

export interface Findings {
  add(type: StoreFault['type'], message: string): void
  progress(stage: CheckProgress['stage'], done: number): void
}

export interface CheckOptions {
  readonly onProgress?: (progress: CheckProgress) => void
  readonly log?: Logger
}

/** Throws only what the disk throws on whole-table reads (NodeError DB_CORRUPT, DB_FAILED). */
export async function checkStore(
  store: OpenStore,
  options: CheckOptions = {},
): Promise<CheckReport> {
  const faults: StoreFault[] = []
  let faultCount = 0
  const findings: Findings = {
    add: (type, message) => {
      faultCount++
      if (faults.length < maxFaults) faults.push({ type, message })
      options.log?.error({ type, detail: message }, 'fault in the database')
    },
    progress: (stage, done) => options.onProgress?.({ stage, done }),
  }
  const head = store.head()
  const { db } = store.inside
  const blocks = head ? await checkBlocks(db, head, Number(store.oldestState()), findings) : 0
  const state = await checkState(db, head, findings)
  return {
    head: head && { number: head.header.number, hash: head.hash },
    blocks,
    ...state,
    faults,
    faultCount,
  }
}
