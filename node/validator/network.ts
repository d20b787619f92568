/**
 * The chain on its network: consensus packets, transactions and decided blocks over p2p/, each to the
 * part of the node that understands it. Verdicts come from there; this file only translates.
 */
import { createHash } from 'node:crypto'
import {
  type Engine,
  type Lane,
  maxPacketBytes,
  type Network as ConsensusNetwork,
  type PeerId,
} from '../../consensus/index.ts'
import type { Chain, ChainSpec, Mempool } from '../../execution/index.ts'
import {
  consensusLanes,
  createNetwork,
  createRowsExchange,
  createSync,
  createTransactions,
  type Friend,
  type Network,
  peerIdOf,
  type RowsExchange,
  type Sync,
  type TransactionPool,
  type Traffic,
  type Transactions,
  validatorProofHash,
  type WantedRows,
} from '../../p2p/index.ts'
import {
  accept,
  type Address,
  type Clock,
  fromHex,
  type Hex,
  type Logger,
  type Refusal,
  type Secp256k1,
  type Verdict,
} from '../../primitives/index.ts'
import { type Blocks, refusalOf } from './blocks.ts'
import type { RowPieces } from './row-pieces.ts'
import { addressBook, readNodeKey } from './node-key.ts'

export interface ChainNetworkOptions {
  /** Holds the node's key and its address book. */
  readonly folder: string
  readonly host: string
  /** 0: any free one. */
  readonly port: number
  /** Multiaddresses with peer ids. */
  readonly peers: readonly string[]
  readonly maxPeers: number
  readonly clientVersion: string
  readonly genesisHash: Hex
  readonly mdns: boolean
}

export interface ChainNetworkPorts {
  readonly chain: Chain
  readonly mempool: Mempool
  readonly secp256k1: Secp256k1
  readonly clock: Clock
  readonly log: Logger
  /** Seals the claim that a peer id is a validator's; absent: a node that follows. */
  readonly seal?: (hash: Uint8Array) => Uint8Array
  readonly isValidator: (address: Address) => boolean
  /** Absent: a chain without rows. */
  readonly rows?: RowPieces | undefined
}

export interface ChainNetwork {
  /** For the engine; silent until `start`. */
  readonly consensus: ConsensusNetwork
  /** Throws NodeError PORT_BUSY and NODE_KEY_*. */
  start(engine: Pick<Engine, 'height' | 'hear' | 'onGone'>, blocks: Blocks): Promise<void>
  stop(): Promise<void>
  /** Where others can dial. */
  addresses(): readonly string[]
  peerId(): string
  peers(): readonly Friend[]
  add(address: string): boolean
  /** False: no multiaddress with a peer id. */
  remove(address: string): Promise<boolean>
  scoreOf(peerId: string): number
  traffic(): Traffic
  /** Messages that wait for slow peers, and those that were shed. */
  load(): { readonly waiting: number; readonly dropped: number }
  syncing(): ReturnType<Sync['progress']>
  /** A batch from peers, its rows proven; undefined: none of them has it, or the network does not run. */
  fetchRows(wanted: WantedRows): Promise<Uint8Array | undefined>
  /** Demo of a partition: nothing goes to these peers and nothing from them is heard. */
  cut(peerIds: readonly string[]): void
}

/** Everything that exists only while the network runs. */
interface Running {
  readonly network: Network
  readonly transactions: Transactions
  readonly sync: Sync
  readonly rows: RowsExchange
  readonly ends: readonly (() => void)[]
}

const noTraffic: Traffic = { bytes: [], gossip: { accept: 0, ignore: 0, reject: 0 } }

/** Consensus asks for as many blocks at once; who is further behind asks for ranges only. */
const reach = 16n

/** Of nobody's concern: before the engine listens, and from behind a cut. */
const ignored = accept(undefined)

type Receive = (message: Uint8Array, from: PeerId) => Verdict<undefined>

export function createChainNetwork(
  options: ChainNetworkOptions,
  ports: ChainNetworkPorts,
): ChainNetwork {
  let running: Running | undefined
  let receive: Receive | undefined
  let cut: ReadonlySet<string> = new Set()

  return {
    consensus: {
      broadcast(message, lane) {
        for (const { peerId } of running?.network.friends() ?? [])
          if (!cut.has(peerId)) running?.network.consensus.send(peerId, laneOf(lane), message)
      },
      send(peerId, message, lane) {
        if (!cut.has(peerId)) running?.network.consensus.send(peerId, laneOf(lane), message)
      },
      listen: (listener) => void (receive = listener),
    },
    async start(engine, blocks) {
      const hearing = {
        height: () => engine.height(),
        onGone: (peerId: string) => engine.onGone(peerId),
        hear(peerId: string, height: bigint) {
          if (!cut.has(peerId)) engine.hear(peerId, height)
        },
      }
      running = await run(options, ports, hearing, blocks, (message, from) =>
        cut.has(from) ? ignored : (receive?.(message, from) ?? ignored),
      )
    },
    async stop() {
      running?.sync.stop()
      running?.transactions.stop()
      for (const end of running?.ends ?? []) end()
      await running?.network.stop()
      running = undefined
    },
    addresses: () => running?.network.addresses() ?? [],
    peerId: () => running?.network.peerId ?? '',
    peers: () => running?.network.friends() ?? [],
    add: (address) => running?.network.add(address) ?? false,
    async remove(address) {
      const peerId = peerIdOf(address)
      if (peerId !== undefined) await running?.network.remove(peerId)
      return peerId !== undefined
    },
    scoreOf: (peerId) => running?.network.scoreOf(peerId) ?? 0,
    traffic: () => running?.network.traffic() ?? noTraffic,
    load() {
      const loads = [running?.network.consensus.load(), running?.network.transactions.load()]
      return {
        waiting: loads.reduce((sum, load) => sum + (load?.waiting ?? 0), 0),
        dropped: loads.reduce((sum, load) => sum + (load?.dropped ?? 0), 0),
      }
    },
    syncing: () => running?.sync.progress() ?? false,
    fetchRows: async (wanted) => running?.rows.fetch(wanted),
    cut: (peerIds) => void (cut = new Set(peerIds)),
  }
}

