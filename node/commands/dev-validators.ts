/**
 * `tributary dev --validators N`: a network of validators on one machine, each its own process, folder,
 * key and RPC. Makes genesis and keys on the first start, starts a validator again when it dies, and
 * can kill and part them for show. Holds no chain itself.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { access, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { devnetGenesis, formatGenesis } from '../../genesis/index.ts'
import { NodeError, silentLogger } from '../../primitives/index.ts'
import { chooseSecp256k1 } from '../crypto.ts'
import { devnetKeys } from '../devnet-keys.ts'
import { exitCodes, type ExitCode, type Io } from '../exit.ts'
import { usageError } from '../failure.ts'
import type { DevFlags } from '../flags.ts'
import { createLifecycle } from '../lifecycle.ts'
import { createLoggers } from '../logger.ts'
import { makeFolder } from '../make-folder.ts'
import { peerIdOfKey } from '../../p2p/index.ts'
import { networkFolder } from '../folders.ts'
import { writeValidatorKey } from '../validator/keys.ts'
import { readNodeKey } from '../validator/node-key.ts'
import type { ChildNews, ParentOrder } from '../validator/supervised.ts'
import { levelsOf } from './common.ts'

interface Member {
  readonly index: number
  readonly folder: string
  /** Undefined: a full node. */
  readonly keyFile: string | undefined
  readonly peerId: string
  readonly p2pPort: number
  readonly rpcPort: number
  child: ChildProcess | undefined
  httpUrl: string
  metricsUrl: string | undefined
  head: number
}

interface Network {
  readonly flags: DevFlags
  readonly io: Io
  readonly genesisFile: string
  readonly members: readonly Member[]
  /** Height that was told last, and how many have it. */
  told: number
  isStopping: boolean
}

/** A validator that dies at once is not started again in a tight loop. */
const restartMs = 500
/** Of each process, in MiB. */
const memberCacheMb = 64
/** Children end by themselves within their own limit; then they are killed. */
const stopLimitMs = 8_000

export async function devValidators(flags: DevFlags, count: number, io: Io): Promise<ExitCode> {
  refuseContradictions(flags)
  const logs = await createLoggers({ levels: levelsOf(flags, 'warn'), isPretty: io.isTerminal })
  const lifecycle = createLifecycle(logs.of('node'), process)
  if (flags.reset) await rm(join(flags.datadir, 'validators'), { recursive: true, force: true })
  const network = await prepare(flags, count, io)
  const ready = network.members.map((member) => startMember(network, member))
  await Promise.all(ready).catch(async (error: unknown) => {
    await stopAll(network)
    throw error
  })
  network.told = Math.max(...network.members.map(({ head }) => head))
  if (!flags.silent) io.out(flags.json ? readyJson(network) : banner(network))
  const ends = [demoKills(network), demoPartitions(network)]
  const exitCode = await lifecycle.run(() => stopAll(network))
  for (const end of ends) end()
  if (exitCode === exitCodes.ok && !flags.json && !flags.silent)
    io.out(`Stopped at block ${network.told}; the validators are kept in ${flags.datadir}`)
  return exitCode
}

function refuseContradictions(flags: DevFlags): void {
  if (flags.snapshot !== undefined)
    throw usageError('--snapshot is of one node; validators have a chain each, leave it out')
  if (flags.ephemeral)
    throw usageError('--validators keep their votes on disk; leave out --ephemeral')
  if (flags.blockTime !== undefined || flags.mixed || !flags.mining)
    throw usageError(
      'validators make a block a second; leave out --block-time, --mixed, --no-mining',
    )
  if (flags.configOut !== undefined)
    throw usageError('--config-out is for one node; --json prints the URLs of all validators')
}

