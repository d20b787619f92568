/**
 * What the modules' state and logs say, told as whole answers. The node serves them as attr_ methods,
 * the client library computes them from any node's plain Ethereum JSON-RPC.
 */
export {
  assetStates,
  batchStates,
  nameOf,
  paymentStates,
  receiptStates,
  shortText,
  versionStates,
} from './names.ts'
export {
  assetView,
  batchIds,
  batchView,
  datanetView,
  lineageShares,
  maxPage,
  methodView,
  moduleViews,
  versionIds,
  versionView,
} from './objects.ts'
export { auditsView, auditView, type AuditDue } from './audit.ts'
export { epochIds, epochView, requestsOf, type RowPage } from './epoch.ts'
export { certificatesView, gateView, type GateVerdict } from './gate.ts'
export { pendingView, type PendingLeaf } from './pending.ts'
export {
  events,
  read,
  type BlockRange,
  type ChainLog,
  type ChainReader,
  type LogRequest,
} from './reader.ts'
export { leavesView, receiptView, spansView, type LeafView } from './receipt.ts'
export { explainRequest, requestsCredited, type RewardLine } from './reward.ts'
export { earningsView, usageView } from './usage.ts'
