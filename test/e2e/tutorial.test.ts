/**
 * The tutorials are true: their code is taken from the pages and run, one after the other on the same devnet, so
 * that neither can count on being the first.
 */
import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { repoRoot, startDevnet, type Devnet } from '../support/node.ts'

const run = promisify(execFile)
const limits = { timeout: 120_000, maxBuffer: 2 ** 24 }

let devnet: Devnet
beforeAll(async () => {
  devnet = await startDevnet(['--ephemeral', '--bare'])
}, 60_000)
afterAll(() => devnet.stop())

/** The pieces of code in `language`, in order. */
async function codeOf(page: string, language: string): Promise<string> {
  const text = await readFile(join(repoRoot, 'docs', page), 'utf8')
  const pieces = [...text.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\``, 'gm'))]
  return pieces.map(([, code]) => code ?? '').join('\n')
}

test('docs/tutorial.md: from data push to rewards claim with viem', async () => {
  const code = await codeOf('tutorial.md', 'ts')
  // Below node_modules, so that packages are found and nothing of the checkout changes.
  const cache = join(repoRoot, 'node_modules', '.cache')
  await mkdir(cache, { recursive: true })
  const folder = await mkdtemp(join(cache, 'tutorial-'))
  try {
    const file = join(folder, 'tutorial.mts')
    const sdk = pathToFileURL(join(repoRoot, 'sdk', 'index.ts')).href
    await writeFile(file, code.replaceAll('./sdk/index.ts', sdk))
    const tsx = join(repoRoot, 'node_modules', '.bin', 'tsx')
    const { stdout } = await run(tsx, [file], {
      ...limits,
      env: { ...process.env, TRIBUTARY_RPC_URL: devnet.httpUrl },
    })
    expect(stdout).toMatch(/^data 500000000000000000n 0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC$/m)
    expect(stdout).toMatch(/^span \d+n? \d+n? row 1n$/m)
    expect(stdout).toContain('earned 500000000000000000n unexplained 0n')
  } finally {
    await rm(folder, { recursive: true })
  }
}, 150_000)

test('docs/tutorial-cast.md: the same with cast alone, and every wei explained', async () => {
  const bin = join(repoRoot, 'node_modules', '@foundry-rs', 'cast-linux-amd64', 'bin')
  const { stdout } = await run('bash', ['-c', await codeOf('tutorial-cast.md', 'sh')], {
    ...limits,
    env: {
      PATH: `${bin}:${process.env['PATH'] ?? ''}`,
      HOME: '/nonexistent',
      ETH_RPC_URL: devnet.httpUrl,
      FOUNDRY_DISABLE_NIGHTLY_WARNING: '1',
      NO_COLOR: '1',
    },
  })
  expect(stdout).toContain('claimed 500000000000000000 wei')
  // A decoded struct: state final (3), class provable (2), method 1.
  expect(stdout).toMatch(/^\(3, 2, 1, /m)
  const explained = JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as {
    readonly amount: string
    readonly rewards: readonly { readonly unexplained: string }[]
  }
  expect(BigInt(explained.amount)).toBe(5n * 10n ** 17n)
  expect(explained.rewards[0]?.unexplained).toBe('0x0')
}, 150_000)
