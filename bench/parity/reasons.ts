/**
 * Why our answer is geth's and is right, by method, place and both values; the first that fits counts.
 * A rule fits one kind of difference: what is new has no reason, and the run fails.
 */
import type { Call } from './calls.ts'
import type { Difference } from './compare.ts'
import { errorRules } from './reasons-errors.ts'

export interface Rule {
  /** What geth does, in its own text where it has one. */
  readonly reason: string
  /** Absent: whatever the method. */
  readonly methods?: readonly string[]
  /** Of the parameters' JSON. */
  readonly params?: RegExp
  readonly path?: RegExp
  readonly ours?: RegExp
  readonly anvil?: RegExp
}

const hash = /^"0x[0-9a-f]{64}"$/
/** A branch, extension or leaf in RLP, or the path of them (tries of two depths). */
const trieNode = /^\[?("0x[ef][0-9a-f]{3,}",?)+\]?$/
const account = '0x[0-9a-f]{40}'
const traced = ['debug_traceTransaction', 'debug_traceBlockByNumber', 'debug_traceCall']
const explorers = [
  'ots_getBlockDetails',
  'ots_getBlockTransactions',
  'ots_searchTransactionsBefore',
  'ots_searchTransactionsAfter',
]
const blocks = ['eth_getBlockByNumber', 'erigon_getHeaderByNumber', ...explorers]

