/**
 * The folder of `tributary dev --validators`: genesis, keys, options and ports of a network on one
 * machine, made once and the same at every later start. Starts nothing.
 */
import { access, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:net'
import { dirname, join } from 'node:path'
import { devnetGenesis, formatGenesis } from '../../genesis/index.ts'
import { invariant, silentLogger } from '../../primitives/index.ts'
import { chooseSecp256k1 } from '../crypto.ts'
import { devnetKeys } from '../devnet-keys.ts'
import { usageError } from '../failure.ts'
import type { DevFlags } from '../flags.ts'
import { makeFolder } from '../make-folder.ts'
import { writeValidatorKey } from '../validator/keys.ts'

/** Throws a usage error where the folder holds a network of other options. */
export async function prepareFolder(
  flags: DevFlags,
  count: number,
): Promise<{ readonly root: string; readonly genesisFile: string }> {
  const root = join(flags.datadir, 'validators')
  await makeFolder(root)
  const genesisFile = join(root, 'genesis.json')
  if (!(await exists(genesisFile))) await makeNetwork(flags, root, count, genesisFile)
  const made = await countOf(root)
  if (made !== count)
    throw usageError(`${root} holds a network of ${made} validators; --reset makes one of ${count}`)
  await requireSameOptions(flags, join(root, 'options.json'))
  return { root, genesisFile }
}

async function makeNetwork(
  { balance, chainId, gasLimit, accounts }: DevFlags,
  root: string,
  count: number,
  genesisFile: string,
): Promise<void> {
  const { secp256k1 } = await chooseSecp256k1(silentLogger)
  const validators = []
  for (let index = 0; index < count; index++) {
    const folder = join(root, String(index))
    await makeFolder(folder)
    await rm(join(folder, 'key'), { force: true }) // of a start that did not come to a genesis
    const address = await writeValidatorKey(join(folder, 'key'), secp256k1)
    validators.push({ address, power: 1n, name: `validator ${index}` })
  }
  // Validators pay for their attestations like anybody.
  const addresses = [
    ...devnetKeys.slice(0, accounts),
    ...validators.map(({ address }) => [address] as const),
  ].map(([address]) => address)
  const genesis = devnetGenesis({ addresses, balance, chainId, gasLimit })
  const { tributary } = genesis
  await writeFile(
    genesisFile,
    formatGenesis({ ...genesis, tributary: { ...tributary, validators } }),
  )
}

/**
 * A network keeps the accounts, chain id and gas limit it began with; asking for others is an error, not
 * a silence. What it began with is in a file beside its genesis.
 */
async function requireSameOptions(
  { accounts, balance, chainId, gasLimit }: DevFlags,
  file: string,
): Promise<void> {
  const wanted: Readonly<Record<string, string>> = {
    '--accounts': String(accounts),
    '--balance': String(balance),
    '--chain-id': String(chainId),
    '--gas-limit': String(gasLimit),
  }
  const text = await readFile(file, 'utf8').catch(() => undefined)
  if (text === undefined) return writeFile(file, `${JSON.stringify(wanted, undefined, 2)}\n`)
  const kept = JSON.parse(text) as Readonly<Record<string, string>>
  const changed = Object.keys(wanted).filter((name) => kept[name] !== wanted[name])
  if (changed.length > 0)
    throw usageError(
      `the network kept in ${dirname(file)} began with other values of ${changed.join(', ')}; ` +
        'leave them out as then, or --reset begins a new one',
    )
}

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  )

async function countOf(root: string): Promise<number> {
  let count = 0
  while (await exists(join(root, String(count), 'key'))) count++
  return count
}

const portsFile = (root: string): string => join(root, 'ports.json')

/** Below the ports that systems give to outgoing connections (32,768 on Linux): those come and go. */
const [lowestPort, portsToChooseFrom] = [20_000, 12_000]

/**
 * The ports of the last start, so that an address somebody was given stays true; another one where
 * it is taken now or was never chosen.
 */
export async function choosePorts(root: string, count: number): Promise<readonly number[]> {
  const kept = await keptPorts(root)
  const held = []
  for (let index = 0; index < count; index++) {
    const any = lowestPort + Math.floor(Math.random() * portsToChooseFrom)
    const one = (await hold(kept[index] || any)) ?? (await hold(any)) ?? (await hold(0))
    invariant(one !== undefined, 'the machine has a free port')
    held.push(one)
  }
  for (const { server } of held) await new Promise<void>((end) => server.close(() => end()))
  return held.map(({ port }) => port)
}

/** After a start that went well: one that failed, in a folder in use, changes nothing. */
export async function keepPorts(root: string, ports: readonly number[]): Promise<void> {
  const kept = await keptPorts(root)
  await writeFile(portsFile(root), `${JSON.stringify([...ports, ...kept.slice(ports.length)])}\n`)
}

/** None where there is no such file, or one that is no list of ports. */
async function keptPorts(root: string): Promise<readonly number[]> {
  try {
    const kept: unknown = JSON.parse(await readFile(portsFile(root), 'utf8'))
    return Array.isArray(kept) ? kept.map((port) => (isPort(port) ? port : 0)) : []
  } catch {
    return []
  }
}

const isPort = (value: unknown): value is number =>
  Number.isInteger(value) && Number(value) > 0 && Number(value) < 65_536

/** Undefined: somebody has the port. Held until all are chosen, so that they differ. */
const hold = (port: number) =>
  new Promise<{ readonly server: Server; readonly port: number } | undefined>((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(undefined))
    server.listen(port, '127.0.0.1', () => {
      const address = server.address()
      resolve({ server, port: typeof address === 'object' && address ? address.port : 0 })
    })
  })
