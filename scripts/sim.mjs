#!/usr/bin/env node
/**
 * Runs the simulator (test/sim/main.ts) as one plain JavaScript file: a runner that compiles module by
 * module wraps every function it makes, which costs a simulator a third of its speed. The arguments are
 * those of `npm run sim -- --help`; it runs in this process. `npm run sim` has Node do without helper
 * threads: there is one seed after the other, and what counts is the time of all cores.
 */
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { build } from 'esbuild'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const outfile = join(root, 'node_modules', '.cache', 'tributary', `sim-${process.pid}.mjs`)
await build({
  entryPoints: [join(root, 'test', 'sim', 'main.ts')],
  outfile,
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node20',
  packages: 'external',
  logLevel: 'error',
})
await import(pathToFileURL(outfile).href)
