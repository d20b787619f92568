/**
 * Tries for tests: records in a Map, keys that collide on purpose, and a seeded generator.
 * Knows nothing of the code under test but its port.
 */
import type { TrieNodes, TrieUpdate } from '../../state/trie.ts'

export type Records = Map<string, Uint8Array>

/** The port over a Map; hands out copies, so a write into a record would not go unnoticed. */
export const nodesOf = (records: Records): TrieNodes => ({
  get: (path) => records.get(path)?.slice(),
})

/** Does what a store's batch does. Throws when a write changes nothing: the trie promises none. */
export function applyWrites(records: Records, { writes }: TrieUpdate): void {
  for (const [path, record] of writes) {
    const old = records.get(path)
    if (record === undefined) {
      if (!records.delete(path)) throw new Error(`deletes the absent record '${path}'`)
    } else {
      if (old && Buffer.compare(old, record) === 0)
        throw new Error(`rewrites the record '${path}' with itself`)
      records.set(path, record)
    }
  }
}

/** Numbers in [0, 1), the same ones for the same seed (mulberry32). */
export function createRandom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000
  }
}

export const randomBytes = (random: () => number, length: number): Uint8Array =>
  Uint8Array.from({ length }, () => Math.floor(random() * 256))
