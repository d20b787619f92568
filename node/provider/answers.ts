/**
 * A folder of answers, each in a file named by its keccak256: what a provider keeps so that he can show them again.
 * A file that does not hash to its name is as good as none.
 */
import { mkdir, open, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { bytesToHex, keccak256, type Hex } from 'viem'
import { NodeError } from '../../primitives/index.ts'

/** undefined where there is none that is whole. */
export async function readAnswer(folder: string, outputHash: Hex): Promise<Hex | undefined> {
  try {
    const bytes = await readFile(join(folder, outputHash))
    return keccak256(bytes) === outputHash ? bytesToHex(bytes) : undefined
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw new NodeError('FILE_UNREADABLE', `cannot read answers in ${folder}`, { folder }, error)
  }
}

/** Its hash. Whole on disk before this returns. */
export async function keepAnswer(folder: string, answer: Uint8Array): Promise<Hex> {
  const hash = keccak256(answer)
  try {
    await mkdir(folder, { recursive: true })
    const path = join(folder, hash)
    await writeFile(`${path}.part`, answer, { flush: true })
    await rename(`${path}.part`, path)
    await syncFolder(folder)
  } catch (error) {
    throw new NodeError('FILE_UNWRITABLE', `cannot keep an answer in ${folder}`, { folder }, error)
  }
  return hash
}

/** A rename is on disk when its folder is. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}
