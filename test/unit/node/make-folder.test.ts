/** Folders are made step by step, and what is in the way is named. */
import { mkdtemp, readdir, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { makeFolder, requireWritableFile } from '../../../node/make-folder.ts'

let root = ''
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'tributary-folder-'))
  await writeFile(join(root, 'file'), 'kept')
  await symlink(join(root, 'nowhere'), join(root, 'dangling'))
})
afterAll(() => rm(root, { recursive: true, force: true }))

test('all that is missing is made, once or at the same time', async () => {
  const path = join(root, 'a', 'b', 'c')
  await Promise.all([makeFolder(path), makeFolder(path)])
  await makeFolder(path)
  expect((await stat(path)).isDirectory()).toBe(true)
})

/** /proc refuses folders with ENOENT: an answer is wanted, not a loop. */
const refusing = process.platform === 'linux' ? [['/proc/x/y', '/proc/x']] : []

test.each([
  ['file', 'file is a file'],
  ['file/below', 'file is a file'],
  ['dangling', 'dangling'],
  ...refusing,
])('%s is in the way', async (name = '', text = '') => {
  await expect(makeFolder(resolve(root, name))).rejects.toMatchObject({
    code: 'FOLDER_UNUSABLE',
    message: expect.stringContaining(text),
  })
})

test('whether a file can be written is found out without writing', async () => {
  await requireWritableFile(join(root, 'new'))
  await requireWritableFile(join(root, 'file'))
  expect(await readdir(root)).not.toContain('new')
  for (const path of [root, join(root, 'none', 'x'), join(root, 'file', 'x')])
    await expect(requireWritableFile(path)).rejects.toMatchObject({ code: 'FILE_UNWRITABLE' })
})
