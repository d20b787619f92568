/**
 * The node an end-to-end test speaks to: our devnet, or anvil with `TRIBUTARY_E2E=anvil`, which is
 * how a test is known to ask for the right thing before it blames us. Both get the same accounts,
 * chain id and rules, on a free loopback port, as real processes that `stop` ends.
 */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { mnemonicToAccount, type HDAccount } from 'viem/accounts'
import { defineChain, type Chain } from 'viem'
import { startDevnet } from './node.ts'

export const isAnvil = process.env['TRIBUTARY_E2E'] === 'anvil'

export type Target = {
  readonly httpUrl: string
  readonly wsUrl: string
  readonly pid: number
  readonly stop: () => Promise<void>
}

/** The words every devnet tool knows; their keys are public. */
export const mnemonic = 'test test test test test test test test test test test junk'
export const account = (index: number): HDAccount =>
  mnemonicToAccount(mnemonic, { addressIndex: index })
/** For clients that want the key as text. */
export const privateKey = (index: number): `0x${string}` => {
  const key = account(index).getHdKey().privateKey
  if (!key) throw new Error('an account of a mnemonic has a key')
  return `0x${Buffer.from(key).toString('hex')}`
}

export const chainOf = (target: Target): Chain =>
  defineChain({
    id: 2679,
    name: 'Tributary devnet',
    nativeCurrency: { name: 'OPEN', symbol: 'OPEN', decimals: 18 },
    rpcUrls: { default: { http: [target.httpUrl], webSocket: [target.wsUrl] } },
  })

/** Starts a node. `ours` are further arguments of `tributary dev`, `anvils` the same for anvil. */
export async function startTarget(
  ours: readonly string[] = [],
  anvils: readonly string[] = ours,
): Promise<Target> {
  if (isAnvil) return startAnvil(anvils)
  const devnet = await startDevnet(['--ephemeral', ...ours])
  return {
    httpUrl: devnet.httpUrl,
    wsUrl: devnet.wsUrl,
    pid: devnet.pid,
    stop: async () => {
      await devnet.stop()
    },
  }
}

export const anvilBinary = fileURLToPath(
  new URL('../../node_modules/@foundry-rs/anvil-linux-amd64/bin/anvil', import.meta.url),
)

export async function startAnvil(args: readonly string[]): Promise<Target> {
  const child = spawn(
    anvilBinary,
    ['--port', '0', '--accounts', '20', '--chain-id', '2679', '--hardfork', 'osaka', ...args],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  )
  const url = await anvilUrl(child)
  return {
    httpUrl: `http://${url}`,
    wsUrl: `ws://${url}`,
    pid: child.pid ?? 0,
    stop: async () => {
      child.kill('SIGTERM')
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
    },
  }
}

async function anvilUrl(child: ChildProcess): Promise<string> {
  if (!child.stdout) throw new Error('anvil has no output')
  for await (const line of createInterface({ input: child.stdout })) {
    const found = /Listening on (\S+)/.exec(line)
    if (!found?.[1]) continue
    child.stdout.resume()
    return found[1]
  }
  throw new Error('anvil ended before it listened')
}
