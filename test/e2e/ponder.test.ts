/**
 * ponder, unmodified, indexes a contract's events from the running devnet: history first, then live.
 * It needs packages of its own: `npm run test:tools` installs them below test/fixtures/ponder;
 * without them this is skipped.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { describe, expect, test } from '@jest/globals'
import { createPublicClient, createWalletClient, type Hex, http } from 'viem'
import { readArtifact } from '../support/solc.ts'
import { account, chainOf, startTarget, type Target } from '../support/target.ts'
import { until } from '../support/until.ts'

const folder = fileURLToPath(new URL('../fixtures/ponder/', import.meta.url))
const binary = join(folder, 'node_modules', 'ponder', 'dist', 'esm', 'bin', 'ponder.js')
const isInstalled = existsSync(binary)
const suite = isInstalled ? describe : describe.skip
const title = isInstalled
  ? 'transfers of before and after its start are rows with the right values'
  : 'skipped: ponder is not installed; npm run test:tools installs and runs it'

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

function startPonder(target: Target, token: Hex, port: number, home: string): ChildProcess {
  const args = [binary, 'dev', '--disable-ui', '--port', String(port), '--hostname', '127.0.0.1']
  return spawn(process.execPath, args, {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: process.env['PATH'],
      HOME: home,
      NODE_OPTIONS: '',
      PONDER_TELEMETRY_DISABLED: 'true',
      PONDER_FOLDER: home,
      DEVNET_URL: target.httpUrl,
      TOKEN_ADDRESS: token,
    },
  })
}

const client = (target: Target) => ({
  wallet: createWalletClient({
    account: account(0),
    chain: chainOf(target),
    transport: http(target.httpUrl),
  }),
  reader: createPublicClient({ chain: chainOf(target), transport: http(target.httpUrl) }),
})

suite(title, () => {
  test('ponder runs to its end', async () => {
    const target = await startTarget()
    const home = await mkdtemp(join(tmpdir(), 'tributary-ponder-'))
    const { wallet, reader } = client(target)
    const { abi, bytecode } = readArtifact('Token')
    const deployed = await wallet.deployContract({ abi, bytecode, args: ['Token', 'TOK'] })
    const token = (await reader.getTransactionReceipt({ hash: deployed })).contractAddress
    if (!token) throw new Error('no token')
    const mint = (value: bigint) =>
      wallet.writeContract({
        address: token,
        abi,
        functionName: 'mint',
        args: [account(1).address, value],
      })
    await mint(5n)
    await mint(6n)
    const port = await freePort()
    const ponder = startPonder(target, token, port, home)
    let output = ''
    ponder.stdout?.on('data', (chunk: Buffer) => (output += chunk.toString()))
    ponder.stderr?.on('data', (chunk: Buffer) => (output += chunk.toString()))
    const values = async (): Promise<readonly string[]> => {
      const response = await fetch(`http://127.0.0.1:${port}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({
          query: '{ transfers(orderBy: "block") { items { value to from block } } }',
        }),
      }).catch(() => undefined)
      if (!response?.ok) return []
      const { data } = (await response.json()) as {
        readonly data?: { readonly transfers: { readonly items: readonly { value: string }[] } }
      }
      return data?.transfers.items.map(({ value }) => value) ?? []
    }
    try {
      await until(async () => (await values()).length >= 2 || ponder.exitCode !== null, 90_000)
      expect({ code: ponder.exitCode, output }).toMatchObject({ code: null })
      expect(await values()).toEqual(['5', '6'])
      await mint(7n)
      await until(async () => (await values()).length === 3, 30_000)
      expect(await values()).toEqual(['5', '6', '7'])
    } finally {
      ponder.kill('SIGKILL')
      await target.stop()
      await rm(home, { recursive: true, force: true })
    }
  }, 180_000)
})