/** Fields of blocks and receipts. */
const chainRules: readonly Rule[] = [
  {
    reason:
      'A post-merge header carries the beacon root its producer chose (EIP-4788): ours is keccak256 of the parent’s hash, so that contracts find one; anvil’s is zero',
    methods: blocks,
    path: /\.parentBeaconBlockRoot$/,
    ours: hash,
    anvil: /^"0x0{64}"$/,
  },
  {
    reason: 'geth has no `totalDifficulty` any more (removed with the merge); anvil writes 0x0',
    methods: blocks,
    path: /\.totalDifficulty$/,
    ours: /^absent$/,
    anvil: /^"0x0"$/,
  },
  {
    reason: 'geth gives `blobGasPrice` in receipts of blob transactions only; anvil in all',
    methods: ['eth_getBlockReceipts', 'eth_getTransactionReceipt', ...explorers],
    path: /\.blobGasPrice$/,
    ours: /^absent$/,
    anvil: /^"0x1"$/,
  },
  {
    reason:
      'geth gives `blockTimestamp` in logs and transactions, not in receipts; anvil there too',
    methods: ['eth_getBlockReceipts', 'eth_getTransactionReceipt'],
    path: /^\.result(\[\d+\])?\.blockTimestamp$/,
    ours: /^absent$/,
  },
  {
    reason:
      'EIP-1559 goes on from block 0 here, as in geth; anvil repeats in block 1 what it was started with, so it was started with our block 1’s',
    methods: ['eth_getBlockByNumber'],
    path: /\.baseFeePerGas$/,
    ours: /^"0x3b9aca00"$/,
    anvil: /^"0x342770c0"$/,
  },
  {
    reason:
      'Finality is instant here (DESIGN): safe and finalized are the head, as geth answers when its consensus says so; anvil’s are block 0',
    methods: ['eth_getBlockByNumber'],
    params: /^\["(safe|finalized)"/,
    path: /^\.result\.(number|logsBloom|gasUsed|transactionsRoot|baseFeePerGas|withdrawalsRoot)$/,
  },
  {
    reason: 'Erigon answers a header; anvil a whole block',
    methods: ['erigon_getHeaderByNumber'],
    path: /^\.result\.(size|uncles|transactions|withdrawals)$/,
    ours: /^absent$/,
  },
  {
    reason:
      'Erigon, whose API this is, writes null for blooms and logs in lists (`logsBloom`, `logs`); anvil writes them out',
    methods: explorers,
    path: /\.(logsBloom|logs)$/,
    ours: /^null$/,
  },
]

/** Accounts, fees, simulation. */
const callRules: readonly Rule[] = [
  {
    reason: 'geth answers "0x" for the raw bytes of an unknown transaction (recorded in the suite)',
    methods: ['eth_getRawTransactionByHash'],
    path: /^\.result$/,
    ours: /^"0x"$/,
    anvil: /^null$/,
  },
  {
    reason:
      'geth of an absent account: `codeHash` and `storageHash` are zero (recorded in the suite); anvil has those of an empty account',
    methods: ['eth_getProof'],
    path: /^\.result\.(codeHash|storageHash)$/,
    ours: /^"0x0{64}"$/,
  },
  {
    reason: 'The tries differ: block 0 here holds native modules and predeploys',
    methods: ['eth_getProof'],
    path: /^\.result\.accountProof(\[\d+\])?$/,
    ours: trieNode,
    anvil: trieNode,
  },
  {
    reason: 'geth leaves `reward` out where no percentile was asked for; anvil answers []',
    methods: ['eth_feeHistory'],
    path: /^\.result\.reward$/,
    ours: /^absent$/,
    anvil: /^\[\]$/,
  },
  {
    reason:
      'geth’s estimator stops within 1.5 % of what is needed (estimateGasErrorRatio), and so does ours; anvil is exact',
    methods: ['eth_estimateGas'],
    path: /^\.result$/,
    ours: /^"0x(5cbc|d227)"$/,
    anvil: /^"0x(5b6b|cf0e)"$/,
  },
  {
    reason: 'geth’s first simulated block is the one after the base; anvil’s is the base again',
    methods: ['eth_simulateV1'],
    path: /^\.result\[0\]\.number$/,
    ours: /^"0x14"$/,
    anvil: /^"0x13"$/,
  },
  {
    reason: 'geth: without validation the base fee is 0 (suite); anvil keeps the chain’s',
    methods: ['eth_simulateV1'],
    path: /^\.result\[0\]\.baseFeePerGas$/,
    ours: /^"0x0"$/,
  },
  {
    reason:
      'geth writes all fields of the fork into simulated blocks (suite); anvil leaves these out',
    methods: ['eth_simulateV1'],
    path: /^\.result\[0\]\.(withdrawalsRoot|blobGasUsed|excessBlobGas|parentBeaconBlockRoot|requestsHash|withdrawals)$/,
    anvil: /^absent$/,
  },
  {
    reason:
      'The root of the simulated transactions follows from their nonces and fees, which differ',
    methods: ['eth_simulateV1'],
    path: /^\.result\[0\]\.transactionsRoot$/,
    ours: hash,
    anvil: hash,
  },
]

/** Traces. */
const traceRules: readonly Rule[] = [
  {
    reason:
      'geth’s callTracer shows the transaction’s gas limit on the outermost frame; anvil what is left after the intrinsic gas',
    methods: ['debug_traceTransaction', 'debug_traceBlockByNumber'],
    path: /^\.result(\[\d+\]\.result)?\.gas$/,
    ours: /^"0x1e8480"$/,
  },
  {
    reason: 'A call without gas gets geth’s --rpc.gascap, 50 M, here; the block’s limit in anvil',
    methods: ['debug_traceCall'],
    path: /^\.result(\.structLogs\[\d+\])?\.gas$/,
  },
  {
    reason: 'geth leaves `refund` out where it is 0; anvil writes it',
    methods: ['debug_traceCall'],
    path: /^\.result\.structLogs\[\d+\]\.refund$/,
    ours: /^absent$/,
    anvil: /^0$/,
  },
  {
    reason: 'geth’s callTracer has `position` in logs and no `index`; anvil has both',
    methods: traced,
    path: /\.logs\[\d+\]\.index$/,
    ours: /^absent$/,
  },
  {
    reason: 'geth’s prestateTracer gives `codeHash` beside code; anvil does not',
    methods: ['debug_traceTransaction'],
    path: new RegExp(`^\\.result\\.((pre|post)\\.)?${account}\\.codeHash$`),
    ours: hash,
    anvil: /^absent$/,
  },
  {
    reason:
      'geth’s prestateTracer leaves out accounts that did not exist before (a contract the transaction makes); anvil lists them with balance 0',
    methods: ['debug_traceTransaction'],
    path: new RegExp(`^\\.result\\.${account}$`),
    ours: /^absent$/,
    anvil: /^\{"balance":"0x0"/,
  },
  {
    reason: 'The pair’s slot 0 holds the time of its last block, which the clock decides',
    methods: ['debug_traceTransaction'],
    path: new RegExp(`^\\.result\\.((pre|post)\\.)?${account}\\.storage\\.0x0{64}$`),
  },
  {
    reason:
      'geth traces step by step whenever it is asked; anvil only where it ran with --steps-tracing',
    methods: ['debug_traceTransaction'],
    path: /^\.result\.structLogs$/,
    ours: /^\[\{"pc":0,/,
    anvil: /^\[\]$/,
  },
  {
    reason: 'geth has a flatCallTracer; anvil answers {}',
    methods: ['debug_traceTransaction'],
    path: /^\.result$/,
    ours: /^\[\{"action":/,
    anvil: /^\{\}$/,
  },
  {
    reason: 'Parity and reth answer null where there is no such block or transaction; anvil []',
    methods: ['trace_transaction', 'trace_block'],
    path: /^\.result$/,
    ours: /^null$/,
    anvil: /^\[\]$/,
  },
  {
    reason: 'Erigon gives static calls no value (null); anvil 0x0',
    methods: ['ots_traceTransaction'],
    path: /^\.result\[\d+\]\.value$/,
    ours: /^null$/,
    anvil: /^"0x0"$/,
  },
  {
    reason: 'Erigon traces a deployment as its CREATE; anvil answers nothing',
    methods: ['ots_traceTransaction'],
    path: /^\.result$/,
    ours: /^\[\{"type":"CREATE","depth":0,/,
    anvil: /^\[\]$/,
  },
  {
    reason: 'Erigon’s internal operations begin below the transaction’s own frame; anvil counts it',
    methods: ['ots_getInternalOperations'],
    path: /^\.result$/,
    ours: /^\[\]$/,
    anvil: /^\[\{"type":2,/,
  },
]

const rules: readonly Rule[] = [...errorRules, ...chainRules, ...callRules, ...traceRules]

export const reasonOf = (
  { method, params }: Call,
  { path, ours, anvil }: Difference,
): string | undefined =>
  rules.find(
    (rule) =>
      (rule.methods?.includes(method) ?? true) &&
      (rule.params?.test(JSON.stringify(params)) ?? true) &&
      (rule.path?.test(path) ?? true) &&
      (rule.ours?.test(ours) ?? true) &&
      (rule.anvil?.test(anvil) ?? true),
  )?.reason
