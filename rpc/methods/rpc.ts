/** rpc_: what this door serves. */
import { method, type MethodTable } from '../method.ts'

export const rpc: MethodTable = {
  /** Namespaces with the version geth gives each. */
  rpc_modules: method([], ({ methods }) => {
    const names = Object.keys(methods).map((name) => name.slice(0, name.indexOf('_')))
    return Object.fromEntries([...new Set(names)].toSorted().map((name) => [name, '1.0']))
  }),
}
