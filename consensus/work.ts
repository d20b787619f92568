/**
 * What the engine has in hand between two inputs, its timers, and what happens when something fails.
 * Performs no effect; engine.ts does.
 */
import type { Clock, Logger, Verdict } from '../primitives/index.ts'
import { type CatchUp, createCatchUp } from './catch-up.ts'
import { inputCodec } from './codec.ts'
import type { ConsensusParams } from './params.ts'
import type { App, Network, NextHeight, Observer, Signer, Wal } from './ports.ts'
import { saidSoFar } from './repeat.ts'
import { type CoreState, initialState } from './state.ts'
import type { Input, Message } from './types.ts'
import type { Checker } from './verify.ts'
import { decodePacket, encodePacket, type Packet } from './wire.ts'

export interface EngineOptions {
  readonly params: ConsensusParams
}

export interface EnginePorts {
  readonly app: App
  /** Undefined: a node that follows and does not vote. */
  readonly signer?: Signer
  readonly wal: Wal
  readonly network: Network
  /** The digests of the chain, and who made a seal. */
  readonly checker: Checker
  /** The simulator's keep what they have made of a message once; absent: the real ones. */
  readonly decode?: (bytes: Uint8Array) => Verdict<Packet>
  readonly encode?: (packet: Packet) => Uint8Array
  readonly encodeInput?: (input: Input) => Uint8Array
  readonly clock: Clock
  readonly log: Logger
  readonly observer?: Observer
  /** Called once, when the node must stop: its own rules, its disk or its block is broken. */
  readonly onFault: (error: unknown) => void
}

/** The ports, none of them missing but a signer and an observer. */
interface WorkPorts extends Omit<Required<EnginePorts>, 'signer' | 'observer'> {
  readonly signer: Signer | undefined
  readonly observer: Observer | undefined
}

export interface Work extends WorkPorts {
  core: CoreState
  next: NextHeight
  readonly catchUp: CatchUp
  readonly queue: Input[]
  readonly outbox: Message[]
  readonly timers: Set<() => void>
  /** Signs nothing at this height: the guard has signed something that the log does not know. */
  isMute: boolean
  isStarted: boolean
  isBusy: boolean
  isStopped: boolean
  committing: Promise<void>
  /** The height begins because its decided block has come: nothing is built. */
  isDecidedElsewhere: boolean
  /** Told when the height in work is over. */
  readonly atNextHeight: (() => void)[]
  startedMs: number
}

export function newWork({ params }: EngineOptions, ports: EnginePorts): Work {
  const next = ports.app.next()
  const core = initialState({
    self: ports.signer?.address,
    params,
    lastHeight: next.height - 1n,
    nextValidators: next.validators,
  })
  const clock: Clock = {
    nowMs: () => ports.clock.nowMs(),
    after: (delayMs, task) => ports.clock.after(delayMs, () => guard(work, task)),
  }
  const encode = ports.encode ?? encodePacket
  // Spelled out for the reason given at `change` in state.ts.
  const work: Work = {
    app: ports.app,
    signer: ports.signer,
    wal: ports.wal,
    network: ports.network,
    checker: ports.checker,
    decode: ports.decode ?? decodePacket,
    encode,
    encodeInput: ports.encodeInput ?? ((input) => inputCodec.encode(input)),
    clock: ports.clock,
    log: ports.log,
    observer: ports.observer,
    onFault: ports.onFault,
    core,
    next,
    catchUp: createCatchUp({
      app: ports.app,
      network: ports.network,
      clock,
      encode,
      ownHeight: () => work.next.height,
      inWork: () => (work.core.height === work.next.height ? saidSoFar(work.core) : []),
    }),
    queue: [],
    outbox: [],
    timers: new Set(),
    isMute: false,
    isStarted: false,
    isBusy: false,
    isStopped: false,
    committing: Promise.resolve(),
    isDecidedElsewhere: false,
    atNextHeight: [],
    startedMs: 0,
  }
  return work
}

export function later(work: Work, delayMs: number, task: () => void): void {
  const cancel = work.clock.after(delayMs, () => {
    work.timers.delete(cancel)
    guard(work, task)
  })
  work.timers.add(cancel)
}

export function cancelTimers({ timers }: Work): void {
  for (const cancel of timers) cancel()
  timers.clear()
}

export function guard(work: Work, task: () => void): void {
  if (work.isStopped) return
  try {
    task()
  } catch (error) {
    fail(work, error)
  }
}

export function fail(work: Work, error: unknown): void {
  if (work.isStopped) return
  work.isStopped = true
  cancelTimers(work)
  work.onFault(error)
}
