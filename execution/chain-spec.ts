/**
 * The rules of one chain: its id and when each fork begins, read from the `config` of a genesis
 * file in geth's format. Pure data and look-ups; the engine turns a fork into opcodes and prices.
 */

/** Forks in order of activation. BPO forks change only the blob schedule (EIP-7892). */
export const forks = [
  'chainstart',
  'homestead',
  'tangerineWhistle',
  'spuriousDragon',
  'byzantium',
  'constantinople',
  'petersburg',
  'istanbul',
  'muirGlacier',
  'berlin',
  'london',
  'arrowGlacier',
  'grayGlacier',
  'paris',
  'shanghai',
  'cancun',
  'prague',
  'osaka',
  'bpo1',
  'bpo2',
  'bpo3',
  'bpo4',
  'bpo5',
] as const
export type Fork = (typeof forks)[number]

export interface BlobParams {
  readonly target: number
  readonly max: number
  readonly baseFeeUpdateFraction: bigint
}

export interface ChainSpec {
  readonly chainId: bigint
  forkAt(number: bigint, timestamp: bigint): Fork
  /** Whether `fork` is active in a block; forks are cumulative. */
  isActive(fork: Fork, number: bigint, timestamp: bigint): boolean
  blobParams(fork: Fork): BlobParams | undefined
  /** Activations as configured, for eth_config and fork ids. */
  readonly activations: readonly {
    readonly fork: Fork
    readonly block?: bigint
    readonly time?: bigint
  }[]
}
