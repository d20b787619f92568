/** How much the mempool holds, and what it asks of a transaction: options with their reasons. */

export interface MempoolLimits {
  /** Of one transaction's bytes. */
  readonly transactionBytes: number
  /** Transactions of all senders, waiting ones included. */
  readonly transactions: number
  /** Raw bytes of all of them. */
  readonly bytes: number
  /** Transactions of one sender that stand without a gap. */
  readonly accountPending: number
  /** Transactions of one sender behind a nonce gap. */
  readonly accountQueued: number
  /** Transactions behind a nonce gap, of all senders. */
  readonly queued: number
  /** Both fees of a replacement must be higher by so many percent. */
  readonly replacementPercent: bigint
  /** Wei per gas that the tip cap must reach. */
  readonly minTip: bigint
  /** Whether legacy transactions without chain id are taken (valid on any chain). */
  readonly allowUnprotected: boolean
}

export const defaultMempoolLimits: MempoolLimits = {
  /** 128 KiB, geth's txMaxSize: room for two contracts of the largest size. */
  transactionBytes: 131_072,
  /** Twelve times geth's 5,120: a devnet takes load tests whole; about 100 MB as objects. */
  transactions: 65_536,
  /** 64 MiB: eight blocks at the largest block size (EIP-7934). */
  bytes: 67_108_864,
  /** One script that sends 10,000 in a row before the next block; a quarter of the pool. */
  accountPending: 16_384,
  /** geth holds 64; parallel connections shuffle a burst by some hundreds. */
  accountQueued: 1_024,
  /** A quarter of the pool: what cannot run must not crowd out what can. */
  queued: 16_384,
  /** geth's pricebump. */
  replacementPercent: 10n,
  /** Free tips are welcome where the operator says nothing. */
  minTip: 0n,
  allowUnprotected: false,
}
