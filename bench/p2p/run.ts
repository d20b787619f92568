/**
 * `npm run bench:p2p`: what a message costs between 4 and 10 node processes on this machine: votes, proposals
 * of 1 MB in parts, and batches of transactions, by libp2p as the product uses it beside plain TCP with the
 * same frames, in one run. Prints a table. Decides nothing.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { cpus, loadavg } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { Answer, Kind, Order, Report } from './node.ts'

interface Scenario {
  readonly name: string
  /** Who sends: all of them, or the first. */
  readonly everybody: boolean
  readonly bytes: number
  readonly count: number
  readonly everyMs: number
}

const scenarios: readonly Scenario[] = [
  { name: 'vote, 200 B', everybody: true, bytes: 200, count: 100, everyMs: 20 },
  // Sixteen parts follow each other at once; the pause stands between two proposals.
  {
    name: 'part of 64 KiB of a 1 MB proposal',
    everybody: false,
    bytes: 65_536,
    count: 160,
    everyMs: 5,
  },
  {
    name: 'batch of 100 transactions of 500 B',
    everybody: true,
    bytes: 50_000,
    count: 20,
    everyMs: 50,
  },
]
/** More than the goal of 5,000: what is offered bounds what can be seen. */
const rate = 7_000
const rateSeconds = 5
const joinLimitMs = 60_000

interface Nodes {
  readonly children: readonly ChildProcess[]
  report(): Promise<readonly Report[]>
  end(): void
}

/** A full mesh; resolves when everybody knows everybody. */
async function startNodes(kind: Kind, count: number): Promise<Nodes> {
  const path = fileURLToPath(new URL('node.ts', import.meta.url))
  const children = Array.from({ length: count }, () => fork(path, { stdio: 'inherit' }))
  const addresses: string[] = []
  for (const [index, child] of children.entries()) {
    const started = answerOf(child, 'started')
    tell(child, { type: 'start', kind, index })
    const { address } = await started
    tell(child, { type: 'join', addresses })
    addresses.push(address)
  }
  const report = (): Promise<readonly Report[]> => Promise.all(children.map(reportOf))
  const end = Date.now() + joinLimitMs
  while ((await report()).some(({ peers }) => peers < count - 1)) {
    if (Date.now() > end) throw new Error('the nodes do not find each other')
    await sleep(100)
  }
  return {
    children,
    report,
    end() {
      for (const child of children) tell(child, { type: 'end' })
    },
  }
}

async function reportOf(child: ChildProcess): Promise<Report> {
  const answer = answerOf(child, 'report')
  tell(child, { type: 'report' })
  return (await answer).report
}

const tell = (child: ChildProcess, order: Order): void => void child.send(order)

const answerOf = <type extends Answer['type']>(
  child: ChildProcess,
  type: type,
): Promise<Extract<Answer, { type: type }>> =>
  new Promise((resolve) => {
    const listen = (answer: Answer): void => {
      if (answer.type !== type) return
      child.off('message', listen)
      resolve(answer as Extract<Answer, { type: type }>)
    }
    child.on('message', listen)
  })

interface Figures {
  readonly medianMs: number
  readonly p99Ms: number
  readonly cpuMicros: number
}

/** CPU of all nodes over messages received. */
async function measure(nodes: Nodes, scenario: Scenario): Promise<Figures> {
  const { everybody, bytes, count, everyMs } = scenario
  const senders = everybody ? nodes.children : nodes.children.slice(0, 1)
  await nodes.report()
  for (const child of senders) tell(child, { type: 'send', bytes, count, everyMs })
  const expected = senders.length * count * (nodes.children.length - 1)
  const latencies: number[] = []
  let cpuMs = 0
  for (let tries = 0; latencies.length < expected && tries < 300; tries++) {
    await sleep(100)
    for (const report of await nodes.report()) {
      latencies.push(...report.latencies)
      cpuMs += report.cpuMs
    }
  }
  if (latencies.length < expected) throw new Error(`${latencies.length} of ${expected} arrived`)
  latencies.sort((a, b) => a - b)
  return {
    medianMs: latencies[Math.floor(latencies.length / 2)] ?? 0,
    p99Ms: latencies[Math.floor(latencies.length * 0.99)] ?? 0,
    cpuMicros: (cpuMs * 1_000) / expected,
  }
}

/** Transactions per second that all nodes hold in the end. */
async function gossiped(nodes: Nodes): Promise<string> {
  const count = rate * rateSeconds
  const [first] = nodes.children
  if (!first) throw new Error('no nodes')
  await nodes.report()
  const startMs = Number(process.hrtime.bigint()) / 1e6
  tell(first, { type: 'submit', bytes: 500, count, perSecond: rate })
  let cpuMs = 0
  for (let tries = 0; tries < 300; tries++) {
    await sleep(200)
    const reports = await nodes.report()
    cpuMs += reports.reduce((sum, report) => sum + report.cpuMs, 0)
    if (reports.some(({ transactions }) => transactions < count)) continue
    const tookMs = Math.max(...reports.map(({ lastAtMs }) => lastAtMs)) - startMs
    const perSecond = Math.round((count * 1_000) / tookMs)
    const micros = Math.round((cpuMs * 1_000) / (count * (reports.length - 1)))
    return `${perSecond}/s of ${rate}/s sent, ${micros} µs CPU each and receiver, all ${count} everywhere`
  }
  return `not all ${count} arrived within a minute`
}

const cell = ({ medianMs, p99Ms, cpuMicros }: Figures): string =>
  `${medianMs.toFixed(1)} / ${p99Ms.toFixed(1)} ms, ${cpuMicros.toFixed(0)} µs`

async function main(): Promise<void> {
  const rows: string[] = []
  for (const count of [4, 10]) {
    const tcp = await startNodes('tcp', count)
    const ours = await startNodes('libp2p', count)
    for (const scenario of scenarios) {
      await measure(ours, { ...scenario, count: Math.ceil(scenario.count / 4) }) // compiles itself
      const plain = await measure(tcp, scenario)
      const figures = await measure(ours, scenario)
      const ratio = (figures.cpuMicros / plain.cpuMicros).toFixed(1)
      rows.push(
        `| ${count} | ${scenario.name} | ${cell(plain)} | ${cell(figures)} | ${ratio} times the CPU |`,
      )
    }
    if (count === 4) rows.push(`| 4 | gossip of 500 B transactions | | ${await gossiped(ours)} | |`)
    tcp.end()
    ours.end()
  }
  process.stdout.write(
    [
      `${cpus().length} cores, load ${(loadavg()[0] ?? 0).toFixed(1)}, Node ${process.version}`,
      '',
      '| nodes | message | plain TCP: median / p99, CPU a message | libp2p | |',
      '|---|---|---|---|---|',
      ...rows,
      '',
    ].join('\n'),
  )
}

await main()
