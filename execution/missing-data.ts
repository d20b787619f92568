/**
 * Runs a transaction again when a native module misses data it depends on: what was done is taken back,
 * the data is fetched, and the transaction begins anew, so that its result never depends on what a node
 * happened to hold. What the data is, the error knows (native/missing.ts).
 */
import { NodeError } from '../primitives/index.ts'
import type { Journal } from '../state/index.ts'
import { MissingData } from './native/missing.ts'
import type { RunOptions } from './types.ts'

/** More than a transaction may ask for (native/large-data.ts): what is fetched does not come. */
const maxFetches = 64

/**
 * What was fetched for a transaction stays until it has run, so that two things which do not fit the memory
 * together do not push each other out. Throws what `fetch` throws, and NodeError DATA_MISSING for a
 * transaction that touches too much, with the journal as it was before.
 */
export async function retryWithData<result>(
  journal: Journal,
  { tracer }: RunOptions,
  { task, forget }: { readonly task: () => Promise<result>; readonly forget: () => void },
): Promise<result> {
  const releases: (() => void)[] = []
  try {
    for (;;) {
      const depth = journal.depth()
      journal.checkpoint()
      try {
        const done = await task()
        journal.commit()
        return done
      } catch (error) {
        if (!(error instanceof MissingData)) throw error
        try {
          if (releases.length === maxFetches) throw tooMuch(error)
          releases.push(await error.fetch(journal))
        } finally {
          while (journal.depth() > depth) journal.revert()
          forget()
        }
        tracer?.restart?.()
        // What other tracers have heard cannot be unsaid.
        if (tracer && !tracer.restart)
          throw new NodeError(
            'DATA_FETCHED',
            `${error.message}: it has been fetched, ask again`,
            {},
          )
      }
    }
  } finally {
    for (const release of releases) release()
  }
}

const tooMuch = ({ message }: MissingData): NodeError =>
  new NodeError(
    'DATA_MISSING',
    `${message}, after ${maxFetches} others that the same transaction asked for`,
    { maxFetches },
  )
