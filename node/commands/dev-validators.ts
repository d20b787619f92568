/**
 * `tributary dev --validators N`: a network of validators on one machine, each its own process, folder,
 * key and RPC. Makes genesis and keys on the first start (validators-folder.ts), starts a validator again
 * when it dies, and can kill and part them for show. Holds no chain itself.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { NodeError } from '../../primitives/index.ts'
import { devnetKeys } from '../devnet-keys.ts'
import { exitCodes, type ExitCode, type Io } from '../exit.ts'
import { usageError } from '../failure.ts'
import type { DevFlags } from '../flags.ts'
import { createLifecycle } from '../lifecycle.ts'
import { createLoggers } from '../logger.ts'
import { makeFolder } from '../make-folder.ts'
import { peerIdOfKey } from '../../p2p/index.ts'
import { networkFolder } from '../folders.ts'
import { readNodeKey } from '../validator/node-key.ts'
import type { ChildNews, ParentOrder } from '../validator/supervised.ts'
import { levelsOf } from './common.ts'
import { choosePorts, keepPorts, prepareFolder } from './validators-folder.ts'

interface Member {
  readonly index: number
  readonly folder: string
  /** Undefined: a full node. */
  readonly keyFile: string | undefined
  readonly peerId: string
  readonly p2pPort: number
  /** Where others dial, with the peer id. */
  readonly address: string
  readonly rpcPort: number
  child: ChildProcess | undefined
  httpUrl: string
  metricsUrl: string | undefined
  head: number
}

interface Network {
  readonly flags: DevFlags
  readonly io: Io
  readonly root: string
  readonly genesisFile: string
  readonly members: readonly Member[]
  /** Height that was told last, and how many have it. */
  told: number
  /** What was told last of a chain that stands still: many see the same. */
  standstill: { readonly height: number; readonly times: number }
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
  await keepPorts(
    network.root,
    network.members.map(({ p2pPort }) => p2pPort),
  )
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

/** Folders, keys, ports and genesis: made once, the same at every later start. */
async function prepare(flags: DevFlags, count: number, io: Io): Promise<Network> {
  const { root, genesisFile } = await prepareFolder(flags, count)
  const ports = await choosePorts(root, count + flags.fullNodes)
  const members = await Promise.all(
    ports.map(async (p2pPort, index) => {
      const folder = join(root, String(index))
      await makeFolder(folder)
      const peerId = await peerIdOfKey(await readNodeKey(networkFolder(folder)))
      return {
        index,
        folder,
        keyFile: index < count ? join(folder, 'key') : undefined,
        peerId,
        p2pPort,
        address: `/ip4/127.0.0.1/tcp/${p2pPort}/p2p/${peerId}`,
        rpcPort: flags.port === 0 ? 0 : flags.port + index,
        child: undefined,
        httpUrl: '',
        metricsUrl: undefined,
        head: 0,
      }
    }),
  )
  return {
    flags,
    io,
    root,
    genesisFile,
    members,
    told: 0,
    standstill: { height: 0, times: Infinity },
    isStopping: false,
  }
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
    ['--log-level', flags.logLevel ?? 'warn,network=error'], // what it warns of is told here, once
    ['--cache-mb', memberCacheMb],
  ]
  const { metricsPort, metricsHost } = flags
  if (metricsPort !== undefined)
    options.push(
      ['--metrics-port', metricsPort === 0 ? 0 : metricsPort + member.index],
      ['--metrics-host', metricsHost],
    )
  if (member.keyFile !== undefined) options.push(['--validator-key', member.keyFile])
  for (const { address } of members)
    if (address !== member.address) options.push(['--peer', address])
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
      } else if (news.type === 'block') onBlock(network, member, news)
      else onStandstill(network, news)
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

/** Each of them says it; the first is believed. Nothing more is told of a height when it is over. */
function onStandstill(
  network: Network,
  { type, ...news }: ChildNews & { type: 'standstill' },
): void {
  const { height, times } = network.standstill
  const isOver = news.times === 0
  if (news.height < height || (isOver && times === Infinity)) return
  if (!isOver && news.height === height && news.times <= times) return
  network.standstill = { height: news.height, times: isOver ? Infinity : news.times }
  const { flags, io } = network
  if (flags.json) io.out(JSON.stringify({ type, ...news }))
  else if (!flags.silent) io.out(news.sentence)
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
      if (child?.pid === undefined) return
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

const factsOf = ({ index, httpUrl, metricsUrl, address, head, folder, child }: Member) => ({
  index,
  httpUrl,
  p2pAddress: address,
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
    'Others join with this genesis and one of these addresses:',
    ...members.map((member) => `${nameOf(member).padEnd(11)}  ${member.address}`),
    `${'A follower'.padEnd(11)}  tributary run --genesis ${genesisFile} --datadir ./follower ` +
      `--p2p-port 0 --port 0 --peer ${members[0]?.address ?? ''}`,
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
