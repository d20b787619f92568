/**
 * One run: validators, network, disks and clocks under one seed. Faults until `healMs`, then none, and
 * everybody must reach the tip. Checks after each event; the same options give the same run, event for
 * event. Nothing here is printed; main.ts does.
 */
import type { ConsensusParams, SigningDomain } from '../../consensus/index.ts'
import { assertNever } from '../../primitives/index.ts'
import type { DiskFaults } from '../support/torn-disk.ts'
import {
  aheadMs,
  createEqualSets,
  createSets,
  decodeToy,
  genesisHash,
  genesisMs,
  type SetAt,
} from './app.ts'
import {
  type Actor,
  createFlooder,
  createPlan,
  createPoisoner,
  createSplitter,
  createUsurper,
  garbleForOne,
  type Plan,
  usurpedSalt,
} from './byzantine.ts'
import { createChecks, type Checks, type Violation } from './checks.ts'
import { addressOf, createMemo, decodeOnce } from './curve.ts'
import { createNet, type Net } from './net.ts'
import { createNode, type NodeTraits, type SimNode, tipOf } from './node.ts'
import type { Byzantine, Happening, SimOptions } from './options.ts'
import { paramsAt, roundsMs } from './params.ts'
import type { RealWorld } from './real-app.ts'
import { createRng, type Rng } from './rng.ts'
import { createWorld, type World } from './world.ts'

export interface SimResult {
  readonly violations: readonly Violation[]
  readonly heights: number
  /** Rounds beyond the first of a height, all heights. */
  readonly extraRounds: number
  readonly events: number
  readonly messages: number
  readonly crashes: number
  readonly auditHash: string
}

const domain: SigningDomain = { chainId: 2679n, genesisHash }
const paramsOf = ({ options }: Run, { params }: RunHooks): ConsensusParams =>
  params ?? paramsAt(options.blockTimeMs)

/** Rounds that a height may take once the faults are over (notes/consensus.md, 14). */
const maxHealedRounds = 10
/** Who is behind is where the others were so long ago: a question, its answer, a block, some rounds. */
const catchUpMs = 6_000

/** Rounds of a height, and of each validator a few votes of rounds and a height to come. */
const maxKeptVotes = (nodes: number): number => 60 + 8 * nodes

interface Run {
  readonly options: SimOptions
  readonly world: World
  readonly checks: Checks
  readonly net: Net
  readonly dice: Rng
  readonly setAt: SetAt
  readonly plan: Plan
  readonly memo: ReturnType<typeof createMemo>
  /** By index; undefined for a validator that is Byzantine by script. */
  readonly honest: readonly SimNode[]
  readonly everybody: readonly (readonly Actor[])[]
  crashes: number
}

export interface RunHooks {
  readonly disk?: DiskFaults
  /** Stops when it answers true; asked after each event. */
  readonly isOver?: (nodes: readonly SimNode[]) => boolean
  /** Called when the nodes are made, before anything happens. */
  readonly onReady?: (nodes: readonly SimNode[], net: Net, world: World) => void
  /** Sees each message before it is sent: how long it is held back; undefined: it is lost. */
  readonly delayMs?: (from: number, to: number, message: Uint8Array) => number | undefined
  readonly params?: ConsensusParams
  /** The faulty validator's second process is one more on the network, and hears and is heard alone. */
  readonly hasTwin?: boolean
  readonly isReal?: boolean
  /** Real chains, one a validator, and what makes their blocks' bytes readable. */
  readonly real?: RealWorld
}

export async function simulate(options: SimOptions, hooks: RunHooks = {}): Promise<SimResult> {
  const run = createRun(options, hooks)
  const { world, checks, honest } = run
  hooks.onReady?.(honest, run.net, world)
  for (const actors of run.everybody) for (const actor of actors) actor.boot()
  for (const happening of options.happenings)
    world.after(happening.atMs, () => happen(run, happening))
  world.after(options.healMs, () => heal(run))
  const look = (): void => {
    for (const node of honest)
      if (node.keptVotes() > maxKeptVotes(options.nodes))
        checks.violate('memory', `node ${node.index} keeps ${node.keptVotes()} votes`)
    world.after(1_000, look)
  }
  world.after(1_000, look)
  const isOver = (): boolean => checks.violations.length > 0 || hooks.isOver?.(honest) === true
  await world.run(genesisMs + options.healMs, isOver)
  const healed = tipOf(honest)
  const endMs = genesisMs + options.seconds * 1_000 + aheadMs(honest, world.nowMs())
  await world.run(endMs - catchUpMs, isOver)
  const tip = tipOf(honest)
  await world.run(endMs, isOver)
  const hasGoneOn = (): boolean => tipOf(honest) > healed + 1n
  // Where a message takes as long as the first timeouts, the rounds a height may take need more time than that.
  const latestMs = endMs + roundsMs(paramsOf(run, hooks), maxHealedRounds)
  if (!hasGoneOn()) await world.run(latestMs, () => isOver() || hasGoneOn())
  if (!isOver()) checkLiveness(run, healed, tip)
  return {
    violations: checks.violations,
    heights: checks.blocks.size,
    extraRounds: [...checks.rounds.values()].reduce((sum, round) => sum + round, 0),
    events: world.events(),
    messages: run.net.sent(),
    crashes: run.crashes,
    auditHash: world.auditHash(),
  }
}

