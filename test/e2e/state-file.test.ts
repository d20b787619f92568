/** `dev --state FILE`: what one run leaves the next finds, and anvil takes the same file. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from '@jest/globals'
import { rpcCall, runCommand, startDevnet } from '../support/node.ts'
import { anvilBinary } from '../support/target.ts'
import { until } from '../support/until.ts'

const nobody = `0x${'ab'.repeat(20)}`

test('a state goes through a file from run to run, and into anvil', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'tributary-state-'))
  const file = join(folder, 'state.json.gz')
  try {
    const first = await startDevnet(['--ephemeral', '--state', file])
    await rpcCall(first.httpUrl, 'anvil_setBalance', [nobody, '0x7b'])
    await rpcCall(first.httpUrl, 'anvil_mine', ['0x3'])
    const height = await rpcCall(first.httpUrl, 'eth_blockNumber')
    expect((await first.stop()).code).toBe(0)
    expect((await readFile(file)).subarray(0, 2).toString('hex')).toBe('1f8b')

    const second = await startDevnet(['--ephemeral', '--state', file])
    expect(await rpcCall(second.httpUrl, 'eth_getBalance', [nobody, 'latest'])).toBe('0x7b')
    expect(Number(await rpcCall(second.httpUrl, 'eth_blockNumber'))).toBeGreaterThanOrEqual(
      Number(height),
    )
    await second.stop()

    const port = 20_000 + Math.floor(Math.random() * 20_000)
    const anvil = spawn(anvilBinary, ['--port', String(port), '--silent'], { stdio: 'ignore' })
    const url = `http://127.0.0.1:${port}`
    try {
      await until(() =>
        rpcCall(url, 'eth_chainId').then(
          () => true,
          () => false,
        ),
      )
      const dump = `0x${(await readFile(file)).toString('hex')}`
      expect(await rpcCall(url, 'anvil_loadState', [dump])).toBe(true)
      expect(await rpcCall(url, 'eth_getBalance', [nobody, 'latest'])).toBe('0x7b')
    } finally {
      anvil.kill('SIGKILL')
      await once(anvil, 'exit')
    }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}, 120_000)

test('a file that is no state is refused before anything starts', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'tributary-state-'))
  const file = join(folder, 'state')
  try {
    await writeFile(file, 'not a state')
    const { code, stderr } = await runCommand([
      'dev',
      '--ephemeral',
      '--port',
      '0',
      '--state',
      file,
    ])
    expect(code).not.toBe(0)
    expect(stderr).toContain('this is no state that anvil_dumpState writes')
    expect(await readFile(file, 'utf8')).toBe('not a state')
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}, 60_000)
