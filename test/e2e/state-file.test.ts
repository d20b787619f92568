/** `dev --state FILE`: what one run leaves the next finds, and anvil takes the same file. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from '@jest/globals'
import { rpcCall, runCommand, startDevnet } from '../support/node.ts'
import { startAnvil } from '../support/target.ts'

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

    const anvil = await startAnvil([])
    try {
      const dump = `0x${(await readFile(file)).toString('hex')}`
      expect(await rpcCall(anvil.httpUrl, 'anvil_loadState', [dump])).toBe(true)
      expect(await rpcCall(anvil.httpUrl, 'eth_getBalance', [nobody, 'latest'])).toBe('0x7b')
    } finally {
      await anvil.stop()
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