function createRun(options: SimOptions, hooks: RunHooks): Run {
  const { nodes, seed } = options
  const dice = createRng(seed)
  const world = createWorld(genesisMs)
  const addresses = Array.from({ length: nodes }, (_, i) => addressOf(i))
  const toySets = options.exactThirds === true ? createEqualSets(addresses) : createSets(addresses)
  const setAt = hooks.real?.setAt ?? toySets
  const memo = createMemo(domain, hooks.isReal)
  const checks = createChecks(
    memo.checker,
    setAt,
    options.byzantine.map(({ node }) => addressOf(node)),
    hooks.real?.look,
  )
  const plan = createPlan(nodes, dice.fork('plan'))
  plan.heads.set(0n, { hash: genesisHash, timeMs: genesisMs })
  const everybody: Actor[][] = []
  const net = createNet(options, world, dice.fork('net'), (to, from, message) => {
    for (const actor of everybody[to] ?? []) actor.receive(message, from)
  })
  const honest: SimNode[] = []
  const run: Run = {
    options,
    world,
    checks,
    net,
    dice,
    setAt,
    plan,
    memo,
    honest,
    everybody,
    crashes: 0,
  }
  for (let index = 0; index < nodes; index++) {
    const byzantine = options.byzantine.find(({ node }) => node === index)?.strategy
    everybody.push(
      byzantine ? faulty(run, hooks, index, byzantine) : [honestNode(run, hooks, index)],
    )
  }
  const [twin] = options.byzantine
  if (twin && hooks.hasTwin === true) everybody.push([twinOf(run, hooks, twin.node)])
  return run
}

type Sender = (to: number | 'all', message: Uint8Array) => void

/** Sends to some; a message to all goes to everybody else. */
const senderOf =
  (
    { net, everybody, world }: Run,
    hooks: RunHooks,
    from: number,
    mayReach: (peer: number) => boolean = () => true,
  ): Sender =>
  (to, message) => {
    for (let peer = 0; peer < everybody.length; peer++) {
      if (peer === from || (to !== 'all' && to !== peer) || !mayReach(peer)) continue
      const delayMs = hooks.delayMs ? hooks.delayMs(from, peer, message) : 0
      if (delayMs === 0) net.send(from, peer, message)
      else if (delayMs !== undefined) world.after(delayMs, () => net.send(from, peer, message))
    }
  }

function honestNode(run: Run, hooks: RunHooks, index: number): SimNode {
  const { checks, world, plan, setAt } = run
  const send = senderOf(run, hooks, index)
  const node = createNode(
    {
      index,
      params: paramsOf(run, hooks),
      memo: run.memo,
      setAt,
      workMs: run.options.workMs,
      blockTimeMs: run.options.blockTimeMs,
      traits: { ...(hooks.disk && { disk: hooks.disk }) },
      chain: hooks.real?.chains[index],
    },
    {
      world,
      dice: run.dice.fork(`node ${index}`),
      send(to, message) {
        const packet = decodeOnce(message)
        if (packet.type === 'accept' && packet.value.type === 'message') {
          const said = packet.value.message
          if (
            (said.type === 'prevote' || said.type === 'precommit') &&
            said.voter === addressOf(index)
          )
            checks.onVote(said)
        }
        send(to, message)
      },
      onCommit(decision) {
        const { height, blockHash } = decision.certificate
        checks.onCommit(index, decision)
        if (decodeToy(decision.block)?.salt === usurpedSalt)
          checks.violate('validity', `height ${height}: proposed by somebody whose turn it was not`)
        const timeMs = decodeToy(decision.block)?.timeMs ?? 0
        plan.heads.set(height, { hash: blockHash, timeMs })
      },
      onSigned: (statement) => checks.onSigned(index, statement),
      onFault: (error) =>
        checks.violate(
          'fault',
          `node ${index}: ${error instanceof Error ? (error.stack ?? '') : ''}`,
        ),
    },
  )
  ;(run.honest as SimNode[]).push(node)
  return node
}

/** A second process with the key of a faulty validator. */
const twinOf = (run: Run, hooks: RunHooks, index: number): SimNode =>
  createNode(
    {
      index,
      params: paramsOf(run, hooks),
      memo: run.memo,
      setAt: run.setAt,
      workMs: run.options.workMs,
      blockTimeMs: run.options.blockTimeMs,
      traits: { isAmnesiac: true },
    },
    {
      world: run.world,
      dice: run.dice.fork(`twin ${index}`),
      send: senderOf(run, hooks, run.options.nodes),
      onCommit: () => undefined,
      onSigned: () => undefined,
      onFault: () => undefined,
    },
  )

