/** The disk: committed blocks, the state after each of them, and journals above it. */
export { type Blobs, type BlobsOptions, openBlobs } from './blobs.ts'
export {
  checkStore,
  type CheckOptions,
  type CheckProgress,
  type CheckReport,
  type StoreFault,
} from './check.ts'
export type { BlockLogs, PlacedLog } from './block-logs.ts'
export { type DerivedFiles, openDerivedFiles } from './derived-files.ts'
export { applyEdits } from './edits.ts'
export { copyStore } from './copy.ts'
export { storeInfo, type StoreInfo } from './info.ts'
export { type ConsensusLog, lastLoggedHeight, openConsensusLog } from './consensus-log.ts'
export { type FileSystem, nodeFileSystem } from './file-system.ts'
export { createJournal } from './journal.ts'
export { openSignGuard, setGuardAbove, type SignGuard, type Statement } from './sign-guard.ts'
export { openStore, type OpenStore } from './store.ts'
export type {
  AccountEdit,
  AddressIndex,
  Appearance,
  AccountFields,
  AccountProof,
  CommitInput,
  Journal,
  LogQuery,
  ScratchRoots,
  StateSource,
  StateUpdate,
  Store,
  StoredBlock,
  StoreOptions,
  TransactionPlace,
} from './types.ts'
