/**
 * `npm run bench [-- --quick | --rounds N]`: ours, anvil, ganache and (Node >= 22) Hardhat on the same signed
 * transactions, in turn, medians of several rounds; prints the table and writes it to
 * bench/README.md. Decides nothing: results never fail a build.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { cpus, platform } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { availablePeers, type Peer, type Running, startPeer } from './nodes.ts'
import { plainRate } from './plain-ethereumjs.ts'
import { ask, sendBatch } from './rpc.ts'
import {
  compute,
  firstAddress,
  swaps,
  tokenBalanceCall,
  tokenTransfers,
  transfers,
  type Workload,
} from './transactions.ts'

const isQuick = process.argv.includes('--quick')
const roundsFlag = process.argv.indexOf('--rounds')
const rounds = roundsFlag > 0 ? Number(process.argv[roundsFlag + 1]) : isQuick ? 1 : 3
const scale = isQuick ? 0.1 : 1
const batchSize = 100

/** Row to peer to one figure per round; bigger is better unless the row says otherwise. */
type Figures = Map<string, Map<string, number[]>>
const figures: Figures = new Map()
const log = (line: string): void => void process.stderr.write(`${line}\n`)

function note(row: string, peer: Peer, value: number): void {
  const byPeer = figures.get(row) ?? new Map<string, number[]>()
  byPeer.set(peer.name, [...(byPeer.get(peer.name) ?? []), value])
  figures.set(row, byPeer)
}

async function untilMined(node: Running, hash: string): Promise<void> {
  while ((await ask(node.url, 'eth_getTransactionReceipt', [hash])) === null) await sleep(20)
}

async function mineEach(node: Running, raws: readonly string[]): Promise<void> {
  for (const raw of raws)
    await untilMined(node, await ask<string>(node.url, 'eth_sendRawTransaction', [raw]))
}

/** Blocks once a second while batches come in, until the last transaction has its receipt. */
async function runBulk(peer: Peer, { name, setUp, raws }: Workload): Promise<void> {
  const node = await startPeer(peer, 'interval')
  try {
    for (let i = 0; i < setUp.length; i += batchSize)
      await sendBatch(node.url, setUp.slice(i, i + batchSize))
    await untilDrained(node)
    const [cpu, wallMs] = [node.cpuSeconds(), performance.now()]
    for (let i = 0; i < raws.length; i += batchSize)
      await sendBatch(node.url, raws.slice(i, i + batchSize))
    await untilDrained(node)
    await checkAllMined(node, setUp.length + raws.length)
    note(`${name}: tx per CPU second`, peer, raws.length / (node.cpuSeconds() - cpu))
    note(`${name}: tx per second`, peer, (raws.length * 1000) / (performance.now() - wallMs))
    note(`${name}: memory after, MB (less is better)`, peer, node.residentMegabytes())
  } finally {
    await node.stop()
  }
}

/** Every account's latest nonce equals its pending one, for the first and the last account used. */
async function untilDrained(node: Running): Promise<void> {
  for (;;) {
    const [latest, pending] = await Promise.all(
      ['latest', 'pending'].map((tag) =>
        ask(node.url, 'eth_getTransactionCount', [firstAddress, tag]),
      ),
    )
    if (latest === pending) return
    await sleep(20)
  }
}

/** Throws when some of the work was not done, so that no figure stands for it. */
async function checkAllMined(node: Running, expected: number): Promise<void> {
  const head = Number(await ask<string>(node.url, 'eth_blockNumber'))
  let mined = 0
  for (let number = 1; number <= head; number++)
    mined += Number(
      await ask<string>(node.url, 'eth_getBlockTransactionCountByNumber', [
        `0x${number.toString(16)}`,
      ]),
    )
  if (mined !== expected) throw new Error(`${mined} of ${expected} transactions were mined`)
}

async function runAutomine(peer: Peer): Promise<void> {
  const node = await startPeer(peer, 'automine')
  try {
    note('start-up to first answer, ms (less is better)', peer, node.startMs)
    const { setUp, raws } = tokenTransfers(Math.round(10_000 * scale))
    await mineEach(node, setUp)
    const sequential = raws.slice(0, Math.round(1_000 * scale))
    const [cpu, wallMs] = [node.cpuSeconds(), performance.now()]
    await mineEach(node, sequential)
    note(
      'automined send + receipt, per CPU second',
      peer,
      sequential.length / (node.cpuSeconds() - cpu),
    )
    note(
      'automined send + receipt, per second',
      peer,
      (sequential.length * 1000) / (performance.now() - wallMs),
    )
    // Not all at once: with thousands waiting, anvil takes a tenth of a second for each block.
    for (let i = sequential.length; i < raws.length; i += batchSize) {
      await sendBatch(node.url, raws.slice(i, i + batchSize))
      await untilDrained(node)
    }
    await measureReads(peer, node)
  } finally {
    await node.stop()
  }
}

