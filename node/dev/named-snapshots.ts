/**
 * States of a devnet kept on disk under names: whole chains, each in a folder of its own beside the
 * one in use, so that they outlive restarts and one another. Never overwrites one. Rows of batches
 * are not in them: those are under their hashes and stay.
 */
import { cp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { type Hex, NodeError } from '../../primitives/index.ts'
import { copyStore, openStore, type AccountEdit, type OpenStore } from '../../state/index.ts'
import { chainFolder, rulesFile, snapshotsFolder } from '../folders.ts'
import { makeFolder } from '../make-folder.ts'
import { requireStopped } from '../stopped-chain.ts'

/** Each is a whole chain on disk; a person has a handful. */
const maxSnapshots = 64
const namePattern = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/
const cacheBytes = 8 * 2 ** 20

const aboutSchema = z.object({
  height: z.number().int().nonnegative(),
  hash: z.string().regex(/^0x[0-9a-f]{64}$/),
  /** Of the head, in seconds since the Unix epoch. */
  timestamp: z.number(),
})

export interface NamedSnapshot {
  readonly name: string
  readonly height: number
  readonly hash: Hex
  readonly timestamp: number
}

const folderOf = (datadir: string, name: string): string => join(snapshotsFolder(datadir), name)

/** Nothing may be committed meanwhile. Throws NodeError SNAPSHOT. */
export async function saveSnapshot(
  datadir: string,
  name: string,
  store: OpenStore,
): Promise<NamedSnapshot> {
  checkName(name)
  const head = store.head()
  if (!head) throw refusal(`there is no chain in ${datadir} to keep`)
  const others = await listSnapshots(datadir)
  if (others.some((other) => other.name === name))
    throw refusal(`there is a snapshot ${name} already; delete it, or choose another name`)
  if (others.length >= maxSnapshots)
    throw refusal(`there are ${maxSnapshots} snapshots, which is all there may be; delete one`)
  const { number, timestamp } = head.header
  const about = { height: Number(number), hash: head.hash, timestamp: Number(timestamp) }
  // Until it is whole it has a name that no snapshot has.
  const unfinished = folderOf(datadir, `.${name}`)
  await rm(unfinished, { recursive: true, force: true })
  await makeFolder(unfinished)
  await copyStore(store, join(unfinished, 'chain'))
  await cp(rulesFile(datadir), join(unfinished, 'config.json'))
  await writeFile(join(unfinished, 'about.json'), JSON.stringify(about))
  await rename(unfinished, folderOf(datadir, name))
  return { name, ...about }
}

/** In order of name. */
export async function listSnapshots(datadir: string): Promise<readonly NamedSnapshot[]> {
  const names = await readdir(snapshotsFolder(datadir)).catch((): string[] => [])
  const found = await Promise.all(
    names.filter((name) => namePattern.test(name)).map((name) => aboutOf(datadir, name)),
  )
  return found.filter((one) => one !== undefined).toSorted((a, b) => (a.name < b.name ? -1 : 1))
}

async function aboutOf(datadir: string, name: string): Promise<NamedSnapshot | undefined> {
  try {
    const text = await readFile(join(folderOf(datadir, name), 'about.json'), 'utf8')
    const { height, hash, timestamp } = aboutSchema.parse(JSON.parse(text))
    return { name, height, hash: hash as Hex, timestamp }
  } catch {
    return undefined // not ours, or cut short
  }
}

/** Throws NodeError SNAPSHOT with the names there are. */
async function requireSnapshot(datadir: string, name: string): Promise<NamedSnapshot> {
  checkName(name)
  const all = await listSnapshots(datadir)
  const found = all.find((one) => one.name === name)
  if (found) return found
  const names = all.map((one) => one.name).join(', ')
  throw refusal(
    `there is no snapshot ${name} in ${datadir}; ${names === '' ? 'none was saved' : `there are ${names}`}`,
  )
}

export async function deleteSnapshot(datadir: string, name: string): Promise<void> {
  await requireSnapshot(datadir, name)
  await rm(folderOf(datadir, name), { recursive: true, force: true })
}

/** Puts a snapshot in the place of a stopped devnet's chain. The snapshot stays. */
export async function restoreSnapshot(datadir: string, name: string): Promise<NamedSnapshot> {
  const found = await requireSnapshot(datadir, name)
  const chain = chainFolder(datadir)
  await requireStopped(chain)
  const fresh = `${chain}.new`
  await rm(fresh, { recursive: true, force: true })
  await cp(join(folderOf(datadir, name), 'chain'), fresh, { recursive: true })
  await rm(chain, { recursive: true, force: true })
  await rename(fresh, chain)
  await cp(join(folderOf(datadir, name), 'config.json'), rulesFile(datadir))
  return found
}

/** Where a running devnet has the snapshot's head in its own past: its height, and what was set by hand after it. */
export async function pointOf(
  datadir: string,
  name: string,
  store: OpenStore,
): Promise<{ readonly height: bigint; readonly edits: readonly AccountEdit[] }> {
  const { height, hash } = await requireSnapshot(datadir, name)
  if (store.blockByNumber(BigInt(height))?.block.hash !== hash)
    throw refusal(
      `the running chain does not come from the snapshot ${name}: stop it, and start it with --snapshot ${name}`,
    )
  const kept = await openStore({
    path: join(folderOf(datadir, name), 'chain'),
    cacheBytes,
    keepStates: 'archive',
  })
  try {
    return { height: BigInt(height), edits: kept.editsBefore(BigInt(height) + 1n) }
  } finally {
    await kept.close()
  }
}

function checkName(name: string): void {
  if (!namePattern.test(name))
    throw refusal(
      'a snapshot’s name is 1 to 64 letters, digits, dots, dashes or underscores, beginning with a letter or digit',
    )
}

const refusal = (text: string): NodeError => new NodeError('SNAPSHOT', text)
