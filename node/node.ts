/**
 * The composition: one chain on its store, its pool, its sealer and its JSON-RPC door, started and
 * stopped in order. Reads no command line and prints nothing; commands/ do.
 */
import { type Backfill, startBackfill } from './address-backfill.ts'
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
import {
  type Address,
  type Clock,
  fromHex,
  type Header,
  type Hex,
  invariant,
  type Secp256k1,
} from '../primitives/index.ts'
import {
  createRpcServer,
  type DevApi,
  type NextBlock,
  type NodeApi,
  type RowsApi,
  type Provider,
} from '../rpc/index.ts'
import { createAdmin } from './admin.ts'
import { chooseSecp256k1 } from './crypto.ts'
import { withChainId } from './dev/chain-id.ts'
import { createConsoleTracer } from './dev/console-log.ts'
import { createDevApi, type DevOptions, type DevPorts } from './dev/dev-api.ts'
import { createSettings, type SettingsStore } from './dev/settings.ts'
import type { Loggers } from './logger.ts'
import type { MetricsDoor } from './metrics.ts'
import { isLoopback } from './loopback.ts'
import { genesisModules, nativesOf, noCorpora } from './modules.ts'
import { openChain, type OpenChainOptions } from './open-chain.ts'
import type { Sealing } from './beat.ts'
import { type NodeRows, openRows } from './rows/rows.ts'
import { createSealer, type Sealer } from './sealer.ts'
import { seedsAfter } from './seeds.ts'
import { readValidatorKey } from './validator/keys.ts'
import { consensusParamsOf } from './validator/params.ts'
import type { ChainNetworkOptions } from './validator/network.ts'
import type { Validator, ValidatorPorts } from './validator/validator.ts'
import { networkFolder, validatorFolder } from './folders.ts'

/** Gets the fees of blocks whose producer names nobody. */
const nobody: Address = `0x${'00'.repeat(20)}`

export interface NodeOptions extends Omit<OpenChainOptions, 'modules'> {
  readonly sealing: Sealing
  /** Absent: the validator itself; where there is none, nobody. */
  readonly feeRecipient?: Address
  readonly host: string
  /** 0: any free one. */
  readonly port: number
  /** Host headers accepted besides loopback names. */
  readonly allowedHosts: readonly string[]
  /** Serves Prometheus metrics and /health. */
  readonly metrics?: { readonly host: string; readonly port: number }
  /** web3_clientVersion. */
  readonly clientVersion: string
  /** Keeps which transactions an address appears in. */
  readonly addressIndex?: boolean
  /** Adds testing_ methods and takes blob transactions: for an import that makes no blocks. */
  readonly isTesting?: boolean
  /** Takes part in the consensus of the genesis's validators, instead of sealing alone. */
  readonly consensus?: ConsensusOptions
  /** Another node's folder of rows, asked first for those which are not here. */
  readonly rowsFolder?: string
  /** HTTP URLs of nodes that are asked for rows which are not here. */
  readonly rowsFrom?: readonly string[]
  /** Bytes of rows kept. */
  readonly rowsQuotaBytes?: number
  /** Makes it a devnet, whoever its accounts are. */
  readonly dev?: DevOptions
}

export interface ConsensusOptions {
  /** Undefined: follows and does not vote. */
  readonly keyFile: string | undefined
  readonly network: Pick<ChainNetworkOptions, 'host' | 'port' | 'peers' | 'maxPeers' | 'mdns'>
}

export interface NodePorts {
  readonly clock: Clock
  readonly logs: Loggers
  /** Called when the node has broken one of its own rules and must stop. */
  readonly onFault: (error: unknown) => void
}

/** Where the node's doors are. */
export interface NodeUrls {
  readonly httpUrl: string
  readonly wsUrl: string
  readonly metricsUrl?: string
}

export interface TributaryNode {
  readonly chain: Chain
  readonly mempool: Mempool
  readonly sealer: Sealer
  /** Undefined for a lone producer. */
  readonly validator: Validator | undefined
  /** Undefined on a chain without native modules. */
  readonly rows: RowsApi | undefined
  /** Wei, of the block after the head. */
  nextBaseFee(): bigint
  /** JSON-RPC in this process; needs no `start`. */
  readonly provider: Provider
  /** Makes blocks from now on, and listens on no port. */
  run(): Promise<void>
  /** Opens the door. Throws NodeError PORT_BUSY. */
  listen(port?: number): Promise<NodeUrls>
  /** Both. Throws NodeError PORT_BUSY. */
  start(): Promise<NodeUrls>
  /** Finishes the block in work, closes the door, then the store. */
  stop(): Promise<void>
}

type NodeParts = Pick<TributaryNode, 'chain' | 'mempool' | 'sealer' | 'validator'>

