/**
 * Performs what the core asks for: logs each input before it is applied, signs through the guard,
 * flushes before it signs, runs timers, builds, validates and commits blocks. Decides nothing itself.
 * The only file of this folder that waits for anything.
 *
 * One turn: input -> log -> core -> effects; own votes are inputs of the same turn, signed when the log
 * is on disk; at its end what is to be sent leaves. After a restart the log of the height is told to the core
 * again with nothing performed; then what it still owes is done.
 */
import { accept, assertNever, ignore, NodeError, toHex, type Verdict } from '../primitives/index.ts'
import { admit, admitSynced } from './admit.ts'
import { inputCodec } from './codec.ts'
import { futureInputs } from './future.ts'
import { apply } from './core.ts'
import type { Decision, PeerId } from './ports.ts'
import { leadsTo, resume } from './repeat.ts'
import { type CoreState, isDecided } from './state.ts'
import type { BlockVerdict, Effect, Input, Proposal, SignedProposal, Vote } from './types.ts'
import { laneOf } from './wire.ts'
import {
  cancelTimers,
  type EngineOptions,
  type EnginePorts,
  fail,
  guard,
  later,
  newWork,
  type Work,
} from './work.ts'

export interface Engine {
  /** Replays the log, then takes part. */
  start(): void
  /** Waits for the commit in work. */
  stop(): Promise<void>
  /** Height in work. */
  height(): bigint
  /** What the core holds now, for people and checks. */
  state(): CoreState
  /**
   * A decided block from outside consensus (sync, gossip): judged, then an input like any other.
   * Resolves when its height is over, also where we have decided it ourselves, or at once with a refusal.
   */
  offer(decision: Decision): Promise<Verdict<undefined>>
  /** A peer says which height it has in work: what is missing here is asked of it, without waiting to hear more. */
  hear(peer: PeerId, height: bigint): void
  /** A peer has left: what it claimed counts no more. */
  onGone(peer: PeerId): void
}

export function createEngine(options: EngineOptions, ports: EnginePorts): Engine {
  const work = newWork(options, ports)
  const guarded = (task: () => void): void => {
    try {
      task()
    } catch (error) {
      fail(work, error)
    }
  }
  return {
    start() {
      guarded(() => begin(work))
      ports.network.listen((bytes, from) => {
        let verdict: Verdict<undefined> = accept(undefined)
        guarded(() => {
          verdict = work.isStopped ? verdict : receive(work, bytes, from)
        })
        return verdict
      })
    },
    async stop() {
      work.isStopped = true
      cancelTimers(work)
      work.catchUp.stop()
      await work.committing
    },
    height: () => work.next.height,
    state: () => work.core,
    offer: (decision) => offer(work, decision),
    hear: (peer, height) => guard(work, () => work.catchUp.onClaim(peer, height)),
    onGone: (peer) => work.catchUp.onGone(peer),
  }
}

/** The height after the head: from its log where there is one, else when it is due. */
function begin(work: Work): void {
  /** The height before was decided by others and brought to us. */
  const isLate = work.core.synced !== undefined
  work.next = work.app.next()
  const { next, clock } = work
  const records = work.wal.begin(next.height)
  work.isMute = false
  if (records.length === 0) hushForgetful(work)
  // What came early decides what is voted for: without it a restart would forget a lock.
  if (records.length === 0 && !work.isMute)
    for (const input of futureInputs(work.core.future)) keep(work, input)
  const inputs = records.map((record) => readInput(record, next.height))
  if (inputs.length > 0) replay(work, inputs)
  work.isStarted = inputs.some(({ type }) => type === 'start')
  if (!work.isStarted) {
    const waitMs = Math.max(0, next.dueMs - clock.nowMs())
    // The log's name is on disk while there is nothing else to do: no vote waits for it.
    if (waitMs > 0) work.wal.flush()
    later(work, waitMs, () => startHeight(work))
  }
  for (const tell of work.atNextHeight.splice(0)) tell()
  const waiting = work.catchUp.onHeight(isLate)
  if (waiting) receiveDecision(work, waiting.decision, waiting.from)
}

/** At the time it is due, or when others have decided the height already. */
function startHeight(work: Work): void {
  if (work.isStarted) return
  work.isStarted = true
  work.startedMs = work.clock.nowMs()
  const { height, validators, nextValidators } = work.next
  feed(work, { type: 'start', height, validators, nextValidators })
}

/** Tells the core what it was told before. Signs, sends and schedules nothing until the end. */
function replay(work: Work, inputs: readonly Input[]): void {
  for (const input of inputs) work.core = apply(work.core, input).state
  hushForgetful(work)
  work.startedMs = work.clock.nowMs()
  const { height } = work.next
  work.log.info({ height: height.toString(), inputs: inputs.length }, 'consensus log replayed')
  turn(work, () => {
    for (const effect of resume(work.core)) perform(work, effect)
  })
}

