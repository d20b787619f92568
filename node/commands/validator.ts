/** `tributary validator keygen|guard`: makes a key, and sets the double-sign guard by hand. Prints no key. */
import { genesisCommit } from '../../genesis/index.ts'
import { silentLogger } from '../../primitives/index.ts'
import { nodeFileSystem, openStore, setGuardAbove } from '../../state/index.ts'
import { join } from 'node:path'
import { chooseSecp256k1 } from '../crypto.ts'
import { exitCodes, type ExitCode, type Io } from '../exit.ts'
import type { GuardFlags } from '../flags.ts'
import { chainFolder, validatorFolder } from '../folders.ts'
import { genesisModules } from '../modules.ts'
import { requireStopped } from '../stopped-chain.ts'
import { readValidatorKey, writeValidatorKey } from '../validator/keys.ts'
import { readGenesis } from './genesis.ts'

export async function generateKey(file: string, io: Io): Promise<ExitCode> {
  const { secp256k1 } = await chooseSecp256k1(silentLogger)
  const address = await writeValidatorKey(file, secp256k1)
  io.out(address)
  io.err(`The key is in ${file}. Name the address in tributary.validators of the genesis file.`)
  return exitCodes.ok
}

/** Throws NodeError DB_LOCKED (a running node writes its own guard over this one), GUARD_LOWERED, KEY_*, GENESIS_*. */
export async function raiseGuard(flags: GuardFlags, io: Io): Promise<ExitCode> {
  await requireStopped(chainFolder(flags.datadir))
  const { secp256k1 } = await chooseSecp256k1(silentLogger)
  const { address } = await readValidatorKey(flags.validatorKey, secp256k1)
  const genesis = await readGenesis(flags.genesis)
  const memory = await openStore({ cacheBytes: 2 ** 20, keepStates: 1 })
  const { block } = genesisCommit(genesis, memory, genesisModules(genesis))
  await memory.close()
  const path = join(validatorFolder(flags.datadir), 'guard')
  setGuardAbove({ path, genesisHash: block.hash, address }, flags.above, nodeFileSystem)
  io.out(`${path}: ${address} signs only above height ${flags.above}`)
  return exitCodes.ok
}
