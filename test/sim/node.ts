/**
 * One validator of the simulator: the real engine, core, log and guard on a disk that forgets, with a
 * toy chain. It dies at any operation it is told to, loses what was not synced, and starts again.
 */
import {
  type App,
  type ConsensusParams,
  type CoreState,
  createEngine,
  type Decision,
  type Engine,
  type Network,
  type Signer,
  type Statement,
  toSeal,
  type Wal,
} from '../../consensus/index.ts'
import { accept, fromHex, type Hex, type Verdict } from '../../primitives/index.ts'
import { lastLoggedHeight, openConsensusLog, openSignGuard } from '../../state/index.ts'
import { silentLogger } from '../../primitives/index.ts'
import { Crash, createTornDisk, type DiskFaults } from '../support/torn-disk.ts'
import {
  createToyApp,
  createToyStore,
  genesisHash,
  type SetAt,
  type ToyStore,
  type Work,
} from './app.ts'
import type { RealChain } from './real-app.ts'
import { addressOf, type createMemo, toyCurve } from './curve.ts'
import type { Rng } from './rng.ts'
import type { World } from './world.ts'

export interface NodeTraits {
  /** No guard and no log: signs whatever its core says, remembers nothing. */
  readonly isAmnesiac?: boolean
  /** Proposes blocks that break the rules. */
  readonly isCareless?: boolean
  readonly disk?: DiskFaults
}

export interface NodeOptions {
  readonly index: number
  readonly params: ConsensusParams
  readonly memo: ReturnType<typeof createMemo>
  readonly setAt: SetAt
  readonly workMs: number
  readonly blockTimeMs: number
  readonly traits: NodeTraits
  /** Blocks with transactions, executed; absent: toys. */
  readonly chain?: RealChain | undefined
}

export interface NodePorts {
  readonly world: World
  readonly dice: Rng
  readonly send: (to: number | 'all', message: Uint8Array) => void
  readonly onCommit: (decision: Decision) => void
  readonly onSigned: (statement: Statement) => void
  /** The node has stopped although nobody killed it. */
  readonly onFault: (error: unknown) => void
}

export interface SimNode {
  readonly index: number
  readonly store: ToyStore
  boot(): void
  receive(message: Uint8Array, from: number): void
  /** A peer's greeting: the height it has in work. */
  greet(from: number, height: bigint): void
  /** Dies at its `operation`-th operation from now. 0: at once. */
  crash(operation: number, isPowerLoss: boolean, downMs: number): void
  /** The same before it has booted: the n-th operation of its life, and after its restart the next. */
  doom(operation: number, isPowerLoss: boolean, downMs: number, again?: number): void
  stall(forMs: number): void
  skew(byMs: number): void
  /** Starts at once if it is down, and has a right clock. */
  heal(): void
  operations(): number
  isUp(): boolean
  height(): bigint
  /** Votes of the height in work that are kept in memory. */
  keptVotes(): number
}

const folder = '/validator'

export function createNode(options: NodeOptions, ports: NodePorts): SimNode {
  const { index, traits } = options
  const { world, dice } = ports
  const store = createToyStore()
  let operations = 0
  let doomed:
    | {
        readonly at: number
        readonly isPowerLoss: boolean
        readonly downMs: number
        readonly again?: number | undefined
      }
    | undefined
  let life = 0
  let engine: Engine | undefined
  let offsetMs = 0
  let stalledUntilMs = 0
  let receiver: ((message: Uint8Array, from: string) => Verdict<undefined>) | undefined

  const burn = (): void => {
    operations++
    if (doomed && operations >= doomed.at) throw new Crash(`at operation ${operations}`)
  }
  const disk = createTornDisk({ ...traits.disk, onOperation: burn })

  /** Runs something of this life, when no stall holds it. */
  const alive = (of: number, task: () => void): void => {
    if (of !== life || !engine) return
    if (world.nowMs() < stalledUntilMs)
      world.after(stalledUntilMs - world.nowMs(), () => alive(of, task))
    else {
      task()
    }
  }
  const die = (isPowerLoss: boolean, downMs: number): void => {
    life++
    engine = undefined
    receiver = undefined
    const again = doomed?.again
    doomed = again === undefined ? undefined : { at: operations + again, isPowerLoss, downMs }
    if (isPowerLoss) disk.loseUnsynced(() => dice.next())
    const fallen = life
    world.after(downMs, () => {
      if (life === fallen) boot()
    })
  }
  const onFault = (error: unknown): void => {
    if (error instanceof Crash) die(doomed?.isPowerLoss ?? false, doomed?.downMs ?? 0)
    else ports.onFault(error)
  }

  function boot(): void {
    const of = ++life
    try {
      const clock = {
        nowMs: () => Math.floor(world.nowMs() + offsetMs),
        after: (delayMs: number, task: () => void) => world.after(delayMs, () => alive(of, task)),
      }
      const work: Work = <value>(what: string, done: () => value | Promise<value>) =>
        new Promise<value>((resolve, refuse) => {
          const delayMs = what === 'commit' ? 1 : options.workMs * dice.next()
          const end = (value: value): void => {
            if (what === 'commit') burn()
            world.settle()
            resolve(value)
          }
          const fail = (error: unknown): void => {
            world.settle()
            refuse(error instanceof Error ? error : new Error('not an error'))
          }
          world.after(delayMs, () =>
            alive(of, () => {
              try {
                if (what === 'commit') burn()
                const value = done()
                if (value instanceof Promise) world.hold(value.then(end).catch(fail))
                else end(value)
              } catch (error) {
                fail(error)
              }
            }),
          )
        })
      const created = createEngine(
        { params: options.params },
        {
          app:
            options.chain?.open({ clock, work, onCommit: ports.onCommit }) ??
            appOf(options, ports, store, work, clock.nowMs),
          ...openVoting(options, ports, store, disk),
          network: networkOf(burn, ports, (receive) => (receiver = receive)),
          ...options.memo,
          clock,
          log: silentLogger,
          onFault: (error) => {
            if (of === life) onFault(error)
          },
        },
      )
      engine = created
      created.start()
    } catch (error) {
      onFault(error)
    }
  }

  return {
    index,
    store,
    boot,
    receive(message, from) {
      alive(life, () => receiver?.(message, String(from)))
    },
    greet(from, height) {
      alive(life, () => engine?.hear(String(from), height))
    },
    crash(operation, isPowerLoss, downMs) {
      if (!engine) return
      if (operation === 0) die(isPowerLoss, downMs)
      else doomed = { at: operations + operation, isPowerLoss, downMs }
    },
    doom(operation, isPowerLoss, downMs, again) {
      doomed = { at: operation, isPowerLoss, downMs, again }
    },
    stall(forMs) {
      stalledUntilMs = Math.max(stalledUntilMs, world.nowMs() + forMs)
    },
    skew(byMs) {
      offsetMs = byMs
    },
    heal() {
      doomed = undefined
      offsetMs = 0
      stalledUntilMs = 0
      if (!engine) boot()
    },
    operations: () => operations,
    isUp: () => engine !== undefined,
    height: () => options.chain?.height() ?? BigInt(store.hashes.length),
    keptVotes: () => (engine ? countVotes(engine.state()) : 0),
  }
}

