/**
 * What a handler throws when data that the chain refers to is not at hand: rows of a held version, an
 * index made of them. No fault of the caller and no property of the state, so never a revert: the engine
 * takes back what the transaction did, has the data fetched, and runs it again from the start.
 */
import type { StateReader } from '../../primitives/index.ts'

export class MissingData extends Error {
  /**
   * Brings the data, by what the state inside the interrupted transaction says of it; it stays at hand until
   * what is answered is called. Throws NodeError DATA_MISSING when nobody has it.
   */
  readonly fetch: (state: StateReader) => Promise<() => void>
  constructor(what: string, fetch: (state: StateReader) => Promise<() => void>) {
    super(`${what} is not at hand`)
    this.fetch = fetch
  }
}
