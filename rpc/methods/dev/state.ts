/** The whole state out and in, in anvil's format. */
import { toHex } from '../../../primitives/index.ts'
import type { MethodTable } from '../../method.ts'
import { bytes, flag, optional, required } from '../../params.ts'
import { devMethod, named } from './dev-method.ts'

export const devState: MethodTable = {
  /** Hex of gzip of JSON. States of earlier blocks are not in it, whatever the flag says. */
  ...named(
    ['anvil_dumpState', 'hardhat_dumpState'],
    devMethod([optional('historicalStates', flag)], async (dev) => toHex(await dev.dumpState())),
  ),
  /** Sets the accounts of a dump beside those that are there, and goes on from its height. */
  ...named(
    ['anvil_loadState', 'hardhat_loadState'],
    devMethod([required('state', bytes)], async (dev, _, dump) => {
      await dev.loadState(dump)
      return true
    }),
  ),
}
