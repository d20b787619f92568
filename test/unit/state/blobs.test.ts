/** Blobs on a real disk: whole or absent, never wrong, within their quota. Folders are deleted afterwards. */
import { mkdir, mkdtemp, readdir, rename, rm, rmdir, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { keccakHex, type Hex } from '../../../primitives/index.ts'
import { openBlobs, type Blobs } from '../../../state/index.ts'

let folder = ''
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tributary-blobs-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const open = (quotaBytes = 1_000): Promise<Blobs> =>
  openBlobs({ folder: join(folder, 'rows'), quotaBytes })
const bytes = (text: string) => new TextEncoder().encode(text)
const put = async (blobs: Blobs, text: string): Promise<Hex> => {
  const address = keccakHex(bytes(text))
  await blobs.put(address, bytes(text))
  return address
}
async function pathOf(address: string): Promise<string> {
  const part = join(folder, 'rows', address.slice(2, 4))
  const name = (await readdir(part)).find((one) => one.startsWith(address.slice(2)))
  return join(part, name ?? '')
}

describe.each(['disk', 'memory'])('blobs in %s', (where) => {
  const make = (quotaBytes = 1_000): Promise<Blobs> =>
    where === 'disk' ? open(quotaBytes) : openBlobs({ quotaBytes })

  test('are found under the address of their bytes', async () => {
    const blobs = await make()
    const address = await put(blobs, 'one')
    expect(address).toBe(keccakHex(bytes('one')))
    expect(await put(blobs, 'one')).toBe(address)
    expect(await blobs.get(address)).toEqual(bytes('one'))
    expect(await blobs.get(keccakHex(bytes('two')))).toBeUndefined()
    expect(blobs.usage()).toEqual({ count: 1, bytes: 3, quotaBytes: 1_000 })
    await blobs.remove(address)
    await blobs.remove(address)
    expect([blobs.has(address), blobs.usage().bytes]).toEqual([false, 0])
  })

  test('beyond the quota are refused, and leave what is there', async () => {
    const blobs = await make(10)
    const address = await put(blobs, '12345678')
    await expect(put(blobs, 'abc')).rejects.toMatchObject({ code: 'BLOBS_FULL' })
    await put(blobs, 'ab')
    expect(await blobs.get(address)).toBeDefined()
    expect(blobs.usage().bytes).toBe(10)
  })

  test('of many writers at once are counted once each', async () => {
    const blobs = await make()
    const texts = ['a', 'bb', 'a', 'ccc', 'bb', 'a']
    await Promise.all(texts.map((text) => put(blobs, text)))
    expect(blobs.usage()).toMatchObject({ count: 3, bytes: 6 })
  })
})

describe('blobs on disk', () => {
  test('are there after the next start; what was being written is not', async () => {
    const address = await put(await open(), 'kept')
    await writeFile(join(folder, 'rows', 'unfinished-1-0'), 'half')
    await writeFile(join(folder, 'rows', 'notes.txt'), 'foreign')
    await mkdir(join(folder, 'rows', 'zz'))
    const blobs = await open()
    expect(blobs.usage()).toMatchObject({ count: 1, bytes: 4 })
    expect(await blobs.get(address)).toEqual(bytes('kept'))
    expect((await readdir(join(folder, 'rows'))).toSorted()).toEqual(
      [address.slice(2, 4), 'notes.txt', 'zz'].toSorted(),
    )
  })

  test.each([
    ['changed', 'kepT'],
    ['cut short', 'ke'],
    ['lengthened', 'kept!'],
    ['emptied', ''],
  ])('that were %s are gone, not given out, and can be put again', async (_, damaged) => {
    const blobs = await open()
    const address = await put(blobs, 'kept')
    await writeFile(await pathOf(address), damaged)
    expect(await blobs.get(address)).toBeUndefined()
    expect(blobs.has(address)).toBe(false)
    await put(blobs, 'kept')
    expect(await blobs.get(address)).toEqual(bytes('kept'))
  })

  test('that the disk does not give now stay, and are given later', async () => {
    const blobs = await open()
    const address = await put(blobs, 'kept')
    const path = await pathOf(address)
    await rename(path, join(folder, 'aside'))
    await mkdir(path) // cannot be read, and is not missing
    await expect(blobs.get(address)).rejects.toMatchObject({ code: 'BLOBS_FAILED' })
    expect(blobs.has(address)).toBe(true)
    await rmdir(path)
    await rename(join(folder, 'aside'), path)
    expect(await blobs.get(address)).toEqual(bytes('kept'))
  })

  test('that somebody deleted are gone', async () => {
    const blobs = await open()
    const address = await put(blobs, 'kept')
    await rm(await pathOf(address))
    expect(await blobs.get(address)).toBeUndefined()
    expect(blobs.usage().bytes).toBe(0)
  })

  test('cannot be kept where a file is in the way: the error says where', async () => {
    await writeFile(join(folder, 'rows'), 'a file')
    await expect(open()).rejects.toMatchObject({
      code: 'BLOBS_FAILED',
      facts: { path: join(folder, 'rows') },
    })
  })

  test('as an older version kept them are refused with what to do, not silently ignored', async () => {
    const blobs = await open()
    const address = await put(blobs, 'kept')
    const path = await pathOf(address)
    await rename(path, path.slice(0, path.lastIndexOf('.')))
    await expect(open()).rejects.toMatchObject({
      code: 'BLOBS_OLD',
      message: expect.stringContaining('attr_putRows'),
    })
  })
})
