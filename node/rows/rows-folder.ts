/**
 * A folder of rows that a node kept, or that `tributary export` wrote beside the blocks: read, never
 * changed. What is in a file is not believed here; whoever asked looks at its root.
 */
import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { maxBatchBytes } from '../../attribution/methods/index.ts'
import { NodeError, type Hex } from '../../primitives/index.ts'

/** Throws NodeError FILE_UNREADABLE when there is no such folder. */
export async function openRowsFolder(folder: string) {
  const names = await readdir(folder).catch((error: unknown) => {
    throw new NodeError('FILE_UNREADABLE', `${folder} is no folder of rows`, { folder }, error)
  })
  const parts = new Set(names)
  /** As state/blobs.ts names them: by the root, in folders of its first byte. */
  return async (root: Hex): Promise<Uint8Array | undefined> => {
    const [part, start] = [root.slice(2, 4), root.slice(2)]
    if (!parts.has(part)) return undefined
    const name = (await readdir(join(folder, part))).find((one) => one.startsWith(start))
    if (name === undefined) return undefined
    const path = join(folder, part, name)
    if ((await stat(path)).size > maxBatchBytes) return undefined
    return new Uint8Array(await readFile(path))
  }
}
