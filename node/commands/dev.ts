/**
 * `tributary dev`: a devnet for one developer. Answers first, prints then: the banner waits for
 * nothing that a wallet waits for. Refuses to show its keys to a network.
 */
import { rm, writeFile } from 'node:fs/promises'
import type { ExecutedBlock } from '../../execution/index.ts'
import { devnetGenesis } from '../../genesis/index.ts'
import type { Address } from '../../primitives/index.ts'
import { devBanner, type DevFacts, devJson, stopLine } from '../banner.ts'
import type { DemoFacts } from '../demo/demo.ts'
import { type Key, keysOf } from '../dev/keys.ts'
import { loadStateFile, saveStateFile } from '../dev/state-file.ts'
import { devnetMnemonic } from '../devnet-keys.ts'
import { exitCodes, type ExitCode, type Io } from '../exit.ts'
import { usageError } from '../failure.ts'
import type { DevFlags } from '../flags.ts'
import { chainFolder } from '../folders.ts'
import { createLifecycle } from '../lifecycle.ts'
import { createLoggers, type Loggers } from '../logger.ts'
import { requireWritableFile, unwritableFile } from '../make-folder.ts'
import { createNode, type NodeUrls, type TributaryNode } from '../node.ts'
import { blockJsonLines, blockLines } from '../report.ts'
import type { Sealing } from '../beat.ts'
import { devClientVersion, packageVersion, systemClock } from '../system.ts'
import { isLoopback } from '../loopback.ts'
import { requireStopped } from '../stopped-chain.ts'
import { restoreSnapshot } from '../dev/named-snapshots.ts'
import { keepStatesOf, levelsOf, mebibytes, metricsOf } from './common.ts'

/** Priority fees of a devnet go where nobody waits for them. */
const nobody: Address = `0x${'00'.repeat(20)}`

export async function dev(flags: DevFlags, io: Io): Promise<ExitCode> {
  refuseContradictions(flags)
  for (const file of [flags.configOut, flags.state])
    if (file !== undefined) await requireWritableFile(file)
  const logs = await createLoggers({
    levels: levelsOf(flags, flags.silent ? 'silent' : 'warn'),
    isPretty: io.isTerminal,
  })
  const lifecycle = createLifecycle(logs.of('node'), process)
  const keys = await keysOf(flags.accounts, flags.mnemonic)
  const datadir = flags.ephemeral ? undefined : flags.datadir
  if (flags.reset && datadir !== undefined) await deleteChain(datadir)
  if (flags.snapshot !== undefined && datadir !== undefined)
    await restoreSnapshot(datadir, flags.snapshot)
  const screen = createScreen(flags, io)
  const node = await startable(flags, keys, datadir, { logs, screen, onFault: lifecycle.fail })
  if (playsDemo(flags, node) && !flags.json && !flags.silent)
    io.err('Playing the demo: rows, models and paid answers ...')
  const facts = await announce(flags, keys, datadir, node).catch(async (error: unknown) => {
    await node.stop()
    throw error
  })
  if (flags.json) io.out(devJson(facts))
  else if (!flags.silent) io.out(devBanner(facts))
  node.chain.onCommit((executed) => screen.block(executed))
  const exitCode = await lifecycle.run(() => stop(flags, node))
  if (exitCode === exitCodes.ok && !flags.json && !flags.silent)
    io.out(stopLine(node.chain.head().header.number, datadir))
  return exitCode
}

async function stop({ state }: DevFlags, node: TributaryNode): Promise<void> {
  try {
    if (state !== undefined) await saveStateFile(state, node.provider)
  } finally {
    await node.stop()
  }
}

/** Starts the node and writes --config-out, so that a script which sees the banner finds the file. */
async function announce(
  flags: DevFlags,
  keys: readonly Key[],
  datadir: string | undefined,
  node: TributaryNode,
): Promise<DevFacts> {
  if (flags.state !== undefined) await loadStateFile(flags.state, node.provider)
  const urls = await node.start()
  const demo = await demoOf(flags, keys, node, urls.httpUrl)
  const facts = { ...factsOf(flags, keys, datadir, node, urls), ...(demo && { demo }) }
  const { configOut } = flags
  if (configOut !== undefined)
    await writeFile(configOut, `${devJson(facts)}\n`, { mode: 0o600 }).catch((error: unknown) => {
      throw unwritableFile(configOut, error)
    })
  return facts
}

const nowS = (): number => Math.floor(systemClock.nowMs() / 1000)

const playsDemo = ({ seedDemo, bare }: DevFlags, { chain }: TributaryNode): boolean =>
  seedDemo === true && !bare && chain.head().header.number === 0n