/** The log must lead to what the key has signed at this height; else a lock may be forgotten with it. */
function hushForgetful(work: Work): void {
  const { signer, core, next, log } = work
  const last = signer?.last()
  if (!signer || !last || last.height < next.height || leadsTo(core, last)) return
  work.isMute = true
  // On disk: what is logged from now on, with nothing signed, must not pass for a memory after a restart.
  signer.raise(next.height)
  const facts = { height: next.height.toString(), signed: last.height.toString() }
  log.warn(
    facts,
    'the key has signed more at this height than its log knows: nothing is signed until the next',
  )
}

function readInput(record: Uint8Array, height: bigint): Input {
  const verdict = inputCodec.decode(record)
  if (verdict.type === 'accept') return verdict.value
  throw new NodeError(
    'LOG_DAMAGED',
    `the consensus log of height ${height} holds what this version of the node cannot read ` +
      `(${verdict.message}); run the version that wrote it`,
    { height },
  )
}

function feed(work: Work, input: Input): void {
  if (work.isStopped) return
  work.queue.push(input)
  turn(work)
}

/** Applies what is queued, and what comes of it, then sends. */
function turn(work: Work, first?: () => void): void {
  if (work.isBusy) return
  work.isBusy = true
  try {
    first?.()
    for (let input = work.queue.shift(); input; input = work.queue.shift()) {
      const { state, effects } = apply(work.core, input)
      // What leaves the core as it is (a message that came twice) need not be told again after a restart.
      if (state !== work.core) keep(work, input)
      work.core = state
      for (const effect of effects) perform(work, effect)
    }
    send(work)
  } finally {
    work.isBusy = false
  }
}

/** What is signed is in the guard by now, and what led to it in the log. */
function send({ network, outbox, encode }: Work): void {
  if (outbox.length === 0) return
  for (const message of outbox.splice(0)) {
    const packet = { type: 'message', message } as const
    network.broadcast(encode(packet), laneOf(packet))
  }
}

function keep({ wal, encodeInput }: Work, input: Input): void {
  wal.append(encodeInput(input))
}

function perform(work: Work, effect: Effect): void {
  const { app } = work
  switch (effect.type) {
    case 'propose':
      if (work.isDecidedElsewhere) return undefined
      return void answer(work, app.propose(effect.height, effect.round), (proposed) => ({
        type: 'proposed',
        height: effect.height,
        round: effect.round,
        ...proposed,
      }))
    case 'validate':
      return void answer(work, app.validate(effect.height, effect.block), (verdict) => ({
        type: 'validated',
        height: effect.height,
        partsHash: effect.partsHash,
        verdict: timedVerdict(verdict),
      }))
    case 'sign':
      return sign(work, effect.message)
    case 'broadcast':
      return void work.outbox.push(effect.message)
    case 'schedule': {
      const { timeout, delayMs } = effect
      return later(work, delayMs, () => feed(work, { type: 'timeout', timeout }))
    }
    case 'decide':
      work.committing = decide(work, effect)
      return undefined
    case 'evidence': {
      const { type, first } = effect.evidence
      work.log.warn(
        { evidence: type, height: first.height.toString(), round: first.round },
        'a validator contradicts itself',
      )
      return work.observer?.onEvidence?.(effect.evidence)
    }
    case 'halt':
      return fail(work, new Error(`height ${effect.height}: ${effect.reason}`))
    default:
      return assertNever(effect)
  }
}

/** A time that the log cannot hold is a fault of the block: thrown here, it would stop the node at each start. */
const timedVerdict = (verdict: BlockVerdict): BlockVerdict =>
  verdict.valid && !Number.isSafeInteger(verdict.timeMs)
    ? { valid: false, blockHash: verdict.blockHash, reason: 'its time is beyond all clocks' }
    : verdict

/** The answer of the application becomes an input, unless the height has passed meanwhile. */
async function answer<value>(
  work: Work,
  task: Promise<value>,
  toInput: (value: value) => Input,
): Promise<void> {
  const { height } = work.next
  try {
    const value = await task
    if (work.next.height === height) feed(work, toInput(value))
  } catch (error) {
    if (work.next.height === height) fail(work, error)
  }
}

