/**
 * Databases that are damaged or not ours, and genesis files that are no such thing, given to the
 * built command: one sentence and exit code 1, nothing overwritten, nothing half opened.
 */
import {
  cp,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  truncate,
  writeFile,
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { Level } from 'level'
import { counterCreation, createSigner } from '../support/load.ts'
import { type Devnet, rpcCall, runCommand, startDevnet } from '../support/node.ts'

type Hex = `0x${string}`

const limitMs = 60_000
const blocks = 5
let folder = ''
let whole = ''
const running: Devnet[] = []
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tributary-hostile-'))
  whole = join(folder, 'whole')
  const node = await startDevnet(['--datadir', whole])
  running.push(node)
  const signer = createSigner(node.accounts[0]!.privateKey, node.chainId, 0)
  for (let i = 0; i < blocks; i++) {
    const raw = await signer.next(null, 0n, counterCreation)
    await rpcCall<Hex>(node.httpUrl, 'eth_sendRawTransaction', [raw])
  }
  await node.stop()
  // Opened and closed again, so that level has moved the blocks from its log to a table.
  await runCommand(['db', 'check', '--datadir', whole])
}, limitMs)
afterAll(async () => {
  await Promise.all(running.map((node) => node.kill()))
  await rm(folder, { recursive: true, force: true })
})

/** One sentence for a person, and no stack: `fault of the node itself` would be exit code 70. */
const sentence = (part: RegExp) => ({
  code: 1,
  signal: null,
  stderr: expect.stringMatching(new RegExp(`^error: [^\\n]*${part.source}[^\\n]*\\n$`)),
})

const dev = (datadir: string) =>
  runCommand(['dev', '--json', '--port', '0', '--datadir', datadir], 8_000)

async function damagedCopy(name: string, damage: (chain: string) => Promise<void>) {
  const datadir = join(folder, name)
  await cp(whole, datadir, { recursive: true })
  await damage(join(datadir, 'chain'))
  return datadir
}

const files = async (chain: string, pattern: RegExp): Promise<string[]> =>
  (await readdir(chain)).filter((name) => pattern.test(name)).map((name) => join(chain, name))

const cut = (pattern: RegExp, share: number) => async (chain: string) => {
  const found = await files(chain, pattern)
  expect(found.length).toBeGreaterThan(0)
  for (const file of found) await truncate(file, Math.floor((await stat(file)).size * share))
}
const flip = (pattern: RegExp) => async (chain: string) => {
  const found = await files(chain, pattern)
  expect(found.length).toBeGreaterThan(0)
  for (const file of found) {
    const bytes = await readFile(file)
    for (let at = 20; at < bytes.length; at += 97) bytes[at]! ^= 0x55
    await writeFile(file, bytes)
  }
}

/** What is wrong with how a damaged database is met. */
async function faultsOf(datadir: string): Promise<string[]> {
  const { code, signal, stdout, stderr } = await runCommand(['db', 'check', '--datadir', datadir])
  if (code === 0) {
    const node = await startDevnet(['--datadir', datadir])
    running.push(node)
    await node.stop()
    return node.head <= blocks ? [] : [`head ${node.head}`]
  }
  const text = stdout + stderr
  return [
    ...(code === 1 ? [] : [`ended with ${String(code ?? signal)}: ${text}`]),
    ...(/fault of the node itself|\n {4}at /.test(text) ? [`shows a stack: ${text}`] : []),
    ...(text.length > 20 ? [] : [`says too little: ${text}`]),
  ]
}

describe('a damaged database is refused, or opened at a block it holds whole', () => {
  test.each([
    ['tables cut in half', cut(/\.ldb$/, 0.5)],
    ['tables of no bytes', cut(/\.ldb$/, 0)],
    ['tables with changed bytes', flip(/\.ldb$/)],
    ['the log cut in half', cut(/\.log$/, 0.5)],
    ['the manifest cut in half', cut(/^MANIFEST-/, 0.5)],
    ['the manifest of no bytes', cut(/^MANIFEST-/, 0)],
    ['CURRENT of no bytes', cut(/^CURRENT$/, 0)],
    ['no CURRENT', async (chain: string) => rm(join(chain, 'CURRENT'))],
    [
      'no tables',
      async (chain: string) => {
        for (const file of await files(chain, /\.ldb$/)) await rm(file)
      },
    ],
  ])(
    '%s',
    async (name, damage) => {
      const datadir = await damagedCopy(name.replaceAll(' ', '-'), damage)
      expect(await faultsOf(datadir)).toEqual([])
    },
    limitMs,
  )

  test(
    'starting on tables cut in half is one sentence that says what to do',
    async () => {
      const datadir = await damagedCopy('start-on-cut', cut(/\.ldb$/, 0.5))
      expect(await dev(datadir)).toMatchObject(
        sentence(/is damaged: .*; restore a copy of it, or remove it/),
      )
    },
    limitMs,
  )
})

