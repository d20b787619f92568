/**
 * Runs a transaction again when a native module misses data it depends on: what was done is taken back,
 * the data is fetched, and the transaction begins anew, so that its result never depends on what a node
 * happened to hold. What the data is, the error knows (native/missing.ts).
 */
import { NodeError } from '../primitives/index.ts'
import type { Journal } from '../state/index.ts'
import { MissingData } from './native/missing.ts'
import type { RunOptions } from './types.ts'

/** One transaction touches few versions; more fetches than this are a loop. */
const maxFetches = 64

/** Throws what `fetch` throws, with the journal as it was before. */
export async function retryWithData<result>(
  journal: Journal,
  { tracer }: RunOptions,
  { task, forget }: { readonly task: () => Promise<result>; readonly forget: () => void },
): Promise<result> {
  for (let fetches = 0; ; fetches++) {
    const depth = journal.depth()
    journal.checkpoint()
    try {
      const done = await task()
      journal.commit()
      return done
    } catch (error) {
      if (!(error instanceof MissingData) || fetches === maxFetches) throw error
      try {
        await error.fetch(journal)
      } finally {
        while (journal.depth() > depth) journal.revert()
        forget()
      }
      tracer?.restart?.()
      // What other tracers have heard cannot be unsaid.
      if (tracer && !tracer.restart)
        throw new NodeError('DATA_FETCHED', `${error.message}: it has been fetched, ask again`, {})
    }
  }
}
