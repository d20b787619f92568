/** Makes sure that no running node holds a chain, before its folder is replaced or deleted. */
import { openStore } from '../state/index.ts'
import { makeFolder } from './make-folder.ts'

/**
 * A foreign folder is not ours to touch; a damaged or outdated chain is what replacing is for. Throws
 * NodeError DB_LOCKED, DB_FOREIGN.
 */
export async function requireStopped(path: string): Promise<void> {
  await makeFolder(path)
  try {
    await (await openStore({ path, cacheBytes: 2 ** 20, keepStates: 'archive' })).close()
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    if (code !== 'DB_CORRUPT' && code !== 'DB_VERSION') throw error
  }
}
