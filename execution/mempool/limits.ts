/** What the pool holds at most. Every number is a promise about memory. */

export interface MempoolLimits {
  /** Transactions in all. */
  readonly transactions: number
  /** Raw bytes in all; a pooled transaction takes some five times its raw size. */
  readonly bytes: number
  /** Transactions of one sender, executable or waiting behind a gap. */
  readonly perAccount: number
  /** Raw bytes of one transaction. */
  readonly transactionBytes: number
  /** Wei a unit of gas the fee recipient must get at least. */
  readonly minTip: bigint
  /** Whether legacy transactions without chain id are taken (they can be replayed elsewhere). */
  readonly allowUnprotected: boolean
  /** Whether blob transactions are taken. Only where no block is made: nobody could serve the blobs. */
  readonly allowBlobs: boolean
}

/** A devnet is fed by scripts: more room a sender than on a public network (geth: 16 + 64). */
export const defaultMempoolLimits: MempoolLimits = {
  /** Four full blocks of transfers at 30 Mgas, and then some. */
  transactions: 16_384,
  bytes: 64 * 1_048_576,
  perAccount: 1_024,
  /** geth's txMaxSize: four slots of 32 KiB. */
  transactionBytes: 131_072,
  minTip: 1n,
  allowUnprotected: false,
  allowBlobs: false,
}

/** What a blob transaction may have beside it: nine blobs of 128 KiB with their proofs. */
export const maxSidecarBytes = 1_300_000

/** A replacement must offer this much more, in percent, on both fees (geth's pricebump). */
export const replacementBump = 10n
