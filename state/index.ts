/** The disk: committed blocks, the state after each of them, and journals above it. */
export { createJournal } from './journal.ts'
export { openStore, type OpenStore } from './store.ts'
export type {
  AccountFields,
  AccountProof,
  CommitInput,
  Journal,
  LogQuery,
  StateSource,
  StateUpdate,
  Store,
  StoredBlock,
  StoreOptions,
} from './types.ts'
