/**
 * The node's key on the network, which is its peer id, and the addresses of peers it has met: two
 * files of the data folder. The key signs no vote and holds no money; it is secret all the same.
 */
import { randomBytes } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { AddressBook } from '../../p2p/index.ts'
import { fromHex, NodeError, toHex } from '../../primitives/index.ts'

/** 32 bytes, made at the first start. Throws NodeError NODE_KEY_INVALID. */
export async function readNodeKey(folder: string): Promise<Uint8Array> {
  await mkdir(folder, { recursive: true })
  const path = join(folder, 'node-key')
  const text = await readFile(path, 'utf8').catch(async (error: unknown) => {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error
    const made = toHex(randomBytes(32))
    await writeFile(path, `${made}\n`, { mode: 0o600, flag: 'wx' })
    return made
  })
  const hex = text.trim()
  if (/^0x[0-9a-f]{64}$/.test(hex)) return fromHex(hex as `0x${string}`)
  throw new NodeError(
    'NODE_KEY_INVALID',
    `${path} is no node key (0x and 64 hex digits); remove it and the node makes a new one, with a ` +
      'new peer id',
    { path },
  )
}

/** Addresses of an earlier run; a file that cannot be read is no reason not to start. */
export function addressBook(folder: string): AddressBook {
  const path = join(folder, 'peers.json')
  return {
    load() {
      try {
        const known: unknown = JSON.parse(readFileSync(path, 'utf8'))
        return Array.isArray(known) ? known.filter((each) => typeof each === 'string') : []
      } catch {
        return [] // none yet, or cut off by a crash: peers are found again
      }
    },
    save(addresses) {
      try {
        writeFileSync(path, `${JSON.stringify(addresses, null, 2)}\n`)
      } catch {
        // A full disk is told of by what matters more than this file.
      }
    },
  }
}
