/**
 * The client library as another project has it: from a folder outside the checkout that the package is linked
 * into, as `npm link` does it. For TypeScript, in Node, and in a browser's bundle.
 */
import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { type Devnet, repoRoot, startDevnet } from '../support/node.ts'

const run = promisify(execFile)
const limitMs = 120_000
const tool = (name: string): string => join(repoRoot, 'node_modules', '.bin', name)

/** A use with what its types must know, and what they must refuse. */
const source = `
import { createPublicClient, http, toHex } from 'viem'
import { attributionActions, hashRow, isRowFault, makeRow, merkleRoot, tributaryDevnet } from 'tributary/sdk'

const url: string | undefined = new URLSearchParams(location.search).get('url') ?? undefined
const client = createPublicClient({ chain: tributaryDevnet, transport: http(url) })
  .extend(attributionActions())
const [datanets]: readonly [bigint, bigint, bigint] = await client.datanet.read.counts()
const { claimable } = await client.attribution.pending('0x0000000000000000000000000000000000000001')
const row = makeRow('a line')
if (isRowFault(row)) throw new Error(row.fault)
const root: string = toHex(merkleRoot([hashRow(row.bytes)]))
console.log(datanets, claimable.length, root)

// @ts-expect-error -- no module has such a method
const wrong = (): unknown => client.datanet.read.nonsense()
// @ts-expect-error -- an id is a bigint
const wronger = (): unknown => client.attribution.batch('one')
`

let project = ''
let devnet: Devnet
beforeAll(async () => {
  project = await mkdtemp(join(tmpdir(), 'tributary-sdk-'))
  const packages = join(project, 'node_modules')
  await mkdir(packages)
  await symlink(repoRoot, join(packages, 'tributary'))
  await symlink(join(repoRoot, 'node_modules', 'viem'), join(packages, 'viem'))
  await writeFile(join(project, 'package.json'), '{ "type": "module" }')
  await writeFile(join(project, 'ask.ts'), source)
  devnet = await startDevnet(['--ephemeral', '--bare'])
}, limitMs)
afterAll(async () => {
  await devnet.stop()
  await rm(project, { recursive: true, force: true })
})

test(
  'TypeScript finds its types, Node runs it, and a bundler makes a page of it',
  async () => {
    const strict = ['--strict', '--exactOptionalPropertyTypes', '--skipLibCheck', 'false']
    const wanted = ['--module', 'nodenext', '--target', 'es2022', '--lib', 'es2023,dom']
    const checked = run(tool('tsc'), [...strict, ...wanted, '--types', '', 'ask.ts'], {
      cwd: project,
    })
    // tsc says what is wrong on its standard output.
    expect(await checked.catch(({ stdout }: { stdout: string }) => stdout)).toEqual({
      stdout: '',
      stderr: '',
    })

    const location = `globalThis.location = { search: '?url=${devnet.httpUrl}' }`
    const before = ['--import', `data:text/javascript,${encodeURIComponent(location)}`]
    const expected = /^0n 0 0x[0-9a-f]{64}\n$/
    expect((await run(process.execPath, [...before, 'ask.js'], { cwd: project })).stdout).toMatch(
      expected,
    )

    const page = ['--bundle', '--platform=browser', '--format=esm', '--outfile=page.js']
    // It fails for whatever a browser has not.
    await run(tool('esbuild'), ['ask.js', ...page], { cwd: project })
    expect((await run(process.execPath, [...before, 'page.js'], { cwd: project })).stdout).toMatch(
      expected,
    )
  },
  limitMs,
)
