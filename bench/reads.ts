/**
 * `npm run bench:rpc [-- --write]`: read methods, ours beside anvil in one run, on the same chain: 600 token
 * transfers in blocks of one, 600 in one block. Each method is asked for a while before it is measured, as a node that
 * runs for days has compiled itself. Prints requests per second and per CPU second with ratios; `--write`
 * also keeps the table in bench/rpc.md. Decides nothing.
 */
import { writeFileSync } from 'node:fs'
import { cpus, loadavg } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { anvil, ours, type Peer, type Running, startPeer } from './nodes.ts'
import { ask, sendBatch, take } from './rpc.ts'
import { firstAddress, tokenBalanceCall, tokenTransfers } from './transactions.ts'

const blockSize = 600
const balanceCalls = Array.from({ length: 256 }, (_, i) => tokenBalanceCall(i))
const balanceCall = (i: number) => balanceCalls[i % balanceCalls.length]
const warmUpMs = 1_000
const measuredMs = 2_000
/** Requests in flight. */
const lanes = 4

interface Setup {
  readonly block: string
  readonly hash: string
  readonly token: string
}

interface Row {
  readonly method: string
  readonly params: (setup: Setup, i: number) => readonly unknown[]
}

const rows: readonly Row[] = [
  { method: 'eth_chainId', params: () => [] },
  { method: 'eth_blockNumber', params: () => [] },
  { method: 'eth_gasPrice', params: () => [] },
  { method: 'eth_getBalance', params: () => [firstAddress, 'latest'] },
  { method: 'eth_getTransactionCount', params: () => [firstAddress, 'latest'] },
  { method: 'eth_getCode', params: ({ token }) => [token, 'latest'] },
  { method: 'eth_call', params: (_, i) => [balanceCall(i), 'latest'] },
  {
    method: 'eth_estimateGas',
    params: (_, i) => [{ ...balanceCall(i), from: firstAddress }],
  },
  { method: 'eth_getTransactionReceipt', params: ({ hash }) => [hash] },
  { method: 'eth_getTransactionByHash', params: ({ hash }) => [hash] },
  {
    method: 'eth_getProof',
    params: ({ token }) => [token, [`0x${'0'.repeat(64)}`], 'latest'],
  },
  { method: 'eth_getLogs', params: ({ token }) => [{ address: token, fromBlock: '0x0' }] },
  { method: 'eth_getBlockByNumber', params: ({ block }) => [block, true] },
]

/** A token, 600 blocks of one of its transfers, and a block of 600. */
async function setUp({ url }: Running): Promise<Setup> {
  const { setUp: deployment, raws } = tokenTransfers(2 * blockSize)
  for (const raw of [...deployment, ...raws.slice(0, blockSize)]) {
    const sent = await ask<string>(url, 'eth_sendRawTransaction', [raw])
    // anvil answers before it mines.
    while ((await ask(url, 'eth_getTransactionReceipt', [sent])) === null) await sleep(5)
  }
  await ask(url, 'evm_setAutomine', [false])
  await sendBatch(url, raws.slice(blockSize))
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

interface Figure {
  readonly perSecond: number
  readonly perCpuSecond: number
}
type Figures = ReadonlyMap<string, Figure>

/** Asks for so long on all lanes; how often. */
async function askFor(ms: number, one: (i: number) => Promise<unknown>): Promise<number> {
  const endMs = performance.now() + ms
  let asked = 0
  const lane = async (): Promise<void> => {
    while (performance.now() < endMs) await one(asked++)
  }
  await Promise.all(Array.from({ length: lanes }, lane))
  return asked
}

async function measure(node: Running, setup: Setup): Promise<Figures> {
  const figures = new Map<string, Figure>()
  for (const { method, params } of rows) {
    const one = (i: number): Promise<void> => take(node.url, method, params(setup, i))
    await askFor(warmUpMs, one)
    const [cpu, wallMs] = [node.cpuSeconds(), performance.now()]
    const times = await askFor(measuredMs, one)
    figures.set(method, {
      perSecond: (times * 1000) / (performance.now() - wallMs),
      perCpuSecond: times / Math.max(0.01, node.cpuSeconds() - cpu),
    })
  }
  return figures
}

async function run(peer: Peer): Promise<Figures> {
  const node = await startPeer(peer, 'automine')
  try {
    return await measure(node, await setUp(node))
  } finally {
    await node.stop()
  }
}

const [mine, theirs] = [await run(ours), await run(anvil)]
const shown = (n: number): string => Math.round(n).toLocaleString('en')
const none: Figure = { perSecond: 0, perCpuSecond: 0 }
const table = rows.map(({ method }) => {
  const [a, b] = [mine.get(method) ?? none, theirs.get(method) ?? none]
  const cells = (['perSecond', 'perCpuSecond'] as const).flatMap((unit) => [
    shown(a[unit]),
    shown(b[unit]),
    (a[unit] / b[unit]).toFixed(2),
  ])
  return `| ${method} | ${cells.join(' | ')} |`
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
