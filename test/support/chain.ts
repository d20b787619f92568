/** A chain in memory with rich accounts, its transactions, and templates: for tests of blocks and pool. */
import {
  createChain,
  createChainSpec,
  createEngine,
  type BlockTemplate,
  type Chain,
  type ChainConfig,
  type ExecutedBlock,
  type PooledTransaction,
} from '../../execution/index.ts'
import { genesisCommit, type Genesis } from '../../genesis/index.ts'
import {
  nobleSecp256k1,
  publicKeyToAddress,
  signingHash,
  toFixedBytes,
  withSignature,
  type Address,
  type Hex,
  type Secp256k1,
  type UnsignedTransaction,
} from '../../primitives/index.ts'
import { type OpenStore, openStore } from '../../state/index.ts'

type GenesisAccount = NonNullable<ReturnType<Genesis['alloc']['get']>>

export const chainId = 2679n
export const osakaConfig: ChainConfig = {
  chainId,
  homesteadBlock: 0n,
  eip150Block: 0n,
  eip155Block: 0n,
  eip158Block: 0n,
  byzantiumBlock: 0n,
  constantinopleBlock: 0n,
  petersburgBlock: 0n,
  istanbulBlock: 0n,
  berlinBlock: 0n,
  londonBlock: 0n,
  terminalTotalDifficulty: 0n,
  shanghaiTime: 0n,
  cancunTime: 0n,
  pragueTime: 0n,
  osakaTime: 0n,
}
export const ether = 10n ** 18n
export const gwei = 10n ** 9n
export const feeRecipient: Address = `0x${'fe'.repeat(20)}`

/** Account `i` of every chain made here. */
export const keyOf = (i: number): Uint8Array => toFixedBytes(BigInt(i + 1), 32)
export const addressOf = (i: number): Address =>
  publicKeyToAddress(nobleSecp256k1.publicKey(keyOf(i)))

export interface ChainParts {
  readonly chain: Chain
  readonly store: OpenStore
}

export interface ChainOptions {
  readonly accounts?: number
  readonly balance?: bigint
  readonly gasLimit?: bigint
  /** Code by address. */
  readonly code?: Readonly<Record<Address, Hex>>
  readonly secp256k1?: Secp256k1
  /** Folder on disk; absent: in memory. */
  readonly path?: string
}

const genesisAccount = (balance: bigint, nonce: bigint, code: Hex): GenesisAccount => ({
  balance,
  nonce,
  code,
  storage: new Map(),
})

export async function openChain(options: ChainOptions = {}): Promise<ChainParts> {
  const { accounts = 4, balance = 100n * ether, gasLimit = 30_000_000n, code = {} } = options
  const alloc = new Map<Address, GenesisAccount>()
  for (let i = 0; i < accounts; i++) alloc.set(addressOf(i), genesisAccount(balance, 0n, '0x'))
  for (const [address, hex] of Object.entries(code))
    alloc.set(address as Address, genesisAccount(0n, 1n, hex))
  const genesis: Genesis = {
    config: osakaConfig,
    alloc,
    gasLimit,
    gasUsed: 0n,
    timestamp: 1_000n,
    difficulty: 0n,
    nonce: 0n,
    extraData: '0x',
    parentHash: `0x${'00'.repeat(32)}`,
    coinbase: `0x${'00'.repeat(20)}`,
    mixHash: `0x${'00'.repeat(32)}`,
    tributary: { version: 1, blockTimeMs: 1_000, params: {}, validators: [], modules: [] },
  }
  const spec = createChainSpec(osakaConfig)
  const store = await openStore({
    ...(options.path !== undefined && { path: options.path }),
    cacheBytes: 1 << 22,
    keepStates: 'archive',
  })
  await store.commit(genesisCommit(genesis, store))
  const secp256k1 = options.secp256k1 ?? nobleSecp256k1
  return {
    store,
    chain: createChain({ spec, store, engine: createEngine({ spec, secp256k1 }), secp256k1 }),
  }
}

type FeeMarket = Extract<UnsignedTransaction, { type: 'feeMarket' }>

/** A transfer of 1 wei to nobody in particular, unless told otherwise. */
export const transfer = (nonce: bigint, changes: Partial<FeeMarket> = {}): FeeMarket => ({
  type: 'feeMarket',
  chainId,
  nonce,
  gasLimit: 21_000n,
  to: `0x${'aa'.repeat(20)}`,
  value: 1n,
  data: new Uint8Array(0),
  accessList: [],
  maxFeePerGas: 10n * gwei,
  maxPriorityFeePerGas: gwei,
  ...changes,
})

export const signBy = (i: number, tx: UnsignedTransaction): PooledTransaction => ({
  ...withSignature(tx, nobleSecp256k1.sign(signingHash(tx), keyOf(i))),
  from: addressOf(i),
})

export const templateOn = (chain: Chain, changes: Partial<BlockTemplate> = {}): BlockTemplate => ({
  parent: chain.head(),
  timestamp: chain.head().header.timestamp + 1n,
  feeRecipient,
  gasLimit: chain.head().header.gasLimit,
  extraData: '0x',
  prevRandao: `0x${'33'.repeat(32)}`,
  parentBeaconBlockRoot: `0x${'44'.repeat(32)}`,
  withdrawals: [],
  ...changes,
})

/** Builds a block of all of `offered` and commits it. */
export async function seal(
  chain: Chain,
  offered: readonly PooledTransaction[],
  changes: Partial<BlockTemplate> = {},
): Promise<ExecutedBlock> {
  const { executed } = await chain.build(templateOn(chain, changes), offered)
  await chain.commit(executed)
  return executed
}
