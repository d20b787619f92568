#!/usr/bin/env node
/**
 * Runs the command from a checkout: `npm run devnet`, `npm run tributary -- ARGS`. Builds first when
 * dist/ is missing or older than a source; installs nothing. The command runs in this process, so
 * signals and the exit code are its own.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const command = join(root, 'dist', 'node', 'cli.js')
/** Left by scripts/build.mjs after a clean build; its age is the age of the build. */
const stamp = join(root, 'dist', '.built')
const settings = ['package.json', 'tsconfig.json', 'tsconfig.build.json']
/** Folders at the top that hold no source of the command. */
const foreign = new Set(['node_modules', 'dist', 'test', 'docs', 'scripts', 'coverage', 'bench'])

/** Newest change, in milliseconds, among the sources below `folder`. */
function newestSource(folder) {
  let newestMs = 0
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (entry.name.startsWith('.') || foreign.has(entry.name)) continue
    const path = join(folder, entry.name)
    if (entry.isDirectory()) newestMs = Math.max(newestMs, newestSource(path))
    else if (entry.name.endsWith('.ts')) newestMs = Math.max(newestMs, statSync(path).mtimeMs)
  }
  return newestMs
}

function isStale() {
  if (!existsSync(command) || !existsSync(stamp)) return true
  const builtMs = statSync(stamp).mtimeMs
  if (settings.some((file) => statSync(join(root, file)).mtimeMs > builtMs)) return true
  return newestSource(root) > builtMs
}

if (!existsSync(join(root, 'node_modules'))) {
  process.stderr.write('tributary: the packages are not installed; run `npm install` first\n')
  process.exit(1)
}
if (isStale()) {
  process.stderr.write('tributary: building (once after each change) ...\n')
  const { status } = spawnSync(process.execPath, [join(root, 'scripts', 'build.mjs')], {
    stdio: 'inherit',
  })
  if (status !== 0) process.exit(status ?? 1)
}
// npm moves to the package's folder; paths are meant from where the person stands.
if (process.env.INIT_CWD) process.chdir(process.env.INIT_CWD)
await import(pathToFileURL(command).href)
