/**
 * `npm run bench:rpc [-- --write]`: ten read methods, ours beside anvil in one run, on the same chain with
 * a block of 600 token transfers. Prints requests per second and per CPU second with ratios; `--write`
 * also keeps the table in bench/rpc.md. Decides nothing.
 */
import { writeFileSync } from 'node:fs'
import { cpus, loadavg } from 'node:os'
import { anvil, ours, type Peer, type Running, startPeer } from './nodes.ts'
import { ask, sendBatch } from './rpc.ts'
import { firstAddress, tokenBalanceCall, tokenTransfers } from './transactions.ts'

const blockSize = 600
const rounds = 1
/** Requests in flight. */
const lanes = 4

interface Setup {
  readonly block: string
  readonly hash: string
  readonly token: string
}

interface Row {
  readonly method: string
  readonly times: number
  readonly params: (setup: Setup, i: number) => readonly unknown[]
}

const rows: readonly Row[] = [
  { method: 'eth_chainId', times: 800, params: () => [] },
  { method: 'eth_blockNumber', times: 800, params: () => [] },
  { method: 'eth_gasPrice', times: 800, params: () => [] },
  { method: 'eth_getBalance', times: 800, params: () => [firstAddress, 'latest'] },
  { method: 'eth_getTransactionCount', times: 800, params: () => [firstAddress, 'latest'] },
  { method: 'eth_getCode', times: 100, params: ({ token }) => [token, 'latest'] },
  { method: 'eth_call', times: 100, params: (_, i) => [tokenBalanceCall(i), 'latest'] },
  { method: 'eth_getTransactionReceipt', times: 100, params: ({ hash }) => [hash] },
  {
    method: 'eth_getLogs',
    times: 40,
    params: ({ token }) => [{ address: token, fromBlock: '0x0' }],
  },
  { method: 'eth_getBlockByNumber', times: 40, params: ({ block }) => [block, true] },
]

/** A token, and a block of 600 of its transfers. */
async function setUp({ url }: Running): Promise<Setup> {
  const { setUp: deployment, raws } = tokenTransfers(blockSize)
  for (const raw of deployment) await ask(url, 'eth_sendRawTransaction', [raw])
  await ask(url, 'evm_setAutomine', [false])
  await sendBatch(url, raws)
  await ask(url, 'evm_mine')
  const { number, transactions } = await ask<{ number: string; transactions: string[] }>(
    url,
    'eth_getBlockByNumber',
    ['latest', false],
  )
  if (transactions.length !== blockSize)
    throw new Error(`a block of ${transactions.length} transactions, not ${blockSize}`)
  return { block: number, hash: transactions[300] ?? '', token: tokenBalanceCall(0).to }
}

type Figures = Map<string, { readonly wall: number[]; readonly cpu: number[] }>

async function measure(node: Running, setup: Setup, figures: Figures): Promise<void> {
  for (const { method, times, params } of rows) {
    const figure = figures.get(method) ?? { wall: [], cpu: [] }
    figures.set(method, figure)
    const [cpu, wallMs] = [node.cpuSeconds(), performance.now()]
    for (let i = 0; i < times; i += lanes)
      await Promise.all(
        Array.from({ length: lanes }, (_, j) => ask(node.url, method, params(setup, i + j))),
      )
    figure.wall.push((times * 1000) / (performance.now() - wallMs))
    figure.cpu.push(times / Math.max(0.01, node.cpuSeconds() - cpu))
  }
}

const median = (list: readonly number[]): number =>
  list.toSorted((a, b) => a - b)[Math.floor(list.length / 2)] ?? 0

async function run(peer: Peer): Promise<Figures> {
  const node = await startPeer(peer, 'automine')
  const figures: Figures = new Map()
  try {
    const setup = await setUp(node)
    for (let round = 0; round < rounds; round++) await measure(node, setup, figures)
    return figures
  } finally {
    await node.stop()
  }
}

const [mine, theirs] = [await run(ours), await run(anvil)]
const shown = (n: number): string => Math.round(n).toLocaleString('en')
const table = rows.map(({ method }) => {
  const [a, b] = [mine.get(method), theirs.get(method)]
  const [wall, otherWall] = [median(a?.wall ?? []), median(b?.wall ?? [])]
  const [cpu, otherCpu] = [median(a?.cpu ?? []), median(b?.cpu ?? [])]
  return `| ${method} | ${shown(wall)} | ${shown(otherWall)} | ${(wall / otherWall).toFixed(2)} | ${shown(cpu)} | ${shown(otherCpu)} | ${(cpu / otherCpu).toFixed(2)} |`
})
const text = `# Reads beside anvil

Written by \`npm run bench:rpc -- --write\`: requests per second and per CPU second of the node, ${lanes} in flight over keep-alive HTTP; eth_getBlockByNumber gives a block of ${blockSize} token transfers
in full. ${cpus().length} × ${cpus()[0]?.model ?? 'CPU'}, Node ${process.version}, load average ${(loadavg()[0] ?? 0).toFixed(1)}: with
others on the machine only the ratios per CPU second say something. CPU is counted in ticks of 10 ms, so
figures of more than some 10,000 are coarse.

| method | ours /s | ${anvil.name} /s | ratio | ours /CPU s | anvil /CPU s | ratio |
|---|---|---|---|---|---|---|
${table.join('\n')}
`
process.stdout.write(text)
if (process.argv.includes('--write')) writeFileSync(new URL('rpc.md', import.meta.url), text)
