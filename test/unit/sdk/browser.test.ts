/** The client library runs where there is no Node: bundled for a browser, in a world with a browser's names only. */
import { fileURLToPath } from 'node:url'
import { createContext, Script } from 'node:vm'
import { expect, test } from '@jest/globals'
import { build } from 'esbuild'

const entry = fileURLToPath(new URL('../../../sdk/index.ts', import.meta.url))

const browserNames = [
  'AbortController',
  'TextDecoder',
  'TextEncoder',
  'URL',
  'WebAssembly',
  'atob',
  'btoa',
  'crypto',
  'fetch',
]

async function bundle() {
  const { outputFiles, metafile } = await build({
    stdin: {
      contents: `import * as sdk from ${JSON.stringify(entry)}; ready(sdk)`,
      resolveDir: fileURLToPath(new URL('../../../', import.meta.url)),
    },
    bundle: true,
    write: false,
    metafile: true,
    minify: true,
    platform: 'browser',
    format: 'esm',
    target: 'es2022',
    logLevel: 'silent',
  })
  return { code: outputFiles[0]?.text ?? '', inputs: Object.keys(metafile.inputs) }
}

test('bundles without Node and works with a browser’s globals alone', async () => {
  const { code, inputs } = await bundle()
  expect(
    inputs.filter((input) => /^(node|state|execution|rpc|consensus|p2p)\//.test(input)),
  ).toEqual([])
  const names = Object.fromEntries(
    browserNames.map((name) => [name, Reflect.get(globalThis, name)]),
  )
  const sdk = await new Promise<Record<string, unknown>>((resolve, reject) => {
    const context = createContext({ ...names, Uint8Array, ready: resolve, failed: reject })
    // The bundle waits at its top level for the keccak instance: a function makes it a script.
    new Script(`(async () => { ${code} })().catch(failed)`).runInContext(context)
  })
  const { merkleRoot } = sdk as { merkleRoot: (leaves: Uint8Array[]) => Uint8Array }
  expect(Buffer.from(merkleRoot([new Uint8Array(32)])).toString('hex')).toBe(
    'f39a869f62e75cf5f0bf914688a6b289caf2049435d8e68c5c5e6d05e44913f3',
  )
}, 60_000)
