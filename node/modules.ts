/**
 * The native modules of this node: one line each. A genesis file says which of them its chain has;
 * engine and block 0 are given those. Decides nothing about what a module does.
 */
import {
  createRegistry,
  datanet,
  datanetGenesis,
  params,
  paramsStorage,
  proofs,
} from '../attribution/index.ts'
import { type NativeModule, type Natives, stubCode } from '../execution/native/index.ts'
import { type Genesis, type GenesisModule, isReserved } from '../genesis/index.ts'
import { NodeError } from '../primitives/index.ts'

/** A chain with modules has these two: the others ask them. */
const base = ['registry', 'params']

const known: readonly NativeModule[] = [datanet, params, proofs]

/** What a module's storage begins with, by name. */
const storageOf: Readonly<Record<string, (genesis: Genesis) => ReadonlyMap<bigint, bigint>>> = {
  datanet: ({ tributary }) => datanetGenesis(tributary.validators),
  params: ({ tributary }) => paramsStorage(tributary.params),
}

/** Throws NodeError MODULE_UNKNOWN and MODULE_MISSING. Undefined: a chain without modules. */
export function nativesOf(genesis: Genesis): Natives | undefined {
  const { modules: wanted } = genesis.tributary
  if (wanted.length === 0) return undefined
  const others = wanted.map(find).filter(({ name }) => name !== 'registry')
  const registry = createRegistry(others)
  const names = new Set([...others, registry].map(({ name }) => name))
  for (const name of base)
    if (!names.has(name))
      throw new NodeError('MODULE_MISSING', `a chain with native modules needs ${name} too`, {
        name,
      })
  return { modules: [registry, ...others], pausedBy: registry.address, isReserved }
}

function find(wanted: string): NativeModule {
  const all = [createRegistry([]), ...known]
  const found = all.find(({ name, address }) => name === wanted || address === wanted)
  if (!found)
    throw new NodeError(
      'MODULE_UNKNOWN',
      `this node has no native module ${wanted}: it knows ${all.map(({ name }) => name).join(', ')}`,
      { wanted },
    )
  return found
}

/** Their accounts in block 0. */
export const genesisModules = (
  natives: Natives | undefined,
  genesis: Genesis,
): readonly GenesisModule[] =>
  (natives?.modules ?? []).map(({ address, name }) => {
    const storage = storageOf[name]?.(genesis)
    return { address, code: stubCode, ...(storage && { storage }) }
  })
