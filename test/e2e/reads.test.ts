/** A dapp's suites that read right after they have sent, in a process of their own: the short form of `npm run test:reads`. */
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from '@jest/globals'
import { repoRoot } from '../support/node.ts'

const run = promisify(execFile)

test('the ethers and viem suites pass, with every test in them', async () => {
  const script = join(repoRoot, 'scripts', 'test-reads.mjs')
  const { stdout } = await run(process.execPath, [script, '--runs', '1'], { timeout: 100_000 })
  expect(stdout).toContain('1 of 1 runs passed')
  expect(stdout).toContain('28 tests passed in all')
}, 120_000)
