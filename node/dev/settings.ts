/**
 * What the owner of a devnet has set for the blocks to come: time, base fee, prevRandao, fee
 * recipient, gas limit. One plain value replaced as a whole, so that a snapshot is a reference to it.
 * Reads the clock, moves no block.
 */
import type { ExecutedBlock } from '../../execution/index.ts'
import type { Address, Block, Clock, Hex } from '../../primitives/index.ts'
import type { Wishes } from '../template.ts'

export interface Settings {
  /** Seconds the chain's time runs ahead of the clock. */
  readonly offsetS: bigint
  /** Seconds between blocks; undefined: as the clock has it. */
  readonly intervalS?: bigint | undefined
  readonly feeRecipient?: Address | undefined
  /** Wei a unit of gas below which the pool takes nothing. */
  readonly minGasPrice?: bigint
  /** Instead of the genesis's. */
  readonly chainId?: bigint
  /** Of the next block only. */
  readonly next: {
    readonly timestamp?: bigint
    readonly baseFeePerGas?: bigint
    readonly prevRandao?: Hex
    /** Later blocks take their parent's. */
    readonly gasLimit?: bigint
  }
}

export interface SettingsStore {
  get(): Settings
  set(change: Partial<Settings>): void
  /** What `get` gave once: what has been set since is gone. */
  restore(before: Settings): void
  /** Adds to what is set for the next block. */
  setNext(change: Settings['next']): void
  /** Seconds since the Unix epoch, on the chain's clock. */
  nowS(): bigint
  /** From now on the chain's clock says `timestamp`. */
  setNowS(timestamp: bigint): void
  wishesAfter(parent: Block): Wishes
  /** A block was made: what was for it alone is done with, and time goes on from there. */
  onBlock(executed: ExecutedBlock): void
}

/** A chain whose head is ahead of the clock (time travel before a restart) goes on from its head. */
export function createSettings(clock: Clock, headTimestamp: bigint): SettingsStore {
  const clockS = (): bigint => BigInt(Math.floor(clock.nowMs() / 1000))
  let settings: Settings = { offsetS: larger(0n, headTimestamp - clockS()), next: {} }
  const set = (change: Partial<Settings>): void => {
    settings = { ...settings, ...change }
  }
  const nowS = (): bigint => clockS() + settings.offsetS
  const timestampAfter = ({ header }: Block): bigint => {
    const { next, intervalS } = settings
    const earliest = header.timestamp + 1n
    if (next.timestamp !== undefined) return larger(next.timestamp, earliest)
    return larger(intervalS === undefined ? nowS() : header.timestamp + intervalS, earliest)
  }
  return {
    get: () => settings,
    set,
    restore: (before) => void (settings = before),
    setNext: (change) => set({ next: { ...settings.next, ...change } }),
    nowS,
    setNowS: (timestamp) => set({ offsetS: timestamp - clockS() }),
    wishesAfter: (parent) => ({
      ...settings.next,
      timestamp: timestampAfter(parent),
      ...(settings.feeRecipient !== undefined && { feeRecipient: settings.feeRecipient }),
    }),
    onBlock: ({ block: { header } }) => {
      const wasSaid = settings.next.timestamp !== undefined || settings.intervalS !== undefined
      set({ next: {}, ...(wasSaid && { offsetS: header.timestamp - clockS() }) })
    },
  }
}

const larger = (a: bigint, b: bigint): bigint => (a > b ? a : b)
