/**
 * The nodes that are compared, each a process of its own with the same chain id, accounts and gas
 * limit. Starts, measures and stops them; sends no work.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { ask } from './rpc.ts'

export const chainId = 31_337
export const mnemonic = 'test test test test test test test test test test test junk'
export const accountCount = 100
export const blockGasLimit = 1_000_000_000
const port = 18_545

/** How a node makes blocks: one per transaction, or one a second. */
export type Mode = 'automine' | 'interval'

export interface Peer {
  readonly name: string
  command(mode: Mode): readonly string[]
}

export interface Running {
  readonly url: string
  /** From spawn to the first eth_chainId answer. */
  readonly startMs: number
  /** User and system seconds of the process and its children so far. */
  cpuSeconds(): number
  residentMegabytes(): number
  stop(): Promise<void>
}

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url))

const words = (text: string): readonly string[] => text.split(' ')

export const ours: Peer = {
  name: 'tributary',
  command: (mode) => [
    process.execPath,
    at('../dist/node/cli.js'),
    ...words(
      `dev --ephemeral --silent --port ${port} --chain-id ${chainId} --accounts ${accountCount} --gas-limit ${blockGasLimit}`,
    ),
    ...(mode === 'interval' ? ['--block-time', '1'] : []),
  ],
}

export const anvil: Peer = {
  name: 'anvil 1.7.1',
  command: (mode) => [
    at('../node_modules/@foundry-rs/anvil-linux-amd64/bin/anvil'),
    ...words(
      `--port ${port} --accounts ${accountCount} --chain-id ${chainId} --gas-limit ${blockGasLimit} --hardfork prague --quiet --order fifo --no-request-size-limit`,
    ),
    ...(mode === 'interval' ? ['--block-time', '1'] : []),
  ],
}

const ganache: Peer = {
  name: 'ganache 7.9.2',
  command: (mode) => [
    process.execPath,
    at('peers/node_modules/ganache/dist/node/cli.js'),
    ...words(
      `--server.port ${port} --chain.chainId ${chainId} --logging.quiet --wallet.totalAccounts ${accountCount} --wallet.defaultBalance 10000 --miner.blockGasLimit ${blockGasLimit}`,
    ),
    '--wallet.mnemonic',
    mnemonic,
    ...words(mode === 'interval' ? '--miner.blockTime 1' : '--miner.instamine eager'),
  ],
}

const hardhat: Peer = {
  name: 'hardhat 3.18',
  command: (mode) => {
    const folder = at(`peers/node_modules/.hardhat-${mode}`)
    mkdirSync(folder, { recursive: true })
    const mining = mode === 'interval' ? '{ auto: false, interval: 1000 }' : '{ auto: true }'
    writeFileSync(
      `${folder}/hardhat.config.mjs`,
      `export default { networks: { node: { type: 'edr-simulated', chainId: ${chainId}, blockGasLimit: ${blockGasLimit}n, mining: ${mining}, loggingEnabled: false, accounts: { mnemonic: '${mnemonic}', count: ${accountCount} } } } }\n`,
    )
    writeFileSync(`${folder}/package.json`, '{ "type": "module" }\n')
    return [
      process.execPath,
      at('peers/node_modules/hardhat/dist/src/cli.js'),
      ...words(`--config ${folder}/hardhat.config.mjs node --port ${port}`),
    ]
  },
}

/** Those that can run here; says why one cannot. */
export function availablePeers(log: (line: string) => void): readonly Peer[] {
  const peers: Peer[] = [ours]
  if (existsSync(anvil.command('automine')[0] ?? '')) peers.push(anvil)
  else log('anvil left out: its native binary is not installed on this platform')
  if (!existsSync(at('peers/node_modules/ganache'))) {
    log('installing the peers of the benchmark (bench/peers/package.json) ...')
    const flags = words('install --no-package-lock --no-audit --no-fund')
    spawnSync('npm', flags, { cwd: at('peers'), stdio: 'ignore' })
  }
  if (existsSync(at('peers/node_modules/ganache'))) peers.push(ganache)
  else log('ganache left out: npm install in bench/peers failed')
  if (Number(process.versions.node.split('.')[0]) >= 22) peers.push(hardhat)
  else log(`hardhat left out: it needs Node 22 and this is ${process.version}`)
  return peers
}

export async function startPeer(peer: Peer, mode: Mode): Promise<Running> {
  const [program = '', ...args] = peer.command(mode)
  const startedMs = performance.now()
  const child = spawn(program, args, { stdio: 'ignore' })
  const url = `http://127.0.0.1:${port}`
  for (;;) {
    if (child.exitCode !== null) throw new Error(`${peer.name} ended with ${child.exitCode}`)
    if (performance.now() - startedMs > 60_000) throw new Error(`${peer.name} does not answer`)
    const answer = await ask(url, 'eth_chainId').catch(() => undefined)
    if (answer !== undefined) break
    await sleep(5)
  }
  const startMs = performance.now() - startedMs
  const pids = (): readonly number[] => [child.pid ?? 0, ...childrenOf(child.pid ?? 0)]
  return {
    url,
    startMs,
    cpuSeconds: () => pids().reduce((sum, pid) => sum + cpuOf(pid), 0),
    residentMegabytes: () => pids().reduce((sum, pid) => sum + residentOf(pid), 0),
    stop: () => stop(child),
  }
}

async function stop(child: ChildProcess): Promise<void> {
  const ended = new Promise((resolve) => {
    child.once('exit', resolve)
  })
  child.kill('SIGTERM')
  const timer = setTimeout(() => child.kill('SIGKILL'), 3_000)
  await ended
  clearTimeout(timer)
}

/** proc(5): fields 14 and 15 of stat, in ticks of 10 ms. */
function cpuOf(pid: number): number {
  const stat = read(`/proc/${pid}/stat`)
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) / 100
}

const residentOf = (pid: number): number =>
  Number(/VmRSS:\s+(\d+)/.exec(read(`/proc/${pid}/status`))?.[1] ?? 0) / 1024

function childrenOf(pid: number): readonly number[] {
  return readdirSync('/proc')
    .map(Number)
    .filter((other) => other > 0 && parentOf(other) === pid)
}

const parentOf = (pid: number): number => {
  const stat = read(`/proc/${pid}/stat`)
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1] ?? 0)
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
