/** The EVM: chain rules, transactions and blocks run over a state, and the pool. */
export { type BlobParams, type ChainSpec, type Fork, forks } from './chain-spec.ts'
export type {
  AdmitCode,
  BlockContext,
  BlockTemplate,
  Breathe,
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
export {
  blobBaseFee,
  blobCount,
  type BlockRoom,
  checkStateless,
  checkTransaction,
  floorDataGas,
  gasPerBlob,
  intrinsicGas,
  isDelegation,
  maxCost,
  maxInitCodeBytes,
  maxNonce,
  maxTransactionGas,
  type Payload,
  toChecksum,
  transactionRules,
  type TransactionRules,
} from './transaction-rules.ts'
export { type ChainConfig, createChainSpec, isAtLeast } from './chain-spec.ts'
export { createEngine, type EngineOptions } from './evm.ts'
export { type CallView, prepareView, simulateCall } from './call.ts'
export {
  type AccountOverride,
  applyBlockOverrides,
  applyStateOverrides,
  type BlockOverride,
  type Stage,
  type StateOverride,
} from './overrides.ts'
export { type AccessListResult, findAccessList } from './access-list.ts'
export { type Estimate, estimateGas, type EstimateLimits } from './estimate.ts'
export {
  type BlockDraft,
  type CallDraft,
  maxSimulatedBlocks,
  simulateBlocks,
  type SimulatedBlock,
  type SimulationCode,
} from './simulate.ts'
export { type FrameStart, type FrameType, type Step, type Tracer, wordToAddress } from './tracer.ts'
export { opcodeName } from './opcodes.ts'
export { appearancesIn } from './appearances.ts'
export { type Replayed, replayBlock, type Rerun } from './replay.ts'
export { historyContract } from './native/history.ts'
export { beaconRootsContract } from './process.ts'
export { createChain } from './chain.ts'
export { transactionsRootOf } from './validate.ts'
export { nextBaseFee, nextExcessBlobGas, nextGasLimit, validateHeader } from './header.ts'
export { defaultMempoolLimits, type MempoolLimits } from './mempool/limits.ts'
export { createMempool, type MempoolPorts } from './mempool/pool.ts'
