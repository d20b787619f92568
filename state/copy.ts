/**
 * A whole store written into another folder, entry by entry in small batches, so that the copy of a
 * large chain takes little memory and a running node goes on answering. The caller sees to it that
 * nothing is committed meanwhile. Writes into no folder that holds anything.
 */
import type { Write } from '../primitives/index.ts'
import { openDatabase } from './database.ts'
import type { OpenStore } from './store.ts'

/** Of one batch: bounds what stands in memory twice. */
const maxBatchBytes = 4 * 2 ** 20
const cacheBytes = 4 * 2 ** 20

/** Throws NodeError DB_* where the folder cannot be written, DB_FOREIGN where it is not empty. */
export async function copyStore({ inside }: OpenStore, path: string): Promise<void> {
  const copy = await openDatabase({ path, cacheBytes })
  try {
    let writes: Write[] = []
    let sizeBytes = 0
    const all = { gte: new Uint8Array(0), lt: Uint8Array.of(0xff) }
    for await (const [key, value] of inside.db.range(all)) {
      writes.push({ key, value })
      sizeBytes += key.length + value.length
      if (sizeBytes < maxBatchBytes) continue
      await copy.write(writes)
      writes = []
      sizeBytes = 0
    }
    await copy.write(writes, { sync: true })
  } finally {
    await copy.close()
  }
}
