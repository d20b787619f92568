/** JSON-RPC over HTTP and WebSocket, as geth speaks it. */
export type { DevApi, Wallet } from './dev-api.ts'
export type { NodeApi } from './node-api.ts'
export { revertReason } from './revert.ts'
export { createRpcServer, type RpcServer, type RpcServerOptions } from './server.ts'
