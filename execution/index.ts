/** The EVM: chain rules, transactions and blocks run over a state, and the pool. */
export { type BlobParams, type ChainSpec, type Fork, forks } from './chain-spec.ts'
export type {
  AdmitCode,
  BlockContext,
  BlockTemplate,
  BuiltBlock,
  CallRequest,
  Chain,
  Engine,
  ExecutedBlock,
  InvalidBlockCode,
  InvalidTransactionCode,
  Mempool,
  PooledTransaction,
  TransactionOutcome,
} from './types.ts'
