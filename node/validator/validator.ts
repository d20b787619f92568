/**
 * A validator's part of the node: guard, log, engine, network and the gossip of transactions, put
 * together. Decides nothing itself.
 */
import { join } from 'node:path'
import {
  type ConsensusParams,
  createEngine,
  createValidatorSet,
  commitCodec,
  type Network,
  type ValidatorSet,
  type Wal,
} from '../../consensus/index.ts'
import type { Chain, Mempool } from '../../execution/index.ts'
import type { Genesis } from '../../genesis/index.ts'
import {
  accept,
  asBytes,
  asList,
  decodeRlp,
  encodeRlp,
  ignore,
  NodeError,
  reject,
  RlpError,
  type Address,
  type Clock,
  type Header,
  type Hex,
  type Logger,
  type Secp256k1,
  type Verdict,
} from '../../primitives/index.ts'
import {
  lastLoggedHeight,
  nodeFileSystem,
  openConsensusLog,
  openSignGuard,
} from '../../state/index.ts'
import { createConsensusApp } from './app.ts'
import { readValidatorKey } from './keys.ts'
import { createSigner } from './signer.ts'
import { createTcpNetwork } from './tcp-network.ts'

export interface ValidatorOptions {
  /** Undefined: follows and does not vote. */
  readonly keyFile: string | undefined
  /** Holds guard and log; made when it is not there. */
  readonly folder: string
  readonly validators: Genesis['tributary']['validators']
  readonly blockTimeMs: number
  readonly params: ConsensusParams
  readonly feeRecipient: Address
  /** Port of the validators' network on loopback, and those of the others. */
  readonly port: number
  readonly peers: readonly number[]
  readonly genesisHash: Hex
}

export interface ValidatorPorts {
  readonly chain: Chain
  readonly mempool: Mempool
  readonly secp256k1: Secp256k1
  readonly clock: Clock
  readonly log: Logger
  readonly baseFeeAfter: (parent: Header) => bigint
  readonly onFault: (error: unknown) => void
}

export interface Validator {
  /** Into the pool, and on to the other validators. */
  submit(raw: Uint8Array): Promise<Verdict<Hex>>
  /** Starts the network, then consensus. Throws NodeError PORT_BUSY. */
  start(): Promise<void>
  /** Lets the commit in work finish. */
  stop(): Promise<void>
  peerCount(): number
  cut(ports: readonly number[]): void
}

/** Throws NodeError GUARD_*, KEY_*, LOG_DAMAGED: each says what to do. */
export async function createValidator(
  options: ValidatorOptions,
  ports: ValidatorPorts,
): Promise<Validator> {
  const { chain, clock, log } = ports
  const validators = createValidatorSet(options.validators)
  let isStopped = false
  const network = createTcpNetwork(options, { clock, log })
  const gossip = createGossip(network.channel('transactions'), ports)
  const voting =
    options.keyFile === undefined ? undefined : await openVoting(options, ports, validators)
  const engine = createEngine(
    {
      params: options.params,
      domain: { chainId: chain.spec.chainId, genesisHash: options.genesisHash },
    },
    {
      ...ports,
      curve: ports.secp256k1,
      app: createConsensusApp({ ...options, validators }, ports),
      ...(voting && { signer: voting.signer }),
      wal: voting?.wal ?? forgetfulWal,
      network: network.channel('consensus'),
    },
  )
  return {
    async submit(raw) {
      const verdict = isStopped ? shuttingDown : ports.mempool.add(raw)
      if (verdict.type !== 'accept') return verdict
      gossip.spread(raw)
      return accept(verdict.value.hash)
    },
    async start() {
      const port = await network.start()
      const facts = { port, height: engine.height().toString() }
      log.info({ ...facts, validator: voting?.signer.address }, 'consensus started')
      engine.start()
    },
    async stop() {
      isStopped = true
      await engine.stop()
      await network.stop()
    },
    peerCount: () => network.peerCount(),
    cut: (cutPorts) => network.cut(cutPorts),
  }
}

