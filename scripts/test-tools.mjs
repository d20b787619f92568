#!/usr/bin/env node
/**
 * Installs the tools that tests need and `npm install` does not bring (Hardhat 3 with a Node of its
 * own, ponder), each by its lockfile, then runs their tests. Hundreds of megabytes, once.
 */
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const tools = ['hardhat', 'ponder']

function run(command, args, cwd) {
  const { status, error } = spawnSync(command, args, { cwd, stdio: 'inherit' })
  if (error) throw error
  if (status !== 0) process.exit(status ?? 1)
}

for (const tool of tools) {
  const folder = join(root, 'test', 'fixtures', tool)
  if (existsSync(join(folder, 'node_modules', tool))) continue
  process.stdout.write(`installing ${tool} for the tests\n`)
  // --force: Hardhat says it wants the Node that is installed beside it.
  run('npm', ['ci', '--no-audit', '--no-fund', '--force', '--ignore-scripts'], folder)
}
run('npm', ['run', 'build'], root)
run(
  process.execPath,
  [
    '--experimental-vm-modules',
    '--disable-warning=ExperimentalWarning',
    join(root, 'node_modules', 'jest', 'bin', 'jest.js'),
    '--selectProjects',
    'e2e',
    '--',
    ...tools.map((tool) => `test/e2e/${tool}`),
    'test/e2e/forge',
  ],
  root,
)
