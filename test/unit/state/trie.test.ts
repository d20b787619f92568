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

/** Comparing all records costs more than the step: every fourth round. */
const isDue = (round: number): boolean => round % 4 === 0

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
      expect(isDue(round) && textOf(records)).toEqual(isDue(round) && textOf(scratchBuild(content)))
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

  test('gives one answer however the same changes are cut into batches and ordered', () => {
    const keys = Array.from({ length: 24 }, (_, i) => randomKey(createRandom(i)))
    const step = fc.tuple(
      fc.nat(keys.length - 1),
      fc.option(fc.uint8Array({ minLength: 1, maxLength: 40 }), { nil: undefined }),
    )
    fc.assert(
      fc.property(fc.array(fc.array(step, { maxLength: 12 }), { maxLength: 12 }), (batches) => {
        const records: Records = new Map()
        const content = new Map<string, Uint8Array>()
        let root: string = emptyTrieRoot
        for (const batch of batches) {
          const entries = batch.map(([key, value]) => [keys[key]!, value] as const)
          const update = updateTrie(nodesOf(records), entries)
          applyWrites(records, update)
          root = update.root
          for (const [key, value] of entries)
            if (value) content.set(toHex(key), value)
            else content.delete(toHex(key))
        }
        const scratch = scratchBuild(new Map([...content].toReversed()))
        expect(textOf(records)).toEqual(textOf(scratch))
        expect(root).toBe(rootOf(nodesOf(scratch)))
      }),
      { seed, numRuns: 300 },
    )
  })

  test('writes nothing for an update that changes nothing', () => {
    const { records, entries } = filled(300)
    const root = rootOf(nodesOf(records))
    const absent = [keccak256(Uint8Array.of(1, 2, 3)), undefined] as const
    expect(updateTrie(nodesOf(records), [])).toEqual({ root, writes: new Map() })
    expect(updateTrie(nodesOf(records), [...entries, absent])).toEqual({ root, writes: new Map() })
  })

  test('reads only the way to the changed key, and one sibling when a branch melts', () => {
    const keys = ['1111', '1112', '12', '2', '3'].map((start) =>
      fromHex(`0x${start.padEnd(64, '0')}`),
    )
    const records: Records = new Map()
    applyWrites(
      records,
      updateTrie(
        nodesOf(records),
        keys.map((key) => [key, key]),
      ),
    )
    expect([...records.keys()].toSorted()).toEqual([
      '',
      '1',
      '11',
      '111',
      '1111',
      '1112',
      '12',
      '2',
      '3',
    ])
    const read: string[] = []
    const update = updateTrie({ get: (path) => (read.push(path), records.get(path)) }, [
      [keys[2]!, undefined],
    ])
    expect(read).toEqual(['', '1', '12', '11'])
    expect([...update.writes].map(([path, record]) => [path, record !== undefined])).toEqual([
      ['12', false],
      ['11', false],
      ['1', true],
      ['', true],
    ])
  })

  test('knows the empty root, and the last of two entries for one key counts', () => {
    const none = nodesOf(new Map())
    const key = keccak256(new Uint8Array(0))
    const [one, two] = [Uint8Array.of(1), Uint8Array.of(2)]
    expect(rootOf(none)).toBe('0x56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421')
    expect(updateTrie(none, [])).toEqual({ root: emptyTrieRoot, writes: new Map() })
    expect(
      updateTrie(none, [
        [key, one],
        [key, two],
      ]),
    ).toEqual(updateTrie(none, [[key, two]]))
    expect(
      updateTrie(none, [
        [key, one],
        [key, undefined],
      ]).writes.size,
    ).toBe(0)
  })

  test('refuses a short key and an empty value as bugs of the caller', () => {
    const none = nodesOf(new Map())
    expect(() => updateTrie(none, [[new Uint8Array(31), Uint8Array.of(1)]])).toThrow('32 bytes')
    expect(() => updateTrie(none, [[new Uint8Array(32), new Uint8Array(0)]])).toThrow('not empty')
  })

  test('names the place of a missing or unreadable record', () => {
    const { records, entries } = filled(300)
    const [key] = entries[0]!
    const place = toHex(key).slice(2, 3)
    const change = (): unknown => updateTrie(nodesOf(records), [[key, Uint8Array.of(7)]])
    const record = records.get(place)!
    for (const broken of [
      undefined,
      record.subarray(0, 40),
      Uint8Array.of(),
      Uint8Array.of(0x80),
      Uint8Array.of(0xc1, 0x80),
    ]) {
      if (broken) records.set(place, broken)
      else records.delete(place)
      expect(change).toThrow(
        expect.objectContaining({ code: 'TRIE_CORRUPT', facts: { path: place } }),
      )
    }
  })
})

/** A trie of `count` hashed keys. */
function filled(count: number): { readonly records: Records; readonly entries: readonly Step[] } {
  const entries = Array.from({ length: count }, (_, i): Step => {
    const key = keccak256(Uint8Array.of(i >> 8, i & 255))
    return [key, key.subarray(0, 1 + (i % 31))]
  })
  const records: Records = new Map()
  applyWrites(records, updateTrie(nodesOf(records), entries))
  return { records, entries }
}

test('walkTrie yields what was put, in key order', () => {
  const { records, entries } = filled(500)
  const walked = [...walkTrie(nodesOf(records))].map(([key, value]) => [toHex(key), toHex(value)])
  const sorted = entries
    .map(([key, value]) => [toHex(key), toHex(value!)])
    .toSorted(([a], [b]) => compareText(a!, b!))
  expect(walked).toEqual(sorted)
  expect([...walkTrie(nodesOf(new Map()))]).toEqual([])
})

test('packed paths keep odd lengths apart, come back, and are the only spelling', () => {
  expect(['', '0', '00', '1', '01', '10'].map((path) => toHex(packPath(path)))).toEqual([
    '0x00',
    '0x0100',
    '0x0200',
    '0x0110',
    '0x0201',
    '0x0210',
  ])
  const path = fc.string({ unit: fc.constantFrom(...'0123456789abcdef'.split('')), maxLength: 64 })
  fc.assert(
    fc.property(path, (text) => expect(unpackPath(packPath(text))).toBe(text)),
    { seed },
  )
  for (const odd of ['0x0111', '0x02', '0x010000', '0x0300', '0x'] as const)
    expect(() => unpackPath(fromHex(odd))).toThrow('not a packed path')
})
