/**
 * Starts the built command (`dist/node/cli.js dev --json --port 0 ...`) as a process of its own, for
 * end-to-end tests and the benchmark: URLs and accounts from its first line, `stop` by SIGINT,
 * `kill` by SIGKILL. `npm run build` comes first; nothing here builds. Every process started is
 * ended when the test process ends.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

type Hex = `0x${string}`

export const repoRoot = join(dirname(fileURLToPath(import.meta.url)), '..', '..')
export const commandPath = join(repoRoot, 'dist', 'node', 'cli.js')

/** The first line of `dev --json`. */
export interface DevReady {
  readonly type: 'ready'
  readonly version: string
  readonly chainId: number
  readonly httpUrl: string
  readonly wsUrl: string
  readonly genesisHash: Hex
  readonly head: number
  readonly mnemonic: string
  readonly accounts: readonly {
    readonly address: Hex
    readonly privateKey: Hex
    /** Wei, in decimal. */
    readonly balance: string
  }[]
  readonly gasLimit: string
  readonly baseFeePerGas: string
  readonly datadir: string | null
  /** With --seed-demo: what was played (node/demo/report.ts). */
  readonly demo?: DemoReady
}

export interface DemoReady {
  readonly requestIds: readonly Hex[]
  /** Wei, in decimal. */
  readonly fees: string
  readonly contributors: readonly { readonly name: string; readonly address: Hex }[]
}

export interface Exit {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

export interface Devnet extends DevReady {
  readonly pid: number
  /** From spawn to the first line. */
  readonly startedInMs: number
  /** Lines of standard output after the first (blocks and transactions), as they came. */
  readonly lines: readonly string[]
  readonly stderr: () => string
  /** SIGINT, and waits for the end. */
  stop(): Promise<Exit>
  /** SIGKILL, and waits for the end. */
  kill(): Promise<Exit>
}

export interface Ended extends Exit {
  readonly stdout: string
  readonly stderr: string
}

const running = new Set<ChildProcess>()
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

function start(
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): ChildProcess {
  if (!existsSync(commandPath)) throw new Error(`${commandPath} is missing: npm run build`)
  const child = spawn(process.execPath, [commandPath, ...args], {
    cwd: repoRoot,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, NO_COLOR: '1', NODE_OPTIONS: '', ...environment },
  })
  running.add(child)
  child.once('exit', () => running.delete(child))
  return child
}

const exitOf = (child: ChildProcess): Promise<Exit> =>
  new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null)
      resolve({ code: child.exitCode, signal: child.signalCode })
    else child.once('exit', (code, signal) => resolve({ code, signal }))
  })

function collect(stream: NodeJS.ReadableStream | null): () => string {
  let text = ''
  stream?.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
  return () => text
}

/** Runs the command to its end; one that does not end is killed, which the caller sees by `signal`. */
export async function runCommand(
  args: readonly string[],
  limitMs = 30_000,
  environment: Readonly<Record<string, string>> = {},
): Promise<Ended> {
  const child = start(args, environment)
  const timer = setTimeout(() => child.kill('SIGKILL'), limitMs)
  const [stdout, stderr] = [collect(child.stdout), collect(child.stderr)]
  await new Promise((resolve) => child.once('close', resolve))
  clearTimeout(timer)
  return { ...(await exitOf(child)), stdout: stdout(), stderr: stderr() }
}

/**
 * Starts `dev --json --port 0` with further arguments (the chain is in ./.devnet unless --datadir or
 * --ephemeral is among them). Throws with its standard error when it ends before its first line.
 */
export async function startDevnet(args: readonly string[]): Promise<Devnet> {
  const startedAt = performance.now()
  const child = start(['dev', '--json', '--port', '0', ...args])
  const stderr = collect(child.stderr)
  const lines: string[] = []
  const first = await new Promise<string>((resolve, reject) => {
    if (!child.stdout) throw new Error('no standard output')
    let isFirst = true
    createInterface({ input: child.stdout }).on('line', (line) => {
      if (isFirst) resolve(line)
      else lines.push(line)
      isFirst = false
    })
    child.once('exit', (code) => reject(new Error(`dev ended with ${String(code)}: ${stderr()}`)))
  })
  const startedInMs = performance.now() - startedAt
  const end = async (signal: NodeJS.Signals): Promise<Exit> => {
    child.kill(signal)
    return exitOf(child)
  }
  return {
    ...(JSON.parse(first) as DevReady),
    pid: child.pid ?? 0,
    startedInMs,
    lines,
    stderr,
    stop: () => end('SIGINT'),
    kill: () => end('SIGKILL'),
  }
}

interface Command extends Pick<Devnet, 'stderr' | 'stop'> {
  /** When it ends by itself. */
  end(): Promise<Exit>
}

/** Starts the command with `args` and does not wait for anything. */
export function startCommand(args: readonly string[]): Command {
  const child = start(args)
  child.stdout?.resume()
  return {
    stderr: collect(child.stderr),
    end: () => exitOf(child),
    stop() {
      child.kill('SIGINT')
      return exitOf(child)
    },
  }
}

let requests = 0

/** One JSON-RPC call over HTTP; throws an Error with `code` and `data` for a JSON-RPC error. */
export async function rpcCall<result = unknown>(
  url: string,
  method: string,
  params: readonly unknown[] = [],
): Promise<result> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ jsonrpc: '2.0', id: ++requests, method, params }),
  })
  const answer = (await response.json()) as {
    readonly result?: result
    readonly error?: { readonly code: number; readonly message: string; readonly data?: unknown }
  }
  if (answer.error) throw Object.assign(new Error(answer.error.message), answer.error)
  return answer.result as result
}
