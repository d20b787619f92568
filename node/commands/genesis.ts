/** `tributary genesis validate|print`: says what is wrong with a genesis file, or writes one. */
import { readFile } from 'node:fs/promises'
import {
  formatGenesis,
  formatGenesisFaults,
  type Genesis,
  networks,
  parseGenesis,
} from '../../genesis/index.ts'
import { NodeError } from '../../primitives/index.ts'
import { exitCodes, type ExitCode, type Io } from '../exit.ts'
import { usageError } from '../failure.ts'
import { count } from '../text.ts'

/** Every fault with its path on standard error; one line with the facts when there is none. */
export async function validateGenesis(file: string, io: Io): Promise<ExitCode> {
  const parsed = parseGenesis(await readText(file))
  if (parsed.type !== 'accept') {
    io.err(formatGenesisFaults(parsed.faults))
    io.err(`${file}: ${count(parsed.faults.length, 'fault')}`)
    return exitCodes.refused
  }
  const { config, alloc, tributary } = parsed.value
  const facts = [
    `chain id ${config.chainId.toString()}`,
    count(alloc.size, 'account'),
    count(tributary.validators.length, 'validator'),
  ]
  io.out(`${file}: valid; ${facts.join(', ')}`)
  return exitCodes.ok
}

export async function printGenesis(network: string, io: Io): Promise<ExitCode> {
  io.out(formatGenesis(namedGenesis(network)))
  return exitCodes.ok
}

/** Throws NodeError USAGE for a name nobody gave. */
export function namedGenesis(network: string): Genesis {
  const make = Object.hasOwn(networks, network) ? networks[network] : undefined
  if (make) return make()
  throw usageError(`"${network}" is no network; there is ${Object.keys(networks).join(', ')}`)
}

/** Throws NodeError GENESIS_* with every fault. */
export async function readGenesis(file: string): Promise<Genesis> {
  const parsed = parseGenesis(await readText(file))
  if (parsed.type === 'accept') return parsed.value
  throw new NodeError(
    parsed.code,
    `${file} is no valid genesis:\n${formatGenesisFaults(parsed.faults)}`,
  )
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new NodeError('FILE_UNREADABLE', `cannot read the genesis file: ${reason}`, {}, error)
  }
}
