/**
 * Makes a folder step by step from its nearest existing parent. Node's own recursive mkdir never
 * ends where a file system refuses folders with ENOENT, as /proc does. Deletes nothing.
 */
import { access, constants, mkdir, stat } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { NodeError } from '../primitives/index.ts'

/** Throws NodeError FOLDER_UNUSABLE when `path` or what lies above it is no writable folder. */
export async function makeFolder(path: string): Promise<void> {
  const folder = resolve(path)
  if (await isFolder(folder)) return requireWritable(folder)
  await makeFolder(dirname(folder))
  try {
    await mkdir(folder)
  } catch (error) {
    if (isCode(error, 'EEXIST') && (await isFolder(folder))) return // another process was quicker
    throw unusable(`cannot make the folder ${folder}`, error)
  }
}

/** Throws NodeError FILE_UNWRITABLE when a file cannot be written there. Writes nothing. */
export async function requireWritableFile(path: string): Promise<void> {
  try {
    const found = await stat(path).catch((error: unknown) => {
      if (isCode(error, 'ENOENT')) return undefined
      throw error
    })
    if (found?.isDirectory()) throw new Error('it is a folder')
    await access(found ? path : dirname(path), constants.W_OK)
  } catch (error) {
    throw unwritableFile(path, error)
  }
}

export const unwritableFile = (path: string, cause: unknown): NodeError =>
  new NodeError('FILE_UNWRITABLE', `cannot write ${path} (${reasonOf(cause)})`, { path }, cause)

/** False when nothing is there; the root of the file system always is. */
async function isFolder(path: string): Promise<boolean> {
  try {
    const found = await stat(path)
    if (found.isDirectory()) return true
  } catch (error) {
    // ENOTDIR: a file lies further up, and the next steps find it.
    if (isCode(error, 'ENOENT') || isCode(error, 'ENOTDIR')) return false
    throw unusable(`cannot look at ${path}`, error)
  }
  throw new NodeError('FOLDER_UNUSABLE', `${path} is a file; choose a folder`, { path })
}

async function requireWritable(folder: string): Promise<void> {
  try {
    await access(folder, constants.W_OK)
  } catch (error) {
    throw unusable(`cannot write into the folder ${folder}`, error)
  }
}

const unusable = (what: string, cause: unknown): NodeError =>
  new NodeError('FOLDER_UNUSABLE', `${what} (${reasonOf(cause)}); choose another`, {}, cause)

const isCode = (error: unknown, code: string): boolean =>
  typeof error === 'object' && error !== null && 'code' in error && error.code === code

/** Without the class name; not by instanceof, for fs errors may come from another realm. */
const reasonOf = (error: unknown): string => String(error).replace(/^Error: /, '')
