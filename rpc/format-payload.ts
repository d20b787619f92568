/** A built block as the Engine API shows one: execution payload, its worth, blobs and requests. */
import type { BuiltBlock, PooledTransaction } from '../execution/index.ts'
import { concat, effectiveGasPrice, toHex } from '../primitives/index.ts'
import { type Json, quantity } from './format.ts'

/** `offered` has the blobs of the transactions that are in the block. */
export function formatPayload(
  { executed, requests }: BuiltBlock,
  offered: readonly PooledTransaction[],
): Json {
  const { block, outcomes } = executed
  const { header, transactions } = block
  const baseFee = header.baseFeePerGas ?? 0n
  const tips = transactions.map(
    (tx, i) => (effectiveGasPrice(tx, baseFee) - baseFee) * (outcomes[i]?.gasUsed ?? 0n),
  )
  const included = new Set(transactions.map(({ hash }) => hash))
  const sidecars = offered.flatMap((tx) => (included.has(tx.hash) && tx.sidecar) || [])
  return {
    executionPayload: {
      parentHash: header.parentHash,
      feeRecipient: header.feeRecipient,
      stateRoot: header.stateRoot,
      receiptsRoot: header.receiptsRoot,
      logsBloom: header.logsBloom,
      prevRandao: header.prevRandao,
      blockNumber: quantity(header.number),
      gasLimit: quantity(header.gasLimit),
      gasUsed: quantity(header.gasUsed),
      timestamp: quantity(header.timestamp),
      extraData: header.extraData,
      baseFeePerGas: quantity(baseFee),
      blockHash: block.hash,
      transactions: transactions.map(({ raw }) => toHex(raw)),
      withdrawals: (block.withdrawals ?? []).map((w) => ({
        index: quantity(w.index),
        validatorIndex: quantity(w.validatorIndex),
        address: w.address,
        amount: quantity(w.amount),
      })),
      blobGasUsed: quantity(header.blobGasUsed ?? 0n),
      excessBlobGas: quantity(header.excessBlobGas ?? 0n),
    },
    blockValue: quantity(tips.reduce((sum, tip) => sum + tip, 0n)),
    blobsBundle: {
      commitments: sidecars.flatMap(({ commitments }) => commitments.map(toHex)),
      proofs: sidecars.flatMap(({ proofs }) => proofs.map(toHex)),
      blobs: sidecars.flatMap(({ blobs }) => blobs.map(toHex)),
    },
    executionRequests: requests
      .filter(({ data }) => data.length > 0)
      .map(({ type, data }) => toHex(concat(Uint8Array.of(type), data))),
    shouldOverrideBuilder: false,
  }
}
