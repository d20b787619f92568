/** What may be opened, and what is refused with which words. Real folders, deleted afterwards. */
import { mkdir, mkdtemp, readdir, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { Level } from 'level'
import { openStore, type OpenStore } from '../../../state/index.ts'
import { fromCount, keys } from '../../../state/tables.ts'
import {
  addressOf,
  journalAtHead,
  modelReader,
  nextBlock,
  randomChanges,
  randomFrom,
  viewOf,
  type Model,
} from '../../support/state-model.ts'

let folder = ''
let path = ''
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tributary-db-'))
  path = join(folder, 'db')
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const open = (more: object = {}): Promise<OpenStore> =>
  openStore({ path, cacheBytes: 1_000_000, keepStates: 'archive', ...more })

const size = { accounts: 16, slots: 8 }

async function grow(store: OpenStore, models: Model[], seed: number): Promise<void> {
  const journal = journalAtHead(store)
  const change = { count: 25, ...size }
  const model = randomChanges(randomFrom(seed), journal, models.at(-1) ?? new Map(), change)
  await store.commit(nextBlock(store, journal))
  models.push(model)
}

const refusal = async (opening: Promise<OpenStore>): Promise<unknown> => {
  const error = await opening.then(
    async (store) => {
      await store.close()
      return 'opened'
    },
    (reason: unknown) => reason,
  )
  return error
}

describe('database on disk', () => {
  test('closed and opened after every block, it has every state', async () => {
    const models: Model[] = []
    for (let i = 0; i < 12; i++) {
      const store = await open()
      expect(store.head()?.header.number).toBe(i === 0 ? undefined : BigInt(i - 1))
      await grow(store, models, i)
      models.forEach((model, height) =>
        expect(viewOf(store.stateAt(BigInt(height)), size.accounts, size.slots)).toBe(
          viewOf(modelReader(model), size.accounts, size.slots),
        ),
      )
      await store.close()
    }
  })

  test('readers are right while level writes on its own thread', async () => {
    const store = await open({ cacheBytes: 20_000 })
    const models: Model[] = []
    for (let i = 0; i < 5; i++) await grow(store, models, i)
    const random = randomFrom(9)
    for (let i = 5; i < 15; i++) {
      const progress = { isDone: false }
      const growing = grow(store, models, i).finally(() => {
        progress.isDone = true
      })
      const known = [...models]
      for (let looks = 0; looks === 0 || !progress.isDone; looks++) {
        const height = random(known.length)
        expect(viewOf(store.stateAt(BigInt(height)), size.accounts, size.slots)).toBe(
          viewOf(modelReader(known[height]!), size.accounts, size.slots),
        )
        await new Promise((resolve) => setImmediate(resolve))
      }
      await growing
    }
    await store.close()
  })

  test('another process has it', async () => {
    const store = await open()
    await expect(open()).rejects.toMatchObject({
      code: 'DB_LOCKED',
      message: `the database in ${path} is in use by another process; stop it, or choose another folder`,
    })
    await store.close()
  })

  test('another genesis is refused, the right one is not', async () => {
    const store = await open()
    await grow(store, [], 1)
    const { hash } = store.head()!
    await store.close()
    await expect(open({ expectGenesis: addressOf(1) })).rejects.toMatchObject({
      code: 'DB_GENESIS',
      message: expect.stringContaining('choose another folder'),
    })
    await (await open({ expectGenesis: hash })).close()
  })

  test.each([
    [2, 'update tributary'],
    [0, 'open it with the program that wrote it'],
  ])('version %i is refused', async (version, advice) => {
    const store = await open()
    await store.inside.db.write([{ key: keys.fact('version'), value: fromCount(version, 4) }])
    await store.close()
    await expect(open()).rejects.toMatchObject({
      code: 'DB_VERSION',
      message: expect.stringContaining(advice),
    })
  })

  test("a folder of somebody else's files, or database, is left alone", async () => {
    await mkdir(path)
    await writeFile(join(path, 'thesis.txt'), 'precious')
    await expect(open()).rejects.toMatchObject({ code: 'DB_FOREIGN' })
    expect(await readdir(path)).toEqual(['thesis.txt'])

    const other = join(folder, 'other')
    const level = new Level(other)
    await level.put('key', 'value')
    await level.close()
    await expect(open({ path: other })).rejects.toMatchObject({ code: 'DB_FOREIGN' })
  })

  test('a file where the folder should be', async () => {
    await writeFile(path, 'text')
    await expect(open()).rejects.toMatchObject({ code: 'DB_FAILED' })
  })

  test.each([
    ['CURRENT is lost', /^CURRENT$/, 'remove'],
    ['CURRENT is empty', /^CURRENT$/, 'empty'],
    ['the manifest is lost', /^MANIFEST-/, 'remove'],
    ['the manifest is cut', /^MANIFEST-/, 'empty'],
  ])('damage is named, and nothing new made over it: %s', async (_, pattern, how) => {
    const store = await open()
    for (let i = 0; i < 3; i++) await grow(store, [], i)
    await store.close()
    const names = (await readdir(path)).filter((name) => pattern.test(name))
    expect(names.length).toBeGreaterThan(0)
    for (const name of names)
      await (how === 'remove' ? rm(join(path, name)) : truncate(join(path, name), 0))
    expect(await refusal(open())).toMatchObject({
      code: 'DB_CORRUPT',
      message: expect.stringContaining('restore a copy of it'),
    })
  })

  test('a write-ahead log that breaks off loses whole blocks, never parts of one', async () => {
    const models: Model[] = []
    const store = await open()
    for (let i = 0; i < 8; i++) await grow(store, models, i)
    await store.close()
    const [log] = (await readdir(path)).filter((name) => name.endsWith('.log'))
    await truncate(join(path, log!), 20_000)
    const again = await open()
    const height = Number(again.head()!.header.number)
    expect(height).toBeLessThan(7)
    models
      .slice(0, height + 1)
      .forEach((model, at) =>
        expect(viewOf(again.stateAt(BigInt(at)), size.accounts, size.slots)).toBe(
          viewOf(modelReader(model), size.accounts, size.slots),
        ),
      )
    await again.close()
  })

  test('a head without its block or state is damage', async () => {
    const store = await open()
    for (let i = 0; i < 2; i++) await grow(store, [], i)
    const { db } = store.inside
    const root = keys.accountNode(Uint8Array.of(0))
    const saved = db.get(root)
    await db.write([{ key: root }])
    await store.close()
    await expect(open()).rejects.toMatchObject({ code: 'DB_CORRUPT' })
    expect(saved).toBeDefined()
  })
})
