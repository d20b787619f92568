/** A devnet's state in a file (--state): read at the start where it is there, written at the end. */
import { readFile, rename, writeFile } from 'node:fs/promises'
import { toHex } from '../../primitives/index.ts'
import type { Provider } from '../../rpc/index.ts'
import { unwritableFile } from '../make-folder.ts'

/** Nothing happens where the file is not there yet. Throws what anvil_loadState answers. */
export async function loadStateFile(file: string, provider: Provider): Promise<void> {
  const bytes = await readFile(file).catch((error: unknown) => {
    if (typeof error === 'object' && error !== null && 'code' in error && error.code === 'ENOENT')
      return undefined
    throw error
  })
  if (bytes) await provider.request({ method: 'anvil_loadState', params: [toHex(bytes)] })
}

/** The file is the old one or the new one at every instant. Throws NodeError FILE_UNWRITABLE. */
export async function saveStateFile(file: string, provider: Provider): Promise<void> {
  const dump = (await provider.request({ method: 'anvil_dumpState' })) as string
  try {
    await writeFile(`${file}.new`, Buffer.from(dump.slice(2), 'hex'), { mode: 0o600 })
    await rename(`${file}.new`, file)
  } catch (error) {
    throw unwritableFile(file, error)
  }
}
