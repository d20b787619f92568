/**
 * The named network `devnet`: one machine, Osaka rules from block 0, public accounts with money, and
 * the contracts tools expect. Everything is a constant, so that block 0 has one hash everywhere.
 */
import type { Address } from '../primitives/index.ts'
import { blockForkKeys } from './keys.ts'
import { predeploys } from './predeploys/all.ts'
import { defaultBlockTimeMs } from './schema.ts'
import type { Genesis, GenesisAccount } from './types.ts'

export interface DevnetOptions {
  readonly chainId?: bigint
  /** Funded accounts; absent: the first `count` of the standard mnemonic. */
  readonly addresses?: readonly Address[]
  /** 0 to 20, when `addresses` is absent. */
  readonly count?: number
  /** Wei per account. */
  readonly balance?: bigint
  readonly gasLimit?: bigint
  /** Wei. */
  readonly baseFeePerGas?: bigint
  /** Seconds since the Unix epoch. */
  readonly timestamp?: bigint
}

/** 0x0A77 = 2679, the prefix of the native modules' addresses. */
const devnetChainId = 2679n
/** 10,000 OPEN. */
const devnetBalance = 10_000n * 10n ** 18n
/** DESIGN.md, section 4: measured gas per second x block time x 0.3. */
const gasLimit = 30_000_000n
/** 1 gwei, geth's params.InitialBaseFee. */
const baseFeePerGas = 1_000_000_000n
/**
 * 2026-01-01T00:00:00Z. A constant, or every start would be another chain; in the past, so that
 * block 1 may have the time of the clock.
 */
const timestamp = 1_767_225_600n

/** m/44'/60'/0'/0/0 to 19 of the public mnemonic `test ... test junk` (node/devnet-keys.ts); test/unit/node/accounts.test.ts derives them anew. */
export const devnetAddresses: readonly Address[] = [
  '0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266',
  '0x70997970c51812dc3a010c7d01b50e0d17dc79c8',
  '0x3c44cdddb6a900fa2b585dd299e03d12fa4293bc',
  '0x90f79bf6eb2c4f870365e785982e1f101e93b906',
  '0x15d34aaf54267db7d7c367839aaf71a00a2c6a65',
  '0x9965507d1a55bcc2695c58ba16fb37d819b0a4dc',
  '0x976ea74026e726554db657fa54763abd0c3a0aa9',
  '0x14dc79964da2c08b23698b3d3cc7ca32193d9955',
  '0x23618e81e3f5cdf7f54c3d65f7fbc0abf5b21e8f',
  '0xa0ee7a142d267c1f36714e4a8f75612f20a79720',
  '0xbcd4042de499d14e55001ccbb24a551f3b954096',
  '0x71be63f3384f5fb98995898a86b02fb2426c5788',
  '0xfabb0ac9d68b0b445fb7357272ff202c5651694a',
  '0x1cbd3b2770909d4e10f157cabc84c7264073c9ec',
  '0xdf3e18d64bc6a983f673ab319ccae4f1a57c7097',
  '0xcd3b766ccdd6ae721141f452c550ca635964ce71',
  '0x2546bcd3c84621e976d8185a91a922ae77ecec30',
  '0xbda5747bfd65f08deb54cb465eb87d40e51b197e',
  '0xdd2fd4581271e230360230f9337d5c0430bf44c0',
  '0x8626f6940e2eb28930efb4cef49b2d1f2c9c1199',
]

/** All this node has (node/modules.ts). */
const devnetModules: readonly string[] = [
  'registry',
  'datanet',
  'lineage',
  'receipts',
  'rewards',
  'params',
  'proofs',
]

const noStorage: ReadonlyMap<bigint, bigint> = new Map()

export function devnetGenesis(options: DevnetOptions = {}): Genesis {
  const funded = options.addresses ?? devnetAddresses.slice(0, options.count)
  const balance = options.balance ?? devnetBalance
  const alloc = new Map<Address, GenesisAccount>()
  for (const contract of predeploys)
    alloc.set(contract.address, {
      balance: 0n,
      nonce: contract.nonce,
      code: contract.code,
      storage: slotsOf(contract.storage),
    })
  for (const address of funded)
    alloc.set(address, { balance, nonce: 0n, code: '0x', storage: noStorage })
  return {
    config: { chainId: options.chainId ?? devnetChainId, ...allForksAtGenesis() },
    nonce: 0n,
    timestamp: options.timestamp ?? timestamp,
    extraData: '0x',
    gasLimit: options.gasLimit ?? gasLimit,
    gasUsed: 0n,
    difficulty: 0n,
    mixHash: `0x${'0'.repeat(64)}`,
    coinbase: `0x${'0'.repeat(40)}`,
    parentHash: `0x${'0'.repeat(64)}`,
    baseFeePerGas: options.baseFeePerGas ?? baseFeePerGas,
    alloc,
    tributary: {
      version: 1,
      blockTimeMs: defaultBlockTimeMs,
      params: { authority: BigInt(funded[0] ?? 0) },
      validators: [],
      modules: devnetModules,
    },
  }
}

const slotsOf = (storage: Readonly<Record<number, bigint>> = {}): ReadonlyMap<bigint, bigint> =>
  new Map(Object.entries(storage).map(([slot, value]) => [BigInt(slot), value]))

/** Osaka from block 0, merged from the start; BPO forks change blobs only and are left out. */
const allForksAtGenesis = () => ({
  ...(Object.fromEntries(
    blockForkKeys.filter((key) => key !== 'daoForkBlock').map((key) => [key, 0n]),
  ) as Record<Exclude<(typeof blockForkKeys)[number], 'daoForkBlock'>, bigint>),
  terminalTotalDifficulty: 0n,
  terminalTotalDifficultyPassed: true,
  shanghaiTime: 0n,
  cancunTime: 0n,
  pragueTime: 0n,
  osakaTime: 0n,
})