/** Throws NodeError DB_* when the database cannot be opened or belongs to another genesis. */
export async function createNode(options: NodeOptions, ports: NodePorts): Promise<TributaryNode> {
  const log = ports.logs.of('node')
  const { secp256k1 } = await chooseSecp256k1(log)
  let settings: SettingsStore | undefined // made last, for it begins at the head's time
  const wishes: DevWishes = { signers: new Map(), chainId: () => settings?.get().chainId }
  const opened = await openExecution(options, ports, secp256k1, wishes)
  const { chain, store, tracer, rows } = opened
  settings = options.dev && createSettings(ports.clock, chain.head().header.timestamp)
  const mempool = openPool(options, chain, secp256k1, settings)
  const base = {
    chain,
    mempool,
    secp256k1,
    clock: ports.clock,
    baseFeeAfter: (parent: Header) => nextBaseFee(parent, chain.spec) ?? 0n,
    onFault: ports.onFault,
  }
  const validator = await openValidator(options, {
    ...base,
    log: ports.logs.of('consensus'),
    watchLog: ports.logs.of('network'),
    ...(rows && { rowsOf: (root) => rows.api.get(root) }),
  })
  const sealer = createSealer(
    { ...options, feeRecipient: options.feeRecipient ?? nobody },
    {
      ...base,
      log: ports.logs.of('sealer'),
      seedsAfter,
      ...(settings && { wishesAfter: (parent) => settings.wishesAfter(parent) }),
    },
  )
  const parts = { chain, mempool, sealer, validator }
  const dev = createDev(options, { ...base, ...wishes, sealer, settings, tracer, store })
  const server = createRpcServer(
    { host: options.host, port: options.port, allowedHosts: options.allowedHosts },
    { api: createApi(options, ports, parts, { dev, rows: rows?.api }), log: ports.logs.of('rpc') },
  )
  let backfill: Backfill | undefined
  const run = async (): Promise<void> => {
    if (options.addressIndex) backfill = startBackfill(chain, ports.clock, log)
    if (validator) await validator.start()
    else sealer.start()
    if (rows) await watchRows(rows, options, parts, base)
  }
  const doors = doorsOf(server, () => measure(options, parts))
  return {
    ...parts,
    rows: rows?.api,
    nextBaseFee: () => sealer.template().baseFeePerGas,
    provider: server.provider,
    run,
    listen: (port) => doors.listen(port),
    async start() {
      const urls = await doors.listen()
      await run()
      log.info({ ...urls, height: chain.head().header.number.toString() }, 'node started')
      return urls
    },
    async stop() {
      await backfill?.stop()
      await rows?.stop()
      await validator?.stop()
      await sealer.stop() // the block in work is committed, and whoever waits has an answer
      await doors.close()
      await store.close()
      log.info({}, 'node stopped')
    },
  }
}

/** The pool on its chain; a devnet's settings bound what it takes. */
function openPool(
  { isTesting = false }: NodeOptions,
  chain: Chain,
  secp256k1: Secp256k1,
  settings: SettingsStore | undefined,
): Mempool {
  const mempool = createMempool({
    chain,
    secp256k1,
    blockGasLimit: () => settings?.get().next.gasLimit ?? chain.head().header.gasLimit,
    minGasPrice: () => settings?.get().minGasPrice ?? 0n,
    limits: { allowBlobs: isTesting },
  })
  chain.onCommit((executed) => mempool.onBlock(executed))
  chain.onRollback(() => mempool.reset())
  if (settings) chain.onCommit((executed) => settings.onBlock(executed))
  return mempool
}

/** JSON-RPC, and metrics where they are wanted: opened and closed together. */
function doorsOf(
  server: ReturnType<typeof createRpcServer>,
  measured: () => Promise<MetricsDoor | undefined>,
) {
  let metrics: MetricsDoor | undefined
  return {
    async listen(port?: number): Promise<NodeUrls> {
      metrics ??= await measured()
      return { ...(await server.listen(port)), ...(metrics && { metricsUrl: metrics.url }) }
    },
    async close(): Promise<void> {
      await metrics?.close()
      await server.close()
    },
  }
}

/** The library is loaded only where somebody measures. */
async function measure(
  { metrics }: NodeOptions,
  node: NodeParts,
): Promise<MetricsDoor | undefined> {
  if (!metrics) return undefined
  const { openMetrics } = await import('./metrics.ts')
  return openMetrics(metrics, node)
}

/** New versions are built and, by a validator, attested from now on. */
async function watchRows(
  rows: NodeRows,
  options: NodeOptions,
  { chain, mempool, sealer, validator }: NodeParts,
  { secp256k1 }: { readonly secp256k1: Secp256k1 },
): Promise<void> {
  rows.watch(chain, await attestingKeys(options, secp256k1), {
    secp256k1,
    ...(validator && { fetchRows: (wanted) => validator.network.fetchRows(wanted) }),
    nextNonce: (account) => mempool.pendingNonce(account),
    nextBaseFee: () => sealer.template().baseFeePerGas,
    submit: (raw) => (validator ?? sealer).submit(raw),
  })
}

