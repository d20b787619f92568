/**
 * State root of 500 changed accounts out of 100,000 (`npx tsx bench/trie.ts [accounts] [changed]`):
 * our trie by path over a Map and over level on disk, beside @ethereumjs/mpt in memory with the same
 * keccak. Prints medians and checks that all roots agree; writes only to a temporary folder.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createMPT } from '@ethereumjs/mpt'
import {
  concat,
  emptyCodeHash,
  emptyTrieRoot,
  encodeAccount,
  keccak256,
  toFixedBytes,
  toHex,
} from '../primitives/index.ts'
import { openDatabase } from '../state/database.ts'
import { packPath, updateTrie, type TrieNodes, type TrieUpdate } from '../state/trie.ts'

const accounts = Number(process.argv[2] ?? 100_000)
const changed = Number(process.argv[3] ?? 500)
const runs = 9
/** Block cache of level: far below the trie's size, so that reads reach the table files. */
const cacheBytes = 8 * 2 ** 20

type Entry = readonly [Uint8Array, Uint8Array]

/** One way to keep the trie: lays entries over it, answers the root, keeps the change. */
interface Contestant {
  readonly name: string
  /** Milliseconds are taken over this call only. */
  update(entries: readonly Entry[]): Promise<string> | string
  /** Makes the last update the base of the next one; not measured. */
  keep(): Promise<void> | void
}

const entryOf = (index: number, balance: bigint): Entry => [
  keccak256(toFixedBytes(BigInt(index), 20)),
  encodeAccount({ nonce: 1n, balance, storageRoot: emptyTrieRoot, codeHash: emptyCodeHash }),
]

/** The accounts that round `round` changes, spread over all by a fixed stride. */
const changesOf = (round: number): Entry[] =>
  Array.from({ length: changed }, (_, i) =>
    entryOf((round * 7919 + i * 104_729) % accounts, 10n ** 18n + BigInt(round * changed + i)),
  )

function overMap(): Contestant & { readonly records: Map<string, Uint8Array> } {
  const records = new Map<string, Uint8Array>()
  let last: TrieUpdate | undefined
  return {
    name: 'ours, records in a Map',
    records,
    update: (entries) => {
      last = updateTrie(records, entries)
      return last.root
    },
    keep: () => {
      for (const [path, record] of last?.writes ?? [])
        if (record) records.set(path, record)
        else records.delete(path)
    },
  }
}

const keyOf = (path: string): Uint8Array => concat(Uint8Array.of(0x74), packPath(path))

async function overLevel(
  path: string,
  records: ReadonlyMap<string, Uint8Array>,
): Promise<Contestant & { close(): Promise<void> }> {
  const filling = await openDatabase({ path, cacheBytes })
  const all = [...records]
  for (let i = 0; i < all.length; i += 5_000)
    await filling.write(all.slice(i, i + 5_000).map(([at, value]) => ({ key: keyOf(at), value })))
  await filling.close()
  const db = await openDatabase({ path, cacheBytes })
  const nodes: TrieNodes = { get: (at) => db.get(keyOf(at)) }
  let last: TrieUpdate | undefined
  return {
    name: 'ours, level on disk, no cache of our own',
    update: (entries) => {
      last = updateTrie(nodes, entries)
      return last.root
    },
    keep: async () =>
      await db.write(Array.from(last?.writes ?? [], ([at, value]) => ({ key: keyOf(at), value }))),
    close: async () => await db.close(),
  }
}

async function overMpt(): Promise<Contestant> {
  const mpt = await createMPT({ useKeyHashingFunction: keccak256 })
  return {
    name: '@ethereumjs/mpt 10.1.3 in memory, our keccak',
    update: async (entries) => {
      for (const [key, value] of entries) await mpt.put(key, value)
      return toHex(mpt.root())
    },
    keep: () => undefined,
  }
}

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0

const print = (line: string): void => void process.stdout.write(`${line}\n`)

/** Runs all rounds on one contestant and answers its roots. The first round warms up. */
async function race(contestant: Contestant): Promise<string[]> {
  const [walls, cpus, roots]: [number[], number[], string[]] = [[], [], []]
  for (let round = 0; round <= runs; round++) {
    const entries = changesOf(round)
    const cpu = process.cpuUsage()
    const start = performance.now()
    roots.push(await contestant.update(entries))
    const wall = performance.now() - start
    const { user, system } = process.cpuUsage(cpu)
    await contestant.keep()
    if (round === 0) continue
    walls.push(wall)
    cpus.push((user + system) / 1000)
  }
  const worst = Math.max(...walls).toFixed(1)
  print(
    `| ${contestant.name} | ${median(walls).toFixed(1)} | ${worst} | ${median(cpus).toFixed(1)} |`,
  )
  return roots
}

async function main(): Promise<void> {
  const genesis = Array.from({ length: accounts }, (_, i) => entryOf(i, 10n ** 18n))
  const map = overMap()
  const built = performance.now()
  await map.update(genesis)
  await map.keep()
  print(`ours, built from nothing: ${(performance.now() - built).toFixed(0)} ms for ${accounts}`)
  const folder = await mkdtemp(join(tmpdir(), 'tributary-trie-'))
  try {
    const level = await overLevel(join(folder, 'db'), map.records)
    const mpt = await overMpt()
    await mpt.update(genesis)
    print(`\nRoot of ${changed} changed accounts of ${accounts}, ${runs} runs, ms`)
    print('| | median | worst | median CPU |\n|---|---|---|---|')
    const roots = [await race(map), await race(level), await race(mpt)]
    await level.close()
    const [ours] = roots
    if (roots.some((other) => other.join() !== ours?.join())) throw new Error('the roots differ')
    print(`all ${runs + 1} roots equal`)
  } finally {
    await rm(folder, { recursive: true })
  }
}

await main()
