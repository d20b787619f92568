/**
 * The composition: one chain on its store, its pool, its sealer and its JSON-RPC door, started and
 * stopped in order. Reads no command line and prints nothing; commands/ do.
 */
import {
  type Chain,
  createChain,
  createChainSpec,
  createEngine,
  createMempool,
  type Mempool,
  nextBaseFee,
} from '../execution/index.ts'
import type { Address, Clock } from '../primitives/index.ts'
import { createRpcServer, type DevApi, type NodeApi } from '../rpc/index.ts'
import { chooseSecp256k1 } from './crypto.ts'
import { createDevApi, type DevOptions } from './dev/dev-api.ts'
import type { Loggers } from './logger.ts'
import { genesisModules, nativesOf } from './modules.ts'
import { openChain, type OpenChainOptions } from './open-chain.ts'
import { createSealer, type Sealer, type Sealing } from './sealer.ts'
import { seedsAfter } from './seeds.ts'

export interface NodeOptions extends Omit<OpenChainOptions, 'modules'> {
  readonly sealing: Sealing
  readonly feeRecipient: Address
  readonly host: string
  /** 0: any free one. */
  readonly port: number
  /** Host headers accepted besides loopback names. */
  readonly allowedHosts: readonly string[]
  /** web3_clientVersion. */
  readonly clientVersion: string
  /** Makes it a devnet, whoever its accounts are. */
  readonly dev?: DevOptions
}

export interface NodePorts {
  readonly clock: Clock
  readonly logs: Loggers
  /** Called when the node has broken one of its own rules and must stop. */
  readonly onFault: (error: unknown) => void
}

export interface TributaryNode {
  readonly chain: Chain
  readonly mempool: Mempool
  readonly sealer: Sealer
  /** Wei, of the block after the head. */
  nextBaseFee(): bigint
  /** Throws NodeError PORT_BUSY. */
  start(): Promise<{ readonly httpUrl: string; readonly wsUrl: string }>
  /** Finishes the block in work, closes the door, then the store. */
  stop(): Promise<void>
}

/** Throws NodeError DB_* when the database cannot be opened or belongs to another genesis. */
export async function createNode(options: NodeOptions, ports: NodePorts): Promise<TributaryNode> {
  const { genesis } = options
  const log = ports.logs.of('node')
  const { secp256k1 } = await chooseSecp256k1(log)
  const spec = createChainSpec(genesis.config)
  const natives = nativesOf(genesis)
  const store = await openChain({ ...options, modules: genesisModules(natives) })
  const engine = createEngine({ spec, secp256k1, ...(natives && { natives }) })
  const chain = createChain({ spec, store, engine, secp256k1 })
  const mempool = createMempool({
    chain,
    secp256k1,
    blockGasLimit: () => chain.head().header.gasLimit,
  })
  chain.onCommit((executed) => mempool.onBlock(executed))
  const nextFee = (parent = chain.head().header): bigint => nextBaseFee(parent, spec) ?? 0n
  const sealer = createSealer(options, {
    chain,
    mempool,
    clock: ports.clock,
    log: ports.logs.of('sealer'),
    baseFeeAfter: nextFee,
    seedsAfter,
    onFault: ports.onFault,
  })
  const dev = options.dev && createDevApi(options.dev, { secp256k1, sealer })
  const server = createRpcServer(
    { host: options.host, port: options.port, allowedHosts: options.allowedHosts },
    { api: createApi(options, ports, { chain, mempool, sealer }, dev), log: ports.logs.of('rpc') },
  )
  return {
    chain,
    mempool,
    sealer,
    nextBaseFee: () => nextFee(),
    async start() {
      const urls = await server.listen()
      sealer.start()
      log.info({ ...urls, height: chain.head().header.number.toString() }, 'node started')
      return urls
    },
    async stop() {
      await sealer.stop() // the block in work is committed, and whoever waits has an answer
      await server.close()
      await store.close()
      log.info({}, 'node stopped')
    },
  }
}

const createApi = (
  { clientVersion }: NodeOptions,
  { clock, logs }: NodePorts,
  { chain, mempool, sealer }: Pick<TributaryNode, 'chain' | 'mempool' | 'sealer'>,
  dev: DevApi | undefined,
): NodeApi => ({
  chain,
  mempool,
  clock,
  log: logs.of('rpc'),
  clientVersion,
  submit: (raw) => sealer.submit(raw),
  ...(dev && { dev }),
  peerCount: () => 0, // no network yet
  isListening: () => true,
  syncing: () => false, // a lone producer is always at its own head
})
