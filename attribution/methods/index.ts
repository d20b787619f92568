/**
 * Pure kernels of attribution for whoever computes or checks one: the chain's modules, the client
 * library, the factory, a browser. No state, no clock, no disk; the same bytes everywhere.
 */
export {
  hashLeaf,
  merkleRoot,
  merkleTree,
  proveLeaf,
  verifyLeaf,
  type Tree,
} from '../merkle/tree.ts'
export { proveLeaves, verifyLeaves } from '../merkle/multiproof.ts'
export {
  buildSumTree,
  hashSumLeaf,
  proveSumLeaf,
  verifySumProof,
  type SumLeaf,
  type SumPlace,
  type SumTree,
} from '../merkle/sum-tree.ts'
export {
  hashRow,
  isRowFault,
  makeRow,
  maxRowBytes,
  parseRow,
  readRow,
  rowText,
  type Row,
  type RowFault,
} from '../rows/row.ts'
export {
  isBatchFault,
  isRowsFault,
  joinRows,
  maxBatchBytes,
  maxBatchRows,
  readBatch,
  readRows,
  type Batch,
  type BatchFault,
} from '../rows/batch.ts'
export { similarityBps, sketchTexts } from '../rows/sketch.ts'
export { claimNgrams, type NgramClaim } from './ngram-claim.ts'
export { shareAt, splitByWeight } from './split.ts'
export { buildSpanIndex, creditSpans, type Credit, type SpanIndex } from './span.ts'
export { commitIndex, type SpanCommitment } from './span-commitment.ts'
export {
  creditsOf,
  maxAnswerTokens,
  maxWitnessBytes,
  proveSpans,
  type SpanCredit,
  type SpanQuestion,
  verifySpans,
} from './span-proof.ts'
export { encodeCorpus, tokenBounds, tokensOf } from './tokens.ts'
export {
  buildVersion,
  createVersionBuilder,
  type BuiltVersion,
  type VersionFacts,
  type VersionStage,
} from './version.ts'
export { openVersionImage, versionImage, versionImageVersion } from './version-image.ts'
