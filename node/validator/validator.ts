/**
 * A validator's part of the node: guard, log, engine, network and the gossip of transactions, put
 * together. Decides nothing itself.
 */
import { randomInt } from 'node:crypto'
import { join } from 'node:path'
import {
  type ConsensusParams,
  createChecker,
  createEngine,
  type Engine,
  createValidatorSet,
  commitCodec,
  type Signer,
  toSeal,
  type ValidatorSet,
  type Wal,
} from '../../consensus/index.ts'
import type { Chain, Mempool } from '../../execution/index.ts'
import type { Genesis } from '../../genesis/index.ts'
import type { ConsensusApi } from '../../rpc/index.ts'
import {
  accept,
  fromHex,
  NodeError,
  reject,
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
import { createBlocks } from './blocks.ts'
import { readValidatorKey } from './keys.ts'
import { createRowPieces } from './row-pieces.ts'
import { createSigner } from './signer.ts'
import { type ChainNetwork, type ChainNetworkOptions, createChainNetwork } from './network.ts'
import { createWatch, type Watch } from './watch.ts'

export interface ValidatorOptions {
  /** Undefined: follows and does not vote. */
  readonly keyFile: string | undefined
  /** Holds guard and log; made when it is not there. */
  readonly folder: string
  readonly validators: Genesis['tributary']['validators']
  readonly blockTimeMs: number
  readonly params: ConsensusParams
  /** Absent: the validator's own address. */
  readonly feeRecipient?: Address
  readonly genesisHash: Hex
  readonly network: Omit<ChainNetworkOptions, 'genesisHash'>
}

export interface ValidatorPorts {
  readonly chain: Chain
  readonly mempool: Mempool
  readonly secp256k1: Secp256k1
  readonly clock: Clock
  readonly log: Logger
  /** For what is wrong with the network. */
  readonly watchLog: Logger
  readonly baseFeeAfter: (parent: Header) => bigint
  readonly onFault: (error: unknown) => void
  /** Batches of rows by their roots, for peers; absent on a chain without rows. */
  readonly rowsOf?: ((root: Hex) => Promise<Uint8Array | undefined>) | undefined
}

export interface Validator {
  /** Into the pool, and so to the peers. */
  submit(raw: Uint8Array): Promise<Verdict<Hex>>
  /** Starts the network, then consensus. Throws NodeError PORT_BUSY. */
  start(): Promise<void>
  /** Lets the commit in work finish. */
  stop(): Promise<void>
  readonly network: Omit<ChainNetwork, 'start' | 'stop' | 'consensus'>
  /** Hears when the chain stands still, and when it goes on. */
  readonly onStandstill: Watch['onStandstill']
  /** For JSON-RPC. */
  readonly consensus: ConsensusApi
}

/** Of who does not vote, and so proposes nothing. */
const nobody: Address = `0x${'00'.repeat(20)}`

/** Throws NodeError GUARD_*, KEY_*, LOG_DAMAGED: each says what to do. */
export async function createValidator(
  options: ValidatorOptions,
  ports: ValidatorPorts,
): Promise<Validator> {
  const { chain, log } = ports
  const validators = createValidatorSet(options.validators)
  let isStopped = false
  const voting =
    options.keyFile === undefined ? undefined : await openVoting(options, ports, validators)
  const network = createChainNetwork(
    { ...options.network, genesisHash: options.genesisHash },
    {
      ...ports,
      ...(voting && { seal: voting.seal }),
      isValidator: (address) => validators.indexes.has(address),
      ...(ports.rowsOf && { rows: createRowPieces(ports.rowsOf, ports.clock) }),
    },
  )
  const feeRecipient = options.feeRecipient ?? voting?.signer.address ?? nobody
  const domain = { chainId: chain.spec.chainId, genesisHash: options.genesisHash }
  const checker = createChecker(domain, ports.secp256k1)
  const engine = createEngine(
    { params: options.params },
    {
      ...ports,
      checker,
      app: createConsensusApp({ ...options, feeRecipient, validators }, ports),
      ...(voting && { signer: voting.signer }),
      wal: voting?.wal ?? forgetfulWal,
      network: network.consensus,
    },
  )
  const blocks = createBlocks({
    store: chain.store,
    engine,
    validators,
    checker,
    address: voting?.signer.address,
  })
  const watch = watchOver({ options, ports, engine, network, self: voting?.signer.address })
  return {
    async submit(raw) {
      const verdict = isStopped ? shuttingDown : ports.mempool.add(raw)
      return verdict.type === 'accept' ? accept(verdict.value.hash) : verdict
    },
    async start() {
      engine.start()
      await network.start(engine, blocks)
      watch.start()
      const facts = { height: engine.height().toString(), validator: voting?.signer.address }
      log.info(facts, 'consensus started')
      log.info({ addresses: network.addresses() }, 'others join with --peer and one of these')
    },
    async stop() {
      isStopped = true
      watch.stop()
      await engine.stop()
      await network.stop()
    },
    network,
    onStandstill: (listener) => watch.onStandstill(listener),
    consensus: createView(chain, validators, engine, voting?.signer),
  }
}

function watchOver(parts: {
  readonly options: ValidatorOptions
  readonly ports: ValidatorPorts
  readonly engine: Engine
  readonly network: ChainNetwork
  readonly self: Address | undefined
}): Watch {
  const { options, ports, engine, network, self } = parts
  const watch = createWatch(
    {
      self,
      namedPeers: options.network.peers.length,
      blockTimeMs: options.blockTimeMs,
      names: new Map(
        options.validators.flatMap(({ address, name }) => (name ? [[address, name]] : [])),
      ),
    },
    {
      clock: ports.clock,
      log: ports.watchLog,
      core: () => engine.state(),
      peers: () => network.peers().length,
      isSyncing: () => network.syncing() !== false,
    },
  )
  ports.chain.onCommit(({ block }) => watch.onBlock(block.header.number))
  return watch
}

const shuttingDown = reject('SHUTTING_DOWN', 'the node is shutting down')

const createView = (
  chain: Chain,
  set: ValidatorSet,
  engine: Engine,
  signer: Signer | undefined,
): ConsensusApi => ({
  certificate(height) {
    const bytes = chain.store.certificate(height)
    const found = bytes && commitCodec.decode(bytes)
    if (found?.type !== 'accept') return undefined
    const { round, blockHash, seals } = found.value
    const signers = seals.flatMap(({ index, seal }) => {
      const validator = set.validators[index]?.address
      return validator === undefined ? [] : [{ validator, seal }]
    })
    return { height, round, blockHash, validatorSetHash: set.hash, seals: signers }
  },
  validators: () => ({ hash: set.hash, members: set.validators }),
  status() {
    const { height, round, step } = engine.state().round
    return { height, round, step, signed: signer?.last() }
  },
})

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
    // Not a vote: binds the key to a peer id, under a hash that no vote can have.
    seal: (hash: Uint8Array) => fromHex(toSeal(secp256k1.sign(hash, key.privateKey))),
    wal: openConsensusLog({ folder: logFolder, newSalt: () => randomInt(2 ** 32) }, nodeFileSystem),
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
