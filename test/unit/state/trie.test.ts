/** The trie by path: equal to @ethereumjs/mpt, whatever is put and deleted, and without garbage. */
import { createMPT, MerklePatriciaTrie } from '@ethereumjs/mpt'
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { compareText, emptyTrieRoot, fromHex, keccak256, toHex } from '../../../primitives/index.ts'
import { packPath, rootOf, unpackPath, updateTrie, walkTrie } from '../../../state/trie.ts'
import {
  applyWrites,
  createRandom,
  nodesOf,
  randomBytes,
  type Records,
} from '../../support/trie.ts'

const seed = Number(process.env['TRIE_SEED'] ?? 20260724)
const newMpt = async (): Promise<MerklePatriciaTrie> =>
  await createMPT({ useKeyHashingFunction: keccak256 })

type Step = readonly [key: Uint8Array, value: Uint8Array | undefined]

/** 1 to 40 bytes, half of them so short that deep leaves stand inside their parents; rarely 70 KB. */
function randomValue(random: () => number): Uint8Array {
  const dice = random()
  if (dice < 0.25) return Uint8Array.of(1 + Math.floor(random() * 255))
  if (dice < 0.5) return randomBytes(random, 1 + Math.floor(random() * 8))
  if (dice < 0.998) return randomBytes(random, 1 + Math.floor(random() * 120))
  return randomBytes(random, [300, 70_000][Math.floor(random() * 2)]!)
}

/** Keys that share all but their end, share a middle, differ in the last nibble, or are hashes. */
function randomKey(random: () => number): Uint8Array {
  const dice = random()
  if (dice < 0.3) return keccak256(randomBytes(random, 2).subarray(0, 1))
  const key = new Uint8Array(32).fill(dice < 0.6 ? 0 : 0xab)
  const from = [4, 24, 28, 30, 31][Math.floor(random() * 5)]!
  const nibbles = [1, 2, 16][Math.floor(random() * 3)]!
  for (let i = from; i < 32; i++)
    if (random() < 0.4 || i >= 30)
      key[i] = (Math.floor(random() * nibbles) << 4) | Math.floor(random() * nibbles)
  return key
}

/** `count` steps; deletes are as likely as `deleting` says and mostly hit what is there. */
function randomSteps(
  random: () => number,
  count: number,
  deleting: number,
  content: ReadonlyMap<string, Uint8Array>,
): Step[] {
  const known = [...content.keys()]
  const oneKnown = (): Uint8Array | undefined =>
    known.length === 0
      ? undefined
      : fromHex(known[Math.floor(random() * known.length)] as `0x${string}`)
  return Array.from({ length: count }, () => {
    const old = random() < 0.6 ? oneKnown() : undefined
    if (random() < deleting) return [old ?? randomKey(random), undefined]
    return [old ?? randomKey(random), randomValue(random)]
  })
}

function scratchBuild(content: ReadonlyMap<string, Uint8Array>): Records {
  const records: Records = new Map()
  const entries = [...content].map(
    ([key, value]) => [fromHex(key as `0x${string}`), value] as const,
  )
  applyWrites(records, updateTrie(nodesOf(records), entries))
  return records
}

const textOf = (records: Records): string[] =>
  [...records].map(([path, record]) => `${path} ${toHex(record)}`).toSorted(compareText)

describe('updateTrie', () => {
  test('equals @ethereumjs/mpt over 12,000 random steps, reopened after every batch', async () => {
    const random = createRandom(seed)
    const mpt = await newMpt()
    const records: Records = new Map()
    const content = new Map<string, Uint8Array>()
    let inlined = 0
    for (let steps = 0, round = 0; steps < 12_000; round++) {
      const size = random() < 0.5 ? 1 + Math.floor(random() * 3) : 1 + Math.floor(random() * 120)
      // Tides: the trie fills for a while, then almost empties, so that both ends are visited.
      const batch = randomSteps(random, size, round % 60 < 35 ? 0.2 : 0.85, content)
      const update = updateTrie(nodesOf(records), batch)
      applyWrites(records, update)
      for (const [key, value] of batch) {
        if (value) content.set(toHex(key), value)
        else content.delete(toHex(key))
        await (value ? mpt.put(key, value) : mpt.del(key))
      }
      steps += batch.length
      const at = `seed ${seed}, round ${round}`
      expect([at, update.root]).toEqual([at, toHex(mpt.root())])
      expect([at, rootOf(nodesOf(records))]).toEqual([at, update.root])
      if (round % 4 === 0) expect(textOf(records)).toEqual(textOf(scratchBuild(content)))
      inlined += [...records.values()].filter((record) => record.length < 32).length
    }
    expect(inlined).toBeGreaterThan(1000)
    const all = [...content.keys()].map(
      (key) => [fromHex(key as `0x${string}`), undefined] as const,
    )
    const emptied = updateTrie(nodesOf(records), all)
    applyWrites(records, emptied)
    expect([emptied.root, records.size]).toEqual([emptyTrieRoot, 0])
  }, 60_000)
})
