/**
 * The native modules of this node: one line each. A genesis file says which of them its chain has;
 * engine and block 0 are given those. Decides nothing about what a module does.
 */
import { datanet } from '../attribution/index.ts'
import type { NativeModule, Natives } from '../execution/native/index.ts'
import { type Genesis, type GenesisModule, isReserved } from '../genesis/index.ts'
import { NodeError } from '../primitives/index.ts'

const known: readonly NativeModule[] = [datanet]

/** INVALID: an EVM that does not know the modules fails loudly instead of answering nothing. */
const stubCode = Uint8Array.of(0xfe)

/** Throws NodeError MODULE_UNKNOWN for a module this node does not have. */
export function nativesOf(genesis: Genesis): Natives | undefined {
  const modules = genesis.tributary.modules.map((wanted) => {
    const found = known.find(({ name, address }) => name === wanted || address === wanted)
    if (!found)
      throw new NodeError(
        'MODULE_UNKNOWN',
        `this node has no native module ${wanted}: it knows ${known.map((one) => one.name).join(', ') || 'none'}`,
        { wanted },
      )
    return found
  })
  return modules.length === 0 ? undefined : { modules, isReserved }
}

/** Their accounts in block 0. */
export const genesisModules = (natives: Natives | undefined): readonly GenesisModule[] =>
  (natives?.modules ?? []).map(({ address }) => ({ address, code: stubCode }))
