/** Files become rows and wait in a folder: each row once, faults with their place. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { main } from '../../../node/program.ts'

let folder = ''
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tributary-data-'))
})
afterEach(() => rm(folder, { recursive: true }))

async function call(...args: string[]) {
  const [out, err]: [string[], string[]] = [[], []]
  const exitCode = await main([...args, '--folder', folder], {
    out: (line) => out.push(line),
    err: (line) => err.push(line),
    isTerminal: false,
  })
  return { exitCode, out: out.join('\n'), err: err.join('\n') }
}
const begin = () => call('data', 'init', '--datanet', '3', '--licence', 'CC0-1.0')

test('init, add and check: rows in canonical spelling, their root and size', async () => {
  expect((await begin()).exitCode).toBe(0)
  const lines = join(folder, 'a.jsonl')
  await writeFile(lines, '{"b":2, "a":"one"}\n\n{"text":"two"}\n{"a":"one","b":2}\n')
  const added = await call('data', 'add', lines)
  expect(added.out).toContain('2 rows added, 1 known already, 0 refused')
  const text = join(folder, 'b.txt')
  await writeFile(text, 'First\nparagraph.\n\n\nSecond one.\n')
  expect((await call('data', 'add', text)).out).toContain('2 rows added')
  expect(await readFile(join(folder, 'rows.jsonl'), 'utf8')).toBe(
    '{"a":"one","b":2}\n{"text":"two"}\n' +
      '{"source":"b.txt","text":"First paragraph."}\n{"source":"b.txt","text":"Second one."}\n',
  )
  const checked = JSON.parse((await call('data', 'check', '--json')).out) as object
  expect(checked).toMatchObject({ rows: 4, datanetId: '3', licence: 'CC0-1.0' })
})

test('a row that is none is named with its line; the others are kept', async () => {
  await begin()
  const lines = join(folder, 'a.jsonl')
  await writeFile(lines, '{"text":"good"}\n[1]\n{"x":\n')
  const { exitCode, out, err } = await call('data', 'add', lines)
  expect(exitCode).toBe(1)
  expect(err).toContain(`${lines}:2: a row is a JSON object or a text`)
  expect(err).toContain(`${lines}:3: not JSON in UTF-8`)
  expect(out).toContain('1 row added')
})

test('a damaged stage is refused by line', async () => {
  await begin()
  await writeFile(join(folder, 'rows.jsonl'), '{"a":"x"}\n{"b": 1}\n')
  const { exitCode, err } = await call('data', 'check')
  expect(exitCode).toBe(1)
  expect(err).toContain('rows.jsonl: line 2: not in canonical spelling')
})

test.each<[string[], RegExp]>([
  [['data', 'add', 'x.txt'], /is no data folder; begin with: tributary data init/],
  [['data', 'init'], /give --datanet ID/],
  [['data', 'init', '--datanet', '0'], /whole number from 1/],
  [['data', 'init', '--datanet', '1', '--licence', 'a b'], /SPDX identifier/],
])('%j says what to do', async (args, words) => {
  expect((await call(...args)).err).toMatch(words)
})

test('it begins once, and pushes nothing without a key', async () => {
  await begin()
  expect((await begin()).err).toContain('is there already')
  await writeFile(join(folder, 'rows.jsonl'), '{"a":"x"}\n')
  expect((await call('data', 'push')).err).toMatch(/give --key-file, set TRIBUTARY_PRIVATE_KEY/)
})

test('without a node it says how to have one', async () => {
  const { exitCode, err } = await call(
    'data',
    'init',
    '--create',
    'x',
    '--rpc-url',
    'http://127.0.0.1:1',
    '--from',
    `0x${'11'.repeat(20)}`,
  )
  expect(exitCode).toBe(1)
  expect(err).toContain('no node answers at http://127.0.0.1:1')
})
