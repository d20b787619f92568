/**
 * The parameters of the native modules: their types, bounds and the values of a chain that says
 * nothing else. Bounds and delays belong to the release; values to the chain (genesis, later
 * governance). Reads no state.
 */
import type { Address } from '../../primitives/index.ts'

export interface ParamSpec {
  readonly type: 'uint' | 'address'
  readonly value: bigint
  readonly min: bigint
  readonly max: bigint
  /** Blocks between the decision and the change, at least. */
  readonly minDelay: number
}

/** A day of two-second blocks: time to see a change coming and to leave. */
const day = 43_200
const maxAddress = 2n ** 160n - 1n
const finney = 10n ** 15n
const ether = 10n ** 18n

/** Where the treasury module will stand; until then its balance waits there. */
export const treasuryAddress: Address = '0x0a77000000000000000000000000000000000010'

const uint = (value: bigint, min: bigint, max: bigint, minDelay = day): ParamSpec => ({
  type: 'uint',
  value,
  min,
  max,
  minDelay,
})
const account = (value: bigint): ParamSpec => ({
  type: 'address',
  value,
  min: 0n,
  max: maxAddress,
  minDelay: 2 * day,
})
const bps = (value: bigint, min: bigint, max: bigint): ParamSpec => uint(value, min, max)

/** In order of the key. Shares of the split are bounded so that data is never paid less than 30 %. */
export const paramTable = {
  /** Who may pause modules. Zero: nobody. */
  authority: account(0n),
  /** Blocks from its publication that a batch's deposit answers for its rows: two epochs. */
  'datanet.depositBlocks': uint(14_400n, 0n, 1_300_000n),
  /** Wei a MiB begun of a version's rows. */
  'datanet.depositPerMiB': uint(finney, 0n, ether),
  /**
   * Bytes of rows that validators hold for all versions together, a held parent's counted once. 4 GiB:
   * half of what a node keeps by itself (--rows-quota-mb), which has room for offered rows too.
   */
  'datanet.maxHeldBytes': uint(2n ** 32n, 2n ** 20n, 2n ** 44n),
  /** Share of a batch's tokens in matches of 8 or more with earlier rows that makes it a copy (notes 4.2). */
  'datanet.gateBps': bps(5_000n, 1_000n, 10_001n),
  'datanet.maxVersionBytes': uint(2n ** 28n, 2n ** 20n, 2n ** 33n),
  /** A held version that counts as earlier rows of every datanet, the protocol's prior art; 0: none. */
  'datanet.priorArtVersion': uint(0n, 0n, 2n ** 64n - 1n),
  /** Blocks in which a drawn or doubted receipt is computed again, or lost; draws are known for 8,191. */
  'receipts.answerWindow': uint(300n, 10n, 7_200n),
  'receipts.attestedWindow': uint(7_200n, 10n, 302_400n),
  /** Wei. */
  'receipts.attesterBond': uint(10n * ether, finney, 1_000_000n * ether),
  /** The share of stated receipts that is audited. */
  'receipts.auditBps': bps(1_000n, 100n, 10_000n),
  'receipts.challengeBond': uint(ether / 10n, finney, 1_000n * ether),
  'receipts.commitBond': uint(ether / 10n, finney, 1_000n * ether),
  'receipts.declaredCapBps': bps(2_000n, 0n, 5_000n),
  'receipts.attestedCapBps': bps(6_000n, 0n, 9_000n),
  /** Least sum of an epoch's weights in parts of its fees; the treasury's is what rows do not earn of that. */
  'receipts.backingBps': bps(10_000n, 0n, 10_000n),
  /** Blocks that an epoch of netted answers lasts. */
  'receipts.epochBlocks': uint(7_200n, 2n, 1_300_000n),
  /** What speaks against a row in an epoch, in parts of what speaks as much for it: influence on a head alone. */
  'receipts.lossBps': bps(12_500n, 10_000n, 40_000n),
  /** Wei: most that a receipt whose method is audited may move. */
  'receipts.maxClaim': uint(1_000n * ether, finney, 1_000_000n * ether),
  /** Tenths of a row's marginal value, summed over an epoch, that its weight may be; 0: no cap. */
  'receipts.marginalCapTenths': uint(0n, 0n, 10_000n),
  /** 1: methods that score rows pay by epoch only, never answer by answer. */
  'receipts.netted': uint(0n, 0n, 1n),
  /** Squared distance of int8 vectors within which a row repeats an earlier one (notes 4.3). */
  'receipts.noveltyRadius': uint(1_840n, 0n, 2n ** 31n),
  'receipts.provableWindow': uint(300n, 2n, 302_400n),
  'receipts.voteWindow': uint(300n, 2n, 302_400n),
  'registry.maxPause': uint(302_400n, 1n, 1_300_000n),
  /** The default split; what these four leave is the protocol's. */
  'rewards.dataBps': bps(5_000n, 3_000n, 9_000n),
  'rewards.minDataBps': bps(3_000n, 3_000n, 9_000n),
  'rewards.minProtocolBps': bps(200n, 0n, 1_000n),
  'rewards.minStakersBps': bps(500n, 0n, 2_000n),
  'rewards.modelBps': bps(2_000n, 0n, 6_000n),
  'rewards.providerBps': bps(1_500n, 0n, 6_000n),
  /** Blocks after which an unanswered request can be refunded, when the payer says nothing. */
  'rewards.refundBlocks': uint(1_000n, 1n, 302_400n),
  'rewards.stakersBps': bps(1_000n, 0n, 2_000n),
  treasury: account(BigInt(treasuryAddress)),
} as const satisfies Readonly<Record<string, ParamSpec>>

export type ParamName = keyof typeof paramTable
