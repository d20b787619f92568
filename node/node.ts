/**
 * The composition: one chain on its store, its pool, its sealer and its JSON-RPC door, started and
 * stopped in order. Reads no command line and prints nothing; commands/ do.
 */
import {
  type Chain,
  type ChainSpec,
  createChain,
  createChainSpec,
  createEngine,
  createMempool,
  type Mempool,
  nextBaseFee,
} from '../execution/index.ts'
import type { Address, Clock } from '../primitives/index.ts'
import { createRpcServer, type DevApi, type NextBlock, type NodeApi } from '../rpc/index.ts'
import { chooseSecp256k1 } from './crypto.ts'
import { createDevApi, type DevOptions } from './dev/dev-api.ts'
import { createSettings } from './dev/settings.ts'
import type { Loggers } from './logger.ts'
import { genesisModules, nativesOf } from './modules.ts'
import { openChain, type OpenChainOptions } from './open-chain.ts'
import type { Sealing } from './beat.ts'
import { createSealer, type Sealer } from './sealer.ts'
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
  /** Adds testing_ methods and takes blob transactions: for an import that makes no blocks. */
  readonly isTesting?: boolean
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
  const store = await openChain({ ...options, modules: genesisModules(natives, genesis) })
  const engine = createEngine({ spec, secp256k1, ...(natives && { natives }) })
  const chain = createChain({ spec, store, engine, secp256k1 })
  const settings = options.dev && createSettings(ports.clock, chain.head().header.timestamp)
  const mempool = createMempool({
    chain,
    secp256k1,
    blockGasLimit: () => settings?.get().next.gasLimit ?? chain.head().header.gasLimit,
    minGasPrice: () => settings?.get().minGasPrice ?? 0n,
    limits: { allowBlobs: options.isTesting ?? false },
  })
  chain.onCommit((executed) => mempool.onBlock(executed))
  chain.onRollback(() => mempool.reset())
  if (settings) chain.onCommit((executed) => settings.onBlock(executed))
  const sealer = createSealer(options, {
    chain,
    mempool,
    clock: ports.clock,
    log: ports.logs.of('sealer'),
    baseFeeAfter: (parent) => nextBaseFee(parent, spec) ?? 0n,
    seedsAfter,
    ...(settings && { wishesAfter: (parent) => settings.wishesAfter(parent) }),
    onFault: ports.onFault,
  })
  const parts = { chain, mempool, sealer }
  const dev =
    options.dev && settings && createDevApi(options.dev, { ...parts, settings, secp256k1 })
  const server = createRpcServer(
    { host: options.host, port: options.port, allowedHosts: options.allowedHosts },
    { api: createApi(options, ports, parts, dev), log: ports.logs.of('rpc') },
  )
  return {
    ...parts,
    nextBaseFee: () => sealer.template().baseFeePerGas,
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
  { clientVersion, isTesting }: NodeOptions,
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
  nextBlock: () => nextHeader(sealer.template(), chain.spec),
  ...(dev && { dev }),
  ...(isTesting && { isTesting }),
  peerCount: () => 0, // no network yet
  isListening: () => true,
  syncing: () => false, // a lone producer is always at its own head
})

const nextHeader = (template: ReturnType<Sealer['template']>, spec: ChainSpec): NextBlock => {
  const { timestamp, feeRecipient, gasLimit, prevRandao, parent, baseFeePerGas } = template
  // Before London there is none.
  const hasFee = nextBaseFee(parent.header, spec) !== undefined
  return { timestamp, feeRecipient, gasLimit, prevRandao, ...(hasFee && { baseFeePerGas }) }
}
