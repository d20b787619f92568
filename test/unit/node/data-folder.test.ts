/** Files become rows and wait in a folder: each row once, faults with their place. */
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
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
const nobody = ['--rpc-url', 'http://127.0.0.1:1']
const begin = () => call('data', 'init', '--datanet', '3', '--licence', 'CC0-1.0', ...nobody)

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
  const checked = JSON.parse((await call('data', 'check', '--json', ...nobody)).out) as object
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
  const { exitCode, err } = await call('data', 'check', ...nobody)
  expect(exitCode).toBe(1)
  expect(err).toContain('rows.jsonl: line 2: not in canonical spelling')
})

test('tables by their header, compressed files, and folders with what is below them', async () => {
  await begin()
  const sub = join(folder, 'sub', 'deeper')
  await mkdir(sub, { recursive: true })
  await writeFile(join(sub, 'a.csv'), '\ufeffq,answer\n"one, two","say ""yes"""\n\nthree,four\n')
  await writeFile(join(folder, 'sub', 'b.tsv'), 'q\tlabel\nfive\t7\n')
  await writeFile(join(folder, 'sub', 'c.jsonl.gz'), gzipSync('{"text":"six"}\n'))
  await writeFile(join(folder, 'sub', 'd.png'), 'no rows')
  await writeFile(join(folder, 'sub', '.hidden.txt'), 'not meant')
  const { exitCode, err } = await call('data', 'add', join(folder, 'sub'))
  expect([exitCode, err]).toEqual([0, expect.stringMatching(/passed over.*d\.png$/)])
  const rows =
    '{"label":"7","q":"five"}\n{"text":"six"}\n' +
    '{"answer":"say \\"yes\\"","q":"one, two"}\n{"answer":"four","q":"three"}\n'
  expect(await readFile(join(folder, 'rows.jsonl'), 'utf8')).toBe(rows)

  // The folder itself: what waits in it is no source.
  expect((await call('data', 'add', folder)).out).not.toContain('rows.jsonl')
  expect(await readFile(join(folder, 'rows.jsonl'), 'utf8')).toBe(rows)

  // Nothing is taken in when one of them is of a kind that holds no rows.
  const text = join(folder, 'late.txt')
  await writeFile(text, 'late')
  const mixed = await call('data', 'add', text, join(folder, 'sub', 'd.png'))
  expect(mixed.err).toMatch(/d\.png: rows come from \.jsonl, .*\.csv/)
  expect(await readFile(join(folder, 'rows.jsonl'), 'utf8')).toBe(rows)
  await writeFile(join(folder, 'twice.csv'), 'a,a\n1,2\n')
  expect((await call('data', 'add', join(folder, 'twice.csv'))).err).toContain('"a" is there twice')
})

test('what would be changed on the way is refused, and copies that only look alike are told of', async () => {
  await begin()
  const lines = join(folder, 'a.jsonl')
  const rows = [
    '{"a":1,"a":2}',
    '',
    '{"n":123456789012345678901234567890}',
    '{}',
    '{"text":" "}',
    '{"n":12,"text":"caf\u00e9"}',
    '{"n":12,"text":"cafe\u0301"}',
  ]
  await writeFile(lines, rows.join('\n'))
  const { exitCode, out, err } = await call('data', 'add', lines)
  expect(exitCode).toBe(1)
  expect(out).toContain('2 rows added')
  expect(err).toContain(`${lines}:1: Duplicate key 'a'`)
  expect(err).toContain(`${lines}:3: 123456789012345678901234567890 has more digits`)
  expect(err).toContain(`${lines}:4: there is nothing in it`)
  expect(err).toContain(`${lines}:5: there is nothing in it`)
  expect(err).toContain('1 row like others but for spaces')
})

test('more rows than one batch takes wait together, and are described batch by batch', async () => {
  await begin()
  const lines = join(folder, 'many.jsonl')
  await writeFile(lines, Array.from({ length: 65_540 }, (_, i) => `{"n":${i}}`).join('\n'))
  expect((await call('data', 'add', lines)).out).toContain('65540 rows added')
  const { exitCode, out } = await call('data', 'check', '--json', ...nobody)
  expect(exitCode).toBe(0)
  const batches = out.split('\n').map((line) => JSON.parse(line) as { readonly rows: number })
  expect(batches.map(({ rows }) => rows)).toEqual([65_536, 4])
})

test.each<[string[], RegExp]>([
  [['data', 'init', '--datanet', '1', '--licence', 'Evil-Licence'], /no licence of the SPDX list/],
  [
    ['data', 'push', '--from', '0x70997970C51812dc3A010C7d01b50e0d17dc79c8'],
    /checksum \(EIP-55\): a digit is mistyped/,
  ],
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
