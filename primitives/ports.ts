/** Abilities the node is given from outside: a log, a key-value store. `clock.ts` has time. */

/** What we use of pino. Facts first, then one constant sentence. */
export interface Logger {
  error(facts: object, sentence: string): void
  warn(facts: object, sentence: string): void
  info(facts: object, sentence: string): void
  debug(facts: object, sentence: string): void
}

export const silentLogger: Logger = {
  error: () => undefined,
  warn: () => undefined,
  info: () => undefined,
  debug: () => undefined,
}

/** One write of an atomic batch; no `value` deletes the key. */
export interface Write {
  readonly key: Uint8Array
  readonly value?: Uint8Array | undefined
}

/** An ordered store of bytes with synchronous reads: level on disk or in memory. */
export interface KeyValue {
  get(key: Uint8Array): Uint8Array | undefined
  /** All writes or none; `sync` waits until the disk has them. */
  write(writes: readonly Write[], options?: { readonly sync?: boolean }): Promise<void>
  /** Entries with gte <= key < lt, in key order. */
  range(
    bounds: { readonly gte: Uint8Array; readonly lt: Uint8Array },
    options?: { readonly reverse?: boolean; readonly limit?: number },
  ): AsyncIterable<readonly [Uint8Array, Uint8Array]>
  close(): Promise<void>
}
