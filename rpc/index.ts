/** JSON-RPC over HTTP and WebSocket, as geth speaks it. */
export type { DevApi, DevBlocks, DevTime, Wallet } from './dev-api.ts'
export type { AdminApi, ConsensusApi, NextBlock, NodeApi } from './node-api.ts'
export type { Provider } from './provider.ts'
export { moduleFunction, reasonOf } from './module-words.ts'
export type { RowsApi, StoredBatch } from './rows-api.ts'
export { createRpcServer, type RpcServer, type RpcServerOptions } from './server.ts'