/** Nodes that run the real engine in a wrong way, or scripts that run none. */
function faulty(run: Run, hooks: RunHooks, index: number, strategy: Byzantine): Actor[] {
  const dice = run.dice.fork(`byzantine ${index}`)
  const script = {
    index,
    nodes: run.options.nodes,
    domain,
    setAt: run.setAt,
    world: run.world,
    dice,
    send: senderOf(run, hooks, index),
    plan: run.plan,
  }
  const engine = (traits: NodeTraits, send: Sender, setAt = run.setAt): SimNode =>
    createNode(
      {
        index,
        params: paramsOf(run, hooks),
        memo: run.memo,
        setAt,
        workMs: run.options.workMs,
        blockTimeMs: run.options.blockTimeMs,
        traits,
        chain: hooks.real?.chains[index],
      },
      {
        world: run.world,
        dice: run.dice.fork(`node ${index}`),
        send,
        onCommit: () => undefined,
        onSigned: () => undefined,
        onFault: () => undefined,
      },
    )
  const send = senderOf(run, hooks, index)
  switch (strategy) {
    case 'twin':
      if (hooks.hasTwin === true) return [engine({ isAmnesiac: true }, send)]
      return [0, 1].map((half) =>
        engine(
          { isAmnesiac: true },
          senderOf(run, hooks, index, (peer) => run.plan.half(peer) === half),
        ),
      )
    case 'amnesia': {
      const node = engine({ isAmnesiac: true }, send)
      const forget = (): void => {
        node.crash(dice.between(1, 10), true, dice.between(1, 200))
        run.world.after(dice.between(200, 3_000), forget)
      }
      run.world.after(1_000, forget)
      return [node]
    }
    case 'withhold':
      return [
        engine({}, (to, message) => {
          for (let peer = 0; peer < run.options.nodes; peer++)
            if ((to === 'all' || to === peer) && dice.chance(0.4)) send(peer, message)
        }),
      ]
    case 'invalid-blocks':
      return [engine({ isCareless: true }, send)]
    case 'wrong-set':
      return [engine({}, send, (height) => run.setAt(height + 1n))]
    case 'flood':
      return [createFlooder(script)]
    case 'usurp':
      return [createUsurper(script)]
    case 'poison':
      return [engine({}, send), createPoisoner(script)]
    case 'split':
      return [createSplitter(script)]
    case 'other-body':
      if (!hooks.real) return [createSplitter(script, true)]
      return [engine({}, garbleForOne(script, hooks.real.otherBody))]
    default:
      return assertNever(strategy)
  }
}

function happen(run: Run, happening: Happening): void {
  const { world, net, honest } = run
  const { nodes } = run.options
  const find = (index: number): SimNode | undefined => honest.find((node) => node.index === index)
  switch (happening.type) {
    case 'crash':
      run.crashes++
      return find(happening.node)?.crash(
        happening.operation,
        happening.isPowerLoss,
        happening.downMs,
      )
    case 'stall':
      return find(happening.node)?.stall(happening.forMs)
    case 'clock':
      return find(happening.node)?.skew(happening.byMs)
    case 'partition': {
      const { groups, isOneWay, flapMs, forMs } = happening
      const set = (isCut: boolean): void => {
        for (let from = 0; from < nodes; from++)
          for (let to = 0; to < nodes; to++)
            if (groups[from] !== groups[to] && (!isOneWay || groups[from] === 0))
              net.cut(from, to, isCut)
      }
      const endMs = Math.min(world.nowMs() + forMs, genesisMs + run.options.healMs)
      const flap = (isCut: boolean): void => {
        const isEnd = world.nowMs() >= endMs
        set(isCut && !isEnd)
        const nextMs = Math.min(flapMs > 0 ? flapMs : forMs, endMs - world.nowMs())
        if (!isEnd) world.after(nextMs, () => flap(flapMs > 0 && !isCut))
      }
      return flap(true)
    }
  }
}

function heal({ net, honest, options }: Run): void {
  net.heal()
  for (let from = 0; from < options.nodes; from++)
    for (let to = 0; to < options.nodes; to++) net.cut(from, to, false)
  for (const node of honest) node.heal()
}

/** After the faults: the chain goes on, everybody reaches the tip, no height takes many rounds. */
function checkLiveness({ honest, checks, options }: Run, healed: bigint, tip: bigint): void {
  const last = tipOf(honest)
  if (last <= healed + 1n)
    checks.violate('liveness', `height ${last} was not decided in ${options.seconds} s`)
  for (const node of honest)
    if (node.height() < tip)
      checks.violate('liveness', `node ${node.index} is at ${node.height()}, the tip was ${tip}`)
  for (const [height, round] of checks.rounds)
    if (height > healed + 1n && round > maxHealedRounds)
      checks.violate('liveness', `height ${height} took ${round} rounds without faults`)
}
