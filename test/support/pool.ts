/** A pool over a chain in memory, and what goes into it: for tests of the mempool. */
import {
  createMempool,
  type Mempool,
  type MempoolLimits,
  type PooledTransaction,
} from '../../execution/index.ts'
import { nobleSecp256k1, type Secp256k1 } from '../../primitives/index.ts'
import { signBy, transfer, type ChainParts } from './chain.ts'

/** noble takes 2 ms a recovery, and the laws offer the same transactions again and again. */
export const recovered = new Map<bigint, Uint8Array | undefined>()
export const secp256k1: Secp256k1 = {
  ...nobleSecp256k1,
  recover(hash, signature) {
    const known = recovered.get(signature.r * signature.s)
    if (known) return known
    const key = nobleSecp256k1.recover(hash, signature)
    recovered.set(signature.r * signature.s, key)
    return key
  },
}
export const poolOver = ({ chain }: ChainParts, limits: Partial<MempoolLimits> = {}): Mempool =>
  createMempool({
    chain,
    secp256k1,
    blockGasLimit: () => chain.head().header.gasLimit,
    limits,
  })
export const add = (
  pool: Mempool,
  i: number,
  nonce: bigint,
  changes: Parameters<typeof transfer>[1] = {},
) => pool.add(signBy(i, transfer(nonce, changes)).raw)
export const tips = (tip: bigint) => ({ maxPriorityFeePerGas: tip })
export const noncesOf = (txs: readonly PooledTransaction[] | undefined) =>
  txs?.map(({ nonce }) => nonce)