describe('what is not ours is refused, and stays as it was', () => {
  test(
    'another program’s files',
    async () => {
      const chain = join(folder, 'letters', 'chain')
      await mkdir(chain, { recursive: true })
      await writeFile(join(chain, 'letter.txt'), 'Dear all')
      expect(await dev(join(folder, 'letters'))).toMatchObject(
        sentence(/holds other files and no database/),
      )
      expect(await readdir(chain)).toEqual(['letter.txt'])
    },
    limitMs,
  )

  test(
    'another program’s database',
    async () => {
      const chain = join(folder, 'foreign', 'chain')
      const level = new Level(chain)
      await level.put('name', 'geth')
      await level.close()
      expect(await dev(join(folder, 'foreign'))).toMatchObject(
        sentence(/was not written by tributary/),
      )
      const again = new Level(chain)
      expect(await again.keys().all()).toEqual(['name'])
      await again.close()
    },
    limitMs,
  )

  test(
    'a file where the folder should be',
    async () => {
      const file = join(folder, 'file')
      await writeFile(file, 'not a folder')
      expect(await dev(file)).toMatchObject(sentence(/file/))
      expect(await readFile(file, 'utf8')).toBe('not a folder')
    },
    limitMs,
  )
})

describe('run refuses a genesis that', () => {
  const account = `0x${'12'.repeat(20)}`
  const good = { config: { chainId: 5 }, gasLimit: '0x1c9c380', difficulty: '0x0', alloc: {} }
  const deep = '['.repeat(200_000) + ']'.repeat(200_000)
  test.each([
    [
      'has unknown keys',
      { ...good, colour: 'red', config: { chainId: 5, petersburgh: 0 } },
      /colour/,
    ],
    ['has them in our section', { ...good, tributary: { blokTime: 1 } }, /blokTime/],
    [
      'has them in an account',
      { ...good, alloc: { [account]: { balance: '1', money: 1 } } },
      /money/,
    ],
    ['has a list as alloc', { ...good, alloc: [] }, /alloc/],
    [
      'has more money than fits',
      { ...good, alloc: { [account]: { balance: `0x1${'0'.repeat(64)}` } } },
      /balance/,
    ],
    ['has less than none', { ...good, alloc: { [account]: { balance: '-1' } } }, /balance/],
    ['has a chain id beyond numbers', { ...good, config: { chainId: 1e300 } }, /chainId/],
    ['is a list', [], /./],
    ['is null', null, /./],
    ['is nothing', '', /line 1, column 1: the text ends/],
    ['is no JSON', '{"config":', /line 1, column 11: the text ends/],
    ['is 200,000 lists deep', deep, /./],
    ['is nested in an account', `{"alloc":{"${account}":${deep}}}`, /levels deep/],
    ['is binary', '\u0000\u0001\ufffd', /line 1, column 1/],
  ])(
    '%s',
    async (name, content, words) => {
      const file = join(folder, 'genesis.json')
      const datadir = join(folder, `genesis-${name.replaceAll(/\W/g, '-')}`)
      await writeFile(file, typeof content === 'string' ? content : JSON.stringify(content))
      const ended = await runCommand(
        ['run', '--genesis', file, '--datadir', datadir, '--port', '0'],
        30_000, // only a command that hangs takes so long
      )
      expect({ code: ended.code, signal: ended.signal }).toEqual({ code: 1, signal: null })
      expect(ended.stderr).toMatch(words)
      expect(ended.stderr).not.toMatch(/fault of the node itself|\n {4}at /)
      expect(ended.stderr.length).toBeLessThan(2_000)
      // Refused before anything was made.
      await expect(stat(datadir)).rejects.toMatchObject({ code: 'ENOENT' })
    },
    limitMs,
  )
})
