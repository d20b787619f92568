/** Tables that level wrote are sound; a changed byte or a cut anywhere in one is damage. A real folder, deleted afterwards. */
import { mkdtemp, readFile, rm, stat, truncate, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { Level } from 'level'
import { openStore } from '../../../state/index.ts'
import { findTableDamage, listTables } from '../../../state/table-files.ts'
import { createRandom, randomBytes } from '../../support/trie.ts'

let folder = ''
let table = ''
let whole = Buffer.alloc(0)

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tributary-tables-'))
  const bytes = { keyEncoding: 'view', valueEncoding: 'view' } as const
  const level = new Level<Uint8Array, Uint8Array>(folder, bytes)
  const random = createRandom(1)
  // Half of it packs well, half not at all: blocks of both kinds, and an index of some hundred places.
  for (let i = 0; i < 3000; i++)
    await level.put(
      randomBytes(random, 32),
      i % 1000 < 500 ? new Uint8Array(200).fill(i) : randomBytes(random, 200),
    )
  await level.close()
  // What the log holds becomes a table when it is opened again.
  await level.open()
  await level.close()
  ;[table = ''] = (await listTables(folder)).keys()
  whole = await readFile(table)
})
afterEach(() => writeFile(table, whole))
afterAll(() => rm(folder, { recursive: true, force: true }))

const damage = async () => findTableDamage(await listTables(folder))

describe('table files', () => {
  test('as level wrote them are sound', async () => {
    expect((await listTables(folder)).size).toBe(1)
    expect(await damage()).toBeUndefined()
    expect(await findTableDamage(await listTables(join(folder, 'nowhere')))).toBeUndefined()
  })

  test('with any one byte changed are damaged, the padding of the end excepted', async () => {
    // The end: two places of at most 10 bytes each, zeros up to byte 40, the magic number.
    const end = whole.length - 48
    const isPadding = (at: number) => at >= end + 12 && at < end + 40
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: whole.length - 1 }),
        fc.integer({ min: 1, max: 255 }),
        async (at, change) => {
          fc.pre(!isPadding(at))
          const bytes = Buffer.from(whole)
          bytes[at]! ^= change
          await writeFile(table, bytes)
          expect(await damage()).toMatch(
            /^\d{6}\.ldb: (the block at byte \d+ does not fit its checksum|a block at byte \d+ would reach beyond its end|its end is not that of a table)$/,
          )
        },
      ),
      { numRuns: 150 },
    )
  })

  test('cut anywhere are damaged', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: whole.length - 1 }), async (length) => {
        await truncate(table, length)
        expect(await damage()).toMatch(/^\d{6}\.ldb: its end is not that of a table$/)
        await writeFile(table, whole)
      }),
      { numRuns: 30 },
    )
  })

  test('written or removed since they were listed are not looked at', async () => {
    const tables = await listTables(folder)
    await truncate(table, 100)
    await utimes(table, new Date(), new Date((await stat(table)).mtimeMs + 5000))
    expect(await findTableDamage(tables)).toBeUndefined()
    await rm(table)
    expect(await findTableDamage(tables)).toBeUndefined()
  })

  test('are verified before a store that asks for it reads them', async () => {
    await writeFile(table, whole.with(100, ~whole[100]!))
    const options = { cacheBytes: 1_000_000, keepStates: 'archive', verifyTables: true } as const
    await expect(openStore({ ...options, path: folder })).rejects.toMatchObject({
      code: 'DB_CORRUPT',
      message: expect.stringMatching(
        /is damaged: 00\d+\.ldb: the block at byte 0 does not fit its checksum; restore a copy/,
      ),
    })
  })
})
