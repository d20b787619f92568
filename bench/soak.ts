/**
 * `npm run soak [-- MINUTES]`: four validators and a full node over libp2p under continuous load for MINUTES
 * (30). Prints, minute by minute, heights, peers and heaps; in the end the slope of each heap and whether a
 * peer was lost for good. Decides nothing but its exit code: 1 when a minute passed without a block, when fewer than
 * nine tenths of the blocks came, or when a peer stayed away.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { cpus, loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { createSigner } from '../test/support/load.ts'
import { rpcCall, startDevnet } from '../test/support/node.ts'

const minutes = Number(process.argv[2] ?? 30)
/** Transfers per second, over all nodes. */
const rate = 20
const sampleMs = 15_000
const perMinute = 60_000 / sampleMs
/** Of the devnet. */
const blockTimeMs = 1_000
const members = 5

interface Member {
  readonly httpUrl: string
  readonly metricsUrl: string
}
interface Sample {
  readonly atMs: number
  readonly heights: readonly number[]
  readonly peers: readonly number[]
  /** MiB in use on each heap. */
  readonly heaps: readonly number[]
}

const valueOf = (text: string, name: string): number =>
  Number(
    text
      .split('\n')
      .find((line) => line.startsWith(`${name} `))
      ?.slice(name.length + 1),
  )

async function sample(nodes: readonly Member[]): Promise<Sample> {
  const texts = await Promise.all(
    nodes.map(async ({ metricsUrl }) => (await fetch(`${metricsUrl}/metrics`)).text()),
  )
  const all = (name: string): number[] => texts.map((text) => valueOf(text, name))
  return {
    atMs: Date.now(),
    heights: all('tributary_block_height'),
    peers: all('tributary_p2p_peers'),
    heaps: all('nodejs_heap_size_used_bytes').map((bytes) => bytes / 2 ** 20),
  }
}

/** Least squares, in MiB an hour. */
function slopeOf(samples: readonly Sample[], index: number): number {
  const points = samples.map(({ atMs, heaps }) => [atMs / 3_600_000, heaps[index] ?? 0] as const)
  const meanX = points.reduce((sum, [x]) => sum + x, 0) / points.length
  const meanY = points.reduce((sum, [, y]) => sum + y, 0) / points.length
  const above = points.reduce((sum, [x, y]) => sum + (x - meanX) * (y - meanY), 0)
  return above / points.reduce((sum, [x]) => sum + (x - meanX) ** 2, 0)
}

async function main(): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), 'tributary-soak-'))
  const options = ['--validators', '4', '--full-nodes', '1', '--metrics-port', '0']
  const devnet = await startDevnet([...options, '--datadir', folder])
  const { validators, fullNodes } = devnet as typeof devnet & {
    readonly validators: readonly Member[]
    readonly fullNodes: readonly Member[]
  }
  const nodes = [...validators, ...fullNodes]
  const endMs = Date.now() + minutes * 60_000
  const samples: Sample[] = []
  const counts = { sent: 0, refused: 0 }
  const load = sendUntil(endMs, devnet, nodes, counts)
  try {
    while (Date.now() < endMs) {
      await sleep(sampleMs)
      const taken = await sample(nodes)
      samples.push(taken)
      const heaps = taken.heaps.map((mib) => mib.toFixed(0)).join(' ')
      process.stdout.write(
        `${new Date().toISOString().slice(11, 19)}  heights ${taken.heights.join(' ')}  ` +
          `peers ${taken.peers.join(' ')}  heaps ${heaps} MiB  sent ${counts.sent}, refused ${counts.refused}\n`,
      )
    }
    await load
  } finally {
    await devnet.stop()
    await rm(folder, { recursive: true, force: true })
  }
  return report(samples)
}

async function sendUntil(
  endMs: number,
  devnet: Awaited<ReturnType<typeof startDevnet>>,
  nodes: readonly Member[],
  counts: { sent: number; refused: number },
): Promise<void> {
  const signers = devnet.accounts
    .slice(0, 8)
    .map(({ privateKey }) => createSigner(privateKey, devnet.chainId, 0))
  for (let i = 0; Date.now() < endMs; i++) {
    const raw = await signers[i % signers.length]?.next(`0x${'51'.repeat(20)}`, 1n)
    const url = nodes[i % nodes.length]?.httpUrl ?? ''
    await rpcCall(url, 'eth_sendRawTransaction', [raw]).then(
      () => (counts.sent += 1),
      () => (counts.refused += 1),
    )
    await sleep(1_000 / rate)
  }
}

/** The first fifth is warm-up. */
function report(samples: readonly Sample[]): number {
  const steady = samples.slice(Math.floor(samples.length / 5))
  const slopes = Array.from({ length: members }, (_, i) => slopeOf(steady, i).toFixed(1))
  const last = samples.at(-1)
  const first = samples[0]
  const lows = samples.map(({ heights }) => Math.min(...heights))
  const rose = (lows.at(-1) ?? 0) - (lows[0] ?? 0)
  const wanted = (((last?.atMs ?? 0) - (first?.atMs ?? 0)) / blockTimeMs) * 0.9
  const stood = lows.some((low, i) => low === lows[i - perMinute])
  const lost = (last?.peers ?? []).filter((peers) => peers < members - 1).length
  const least = Math.min(...samples.flatMap(({ peers }) => peers))
  process.stdout.write(
    `${cpus().length} cores, load ${(loadavg()[0] ?? 0).toFixed(1)}: ${rose} blocks in ${minutes} minutes` +
      `${stood ? ' (it stood still for a minute)' : ''}; ` +
      `heap slopes ${slopes.join(', ')} MiB/h; fewest peers seen ${least}; ` +
      `nodes without all their peers in the end: ${lost}\n`,
  )
  return rose >= wanted && !stood && lost === 0 ? 0 : 1
}

process.exit(await main())