/** Keys that may be a validator's: rows.ts asks the chain which one is. */
async function attestingKeys(
  { dev, consensus }: NodeOptions,
  secp256k1: Secp256k1,
): Promise<readonly Uint8Array[]> {
  const keys = (dev?.privateKeys ?? []).map(fromHex)
  if (consensus?.keyFile === undefined) return keys
  return [...keys, (await readValidatorKey(consensus.keyFile, secp256k1)).privateKey]
}

/** Undefined on a node that is no devnet. */
const createDev = (
  { dev, datadir }: NodeOptions,
  {
    settings,
    ...ports
  }: Omit<DevPorts, 'settings' | 'datadir'> & {
    readonly settings: SettingsStore | undefined
  },
): DevApi | undefined => dev && settings && createDevApi(dev, { ...ports, settings, datadir })

/** What a devnet's owner may change about the rules. */
interface DevWishes {
  readonly signers: Map<Hex, Address>
  readonly chainId: () => bigint | undefined
}

/** The chain on its store, and what hears contracts print on a devnet. */
async function openExecution(
  options: NodeOptions,
  { clock, logs }: NodePorts,
  secp256k1: Secp256k1,
  { signers, chainId }: DevWishes,
) {
  const { genesis, consensus, dev } = options
  const plain = createChainSpec(genesis.config)
  const spec = dev ? withChainId(plain, chainId) : plain
  const hasModules = genesis.tributary.modules.length > 0
  const rows = hasModules ? await openRows(options, { logs, clock }) : undefined
  const natives = nativesOf(genesis, { corpora: rows?.corpora ?? noCorpora, secp256k1 })
  const store = await openChain({
    ...options,
    modules: genesisModules(genesis),
    sync: consensus !== undefined,
    keepPreimages: dev !== undefined,
  })
  const engine = createEngine({
    spec,
    secp256k1,
    ...(natives && { natives }),
    ...(dev && { signers }),
  })
  const tracer = dev?.onConsole && createConsoleTracer(dev.onConsole, () => clock.nowMs())
  const chain = createChain({
    spec,
    store,
    engine,
    secp256k1,
    tracksAddresses: options.addressIndex ?? false,
    ...(tracer && { tracer }),
  })
  return { chain, store, tracer, rows }
}

async function openValidator(
  { consensus, genesis, datadir, feeRecipient, clientVersion }: NodeOptions,
  ports: ValidatorPorts,
): Promise<Validator | undefined> {
  if (!consensus) return undefined
  invariant(datadir !== undefined, 'a validator has a folder')
  const first = ports.chain.store.blockByNumber(0n)
  invariant(first !== undefined, 'a chain has a block 0')
  const { validators, blockTimeMs } = genesis.tributary
  // libp2p takes most of a second to load, and a lone producer has no use for it.
  const { createValidator } = await import('./validator/validator.ts')
  return createValidator(
    {
      keyFile: consensus.keyFile,
      folder: validatorFolder(datadir),
      network: { ...consensus.network, folder: networkFolder(datadir), clientVersion },
      validators,
      blockTimeMs,
      params: consensusParamsOf(genesis),
      ...(feeRecipient && { feeRecipient }),
      genesisHash: first.block.hash,
    },
    ports,
  )
}

const createApi = (
  { clientVersion, isTesting, host, datadir }: NodeOptions,
  { clock, logs }: NodePorts,
  { chain, mempool, sealer, validator }: NodeParts,
  { dev, rows }: { readonly dev: DevApi | undefined; readonly rows: RowsApi | undefined },
): NodeApi => ({
  chain,
  mempool,
  clock,
  log: logs.of('rpc'),
  clientVersion,
  submit: (raw) => (validator ?? sealer).submit(raw),
  nextBlock: () => nextHeader(sealer.template(), chain.spec),
  ...(dev && { dev }),
  ...(rows && { rows }),
  ...(isTesting && { isTesting }),
  ...(validator && { consensus: validator.consensus }),
  ...(isLoopback(host) && { admin: createAdmin(datadir, validator?.network) }),
  peerCount: () => validator?.network.peers().length ?? 0,
  isListening: () => true,
  syncing: () => syncingOf(validator),
})

/** A lone producer is always at its own head. */
function syncingOf(validator: Validator | undefined): ReturnType<NodeApi['syncing']> {
  const progress = validator?.network.syncing() ?? false
  if (!progress) return false
  const { start, current, highest } = progress
  return { startingBlock: start, currentBlock: current, highestBlock: highest }
}

const nextHeader = (template: ReturnType<Sealer['template']>, spec: ChainSpec): NextBlock => {
  const { timestamp, feeRecipient, gasLimit, prevRandao, parent, baseFeePerGas } = template
  // Before London there is none.
  const hasFee = nextBaseFee(parent.header, spec) !== undefined
  return { timestamp, feeRecipient, gasLimit, prevRandao, ...(hasFee && { baseFeePerGas }) }
}
