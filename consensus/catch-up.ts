/**
 * How a validator that lags catches up: it asks one peer that claims a later height for decided blocks,
 * and forgets the claim of a peer that does not deliver. Arrived, or just started, it asks for what was
 * said at the height in work, which nobody would say again for a while. Decides nothing: what arrives
 * becomes an input of the core like any other. Also answers such questions, within a budget.
 */
import { ignore, accept, type Clock, type Verdict } from '../primitives/index.ts'
import type { App, Decision, Network, PeerId } from './ports.ts'
import type { Message } from './types.ts'
import { laneOf, type Packet } from './wire.ts'

/** Peers move on a moment before us all the time; a lag is what lasts longer. */
const graceMs = 300
/** A peer that has not delivered after this long is not asked again before it claims anew, and has longer. */
const minPatienceMs = 2_000
const maxPatienceMs = 32_000
/** Decisions of one answer, and their bytes: two seconds of a slow link at 4 Mbit/s. */
const maxAnswerDecisions = 16
const maxAnswerBytes = 2 ** 20
/** The same question again within this time is a flood. */
const answerPauseMs = 200
/** What one peer is sent at most, whatever it asks: at once, and in a second from then on. */
const burstBytes = 8 * 2 ** 20
const bytesPerMs = (4 * 2 ** 20) / 1_000
/** Claims and pauses are kept for so many peers. */
const maxPeers = 1_024
/** Who has never answered is asked before who is slower than this for a block, and after who is quicker. */
const unknownMs = 100

export interface CatchUp {
  /** A peer has said something about a height. */
  onClaim(peer: PeerId, height: bigint): void
  /**
   * The own height has moved, `isLate` by what others had decided without us: the decision that waited
   * for it with who sent it, or the next question.
   */
  onHeight(isLate: boolean): Waiting | undefined
  onWant(peer: PeerId, height: bigint): Verdict<undefined>
  /** `accept`: the decision is for the own height now, or waits for its turn. */
  onDecision(peer: PeerId, decision: Decision): Verdict<Decision | undefined>
  /** A decision of this peer was refused: its claim is forgotten. */
  onFalse(peer: PeerId): void
  /** The peer has left. */
  onGone(peer: PeerId): void
  stop(): void
}

interface Waiting {
  readonly decision: Decision
  readonly from: PeerId
}

interface Asked {
  readonly peer: PeerId
  readonly from: bigint
  readonly atMs: number
  /** It claims to be further, so silence is a failure; else it may have nothing to say. */
  readonly isLag: boolean
  /** The first block has come: what lasts now is ours, its execution. */
  isGiven: boolean
}

interface Ports {
  readonly app: Pick<App, 'decision'>
  readonly network: Network
  readonly clock: Clock
  readonly ownHeight: () => bigint
  readonly encode: (packet: Packet) => Uint8Array
  /** What is known of the height in work, for who comes late to it. */
  readonly inWork: () => readonly Message[]
}

export function createCatchUp(ports: Ports): CatchUp {
  const { ownHeight } = ports
  const waiting = new Map<bigint, Waiting>()
  const past = createExperience()
  const question = createQuestion(ports, past, waiting)
  /** Since the start nobody has been heard who is at our height. */
  let isNew = true

  return {
    onClaim(peer, height) {
      const own = ownHeight()
      if (isNew && height >= own) {
        isNew = false
        if (height === own) question.ask(peer, false)
      }
      if (height > own && past.claimed(peer, height)) question.onNews(peer, height)
    },
    onHeight(isLate) {
      const own = ownHeight()
      const next = take(waiting, own)
      if (next !== undefined) return next
      question.onHeight(own)
      const peer = isLate ? peerAt(past.claims, own) : undefined
      if (peer !== undefined) question.ask(peer, false)
      return undefined
    },
    onWant: createAnswers(ports),
    onDecision(peer, decision) {
      const { height } = decision.certificate
      const own = ownHeight()
      if (height < own) return ignore('DECISION_OLD', `height ${height} is decided`)
      if (!question.isAnswer(peer, height))
        // A slow answer to an older question comes so, too: no fault.
        return ignore('DECISION_UNASKED', `nobody asked for the decision of height ${height}`)
      if (height > own) return keepWaiting(waiting, { decision, from: peer })
      question.onGiven()
      return accept(decision)
    },
    onFalse(peer) {
      past.failed(peer, 0)
      waiting.clear()
      question.drop(peer)
    },
    onGone(peer) {
      past.claims.delete(peer)
      question.drop(peer)
    },
    stop: () => question.stop(),
  }
}

