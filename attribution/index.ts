/** The mission's native modules, for the node that hosts them. Kernels are in methods/index.ts, ABIs in abi.ts. */
export { createDatanet, datanetGenesis } from './datanet/index.ts'
export { createLineage } from './lineage/module.ts'
export {
  type BatchSource,
  batchSource,
  isValidator,
  mayAttest,
  versionLimit,
  type VersionSource,
  versionSource,
} from './datanet/source.ts'
export { params, paramsStorage } from './params/module.ts'
export { proofs } from './proofs/module.ts'
export { createReceipts } from './receipts/module.ts'
export type { ReceiptsPorts } from './receipts/commit.ts'
export { createRegistry } from './registry/module.ts'
export { rewards } from './rewards/module.ts'
export type { Corpora } from './span/native.ts'
