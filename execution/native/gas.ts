/**
 * What a native frame has burnt and may still burn. Charged before the work it pays for, so that a
 * frame which runs out has done nothing unpaid. Prices are the EVM's own from London on; native
 * modules do not exist on earlier forks.
 */

/** Ends a frame: all of its gas is gone, as after any exceptional halt. */
export class OutOfGas extends Error {
  constructor() {
    super('out of gas')
  }
}

export interface GasMeter {
  /** Throws OutOfGas, and then nothing is left. */
  charge(amount: bigint): void
  /** What a call was lent and did not burn. */
  giveBack(amount: bigint): void
  left(): bigint
  used(): bigint
  /** Adds to the transaction's refund counter, or takes back what this transaction added (EIP-3529). */
  refund(amount: bigint): void
  refunded(): bigint
}

export const prices = {
  /** Selector, call-kind checks and the frame itself; below what solc's dispatcher burns. */
  dispatch: 100n,
  /** A word of arguments: copied and checked. Twice CALLDATACOPY's price (notes/modules.md, 4). */
  argumentWord: 6n,
  /** A word of return data: COPY. */
  returnWord: 3n,
  /** EIP-2929. */
  coldSlot: 2_100n,
  warmAccess: 100n,
  coldAccount: 2_600n,
  /** EIP-2200 with EIP-3529's refund. */
  setSlot: 20_000n,
  resetSlot: 2_900n,
  clearRefund: 4_800n,
  /** A write with no more than this left halts (EIP-2200: a transfer's stipend must never write). */
  writeSentry: 2_300n,
  log: 375n,
  logTopic: 375n,
  logByte: 8n,
  keccak: 30n,
  keccakWord: 6n,
  /** CALL with value: Yellow Paper, Gcallvalue, Gnewaccount, Gcallstipend. */
  transferValue: 9_000n,
  newAccount: 25_000n,
  stipend: 2_300n,
} as const

/** `refundBefore`: the counter as the frame finds it, which taking back may not go below zero. */
export function createGasMeter(limit: bigint, refundBefore: bigint): GasMeter {
  let left = limit
  let refunded = refundBefore
  return {
    charge(amount) {
      if (amount > left) {
        left = 0n
        throw new OutOfGas()
      }
      left -= amount
    },
    giveBack: (amount) => void (left += amount),
    left: () => left,
    used: () => limit - left,
    refund: (amount) => void (refunded += amount),
    refunded: () => refunded,
  }
}

export const words = (bytes: number): bigint => BigInt(Math.ceil(bytes / 32))

export const keccakGas = (bytes: number): bigint => prices.keccak + prices.keccakWord * words(bytes)
