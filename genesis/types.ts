/** A genesis file as the node sees it once every fault is out. Plain data; schema.ts makes it. */
import type { Address, Hex } from '../primitives/index.ts'
import type { ChainConfig } from '../execution/index.ts'

/** `config` of geth's genesis.json: what execution reads, and what is kept for printing. */
export interface GenesisConfig extends ChainConfig {
  readonly daoForkBlock?: bigint
  readonly daoForkSupport?: boolean
  readonly terminalTotalDifficultyPassed?: boolean
  readonly depositContractAddress?: Address
  /** Kept as they are, for printing: the node runs neither proof of work nor of authority. */
  readonly ethash?: Readonly<Record<string, unknown>>
  readonly clique?: Readonly<Record<string, unknown>>
}

export interface GenesisAccount {
  /** Wei. */
  readonly balance: bigint
  readonly nonce: bigint
  /** `0x` without code. */
  readonly code: Hex
  readonly storage: ReadonlyMap<bigint, bigint>
}

export interface GenesisValidator {
  readonly address: Address
  readonly power: bigint
  readonly name?: string
}

/** What our chains add to geth's format. */
export interface TributarySection {
  /** Format of this section. */
  readonly version: 1
  /** Time between two blocks of a validator network, milliseconds. */
  readonly blockTimeMs: number
  readonly params: Readonly<Record<string, bigint>>
  readonly validators: readonly GenesisValidator[]
  /** Native modules that are active, by name or reserved address. */
  readonly modules: readonly string[]
}

export interface Genesis {
  readonly config: GenesisConfig
  readonly nonce: bigint
  /** Seconds since the Unix epoch. */
  readonly timestamp: bigint
  readonly extraData: Hex
  readonly gasLimit: bigint
  readonly gasUsed: bigint
  readonly difficulty: bigint
  readonly mixHash: Hex
  readonly coinbase: Address
  readonly parentHash: Hex
  /** Wei; absent: 1 gwei where London is active. */
  readonly baseFeePerGas?: bigint
  readonly blobGasUsed?: bigint
  readonly excessBlobGas?: bigint
  readonly alloc: ReadonlyMap<Address, GenesisAccount>
  readonly tributary: TributarySection
}

/** One thing wrong with a genesis file. `path` is empty for the file as a whole. */
export interface GenesisFault {
  readonly path: string
  readonly message: string
}