/** A multiaddress with a peer id, as `--peer` takes it. */
export const isPeerAddress = (address: string): boolean => peerIdOf(address) !== undefined

const laneOf = (lane: Lane): number => consensusLanes[lane]

async function run(
  options: ChainNetworkOptions,
  ports: ChainNetworkPorts,
  engine: Pick<Engine, 'height' | 'hear' | 'onGone'>,
  blocks: Blocks,
  receive: Receive,
): Promise<Running> {
  const { chain, mempool, clock, log } = ports
  let network: Network | undefined
  const transactions = createTransactions({
    clock,
    random: Math.random,
    pool: poolOf(mempool),
    channel: { send: (...message) => network?.transactions.send(...message) },
    peers: () =>
      (network?.friends() ?? []).map(({ peerId, validator }) => ({
        peerId,
        isValidator: validator !== undefined && ports.isValidator(validator),
      })),
  })
  const sync = createSync({
    clock,
    log,
    tip: () => engine.height() - 1n,
    ask: (peerId, request) => network?.askSync(peerId, request) ?? nothing(),
    take: (height, bytes) => blocks.take(height, bytes),
    maxBlockBytes: maxPacketBytes,
    fault: (peerId, code) => network?.fault(peerId, code),
  })
  network = await createNetwork(await settingsOf(options, chain), {
    ...ports,
    random: Math.random,
    book: addressBook(options.folder),
    validatorProof: (peerId) =>
      ports.seal?.(validatorProofHash(fromHex(options.genesisHash), peerId)) ?? new Uint8Array(),
    status: () => statusOf(chain),
    onFriend: ({ peerId }) => transactions.onFriend(peerId),
    onGone(peerId) {
      for (const part of [transactions, sync, engine]) part.onGone(peerId)
    },
    onStatus(peerId, status) {
      sync.onStatus(peerId, status)
      if (status.tip <= engine.height() + reach) engine.hear(peerId, status.tip + 1n)
    },
    onConsensus: ({ payload, peerId }) => refusalOf(receive(payload, peerId)),
    onTransactions: (message) => transactions.onMessage(message),
    onBlock: (bytes) => blocks.hear(bytes),
    answerSync: (request) => blocks.serve(request),
    answerRows: (request) => ports.rows?.serve(request) ?? nothing(),
  })
  const started = network
  return {
    network: started,
    transactions,
    sync,
    rows: exchangeOver(started, ports),
    ends: [
      mempool.onPending(({ hash, raw }) => transactions.taken(hash, raw)),
      chain.onCommit(({ block }) => {
        started.announce()
        const news = blocks.news(block.header.number)
        if (news)
          void started
            .publishBlock(news)
            .catch((error: unknown) => log.debug({ error }, 'a block was not gossiped'))
      }),
    ],
  }
}

const exchangeOver = (network: Network, { rows, log }: ChainNetworkPorts): RowsExchange =>
  createRowsExchange({
    log,
    ask: (peerId, request) => network.askRows(peerId, request),
    peers: () => network.friends().map(({ peerId }) => peerId),
    check: (root, piece) => rows?.check(root, piece),
    fault: (peerId, code) => network.fault(peerId, code),
  })

async function settingsOf(options: ChainNetworkOptions, { spec }: Chain) {
  return {
    name: spec.chainId.toString(),
    seed: await readNodeKey(options.folder),
    listen: [`/ip4/${options.host}/tcp/${options.port}`],
    bootnodes: options.peers,
    maxPeers: options.maxPeers,
    clientVersion: options.clientVersion,
    genesisHash: fromHex(options.genesisHash),
    forkDigest: forkDigest(spec),
    maxBlockBytes: maxPacketBytes,
    mdns: options.mdns,
  }
}

/** Nodes whose rules differ now or will differ at a known block never share a stream. */
export const forkDigest = ({ chainId, activations }: ChainSpec): Uint8Array =>
  createHash('sha256')
    .update(
      JSON.stringify([
        chainId.toString(),
        ...activations.map(({ fork, block, time }) => [fork, String(block), String(time)]),
      ]),
    )
    .digest()
    .subarray(0, 8)

const statusOf = (chain: Chain) => {
  const { header, hash } = chain.head()
  return { base: 0n, tip: header.number, tipHash: hash }
}

/** Refusals that only a sender in bad faith, or one with a broken node, can earn. */
const inexcusable = new Set(['TX_MALFORMED', 'INVALID_SENDER', 'TX_TYPE', 'NONCE_MAX'])

const poolOf = (mempool: Mempool): TransactionPool => ({
  has: (hash) => mempool.get(hash) !== undefined,
  raw: (hash) => mempool.get(hash)?.raw,
  *pending() {
    for (const list of mempool.content().pending.values()) for (const { hash } of list) yield hash
  },
  async submit(raw): Promise<Refusal | undefined> {
    const verdict = mempool.add(raw)
    if (verdict.type === 'accept') return undefined
    return inexcusable.has(verdict.code) ? verdict : { ...verdict, type: 'ignore' }
  },
})

async function* nothing(): AsyncGenerator<Uint8Array> {
  // No network, no answer.
}
