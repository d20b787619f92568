/**
 * The rules of one chain: its id and when each fork begins, read from the `config` of a genesis
 * file in geth's format. Pure data and look-ups; the engine turns a fork into opcodes and prices.
 */
import { type Address, NodeError } from '../primitives/index.ts'

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
  /** Where EIP-6110 looks for deposits; undefined: mainnet's contract. */
  readonly depositContract: Address | undefined
  /** Activations as configured, for eth_config and fork ids. */
  readonly activations: readonly {
    readonly fork: Fork
    readonly block?: bigint
    readonly time?: bigint
  }[]
}

/** `config` of geth's genesis.json: heights, and times in seconds since the Unix epoch. */
export interface ChainConfig {
  readonly chainId: bigint
  readonly homesteadBlock?: bigint
  readonly eip150Block?: bigint
  readonly eip155Block?: bigint
  readonly eip158Block?: bigint
  readonly byzantiumBlock?: bigint
  readonly constantinopleBlock?: bigint
  readonly petersburgBlock?: bigint
  readonly istanbulBlock?: bigint
  readonly muirGlacierBlock?: bigint
  readonly berlinBlock?: bigint
  readonly londonBlock?: bigint
  readonly arrowGlacierBlock?: bigint
  readonly grayGlacierBlock?: bigint
  readonly mergeNetsplitBlock?: bigint
  readonly terminalTotalDifficulty?: bigint
  readonly shanghaiTime?: bigint
  readonly cancunTime?: bigint
  readonly pragueTime?: bigint
  readonly osakaTime?: bigint
  readonly bpo1Time?: bigint
  readonly bpo2Time?: bigint
  readonly bpo3Time?: bigint
  readonly bpo4Time?: bigint
  readonly bpo5Time?: bigint
  readonly depositContractAddress?: Address
  readonly blobSchedule?: Readonly<Record<string, BlobParams>>
}

type Activation = ChainSpec['activations'][number]

/** Mainnet's blob counts (EIP-4844, 7691, 7892), for forks the configuration says nothing about. */
const defaultBlobSchedule: Readonly<Record<string, BlobParams>> = {
  cancun: { target: 3, max: 6, baseFeeUpdateFraction: 3_338_477n },
  prague: { target: 6, max: 9, baseFeeUpdateFraction: 5_007_716n },
  osaka: { target: 6, max: 9, baseFeeUpdateFraction: 5_007_716n },
  bpo1: { target: 10, max: 15, baseFeeUpdateFraction: 8_346_193n },
  bpo2: { target: 14, max: 21, baseFeeUpdateFraction: 11_684_671n },
}

/** Forks a chain may leave out and still have later ones, as geth allows. */
const optionalForks: ReadonlySet<Fork> = new Set([
  'chainstart',
  'muirGlacier',
  'arrowGlacier',
  'grayGlacier',
  'paris',
  'bpo1',
  'bpo2',
  'bpo3',
  'bpo4',
  'bpo5',
])

/** Throws NodeError FORK_ORDER when a fork comes before one it builds on, or without it. */
export function createChainSpec(config: ChainConfig): ChainSpec {
  const activations = activationsOf(config)
  checkOrder(activations)
  const schedule = { ...defaultBlobSchedule, ...config.blobSchedule }

  const forkAt = (number: bigint, timestamp: bigint): Fork => {
    let reached: Fork = 'chainstart'
    for (const { fork, block, time } of activations)
      if (block === undefined ? time !== undefined && timestamp >= time : number >= block)
        reached = fork
      else if (block !== undefined) break // times count only after the heights
    return reached
  }
  return {
    chainId: config.chainId,
    depositContract: config.depositContractAddress,
    activations,
    forkAt,
    isActive: (fork, number, timestamp) => isAtLeast(forkAt(number, timestamp), fork),
    blobParams: (fork) => {
      if (!isAtLeast(fork, 'cancun')) return undefined
      const until = forks.slice(0, forks.indexOf(fork) + 1)
      return schedule[until.findLast((name) => schedule[name]) ?? 'cancun']
    },
  }
}

/** Whether `fork` is `other` or a later one. */
export const isAtLeast = (fork: Fork, other: Fork): boolean =>
  forks.indexOf(fork) >= forks.indexOf(other)

/** What is configured, in the order of `forks`. */
function activationsOf(config: ChainConfig): Activation[] {
  const { eip155Block, eip158Block } = config
  if (eip155Block !== eip158Block)
    throw new NodeError(
      'FORK_ORDER',
      'eip155Block and eip158Block must be the same: both are the Spurious Dragon fork',
      { eip155Block, eip158Block },
    )
  const blocks: Partial<Record<Fork, bigint | undefined>> = {
    homestead: config.homesteadBlock,
    tangerineWhistle: config.eip150Block,
    spuriousDragon: eip158Block,
    byzantium: config.byzantiumBlock,
    constantinople: config.constantinopleBlock,
    petersburg: config.petersburgBlock ?? config.constantinopleBlock,
    istanbul: config.istanbulBlock,
    muirGlacier: config.muirGlacierBlock,
    berlin: config.berlinBlock,
    london: config.londonBlock,
    arrowGlacier: config.arrowGlacierBlock,
    grayGlacier: config.grayGlacierBlock,
    paris: mergeBlock(config),
  }
  const times: Partial<Record<Fork, bigint | undefined>> = {
    shanghai: config.shanghaiTime,
    cancun: config.cancunTime,
    prague: config.pragueTime,
    osaka: config.osakaTime,
    bpo1: config.bpo1Time,
    bpo2: config.bpo2Time,
    bpo3: config.bpo3Time,
    bpo4: config.bpo4Time,
    bpo5: config.bpo5Time,
  }
  return forks.flatMap((fork): Activation[] => {
    const [block, time] = [fork === 'chainstart' ? 0n : blocks[fork], times[fork]]
    if (block !== undefined) return [{ fork, block }]
    return time === undefined ? [] : [{ fork, time }]
  })
}

/**
 * Height of the first block without proof of work. Total difficulty is not known here, so a chain
 * that was mined before must name the height; one that says 0 was never mined.
 */
const mergeBlock = (config: ChainConfig): bigint | undefined =>
  config.mergeNetsplitBlock ??
  (config.terminalTotalDifficulty === 0n ? (config.londonBlock ?? 0n) : undefined)

function checkOrder(activations: readonly Activation[]): void {
  const byFork = new Map(activations.map((activation) => [activation.fork, activation]))
  let last: Activation = { fork: 'chainstart', block: 0n }
  for (const fork of forks) {
    const current = byFork.get(fork)
    if (!current) {
      const later = activations.find((a) => !isAtLeast(fork, a.fork))
      if (optionalForks.has(fork) || !later) continue
      throw orderError(`${fork} not enabled, but ${describe(later)}`)
    }
    const isLate =
      current.block === undefined
        ? last.time !== undefined && (current.time ?? 0n) < last.time
        : last.block !== undefined && current.block < last.block
    if (isLate) throw orderError(`${describe(last)}, but ${describe(current)}`)
    last = current
  }
}

const describe = ({ fork, block, time }: Activation): string =>
  `${fork} enabled at ${block === undefined ? `timestamp ${time ?? 0n}` : `block ${block}`}`

const orderError = (what: string): NodeError =>
  new NodeError('FORK_ORDER', `unsupported fork ordering: ${what}`)
