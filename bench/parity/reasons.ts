/** Why our answer differs from anvil's and is right, by method and difference; the first that fits counts. */
import type { Call } from './calls.ts'
import type { Difference } from './compare.ts'

interface Rule {
  readonly reason: string
  readonly method?: RegExp
  readonly path?: RegExp
  /** Of our own value, as shown. */
  readonly ours?: RegExp
}

const rules: readonly Rule[] = [
  {
    reason:
      'Defect, known: 50 M gas of a tight loop take our EVM longer than the 5 s that geth allows a call, so the time-out answers before the gas is gone (out of gas in geth)',
    ours: /execution aborted/,
  },
  {
    reason:
      'As geth recorded in the execution-apis suite: raw bytes of nothing are 0x, an absent account proves with zero hashes, quantities of odd length are slots, reverts of eth_createAccessList stand in its result, empty rewards are left out',
    method: /getRawTransaction|getProof|createAccessList|feeHistory/,
    path: /result$|codeHash|storageHash|accountProof|^\.error$|reward$/,
  },
  {
    reason:
      'eth_simulateV1 follows the suite (all its visible files pass): the block after the base, base fee 0 without validation, all fields of the fork',
    method: /simulateV1/,
    path: /^\.result\[/,
  },
  {
    reason: 'Erigon answers a header, anvil a whole block',
    method: /erigon_getHeader/,
    path: /size|uncles|transactions|withdrawals$/,
  },
  {
    reason:
      'anvil repeats the base fee of block 0 in block 1; ours follows EIP-1559 from block 0 on, so anvil was started with that of our block 1',
    method: /getBlockByNumber/,
    path: /baseFeePerGas/,
  },
  {
    reason: "Error texts are geth's, to the word; anvil's are its own. The codes agree",
    path: /^\.error\.message$/,
  },
  {
    reason:
      "Error codes are geth's (-32000 for what the chain says, 3 for reverts); anvil has -32001, -32003, -32602 and -32603 for some of them",
    path: /^\.error\.code$/,
  },
  {
    reason: 'geth says null for a block that is not there; anvil refuses',
    ours: /^null$/,
  },
  {
    reason: 'geth says null for a block that is not there; anvil refuses',
    method: /Uncle|BlockTransactionCount|getHeaderBy/,
    path: /^\.error$/,
    ours: /^absent$/,
  },
  {
    reason: 'geth serves the method and so do we; anvil 1.7.1 does not',
    method: /^(eth_getHeaderByNumber|trace_replay|eth_capabilities)/,
  },
  {
    reason:
      'geth refuses what anvil lets pass: numbers with leading zeros or without 0x, unknown durations, tracing of block 0 or of unknown transactions, fee fields that contradict each other',
    path: /^\.(error|result)$/,
    ours: /^(\{"code"|absent)/,
  },
  {
    reason:
      "Finality is instant here: safe and finalized are the head (DESIGN); anvil's stay behind",
    method: /getBlockByNumber/,
    path: /number|logsBloom|gasUsed|transactionsRoot|withdrawalsRoot/,
  },
  {
    reason:
      'The beacon root is ours to choose and random here, not zero, so that EIP-4788 returns something to contracts',
    path: /parentBeaconBlockRoot/,
  },
  {
    reason:
      'Fields that geth does not have any more or puts elsewhere: totalDifficulty, blobGasPrice and blockTimestamp of receipts, the index of a traced log, refund 0',
    path: /totalDifficulty|blobGasPrice|blockTimestamp|logs\[\d+\]\.index|\.refund$/,
  },
  {
    reason:
      "geth's prestateTracer gives codeHash, leaves out accounts that were empty before, and follows it in diffMode; anvil does not",
    method: /debug_trace/,
    path: /codeHash|^\.result\.(pre\.|post\.)?0x[0-9a-f]{40}$/i,
  },
  {
    reason: 'The slot holds a time stamp',
    method: /debug_trace/,
    path: /\.storage\./,
  },
  {
    reason:
      "geth's callTracer shows the transaction's gas limit on the outermost frame, anvil what is left of it after the intrinsic gas; a call without gas gets geth's cap of 50 M here and the block's limit there",
    method: /debug_trace/,
    path: /\.gas$/,
  },
  {
    reason: 'anvil keeps no steps of mined transactions unless it runs with --steps-tracing',
    method: /debug_traceTransaction/,
    path: /structLogs/,
  },
  {
    reason: 'anvil answers {} to a tracer it does not know well (flatCallTracer)',
    method: /debug_traceTransaction/,
    path: /^\.result$/,
  },
  {
    reason:
      "Erigon, whose API this is, leaves the bloom of a list empty, gives no value to static calls and no operation to the transaction's own frame; anvil differs",
    method: /^ots_/,
  },
  {
    reason: "geth's estimator searches to 1.5 % above what is needed, as ours; anvil is exact",
    method: /eth_estimateGas/,
    path: /^\.result$/,
  },
]

export const reasonOf = ({ method }: Call, { path, ours }: Difference): string | undefined =>
  rules.find(
    (rule) =>
      (rule.method?.test(method) ?? true) &&
      (rule.path?.test(path) ?? true) &&
      (rule.ours?.test(ours) ?? true),
  )?.reason
