/**
 * Four real validator processes of the built command for end-to-end tests: keys and genesis in a folder
 * of their own, `run` for each, killed and started again at will. Ended with the test process.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { devnetGenesis, formatGenesis } from '../../genesis/index.ts'
import {
  type Hex,
  nobleSecp256k1,
  publicKeyToAddress,
  toFixedBytes,
  toHex,
} from '../../primitives/index.ts'
import { choosePorts } from '../../node/commands/validators-folder.ts'
import { networkFolder } from '../../node/folders.ts'
import { peerIdOfKey } from '../../p2p/index.ts'
import { commandPath } from './node.ts'

export interface ValidatorProcess {
  readonly index: number
  readonly url: string
  /** Where its peers dial, with its peer id. */
  readonly address: string
  /** Resident memory in MiB; Linux. */
  readonly memoryMib: () => number
  readonly isUp: () => boolean
  /** Resolves when JSON-RPC answers. */
  start(): Promise<void>
  kill(signal?: NodeJS.Signals): Promise<void>
  rpc<result>(method: string, params?: readonly unknown[]): Promise<result>
  /** -1 while it does not answer. */
  height(): Promise<number>
  readonly stderr: () => string
}

export interface ValidatorNetwork {
  readonly folder: string
  readonly genesisFile: string
  readonly validators: readonly ValidatorProcess[]
  readonly addresses: readonly Hex[]
  stop(): Promise<void>
}

const running = new Set<ChildProcess>()
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

/** Puts something between two of them: the port that `from` dials to reach `port` of `to`. */
type Via = (from: number, to: number, port: number) => Promise<number>

export async function createValidatorNetwork(
  count = 4,
  blockTimeMs = 1_000,
  via: Via = async (_from, _to, port) => port,
  params: Readonly<Record<string, bigint>> = {},
  /** Options of Node itself for each process. */
  nodeOptions: readonly string[] = [],
): Promise<ValidatorNetwork> {
  const folder = mkdtempSync(join(tmpdir(), 'validators-'))
  const keys = Array.from({ length: count }, (_, i) => toFixedBytes(BigInt(1_000 + i), 32))
  const addresses = keys.map((key) => publicKeyToAddress(nobleSecp256k1.publicKey(key)))
  const genesis = devnetGenesis()
  const tributary = {
    ...genesis.tributary,
    params: { ...genesis.tributary.params, ...params },
    blockTimeMs,
    validators: addresses.map((address) => ({ address, power: 1n })),
  }
  const genesisFile = join(folder, 'genesis.json')
  writeFileSync(genesisFile, formatGenesis({ ...genesis, tributary }))
  for (const [i, key] of keys.entries()) {
    mkdirSync(join(folder, String(i)))
    writeFileSync(join(folder, String(i), 'key'), toHex(key), { mode: 0o600 })
  }
  const ports = await choosePorts(folder, 2 * count)
  const peerIds = await Promise.all(
    keys.map(async (_, i) => {
      const key = toFixedBytes(BigInt(2_000 + i), 32)
      const network = networkFolder(join(folder, String(i)))
      mkdirSync(network)
      writeFileSync(join(network, 'node-key'), toHex(key), { mode: 0o600 })
      return peerIdOfKey(key)
    }),
  )
  const validators = await Promise.all(
    keys.map(async (_, index) => {
      const peers: string[] = []
      for (const [to, peerId] of peerIds.entries())
        if (to !== index)
          peers.push(`/ip4/127.0.0.1/tcp/${await via(index, to, ports[to] ?? 0)}/p2p/${peerId}`)
      const address = `/ip4/127.0.0.1/tcp/${ports[index] ?? 0}/p2p/${peerIds[index] ?? ''}`
      const own = join(folder, String(index))
      return createProcess({ index, folder: own, genesisFile, ports, peers, address, nodeOptions })
    }),
  )
  return {
    folder,
    genesisFile,
    validators,
    addresses,
    async stop() {
      await Promise.all(validators.map((validator) => validator.kill('SIGKILL')))
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

interface ProcessOptions {
  readonly index: number
  readonly folder: string
  readonly genesisFile: string
  readonly ports: readonly number[]
  readonly peers: readonly string[]
  readonly address: string
  readonly nodeOptions: readonly string[]
}

function createProcess(given: ProcessOptions): ValidatorProcess {
  const { index, folder, genesisFile, ports, peers, address, nodeOptions } = given
  const half = ports.length / 2
  const url = `http://127.0.0.1:${ports[half + index] ?? 0}`
  let child: ChildProcess | undefined
  let stderr = ''
  const rpc = async <result>(method: string, params: readonly unknown[] = []): Promise<result> => {
    const answer = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
      signal: AbortSignal.timeout(5_000),
    })
    const { result, error } = (await answer.json()) as {
      result: result
      error?: { message: string }
    }
    if (error) throw new Error(`${method}: ${error.message}`)
    return result
  }
  const height = async (): Promise<number> => {
    try {
      return Number(await rpc<Hex>('eth_blockNumber'))
    } catch {
      return -1
    }
  }
  return {
    index,
    url,
    address,
    memoryMib() {
      const status = readFileSync(`/proc/${child?.pid ?? 0}/status`, 'utf8')
      return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) / 1_024
    },
    rpc,
    height,
    stderr: () => stderr,
    isUp: () => child !== undefined,
    async start() {
      const options = [
        ['--genesis', genesisFile],
        ['--datadir', folder],
        ['--validator-key', join(folder, 'key')],
        ['--p2p-host', '127.0.0.1'],
        ['--p2p-port', String(ports[index])],
        ['--port', String(ports[half + index])],
        ['--log-level', 'warn,consensus=debug'],
        ...peers.map((peer) => ['--peer', peer]),
      ].flat()
      const started = spawn(process.execPath, [...nodeOptions, commandPath, 'run', ...options], {
        stdio: ['ignore', 'ignore', 'pipe'],
        env: { ...process.env, NO_COLOR: '1', NODE_OPTIONS: '' },
      })
      child = started
      running.add(started)
      started.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
      started.once('exit', () => {
        running.delete(started)
        if (child === started) child = undefined
      })
      while ((await height()) < 0) {
        if (child !== started) throw new Error(`validator ${index} ended: ${stderr.slice(-2_000)}`)
        await sleep(50)
      }
    },
    async kill(signal = 'SIGKILL') {
      const dying = child
      if (!dying) return
      const ended = new Promise((resolve) => dying.once('exit', resolve))
      dying.kill(signal)
      await ended
    },
  }
}

/** Waits until `isTrue`; throws with the heights when it takes too long. */
export async function waitFor(
  network: ValidatorNetwork,
  isTrue: () => Promise<boolean>,
  limitMs = 60_000,
): Promise<void> {
  const endMs = Date.now() + limitMs
  while (!(await isTrue())) {
    if (Date.now() > endMs) {
      const heights = await Promise.all(network.validators.map((validator) => validator.height()))
      throw new Error(`not so after ${limitMs} ms; heights ${heights.join(', ')}`)
    }
    await sleep(100)
  }
}
