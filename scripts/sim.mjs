#!/usr/bin/env node
/**
 * Runs the simulator (test/sim/main.ts) as one plain JavaScript file: a runner that compiles module by
 * module wraps every function it makes, which costs a simulator a third of its speed. The arguments are
 * those of `npm run sim -- --help`; it runs in this process. `npm run sim` has Node do without helper
 * threads: there is one seed after the other, and what counts is the time of all cores. Its heap begins
 * large, since each full collection forgets the compiled code of attackers that no run has at the moment.
 */
import { rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { build } from 'esbuild'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const outdir = join(root, 'node_modules', '.cache', 'tributary', `sim-${process.pid}`)
await build({
  entryPoints: [join(root, 'test', 'sim', 'main.ts')],
  outdir,
  outExtension: { '.js': '.mjs' },
  bundle: true,
  splitting: true,
  platform: 'node',
  format: 'esm',
  target: 'node20',
  packages: 'external',
  logLevel: 'error',
})
process.on('exit', () => rmSync(outdir, { recursive: true, force: true }))
await import(pathToFileURL(join(outdir, 'main.mjs')).href)
