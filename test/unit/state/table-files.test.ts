/** Tables that level wrote are sound; a changed byte or a cut anywhere in one is damage. Real folders, deleted afterwards. */
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { Level } from 'level'
import { invariant } from '../../../primitives/index.ts'
import { openStore } from '../../../state/index.ts'
import { findTableDamage } from '../../../state/table-files.ts'
import { createRandom, randomBytes } from '../../support/trie.ts'

const random = createRandom(1)

/** Half of the entries pack well, half not at all: blocks of both kinds. */
async function put(
  level: Level<Uint8Array, Uint8Array>,
  count: number,
  keyBytes = 32,
): Promise<void> {
  const batch = level.batch()
  for (let i = 0; i < count; i++)
    batch.put(
      randomBytes(random, keyBytes),
      i % 1000 < 500 ? new Uint8Array(200).fill(i) : randomBytes(random, 200),
    )
  await batch.write()
}

async function levelIn(folder: string): Promise<Level<Uint8Array, Uint8Array>> {
  const bytes = { keyEncoding: 'view', valueEncoding: 'view' } as const
  const level = new Level<Uint8Array, Uint8Array>(folder, { ...bytes, writeBufferSize: 65_536 })
  await level.open()
  return level
}

const tablesIn = async (folder: string): Promise<readonly string[]> =>
  (await readdir(folder)).filter((name) => name.endsWith('.ldb')).toSorted()

async function flip(file: string, at: number, change = 1): Promise<void> {
  const bytes = await readFile(file)
  bytes[at]! ^= change
  await writeFile(file, bytes)
}

let root = ''
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'tributary-tables-'))
})
afterAll(() => rm(root, { recursive: true, force: true }))

const refusal = (path: string): Promise<unknown> =>
  openStore({ path, cacheBytes: 1_000_000, keepStates: 'archive', verifyTables: true }).then(
    () => 'opened',
    (error: unknown) => error,
  )

describe('one table', () => {
  let folder = ''
  let table = ''
  let whole = Buffer.alloc(0)
  beforeAll(async () => {
    folder = join(root, 'one')
    const level = await levelIn(folder)
    await put(level, 2_000)
    await level.close()
    // What the log holds becomes a table when it is opened again.
    await (await levelIn(folder)).close()
    table = join(folder, (await tablesIn(folder))[0] ?? '')
    whole = await readFile(table)
  })
  afterEach(async () => {
    await rm(table, { recursive: true, force: true })
    await writeFile(table, whole)
  })

  test('as level wrote it is sound, and where there is none is no damage', async () => {
    expect(await findTableDamage(folder)).toBeUndefined()
    expect(await findTableDamage(join(root, 'nowhere'))).toBeUndefined()
  })

  test('with any one byte changed is damaged, the padding of its end excepted', async () => {
    // The end: two places, zeros up to byte 40, the magic number.
    const end = whole.length - 48
    const padding = whole.subarray(end, end + 40).findLastIndex((byte) => byte !== 0) + 1
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: whole.length - 1 }),
        fc.integer({ min: 1, max: 255 }),
        async (at, change) => {
          fc.pre(at < end + padding || at >= end + 40)
          await writeFile(table, whole)
          await flip(table, at, change)
          expect(await findTableDamage(folder)).toMatch(
            /^\d{6}\.ldb: (the block at byte \d+ does not fit its checksum|a block at byte \d+ would reach beyond its end|its end is not that of a table)$/,
          )
        },
      ),
      { numRuns: 150 },
    )
  })

  test('cut anywhere is damaged', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: whole.length - 1 }), async (length) => {
        await writeFile(table, whole.subarray(0, length))
        expect(await findTableDamage(folder)).toMatch(
          /^\d{6}\.ldb: its end is not that of a table$/,
        )
      }),
      { numRuns: 30 },
    )
  })

  test('of a name that level does not know, or that it has not written, is not looked at', async () => {
    const others = ['000005 copy.ldb', '000997.ldb'].map((name) => join(folder, name))
    for (const file of others) await writeFile(file, 'half')
    expect(await findTableDamage(folder)).toBeUndefined()
    for (const file of others) await rm(file)
  })

  test('that cannot be read is a sentence that names it', async () => {
    await rm(table)
    await mkdir(table)
    expect(await refusal(folder)).toMatchObject({
      code: 'DB_FAILED',
      message: expect.stringMatching(/^cannot read \S+\/\d{6}\.ldb \(EISDIR: .*\)$/),
    })
  })
})

describe('many tables', () => {
  let folder = ''
  beforeAll(async () => {
    folder = join(root, 'many')
    const level = await levelIn(folder)
    for (let i = 0; i < 250; i++) await put(level, 120, 250)
    // Closing would break off a merge that runs, and leave half of it.
    invariant('compactRange' in level && typeof level.compactRange === 'function', 'classic-level')
    await level.compactRange(new Uint8Array(1), new Uint8Array(250).fill(255))
    await level.close()
  })

  test('are looked at, every one, whatever was merged before', async () => {
    const manifest = (await readdir(folder)).find((name) => name.startsWith('MANIFEST')) ?? ''
    expect((await stat(join(folder, manifest))).size).toBeGreaterThan(2 * 32_768)
    expect(await findTableDamage(folder)).toBeUndefined()
    const names = await tablesIn(folder)
    expect(names.length).toBeGreaterThan(4)
    for (const name of names) {
      await flip(join(folder, name), 100)
      expect(await findTableDamage(folder)).toBe(
        `${name}: the block at byte 0 does not fit its checksum`,
      )
      await flip(join(folder, name), 100)
    }
  })

  test('are verified before level is opened, which may merge them at once', async () => {
    const newest = (await tablesIn(folder)).at(-1) ?? ''
    const before = await readdir(folder)
    await flip(join(folder, newest), 4, 255)
    expect(await refusal(folder)).toMatchObject({
      code: 'DB_CORRUPT',
      message: expect.stringMatching(
        /is damaged: \d{6}\.ldb: the block at byte 0 does not fit its checksum; restore a copy/,
      ),
    })
    expect(await readdir(folder)).toEqual(before)
  })
})
