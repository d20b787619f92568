#!/usr/bin/env node
/**
 * `node scripts/bench.mjs gas ...`: runs bench/gas.ts as one plain JavaScript file, as the build would ship it.
 * A runner that compiles module by module wraps every function it makes, and a benchmark would measure the
 * wrapping. Passes the other arguments on; keeps nothing.
 */
import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { build } from 'esbuild'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const [name] = process.argv.splice(2, 1)
const outfile = join(
  root,
  'node_modules',
  '.cache',
  'tributary',
  `bench-${name}-${process.pid}.mjs`,
)

/** What a source finds beside itself it finds from the joined file too. */
const ownPlaces = {
  name: 'own places',
  setup({ onLoad }) {
    onLoad({ filter: /\.ts$/ }, async ({ path }) => {
      const contents = await readFile(path, 'utf8')
      const url = JSON.stringify(pathToFileURL(path).href)
      return { contents: contents.replaceAll('import.meta.url', url), loader: 'ts' }
    })
  },
}

await build({
  entryPoints: [join(root, 'bench', `${name}.ts`)],
  outfile,
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node20',
  packages: 'external',
  plugins: [ownPlaces],
  logLevel: 'error',
})
await import(pathToFileURL(outfile).href)
