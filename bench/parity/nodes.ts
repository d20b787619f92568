/**
 * The two nodes that are asked the same: ours in this process, anvil as one of its own, with the same
 * chain id, accounts and gas limit, on free ports. Sends no work.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { createServer } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { mnemonicToAccount } from 'viem/accounts'
import { devnetGenesis } from '../../genesis/index.ts'
import { createNode } from '../../node/node.ts'
import { type Hex, silentLogger, toHex } from '../../primitives/index.ts'
import { ask } from '../rpc.ts'

export const chainId = 31_337
export const blockGasLimit = 30_000_000n
/** Of our first block: EIP-1559 after an empty block 0. anvil repeats what it is given for block 0. */
const firstBaseFee = 875_000_000
const mnemonic = 'test test test test test test test test test test test junk'

export const accounts = Array.from({ length: 4 }, (_, addressIndex) =>
  mnemonicToAccount(mnemonic, { addressIndex }),
)

export interface Started {
  readonly url: string
  stop(): Promise<void>
}

export async function startOurs(): Promise<Started> {
  const clock = {
    nowMs: () => Date.now(),
    after: (delayMs: number, run: () => void) => {
      const timer = setTimeout(run, delayMs)
      return () => clearTimeout(timer)
    },
  }
  const keys = accounts.map((account) => toHex(account.getHdKey().privateKey ?? new Uint8Array(32)))
  const node = await createNode(
    {
      genesis: devnetGenesis({
        addresses: accounts.map(({ address }) => address.toLowerCase() as Hex),
        balance: 10_000n * 10n ** 18n,
        chainId: BigInt(chainId),
        gasLimit: blockGasLimit,
      }),
      datadir: undefined,
      cacheBytes: 2 ** 26,
      keepStates: 'archive',
      addressIndex: true,
      sealing: { type: 'automine' },
      feeRecipient: `0x${'00'.repeat(20)}`,
      host: '127.0.0.1',
      port: 0,
      allowedHosts: [],
      clientVersion: 'anvil/v0.1.0-tributary',
      dev: { privateKeys: keys },
    },
    {
      clock,
      logs: { of: () => silentLogger },
      onFault: (error) => process.emitWarning(String(error)),
    },
  )
  const { httpUrl } = await node.start()
  return { url: httpUrl, stop: () => node.stop() }
}

const anvilPath = fileURLToPath(
  new URL('../../node_modules/@foundry-rs/anvil-linux-amd64/bin/anvil', import.meta.url),
)

export async function startAnvil(): Promise<Started> {
  const port = await freePort()
  const flags = `--port ${port} --accounts ${accounts.length} --chain-id ${chainId} --gas-limit ${blockGasLimit} --hardfork osaka --block-base-fee-per-gas ${firstBaseFee} --quiet --order fifo`
  const child: ChildProcess = spawn(anvilPath, flags.split(' '), { stdio: 'ignore' })
  const url = `http://127.0.0.1:${port}`
  for (let tries = 0; ; tries++) {
    if (child.exitCode !== null || tries > 600) throw new Error('anvil does not start')
    if (await ask(url, 'eth_chainId').catch(() => undefined)) break
    await sleep(50)
  }
  return {
    url,
    stop: () =>
      new Promise((resolve) => {
        child.once('exit', () => resolve())
        child.kill('SIGTERM')
      }),
  }
}

const freePort = (): Promise<number> =>
  new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0))
    })
  })
