/** What this door serves: geth's rpc_modules, and the OpenRPC document of every method. */
import { method, type MethodTable } from '../method.ts'
import { openRpcDocument } from '../openrpc.ts'

export const rpc: MethodTable = {
  /** Namespaces with the version geth gives each. */
  rpc_modules: method([], ({ methods }) => {
    const names = Object.keys(methods).map((name) => name.split(/[_.]/)[0])
    return Object.fromEntries([...new Set(names)].map((name) => [name, '1.0']))
  }),
  /** OpenRPC's service discovery method. */
  'rpc.discover': method([], async ({ api, methods }) => {
    const { resultSchemas } = await import('../results/index.ts')
    return openRpcDocument(methods, resultSchemas, api.clientVersion)
  }),
}