/** Plays the demo on a chain that is still empty; one that was kept has it already, and it is told again. */
async function demoOf(
  flags: DevFlags,
  keys: readonly Key[],
  node: TributaryNode,
  httpUrl: string,
): Promise<DemoFacts | undefined> {
  if (!flags.seedDemo || flags.bare) return undefined
  const { findDemo, playDemo } = await import('../demo/demo.ts')
  const privateKeys = keys.map(([, privateKey]) => privateKey)
  if (!playsDemo(flags, node)) return findDemo(httpUrl, privateKeys)
  return playDemo(httpUrl, privateKeys, { isAutomine: sealingOf(flags).type === 'automine', nowS })
}

function refuseContradictions(flags: DevFlags): void {
  if (!isLoopback(flags.host) && !flags.iKnowThisIsPublic)
    throw usageError(
      `--host ${flags.host} lets others in, and the keys of these accounts are known to everybody: ` +
        'they could spend and change everything. If that is meant, add --i-know-this-is-public',
    )
  if (flags.fullNodes > 0 || flags.killRandom !== undefined || flags.partition !== undefined)
    throw usageError(
      '--full-nodes, --kill-random and --partition are of a network; add --validators N',
    )
  if (flags.mixed && flags.blockTime === undefined)
    throw usageError('--mixed needs --block-time: it adds instant blocks to the beat')
  if (!flags.mining && flags.blockTime !== undefined)
    throw usageError('--no-mining and --block-time contradict each other; leave one out')
  if (flags.ephemeral && flags.reset)
    throw usageError('--ephemeral keeps nothing that --reset could delete; leave one out')
  if (flags.snapshot !== undefined && (flags.ephemeral || flags.reset))
    throw usageError(
      '--snapshot begins with a chain that was kept; leave --ephemeral and --reset out',
    )
  if (flags.json && flags.silent)
    throw usageError('--json prints and --silent does not; leave one out')
}

function sealingOf({ mining, blockTime, mixed }: DevFlags): Sealing {
  if (!mining) return { type: 'manual' }
  if (blockTime === undefined) return { type: 'automine' }
  return { type: mixed ? 'mixed' : 'interval', blockTimeMs: blockTime }
}

/** Deletes the chain and nothing else, and only when no running node holds it. */
async function deleteChain(datadir: string): Promise<void> {
  const path = chainFolder(datadir)
  await requireStopped(path)
  await rm(path, { recursive: true, force: true })
}

interface DevPorts {
  readonly logs: Loggers
  readonly screen: Screen
  readonly onFault: (error: unknown) => void
}

/** What goes by while the devnet runs; anvil_setLoggingEnabled turns it off and on. */
interface Screen {
  block(executed: ExecutedBlock): void
  console(text: string): void
  setOn(isOn: boolean): void
}

function createScreen({ json, silent }: DevFlags, io: Io): Screen {
  let isOn = json === true || !silent
  const linesOf = json ? blockJsonLines : blockLines
  return {
    block: (executed) => {
      if (isOn) io.out(linesOf(executed).join('\n'))
    },
    console: (text) => {
      if (isOn) io.out(json ? JSON.stringify({ type: 'console', text }) : `  console.log  ${text}`)
    },
    setOn: (wanted) => void (isOn = wanted),
  }
}

const startable = (
  flags: DevFlags,
  keys: readonly Key[],
  datadir: string | undefined,
  { logs, screen, onFault }: DevPorts,
): Promise<TributaryNode> => {
  const addresses = keys.map(([address]) => address)
  const { balance, chainId, gasLimit } = flags
  return createNode(
    {
      genesis: devnetGenesis({ addresses, balance, chainId, gasLimit }),
      datadir,
      cacheBytes: mebibytes(flags.cacheMb),
      keepStates: keepStatesOf(flags),
      addressIndex: flags.addressIndex,
      sealing: sealingOf(flags),
      feeRecipient: nobody,
      host: flags.host,
      port: flags.port,
      allowedHosts: flags.allowHost,
      ...metricsOf(flags),
      clientVersion: devClientVersion(packageVersion()),
      dev: {
        privateKeys: keys.map(([, privateKey]) => privateKey),
        onConsole: (text) => screen.console(text),
        onLogging: (isOn) => screen.setOn(isOn),
      },
    },
    { clock: systemClock, logs, onFault },
  )
}

function factsOf(
  flags: DevFlags,
  keys: readonly Key[],
  datadir: string | undefined,
  node: TributaryNode,
  urls: NodeUrls,
): DevFacts {
  const { chain } = node
  const head = chain.head()
  const state = chain.stateAt(head.header.number)
  return {
    ...urls,
    version: packageVersion(),
    accounts: keys.map(([address, privateKey]) => ({
      address,
      privateKey,
      balance: state.account(address)?.balance ?? 0n,
    })),
    mnemonic: flags.mnemonic ?? devnetMnemonic,
    chainId: flags.chainId,
    genesisHash: chain.store.blockByNumber(0n)?.block.hash ?? head.hash,
    head: head.header.number,
    gasLimit: head.header.gasLimit,
    baseFee: node.nextBaseFee(),
    sealing: sealingOf(flags),
    datadir,
  }
}
