/**
 * Prometheus metrics and /health of one node, on a port of their own. Reads the node's views when it is
 * asked and costs nothing in between. Names and meanings: docs/metrics.md. Changes nothing.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { collectDefaultMetrics, Counter, Gauge, Registry } from 'prom-client'
import { NodeError } from '../primitives/index.ts'
import type { TributaryNode } from './node.ts'

export interface MetricsDoor {
  readonly url: string
  close(): Promise<void>
}

type Sources = Pick<TributaryNode, 'chain' | 'mempool' | 'validator'>

/** Scrapers, a dashboard and a health check. */
const maxConnections = 32

/** Throws NodeError PORT_BUSY. */
export async function openMetrics(
  { host, port }: { readonly host: string; readonly port: number },
  node: Sources,
): Promise<MetricsDoor> {
  const registry = registryOf(node)
  const server = createServer((request, response) => {
    answer(request, response, node, registry).catch(() => response.destroy())
  })
  server.maxConnections = maxConnections
  await listen(server, host, port)
  const address = server.address()
  const bound = typeof address === 'object' && address ? address.port : port
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${bound}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

const listen = (server: Server, host: string, port: number): Promise<void> =>
  new Promise((resolve, reject) => {
    server.once('error', (cause) =>
      reject(
        new NodeError(
          'PORT_BUSY',
          `metrics cannot listen on ${host}:${port}; choose another with --metrics-port`,
          { host, port },
          cause,
        ),
      ),
    )
    server.listen(port, host, resolve)
  })

async function answer(
  { method, url }: IncomingMessage,
  response: ServerResponse,
  node: Sources,
  registry: Registry,
): Promise<void> {
  const say = (status: number, type: string, text: string): void =>
    void response.writeHead(status, { 'content-type': type }).end(text)
  if (method !== 'GET') return say(405, 'text/plain', 'only GET\n')
  if (url === '/metrics') return say(200, registry.contentType, await registry.metrics())
  if (url !== '/health') return say(404, 'text/plain', '/metrics and /health are here\n')
  const health = healthOf(node)
  return say(health.ready ? 200 : 503, 'application/json', `${JSON.stringify(health)}\n`)
}

/** Ready: at the tip of its peers. */
function healthOf({ chain, validator }: Sources) {
  const syncing = validator?.network.syncing() ?? false
  return {
    ready: !syncing,
    height: chain.head().header.number.toString(),
    ...(syncing && { syncingTo: syncing.highest.toString() }),
    ...(validator && { peers: validator.network.peers().length }),
  }
}

function registryOf({ chain, mempool, validator }: Sources): Registry {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry }) // process and event loop
  const gauge = (name: string, help: string, read: () => number): void =>
    void new Gauge({
      name,
      help,
      registers: [registry],
      collect() {
        this.set(read())
      },
    })
  gauge('tributary_block_height', 'Number of the newest block', () =>
    Number(chain.head().header.number),
  )
  gauge('tributary_block_timestamp_seconds', 'Timestamp of the newest block', () =>
    Number(chain.head().header.timestamp),
  )
  gauge('tributary_block_gas_used', 'Gas used by the newest block', () =>
    Number(chain.head().header.gasUsed),
  )
  gauge(
    'tributary_mempool_pending',
    'Transactions that fit the next block',
    () => mempool.counts().pending,
  )
  gauge(
    'tributary_mempool_queued',
    'Transactions that wait for a predecessor',
    () => mempool.counts().queued,
  )
  if (validator) addNetwork(registry, gauge, validator)
  return registry
}

function addNetwork(
  registry: Registry,
  gauge: (name: string, help: string, read: () => number) => void,
  { network, consensus }: NonNullable<TributaryNode['validator']>,
): void {
  gauge('tributary_consensus_height', 'Height in work', () => Number(consensus.status().height))
  gauge('tributary_consensus_round', 'Round of that height', () => consensus.status().round)
  gauge('tributary_p2p_peers', 'Peers that have said hello', () => network.peers().length)
  gauge('tributary_p2p_waiting', 'Messages that wait for slow peers', () => network.load().waiting)
  gauge('tributary_sync_distance_blocks', 'Blocks behind the highest peer; 0 at the tip', () => {
    const syncing = network.syncing()
    return syncing ? Number(syncing.highest - syncing.current) : 0
  })
  const counter = (
    name: string,
    help: string,
    labelNames: readonly string[],
    read: () => readonly (readonly [labels: Record<string, string>, value: number])[],
  ): void =>
    void new Counter({
      name,
      help,
      labelNames,
      registers: [registry],
      collect() {
        this.reset()
        for (const [labels, value] of read()) this.inc(labels, value)
      },
    })
  counter('tributary_p2p_dropped_total', 'Messages shed because a peer was slow', [], () => [
    [{}, network.load().dropped],
  ])
  counter('tributary_p2p_bytes_total', 'Bytes by protocol', ['protocol', 'direction'], () =>
    network
      .traffic()
      .bytes.flatMap(({ protocol, ...counts }) => [
        [{ protocol, direction: 'in' }, counts.in] as const,
        [{ protocol, direction: 'out' }, counts.out] as const,
      ]),
  )
  counter('tributary_gossip_messages_total', 'Gossiped messages by verdict', ['verdict'], () =>
    Object.entries(network.traffic().gossip).map(([verdict, count]) => [{ verdict }, count]),
  )
}