/** The one question that is out, and when the next is due. */
function createQuestion(
  { network, clock, ownHeight, encode }: Ports,
  past: ReturnType<typeof createExperience>,
  waiting: Map<bigint, Waiting>,
) {
  let asked: Asked | undefined
  const ask = (peer: PeerId, isLag: boolean): void => {
    asked = { peer, from: ownHeight(), atMs: clock.nowMs(), isLag, isGiven: false }
    network.send(peer, encode({ type: 'want', height: asked.from }), 'vote')
  }
  const look = (): void => {
    const own = ownHeight()
    if (asked?.isGiven === true) return alarm.set(past.patienceMs(asked.peer))
    if (asked?.isLag === true && asked.from === own) {
      past.failed(asked.peer, past.patienceMs(asked.peer))
      asked = undefined
    }
    const peer = past.best(own)
    if (peer === undefined) return
    waiting.clear()
    ask(peer, true)
    alarm.set(past.patienceMs(peer))
  }
  const alarm = createAlarm(clock, look)
  const lookAgain = (): void => {
    asked = undefined
    alarm.stop()
    alarm.set(0)
  }
  return {
    ask,
    stop: () => alarm.stop(),
    isAnswer: (peer: PeerId, height: bigint): boolean =>
      asked?.peer === peer && height < asked.from + BigInt(maxAnswerDecisions),
    onGiven(): void {
      if (asked) asked.isGiven = true
    },
    /** Somebody else is asked, if it was this one. */
    drop(peer: PeerId): void {
      if (asked?.peer === peer) lookAgain()
    },
    /** A peer claims more than before. */
    onNews(peer: PeerId, height: bigint): void {
      const isFar = height > ownHeight() + 1n
      // Who has failed before keeps nobody waiting for whom a better one can be asked.
      const isBetter = asked !== undefined && past.isBetter(peer, asked.peer)
      if (isBetter) asked = undefined
      // Who is two heights ahead is not ahead by a moment.
      if (isBetter || (isFar && asked?.isLag !== true)) alarm.stop()
      alarm.set(isFar ? 0 : graceMs)
    },
    /** The own height has moved and nothing waits for it: the answer has been used. */
    onHeight(own: bigint): void {
      if (asked === undefined || asked.from >= own) return
      past.delivered(asked.peer, clock.nowMs() - asked.atMs, Number(own - asked.from))
      lookAgain()
    },
  }
}

/** What peers claim and how they have answered: how often in a row not at all, how long each may take. */
function createExperience() {
  const claims = new Map<PeerId, bigint>()
  const failures = new Map<PeerId, number>()
  const limits = new Map<PeerId, number>()
  const took = new Map<PeerId, number>()
  const patienceMs = (peer: PeerId): number => limits.get(peer) ?? minPatienceMs
  const failuresOf = (peer: PeerId): number => failures.get(peer) ?? 0
  const tookMs = (peer: PeerId): number => took.get(peer) ?? unknownMs
  return {
    claims,
    isBetter: (peer: PeerId, other: PeerId): boolean => failuresOf(peer) < failuresOf(other),
    /**
     * Who has failed least, so that a liar costs one question and not all; of those the quickest, so that one
     * who drips costs one too; of strangers the one that claims least.
     */
    best(own: bigint): PeerId | undefined {
      for (const [peer, height] of claims) if (height <= own) claims.delete(peer)
      const [first] = [...claims].toSorted(
        ([a, heightA], [b, heightB]) =>
          failuresOf(a) - failuresOf(b) || tookMs(a) - tookMs(b) || (heightA < heightB ? -1 : 1),
      )
      return first?.[0]
    },
    patienceMs,
    /** True: that is news. */
    claimed(peer: PeerId, height: bigint): boolean {
      if (height <= (claims.get(peer) ?? 0n)) return false
      if (claims.size < maxPeers || claims.has(peer)) claims.set(peer, height)
      return true
    },
    /** Twice what it took last is enough, and never more than before: who is slow on purpose gains no time. */
    delivered(peer: PeerId, ms: number, blocks: number): void {
      failures.delete(peer)
      set(took, peer, ms / blocks)
      set(limits, peer, Math.min(patienceMs(peer), Math.max(minPatienceMs, 2 * ms)))
    },
    /** Twice what was too short. */
    failed(peer: PeerId, waitedMs: number): void {
      claims.delete(peer)
      set(failures, peer, failuresOf(peer) + 1)
      set(limits, peer, Math.min(maxPatienceMs, Math.max(minPatienceMs, 2 * waitedMs)))
    },
  }
}