/** Folders, keys and genesis: made once, the same at every later start. */
async function prepare(flags: DevFlags, count: number, io: Io): Promise<Network> {
  const root = join(flags.datadir, 'validators')
  await makeFolder(root)
  const genesisFile = join(root, 'genesis.json')
  if (!(await exists(genesisFile))) await makeNetwork(flags, root, count, genesisFile)
  const made = await countOf(root)
  if (made !== count)
    throw usageError(`${root} holds a network of ${made} validators; --reset makes one of ${count}`)
  await requireSameOptions(flags, join(root, 'options.json'))
  const ports = await freePorts(count + flags.fullNodes)
  const members = await Promise.all(
    ports.map(async (p2pPort, index) => {
      const folder = join(root, String(index))
      await makeFolder(folder)
      return {
        index,
        folder,
        keyFile: index < count ? join(folder, 'key') : undefined,
        peerId: await peerIdOfKey(await readNodeKey(networkFolder(folder))),
        p2pPort,
        rpcPort: flags.port === 0 ? 0 : flags.port + index,
        child: undefined,
        httpUrl: '',
        metricsUrl: undefined,
        head: 0,
      }
    }),
  )
  return { flags, io, genesisFile, members, told: 0, isStopping: false }
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

/** Ports that are free now; held all at once, so that they differ. */
async function freePorts(count: number): Promise<readonly number[]> {
  const servers = Array.from({ length: count }, () => createServer())
  const ports = await Promise.all(
    servers.map(
      (server) =>
        new Promise<number>((resolve, refuse) => {
          server.once('error', refuse)
          server.listen(0, '127.0.0.1', () => {
            const address = server.address()
            resolve(typeof address === 'object' && address ? address.port : 0)
          })
        }),
    ),
  )
  await Promise.all(
    servers.map((server) => new Promise<void>((resolve) => server.close(() => resolve()))),
  )
  return ports
}

/** Each line is an option and its value, or several of the same. */
function argumentsOf({ flags, genesisFile, members }: Network, member: Member): string[] {
  const options: (readonly [string, string | number])[] = [
    ['--genesis', genesisFile],
    ['--datadir', member.folder],
    ['--p2p-host', '127.0.0.1'],
    ['--p2p-port', member.p2pPort],
    ['--host', flags.host],
    ['--port', member.rpcPort],
    ['--log-level', flags.logLevel ?? 'warn'],
    ['--cache-mb', memberCacheMb],
  ]
  const { metricsPort, metricsHost } = flags
  if (metricsPort !== undefined)
    options.push(
      ['--metrics-port', metricsPort === 0 ? 0 : metricsPort + member.index],
      ['--metrics-host', metricsHost],
    )
  if (member.keyFile !== undefined) options.push(['--validator-key', member.keyFile])
  for (const { p2pPort, peerId } of members) {
    if (peerId === member.peerId) continue
    options.push(['--peer', `/ip4/127.0.0.1/tcp/${p2pPort}/p2p/${peerId}`])
  }
  return ['run', ...options.flatMap(([name, value]) => [name, String(value)])]
}

/** Resolves when it answers; from then on it is started again whenever it dies. */
function startMember(network: Network, member: Member): Promise<void> {
  const child = fork(process.argv[1] ?? '', argumentsOf(network, member), {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  member.child = child
  return new Promise((resolve, refuse) => {
    child.on('message', (news: ChildNews) => {
      if (news.type === 'ready') {
        member.httpUrl = news.httpUrl
        member.metricsUrl = news.metricsUrl
        member.head = news.head
        resolve()
      } else onBlock(network, member, news)
    })
    child.on('error', refuse)
    child.on('exit', (code, signal) => {
      member.child = undefined
      if (network.isStopping) return
      if (code !== null && code !== 0 && code !== exitCodes.bug) {
        // Its own sentence stands above.
        refuse(new NodeError('VALIDATOR_REFUSED', `${nameOf(member)} could not start; it says why`))
        return
      }
      refuse(new Error(`${nameOf(member)} ended with ${signal ?? String(code)}`))
      tell(network, `${nameOf(member)} is down (${signal ?? String(code)}), starting again`)
      void restart(network, member)
    })
  })
}

async function restart(network: Network, member: Member): Promise<void> {
  await sleep(restartMs)
  if (!network.isStopping) await startMember(network, member).catch(() => undefined) // again, on exit
}

function onBlock(network: Network, member: Member, news: ChildNews & { type: 'block' }): void {
  member.head = news.height
  if (news.height <= network.told) return
  network.told = news.height
  const { flags, io } = network
  if (flags.json) io.out(JSON.stringify(news))
  else if (!flags.silent)
    io.out(`block ${news.height}  ${news.hash}  ${news.transactions} transactions`)
}

const tell = ({ flags, io }: Network, sentence: string): void => {
  if (!flags.silent) io.out(flags.json ? JSON.stringify({ type: 'event', sentence }) : sentence)
}

/** SIGKILL of one after the other, in turn by the clock of the show. */
function demoKills(network: Network): () => void {
  const { killRandom } = network.flags
  if (killRandom === undefined) return () => undefined
  const timer = setInterval(() => {
    const up = network.members.filter(({ child }) => child !== undefined)
    const victim = up[Math.floor(Math.random() * up.length)]
    if (victim) tell(network, `killing ${nameOf(victim)}`)
    victim?.child?.kill('SIGKILL')
  }, killRandom)
  return () => clearInterval(timer)
}

/** Cuts the network in two halves at random, and joins them after half the time. */
function demoPartitions(network: Network): () => void {
  const { partition } = network.flags
  if (partition === undefined) return () => undefined
  const timer = setInterval(() => {
    const isLeft = network.members.map(() => Math.random() < 0.5)
    const names = (side: boolean): string =>
      network.members.flatMap(({ index }) => (isLeft[index] === side ? [index] : [])).join(' ')
    tell(network, `parting validators ${names(true)} | ${names(false)}`)
    order(network, ({ index }, other) => isLeft[index] !== isLeft[other.index])
    setTimeout(() => {
      tell(network, 'joining all validators')
      order(network, () => false)
    }, partition / 2).unref()
  }, partition)
  return () => clearInterval(timer)
}

function order(network: Network, isCut: (one: Member, other: Member) => boolean): void {
  for (const member of network.members) {
    const peerIds = network.members
      .filter((other) => other !== member && isCut(member, other))
      .map(({ peerId }) => peerId)
    const message: ParentOrder = { type: 'cut', peerIds }
    if (member.child?.connected) member.child.send(message)
  }
}

async function stopAll(network: Network): Promise<void> {
  network.isStopping = true
  await Promise.all(
    network.members.map(async ({ child }) => {
      if (!child) return
      const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
      child.kill('SIGTERM')
      const timer = setTimeout(() => child.kill('SIGKILL'), stopLimitMs)
      await ended
      clearTimeout(timer)
    }),
  )
}

const isValidator = ({ keyFile }: Member): boolean => keyFile !== undefined

const nameOf = (member: Member): string =>
  `${isValidator(member) ? 'Validator' : 'Full node'} ${member.index}`

const factsOf = ({ index, httpUrl, metricsUrl, head, folder, child }: Member) => ({
  index,
  httpUrl,
  ...(metricsUrl !== undefined && { metricsUrl }),
  head,
  datadir: folder,
  pid: child?.pid ?? 0,
})

function banner({ flags, members, genesisFile }: Network): string {
  const [first] = devnetKeys
  return [
    `A network of ${members.filter(isValidator).length} validators, a block a second`,
    '',
    ...members.map(
      (member) =>
        `${nameOf(member).padEnd(11)}  ${member.httpUrl}  block ${member.head}  ` +
        `pid ${member.child?.pid ?? 0}  ${member.folder}`,
    ),
    '',
    `Genesis    ${genesisFile}`,
    `Chain id   ${flags.chainId}`,
    `Accounts   ${flags.accounts} as of \`tributary dev\`; the first is ${first?.[0] ?? ''}`,
    `           with the private key ${first?.[1] ?? ''}`,
    'WARNING    These keys are known to everybody. Never send real money to them.',
    '',
    'Kill any of them (kill -9 PID): it starts again and catches up. Ctrl-C stops all.',
    '',
  ].join('\n')
}

const readyJson = ({ members, genesisFile, flags }: Network): string =>
  JSON.stringify({
    type: 'ready',
    chainId: Number(flags.chainId),
    genesisFile,
    validators: members.filter(isValidator).map(factsOf),
    fullNodes: members.filter((member) => !isValidator(member)).map(factsOf),
    accounts: devnetKeys
      .slice(0, flags.accounts)
      .map(([address, privateKey]) => ({ address, privateKey })),
  })