function sign(work: Work, message: Vote | Proposal): void {
  const { signer, checker, next, log, clock } = work
  if (!signer || work.isMute) return
  const { type, height, round } = message
  // All that led to the statement is on disk before the guard knows it: after a crash the same is asked for
  // again and the guard, which keeps its last seal, gives the same. So the own vote need not be flushed.
  work.wal.flush()
  const digest = toHex(checker.digests.of(message, next.validators.hash))
  const verdict = signer.sign({ height, round, step: type, digest })
  if (verdict.type !== 'accept') {
    const facts = { height: height.toString(), round, step: type, code: verdict.code }
    return log.warn(facts, 'not signed: it would contradict what this key has signed')
  }
  const seal = verdict.value
  if (message.type === 'proposal') {
    const { validRound, blockHash, partHashes, proposer } = message
    const fields = { height, round, validRound, blockHash, partHashes, proposer, seal }
    const proposal: SignedProposal = { type: 'proposal', ...fields }
    return void work.queue.push({ type: 'proposal', proposal, receivedAtMs: clock.nowMs() })
  }
  const { blockHash, voter } = message
  work.queue.push({
    type: 'vote',
    vote: { type: message.type, height, round, blockHash, voter, seal },
  })
}

async function decide(
  work: Work,
  { certificate, block, height }: Effect & { type: 'decide' },
): Promise<void> {
  const { app, observer, clock, log, signer, next } = work
  cancelTimers(work)
  const tookMs = clock.nowMs() - work.startedMs
  const decision: Decision = { certificate, block }
  try {
    await app.commit(decision)
    const own = signer && next.validators.indexes.get(signer.address)
    if (certificate.seals.some(({ index }) => index === own)) signer?.confirm(height)
    const { round, blockHash } = certificate
    log.debug({ height: height.toString(), round, hash: blockHash, tookMs }, 'block decided')
    observer?.onDecided?.(decision, tookMs)
    if (!work.isStopped) begin(work)
  } catch (error) {
    fail(work, error)
  }
}

function receive(work: Work, bytes: Uint8Array, from: PeerId): Verdict<undefined> {
  const verdict = judge(work, bytes, from)
  if (verdict.type !== 'accept') work.observer?.onRefused?.(verdict, from)
  return verdict
}

function judge(work: Work, bytes: Uint8Array, from: PeerId): Verdict<undefined> {
  const packet = work.decode(bytes)
  if (packet.type !== 'accept') return packet
  const { value } = packet
  switch (value.type) {
    case 'want':
      work.catchUp.onClaim(from, value.height)
      return work.catchUp.onWant(from, value.height)
    case 'decision': {
      const verdict = work.catchUp.onDecision(from, value)
      if (verdict.type !== 'accept' || !verdict.value)
        return verdict.type === 'accept' ? accept(undefined) : verdict
      return receiveDecision(work, verdict.value, from)
    }
    case 'message': {
      work.catchUp.onClaim(from, value.message.height)
      const { digests, signerOf } = work.checker
      // Spelled out like the state of the core: this is done for every message.
      const options = { digests, signerOf, nowMs: work.clock.nowMs() }
      const verdict = admit(work.core, value.message, options)
      if (verdict.type !== 'accept') return verdict
      feed(work, verdict.value)
      // Decided, and perhaps a block that has never come here: then whoever knows that is asked for it.
      if (value.message.type === 'commit') work.catchUp.onClaim(from, value.message.height + 1n)
      return accept(undefined)
    }
    default:
      return assertNever(value)
  }
}

/** A decided block is an input of the core like any other; the core decides it. */
function receiveDecision(
  work: Work,
  { certificate, block }: Decision,
  from: PeerId | undefined,
): Verdict<undefined> {
  const verdict = admitSynced(work.core, certificate, block, {
    ...work.checker,
    height: work.next.height,
    identify: (bytes) => work.app.identify(bytes),
  })
  if (verdict.type !== 'accept') {
    if (from !== undefined && verdict.type === 'reject') work.catchUp.onFalse(from)
    return verdict
  }
  // It begins the height, early perhaps: what that asks to be built is not needed any more.
  work.isDecidedElsewhere = true
  startHeight(work)
  work.isDecidedElsewhere = false
  feed(work, verdict.value)
  return accept(undefined)
}

async function offer(work: Work, decision: Decision): Promise<Verdict<undefined>> {
  const { height } = decision.certificate
  const isNext = height === work.next.height && !work.isStopped
  if (!isNext) return ignore('DECISION_OUT_OF_TURN', `height ${height} is not in work`)
  const over = () => new Promise<void>((resolve) => void work.atNextHeight.push(resolve))
  if (work.core.height === height && isDecided(work.core)) {
    await over() // the next can be offered then
    return ignore('DECISION_KNOWN', `height ${height} is decided already`)
  }
  let verdict: Verdict<undefined> = accept(undefined)
  guard(work, () => {
    verdict = receiveDecision(work, decision, undefined)
  })
  if (verdict.type === 'accept') await over()
  return verdict
}