/** For so many peers; more are somebody's making them up, and all are strangers again. */
function set(map: Map<PeerId, number>, peer: PeerId, value: number): void {
  if (map.size >= maxPeers && !map.has(peer)) map.clear()
  map.set(peer, value)
}

/** One timer; set again while it runs it rings when it would have. */
function createAlarm(clock: Clock, ring: () => void) {
  let cancel: (() => void) | undefined
  return {
    set(delayMs: number): void {
      cancel ??= clock.after(delayMs, () => {
        cancel = undefined
        ring()
      })
    },
    stop(): void {
      cancel?.()
      cancel = undefined
    },
  }
}

/** Somebody who has been heard at this height, where nobody is known to be further. */
function peerAt(claims: ReadonlyMap<PeerId, bigint>, height: bigint): PeerId | undefined {
  let found: PeerId | undefined
  for (const [peer, claimed] of claims) {
    if (claimed > height) return undefined
    if (claimed === height) found = peer
  }
  return found
}

/** A decision that comes before its turn. */
function keepWaiting(waiting: Map<bigint, Waiting>, added: Waiting): Verdict<Decision | undefined> {
  const bytes = bytesWith(waiting, added.decision)
  if (bytes > maxAnswerBytes)
    return ignore('ANSWER_TOO_LONG', `more than ${maxAnswerBytes} bytes wait for their turn`)
  waiting.set(added.decision.certificate.height, added)
  return accept(undefined)
}

function take(waiting: Map<bigint, Waiting>, height: bigint): Waiting | undefined {
  const found = waiting.get(height)
  waiting.delete(height)
  return found
}

/** Bytes of the blocks that would wait with this one. */
function bytesWith(waiting: ReadonlyMap<bigint, Waiting>, added: Decision): number {
  let bytes = added.block.length
  for (const [height, { decision }] of waiting)
    if (height !== added.certificate.height) bytes += decision.block.length
  return bytes
}

interface Answered {
  readonly height: bigint
  readonly atMs: number
  /** Bytes sent that its rate has not yet paid for. */
  readonly owedBytes: number
}

/** Serves decisions, or what the height in work is at, to those who ask: so many bytes at a time. */
function createAnswers({
  app,
  network,
  clock,
  ownHeight,
  encode,
  inWork,
}: Ports): CatchUp['onWant'] {
  const answered = new Map<PeerId, Answered>()
  return (peer, height) => {
    const last = answered.get(peer)
    const nowMs = clock.nowMs()
    const owedBytes = last ? Math.max(0, last.owedBytes - (nowMs - last.atMs) * bytesPerMs) : 0
    if (owedBytes > burstBytes)
      return ignore('WANT_TOO_MUCH', 'decisions are sent at a limited rate; ask again in a while')
    if (last && last.height >= height && nowMs < last.atMs + answerPauseMs)
      return ignore('WANT_TOO_OFTEN', 'the same decisions were asked for a moment ago')
    if (answered.size >= maxPeers) answered.clear()
    let bytes = 0
    if (height === ownHeight())
      for (const message of inWork()) {
        const packet = { type: 'message', message } as const
        const encoded = encode(packet)
        bytes += encoded.length
        network.send(peer, encoded, laneOf(packet))
      }
    for (let at = height; at < height + BigInt(maxAnswerDecisions); at++) {
      const decision = app.decision(at)
      if (!decision) break
      const packet = encode({ type: 'decision', ...decision })
      bytes += packet.length
      if (bytes > maxAnswerBytes && at > height) break
      network.send(peer, packet, 'block')
    }
    answered.set(peer, { height, atMs: nowMs, owedBytes: owedBytes + bytes })
    return accept(undefined)
  }
}
