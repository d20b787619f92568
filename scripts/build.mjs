#!/usr/bin/env node
/**
 * Compiles the sources into dist/, joins what the command loads into a few files there (a thousand
 * small ones take a second to find and read), and leaves a stamp, so that scripts/tributary.mjs
 * knows the age of the build. --types: also writes what TypeScript reads of tributary/sdk, which the
 * command does not need and its first start does not wait for. Checks no types (`npm run check` and
 * `npm test` do), tests nothing.
 */
import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { dirname, join, relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const dist = join(root, 'dist')
const command = join(dist, 'node', 'cli.js')
const startedAt = new Date()

/** With native parts, or with threads and files of their own: loaded from where they are. */
const external = [
  'abstract-level',
  'level',
  'memory-level',
  'secp256k1',
  'pino',
  'pino-pretty',
  'ws',
  'libp2p',
  '@libp2p/*',
  '@multiformats/*',
]

/** What a source finds beside itself (a thread, the package's file) it finds from a joined file too. */
const ownPlaces = {
  name: 'own places',
  setup({ onLoad }) {
    onLoad({ filter: /\.js$/ }, async ({ path }) => {
      if (!path.startsWith(dist + sep)) return undefined
      const contents = await readFile(path, 'utf8')
      const place = JSON.stringify(['..', ...relative(dist, path).split(sep)].join('/'))
      const url = `new URL(${place}, import.meta.url).href`
      return { contents: contents.replaceAll('import.meta.url', url) }
    })
  },
}

/** Replaces dist/node/cli.js; its parts stand in dist/bundle/. */
const joinParts = () =>
  build({
    entryPoints: { 'node/cli': command },
    outdir: dist,
    chunkNames: 'bundle/[name]-[hash]',
    allowOverwrite: true,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    external,
    plugins: [ownPlaces],
    logLevel: 'warning',
    // For packages in the old format that ask for Node's own modules.
    banner: {
      js: "import { createRequire as requireFor } from 'node:module'; const require = requireFor(import.meta.url);",
    },
  })

const tsc = join(root, 'node_modules', '.bin', process.platform === 'win32' ? 'tsc.cmd' : 'tsc')
function compile(settings) {
  const { status, error } = spawnSync(tsc, ['-p', join(root, settings)], {
    stdio: 'inherit',
    shell: process.platform === 'win32',
  })
  if (error) process.stderr.write(`build: tsc could not be started: ${String(error)}\n`)
  return status ?? 1
}

// Types of an earlier build would stand beside sources that they do not fit.
for (const file of existsSync(dist) ? readdirSync(dist, { recursive: true }) : [])
  if (file.endsWith('.d.ts')) rmSync(join(dist, file))
let status = compile('tsconfig.build.json')
if (status === 0 && process.argv.includes('--types')) status = compile('tsconfig.types.json')
if (status === 0) {
  rmSync(join(dist, 'bundle'), { recursive: true, force: true })
  await joinParts()
  const stamp = join(dist, '.built')
  writeFileSync(stamp, '')
  utimesSync(stamp, startedAt, startedAt) // a source changed while tsc ran is newer: builds again
}
if (existsSync(command)) chmodSync(command, 0o755)
process.exit(status)
