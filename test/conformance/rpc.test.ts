/**
 * The RPC tests of ethereum/execution-apis against a fresh import of its chain, by the suite's own
 * runner (hive's rules) in a process of its own.
 */
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect } from '@jest/globals'
import { startForeignChain } from '../support/foreign-chain.ts'
import { sharedFile, testWithShared } from '../support/shared.ts'

interface Outcome {
  readonly total: number
  readonly tests: readonly {
    readonly name: string
    readonly ok: boolean
    readonly why?: readonly string[]
  }[]
}

async function runSuite(url: string): Promise<Outcome> {
  const folder = mkdtempSync(join(tmpdir(), 'rpc-compat-'))
  const out = join(folder, 'out.json')
  const runner = spawn(process.execPath, [
    fileURLToPath(sharedFile('rpc/rpc-compat.mjs')),
    '--url',
    url,
    '--tests',
    fileURLToPath(sharedFile('rpc/tests')),
    '--timeout', // of a request: the runner's 5 s are for a machine with nothing else to do
    '30000',
    '--json',
    out,
  ])
  const text: string[] = []
  runner.stdout.on('data', (chunk) => text.push(String(chunk)))
  runner.stderr.on('data', (chunk) => text.push(String(chunk)))
  await new Promise((resolve) => runner.once('close', resolve))
  try {
    return JSON.parse(readFileSync(out, 'utf8')) as Outcome
  } catch (cause) {
    throw new Error(`the runner gave no report:\n${text.join('')}`, { cause })
  } finally {
    rmSync(folder, { recursive: true })
  }
}

describe('ethereum/execution-apis', () => {
  testWithShared(
    'every recorded answer is ours too',
    async () => {
      const chain = await startForeignChain()
      try {
        const { total, tests } = await runSuite(chain.httpUrl)
        expect(tests.filter(({ ok }) => !ok).map(({ name, why }) => ({ name, why }))).toEqual([])
        expect(total).toBeGreaterThanOrEqual(150)
        expect(chain.faults).toEqual([])
      } finally {
        await chain.stop()
      }
    },
    120_000,
  )
})
