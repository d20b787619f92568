/**
 * The native modules of this node: one line each. A genesis file says which of them its chain has;
 * engine and block 0 are given those. Decides nothing about what a module does.
 */
import {
  type Corpora,
  createDatanet,
  createLineage,
  createReceipts,
  createRegistry,
  datanetGenesis,
  params,
  paramsStorage,
  proofs,
  type ReceiptsPorts,
  rewards,
} from '../attribution/index.ts'
import {
  MissingData,
  type NativeModule,
  type Natives,
  stubCode,
} from '../execution/native/index.ts'
import { type Genesis, type GenesisModule, isReserved } from '../genesis/index.ts'
import { nobleSecp256k1, NodeError } from '../primitives/index.ts'

/** A chain with modules has these two: the others ask them. */
const base = ['registry', 'params']

/** What modules need of the node. */
export type ModulePorts = ReceiptsPorts

const createAll = (ports: ModulePorts): readonly NativeModule[] => [
  createDatanet(ports),
  createLineage(ports),
  createReceipts(ports),
  rewards,
  params,
  proofs,
]

/** What a module's storage begins with, by name. */
const storageOf: Readonly<Record<string, (genesis: Genesis) => ReadonlyMap<bigint, bigint>>> = {
  datanet: ({ tributary }) => datanetGenesis(tributary.validators),
  params: ({ tributary }) => paramsStorage(moduleParams(tributary.params)),
}

/** Consensus has names of its own in the genesis file's parameters (validator/params.ts). */
const moduleParams = (given: Readonly<Record<string, bigint>>): Readonly<Record<string, bigint>> =>
  Object.fromEntries(Object.entries(given).filter(([name]) => !name.startsWith('consensus')))

/** Throws NodeError MODULE_UNKNOWN and MODULE_MISSING. Undefined: a chain without modules. */
export function nativesOf(genesis: Genesis, ports: ModulePorts): Natives | undefined {
  const { modules: wanted } = genesis.tributary
  if (wanted.length === 0) return undefined
  const all = [createRegistry([]), ...createAll(ports)]
  const others = wanted.map((one) => find(all, one)).filter(({ name }) => name !== 'registry')
  const registry = createRegistry(others)
  const names = new Set([...others, registry].map(({ name }) => name))
  for (const name of base)
    if (!names.has(name))
      throw new NodeError('MODULE_MISSING', `a chain with native modules needs ${name} too`, {
        name,
      })
  return { modules: [registry, ...others], pausedBy: registry.address, isReserved }
}

function find(all: readonly NativeModule[], wanted: string): NativeModule {
  const found = all.find(({ name, address }) => name === wanted || address === wanted)
  if (!found)
    throw new NodeError(
      'MODULE_UNKNOWN',
      `this node has no native module ${wanted}: it knows ${all.map(({ name }) => name).join(', ')}`,
      { wanted },
    )
  return found
}

/** The modules' accounts in block 0. Throws as nativesOf does, and for parameters out of bounds. */
export function genesisModules(genesis: Genesis): readonly GenesisModule[] {
  const natives = nativesOf(genesis, { corpora: noCorpora, secp256k1: nobleSecp256k1 })
  return (natives?.modules ?? []).map(({ address, name }) => {
    const storage = storageOf[name]?.(genesis)
    return { address, code: stubCode, ...(storage && { storage }) }
  })
}

/** Of a node that holds no rows: whoever asks for an index waits for a node that does. */
export const noCorpora: Corpora = {
  indexOf({ versionId }) {
    throw new MissingData(`the index of version ${versionId}`, () => {
      throw new NodeError('DATA_MISSING', `this node holds no rows of version ${versionId}`, {})
    })
  },
}
