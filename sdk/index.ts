/**
 * The client library: the native modules on a viem client, batches and proofs made and checked on the
 * spot, statements a contributor keeps. Runs in a browser: no node: modules, no file, no key.
 */
export { moduleAbis, moduleAddresses, type ModuleName } from '../attribution/abi.ts'
export { attributionActions, type AttributionActions } from './actions.ts'
export { answerReceipt, makeReceipt, stateAnswer, type StatedAnswer } from './answering.ts'
export { tributaryDevnet } from './chain.ts'
export { fetchBlockLogs, verifyBlockLogs, type BlockLogs } from './block-logs.ts'
export { createChainReader } from './reader.ts'
export { buildVersion, type BuiltVersion } from '../attribution/methods/index.ts'
export { makeStatement, verifyStatement, type Statement } from './statement.ts'
export {
  buildSumTree,
  hashRow,
  isBatchFault,
  isRowFault,
  joinRows,
  makeRow,
  merkleRoot,
  merkleTree,
  parseRow,
  proveLeaf,
  proveSumLeaf,
  readBatch,
  shareAt,
  similarityBps,
  splitByWeight,
  verifyLeaf,
  verifySumProof,
  type Batch,
  type Row,
  type SumLeaf,
} from '../attribution/methods/index.ts'
