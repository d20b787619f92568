/** Genesis files and named networks, and the block 0 each of them makes. */
export { genesisChanges, genesisCommit, type GenesisModule } from './block.ts'
export { devnetAddresses, devnetGenesis } from './devnet.ts'
export { formatGenesis } from './format.ts'
export { networks } from './networks.ts'
export { formatGenesisFaults, maxGenesisLength, parseGenesis } from './parse.ts'
export { isReserved } from './schema.ts'
export type { Genesis, GenesisAccount } from './types.ts'