/** What faulty validators could fill without bound. */
const countVotes = ({ votes, ahead, future }: CoreState): number =>
  votes.length + ahead.reduce((sum, list) => sum + list.length, 0) + future.votes.length

const appOf = (
  { setAt, traits, blockTimeMs }: NodeOptions,
  { dice, onCommit }: NodePorts,
  store: ToyStore,
  work: Work,
  nowMs: () => number,
): App =>
  createToyApp({
    store,
    setAt,
    blockTimeMs,
    nowMs,
    salt: () => dice.below(2 ** 31),
    work,
    isCareless: traits.isCareless ?? false,
    onCommit,
  })

const networkOf = (
  burn: () => void,
  { send }: NodePorts,
  onListen: (receive: Parameters<Network['listen']>[0]) => void,
): Network => ({
  broadcast(message) {
    burn()
    send('all', message)
  },
  send(peer, message) {
    burn()
    send(Number(peer), message)
  },
  listen: onListen,
})

/** Guard and log as the node opens them. */
function openVoting(
  { index, traits, setAt, chain }: NodeOptions,
  { onSigned }: NodePorts,
  store: ToyStore,
  disk: ReturnType<typeof createTornDisk>,
): { readonly signer: Signer; readonly wal: Wal } {
  const address = addressOf(index)
  const seal = (digest: Hex): Hex => toSeal(toyCurve.sign(fromHex(digest), Uint8Array.of(index)))
  if (traits.isAmnesiac === true)
    return {
      signer: {
        address,
        last: () => undefined,
        raise: () => undefined,
        confirm: () => undefined,
        sign: ({ digest }) => accept(seal(digest)),
      },
      wal: { begin: () => [], append: () => undefined, flush: () => undefined },
    }
  const logFolder = { folder: `${folder}/log` }
  const guard = openSignGuard(
    {
      path: `${folder}/guard`,
      genesisHash,
      address,
      signedOnChain: lastSealed(chain?.decisions() ?? store.decisions, setAt, address),
      hasTakenPart: lastLoggedHeight(logFolder, disk) !== undefined,
    },
    disk,
  )
  const signer: Signer = {
    address,
    last: guard.last,
    raise: (height) => guard.raise(height),
    confirm: (height) => guard.confirm(height),
    sign(statement) {
      const verdict = guard.sign(statement, seal)
      if (verdict.type === 'accept') onSigned(statement)
      return verdict
    },
  }
  return { signer, wal: openConsensusLog({ ...logFolder, newSalt: () => index + 1 }, disk) }
}

/** Highest block of the own chain with a seal of this validator. */
function lastSealed(
  decisions: readonly Decision[],
  setAt: SetAt,
  address: Hex,
): bigint | undefined {
  const own = setAt(1n).indexes.get(address) // the order is that of addresses, at every height
  const last = decisions.findLast(({ certificate }) =>
    certificate.seals.some(({ index }) => index === own),
  )
  return last?.certificate.height
}

export const tipOf = (nodes: readonly SimNode[]): bigint =>
  nodes.reduce((tip, node) => (node.height() > tip ? node.height() : tip), 0n)
