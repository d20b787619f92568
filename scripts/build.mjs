#!/usr/bin/env node
/**
 * Compiles the sources into dist/ and leaves a stamp there, so that scripts/tributary.mjs knows the
 * age of the build. Checks no types (`npm run check` and `npm test` do), tests nothing.
 */
import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, utimesSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const dist = join(root, 'dist')
const startedAt = new Date()
const tsc = join(root, 'node_modules', '.bin', process.platform === 'win32' ? 'tsc.cmd' : 'tsc')
const { status, error } = spawnSync(tsc, ['-p', join(root, 'tsconfig.build.json')], {
  stdio: 'inherit',
  shell: process.platform === 'win32',
})
if (error) process.stderr.write(`build: tsc could not be started: ${String(error)}\n`)
const command = join(dist, 'node', 'cli.js')
if (existsSync(command)) chmodSync(command, 0o755)
if (status === 0) {
  const stamp = join(dist, '.built')
  writeFileSync(stamp, '')
  utimesSync(stamp, startedAt, startedAt) // a source changed while tsc ran is newer: builds again
}
process.exit(status ?? 1)
