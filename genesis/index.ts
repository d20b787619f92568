/** Genesis files and named networks, and the block 0 each of them makes. */
export { genesisChanges, genesisCommit, genesisHeader, type GenesisModule } from './block.ts'
export {
  devnetAddresses,
  devnetBalance,
  devnetChainId,
  devnetGenesis,
  devnetMnemonic,
  type DevnetOptions,
} from './devnet.ts'
export { formatGenesis } from './format.ts'
export { networks } from './networks.ts'
export {
  formatGenesisFaults,
  type GenesisCode,
  type GenesisRefusal,
  maxGenesisLength,
  parseGenesis,
} from './parse.ts'
export type {
  Genesis,
  GenesisAccount,
  GenesisConfig,
  GenesisFault,
  GenesisValidator,
  TributarySection,
} from './types.ts'