const shuttingDown = reject('SHUTTING_DOWN', 'the node is shutting down')

/** A node without a key has nothing to contradict: it starts each height anew. */
const forgetfulWal: Wal = {
  begin: () => [],
  append: () => undefined,
  flush: () => undefined,
}

async function openVoting(
  { keyFile = '', folder, genesisHash }: ValidatorOptions,
  { chain, secp256k1 }: ValidatorPorts,
  validators: ValidatorSet,
) {
  const key = await readValidatorKey(keyFile, secp256k1)
  if (!validators.indexes.has(key.address))
    throw new NodeError(
      'KEY_UNKNOWN',
      `the key ${keyFile} belongs to ${key.address}, which is no validator of this genesis`,
      { address: key.address },
    )
  const logFolder = join(folder, 'log')
  const guard = openSignGuard(
    {
      path: join(folder, 'guard'),
      genesisHash,
      address: key.address,
      signedOnChain: lastSealedHeight(chain, validators, key.address),
      hasTakenPart: lastLoggedHeight({ folder: logFolder }, nodeFileSystem) !== undefined,
    },
    nodeFileSystem,
  )
  return {
    signer: createSigner(key, guard, secp256k1),
    wal: openConsensusLog({ folder: logFolder }, nodeFileSystem),
  }
}

/** A validator that took part lately has a seal in one of these; reading all of a chain takes long. */
const maxLookBack = 10_000n

/** Highest block whose certificate holds a seal of `address`. */
function lastSealedHeight(
  chain: Chain,
  validators: ValidatorSet,
  address: Address,
): bigint | undefined {
  const index = validators.indexes.get(address)
  const top = chain.head().header.number
  for (let height = top; height > 0n && height > top - maxLookBack; height--) {
    const bytes = chain.store.certificate(height)
    const certificate = bytes && commitCodec.decode(bytes)
    if (certificate?.type !== 'accept') continue
    if (certificate.value.seals.some((seal) => seal.index === index)) return height
  }
  return undefined
}

interface Gossip {
  spread(raw: Uint8Array): void
}

/** Transactions of this long share a message (notes/p2p.md: 16 times the throughput). */
const batchMs = 20
/** Of one batch; a larger one is cut. 64 KiB or a single large transaction. */
const maxBatchBytes = 65_536
const maxBatch = 1_024

/** Tells every peer what came in by RPC; what came from a peer has been told by that peer. */
function createGossip(network: Network, { mempool, clock }: ValidatorPorts): Gossip {
  let batch: Uint8Array[] = []
  let sizeBytes = 0
  const flush = (): void => {
    if (batch.length > 0) network.broadcast(encodeRlp(batch))
    batch = []
    sizeBytes = 0
  }
  network.listen((message) => {
    const list = readBatch(message)
    if (list.type !== 'accept') return list
    for (const raw of list.value) mempool.add(raw)
    return accept(undefined)
  })
  return {
    spread(raw) {
      if (sizeBytes + raw.length > maxBatchBytes || batch.length >= maxBatch) flush()
      if (batch.length === 0) clock.after(batchMs, flush)
      batch.push(raw)
      sizeBytes += raw.length
    },
  }
}

function readBatch(message: Uint8Array): Verdict<readonly Uint8Array[]> {
  if (message.length > 4 * maxBatchBytes) return reject('BATCH_TOO_LARGE', 'a batch is too large')
  try {
    const items = asList(decodeRlp(message), 'batch')
    if (items.length > maxBatch) return reject('BATCH_TOO_LARGE', 'too many transactions')
    return accept(items.map((item) => asBytes(item, 'transaction')))
  } catch (error) {
    if (error instanceof RlpError) return ignore('BATCH_MALFORMED', error.message)
    throw error
  }
}
