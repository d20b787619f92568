/**
 * The native modules' host: how a module is defined, what its handlers may touch, and the codec and
 * storage layout of Solidity they share. Free of any EVM library; execution/evm.ts is where an
 * engine runs modules.
 */
export { type GasMeter } from './gas.ts'
export { historyBlocks } from './history.ts'
export { array, type LayoutOf, layout, mapping, struct } from './layout.ts'
export { createLargeData, maxLargeDataTokens } from './large-data.ts'
export { MissingData } from './missing.ts'
export {
  type CallMessage,
  type Context,
  defineModule,
  type Handlers,
  type ModuleDefinition,
  type ModuleInterface,
  type NativeBlock,
  type NativeModule,
  Paying,
  paying,
  stubCode,
  type Transfer,
} from './module.ts'
export { type Natives } from './run.ts'
export { createMemorySlots, freeSlots, type Slots } from './slots.ts'
