/** Files of derived data on a real disk: whole or missing, within their quota. */
import { mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { openDerivedFiles } from '../../../state/index.ts'

let folder = ''
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tributary-derived-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const open = (more: { version?: number; quotaBytes?: number } = {}) =>
  openDerivedFiles({ folder, extension: '.index', version: 1, quotaBytes: 10_000, ...more })
const bytes = (text: string) => new TextEncoder().encode(text)
const path = (name: string) => join(folder, `${name}.index`)
const textOf = (payload: SharedArrayBuffer | undefined) =>
  payload && new TextDecoder().decode(new Uint8Array(payload).slice())

test('what was written is read back, and replaced by what is written next', () => {
  const files = open()
  expect(files.read('a')).toBeUndefined()
  files.write('a', bytes('first'))
  files.write('a', bytes('second'))
  expect(textOf(files.read('a'))).toBe('second')
  expect(textOf(open().read('a'))).toBe('second')
  files.write('none', new Uint8Array())
  expect(textOf(files.read('none'))).toBe('')
})

test('a file damaged anywhere, cut or lengthened is removed and missing', async () => {
  const files = open()
  files.write('a', bytes('payload'))
  const whole = await readFile(path('a'))
  const damaged = [whole.subarray(0, -1), whole.subarray(0, 20), Buffer.alloc(0)]
  damaged.push(Buffer.concat([whole, Buffer.from('x')]))
  for (let at = 0; at < whole.length; at++) {
    const copy = Buffer.from(whole)
    copy[at] = (copy[at] ?? 0) ^ 1
    damaged.push(copy)
  }
  for (const one of damaged) {
    await writeFile(path('a'), one)
    expect(files.read('a')).toBeUndefined()
    expect(await readdir(folder)).toEqual([])
  }
})

test('a file of another format version is missing', () => {
  open().write('a', bytes('payload'))
  expect(open({ version: 2 }).read('a')).toBeUndefined()
})

test('what a killed process left half written is cleared away; foreign files stay', async () => {
  await writeFile(join(folder, 'unfinished-17-a'), 'half')
  await writeFile(join(folder, 'notes.txt'), 'foreign')
  open().write('b', bytes('whole'))
  expect((await readdir(folder)).toSorted()).toEqual(['b.index', 'notes.txt'])
})

test('who opens and reads a folder leaves alone what another is writing', async () => {
  await writeFile(join(folder, 'unfinished-17-a'), 'half')
  expect(open().read('a')).toBeUndefined()
  expect(await readdir(folder)).toEqual(['unfinished-17-a'])
})

test('beyond the quota the longest unused go, never the newest', async () => {
  const files = open({ quotaBytes: 400 })
  for (const [i, name] of ['a', 'b', 'c'].entries()) {
    files.write(name, new Uint8Array(64))
    await utimes(path(name), i + 1, i + 1)
  }
  files.read('a')
  files.write('d', new Uint8Array(64))
  expect((await readdir(folder)).toSorted()).toEqual(['a.index', 'c.index', 'd.index'])
  files.write('e', new Uint8Array(1_000))
  expect(await readdir(folder)).toEqual(['e.index'])
})