async function measureReads(peer: Peer, node: Running): Promise<void> {
  const count = Math.round(2_000 * scale)
  const measure = async (row: string, times: number, one: (i: number) => Promise<unknown>) => {
    const [cpu, wallMs] = [node.cpuSeconds(), performance.now()]
    for (let i = 0; i < times; i += 4) await Promise.all([0, 1, 2, 3].map((j) => one(i + j)))
    note(`${row}, per CPU second`, peer, times / Math.max(0.01, node.cpuSeconds() - cpu))
    note(`${row}, per second`, peer, (times * 1000) / (performance.now() - wallMs))
  }
  await measure('eth_getBalance', count, () =>
    ask(node.url, 'eth_getBalance', [firstAddress, 'latest']),
  )
  await measure('eth_call (balanceOf)', count, (i) =>
    ask(node.url, 'eth_call', [tokenBalanceCall(i), 'latest']),
  )
  const { to } = tokenBalanceCall(0)
  await measure('eth_getLogs over the whole chain', 8, () =>
    ask(node.url, 'eth_getLogs', [{ address: to, fromBlock: '0x3', toBlock: 'latest' }]),
  )
}

/** Gas of each loop: the same everywhere. */
const gasOfLoop = new Map<string, number>()

async function runCompute(peer: Peer): Promise<void> {
  const node = await startPeer(peer, 'automine')
  try {
    await mineEach(node, [compute.deployment()])
    for (const { name, data } of compute.loops) {
      const request = { to: compute.address, data, gas: '0xf00000' }
      // Asked once, of the first node: an estimate runs the loop a dozen times.
      const gas =
        gasOfLoop.get(name) ?? Number(await ask<string>(node.url, 'eth_estimateGas', [request]))
      gasOfLoop.set(name, gas)
      const times = Math.max(1, Math.round((peer.name.startsWith('anvil') ? 100 : 4) * scale))
      const cpu = node.cpuSeconds()
      for (let i = 0; i < times; i++) await ask(node.url, 'eth_call', [request, 'latest'])
      const seconds = Math.max(0.01, node.cpuSeconds() - cpu)
      note(`${name} loop, Mgas per CPU second`, peer, (gas * times) / seconds / 1e6)
    }
  } finally {
    await node.stop()
  }
}

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN

const show = (value: number | undefined): string =>
  value === undefined
    ? '–'
    : value >= 100
      ? Math.round(value).toLocaleString('en')
      : value.toPrecision(3)

function table(peers: readonly Peer[]): string {
  const names = peers.map(({ name }) => name)
  const others = names.slice(1)
  const lines = [
    `| | ${[...names, ...others.map((name) => `ours / ${name.split(' ')[0] ?? name}`)].join(' | ')} |`,
    `|---|${'---|'.repeat(names.length + others.length)}`,
  ]
  for (const [row, byPeer] of figures) {
    const values = names.map((name) => {
      const list = byPeer.get(name)
      return list && median(list)
    })
    const own = values[0] ?? Number.NaN
    const ratios = values.slice(1).map((value) => (value === undefined ? undefined : own / value))
    lines.push(`| ${row} | ${[...values, ...ratios].map(show).join(' | ')} |`)
  }
  return lines.join('\n')
}

async function main(): Promise<void> {
  const peers = availablePeers(log)
  const workloads = [
    transfers(Math.round(10_000 * scale)),
    tokenTransfers(Math.round(10_000 * scale)),
    swaps(Math.round(2_000 * scale)),
  ]
  for (let round = 1; round <= rounds; round++) {
    const steps = [...workloads.map((w) => (p: Peer) => runBulk(p, w)), runAutomine, runCompute]
    for (const [i, step] of steps.entries())
      for (const peer of peers) {
        log(`round ${round} of ${rounds}, step ${i + 1} of ${steps.length}: ${peer.name}`)
        await step(peer).catch((error: unknown) => {
          log(`  ${peer.name} failed: ${error instanceof Error ? error.message : 'unknown'}`)
        })
      }
  }
  const plain = await plainRate(workloads[0]?.raws.slice(0, 1_000) ?? [])
  const own = median(
    figures.get(`${workloads[0]?.name ?? ''}: tx per CPU second`)?.get('tributary') ?? [],
  )
  const text = report(table(peers), plain, own)
  process.stdout.write(`${text}\n`)
  if (!isQuick) writeFileSync(readme, text + notes())
}

const readme = new URL('README.md', import.meta.url)

/** What people wrote below the figures stays. */
function notes(): string {
  const written = readFileSync(readme, 'utf8')
  const at = written.indexOf('\n## ')
  return at < 0 ? '' : written.slice(at)
}

const report = (rows: string, plain: number, own: number): string => `# Benchmarks

Written by \`npm run bench\` (\`-- --quick\` prints a short form and writes nothing). The same signed
transactions to each node in turn, medians of ${rounds} round${rounds === 1 ? '' : 's'}, batches of ${batchSize} over keep-alive HTTP, blocks
once a second for the bulk rows. CPU is user and system time of the node's processes: on a shared
machine only it and the ratios are worth quoting. All nodes keep everything in memory.

${cpus().length} × ${cpus()[0]?.model.trim() ?? 'unknown'}, ${platform()}, Node ${process.version}, ${new Date().toISOString().slice(0, 10)}.

${rows}

Plain @ethereumjs/vm 10.1.3 (default state manager, one runTx per transfer in process, without RPC, pool
or blocks): ${show(plain)} transfers per CPU second; ours, with all of that, ${show(own)}: **${show(own / plain)} times**.

The root of 500 changed accounts out of 100,000: \`npm run bench:trie\`.
`

await main()
