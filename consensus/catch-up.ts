/**
 * How a validator that lags catches up: it asks one peer that claims a later height for decided blocks,
 * and forgets the claim of a peer that does not deliver. Decides nothing: what arrives becomes an
 * input of the core like any other. Also answers such questions, within a budget.
 */
import { ignore, accept, type Clock, type Verdict } from '../primitives/index.ts'
import type { App, Decision, Network, PeerId } from './ports.ts'
import { encodePacket } from './wire.ts'

/** Peers move on a moment before us all the time; a lag is what lasts longer. */
const graceMs = 300
/** A peer that has not delivered after this long is not asked again before it claims anew. */
const patienceMs = 2_000
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

export interface CatchUp {
  /** A peer has said something about a height. */
  onClaim(peer: PeerId, height: bigint): void
  /** The own height has moved: decisions that waited for it, or the next question. */
  onHeight(): Decision | undefined
  onWant(peer: PeerId, height: bigint): Verdict<undefined>
  /** `accept`: the decision is for the own height now, or waits for its turn. */
  onDecision(peer: PeerId, decision: Decision): Verdict<Decision | undefined>
  /** The decision that was handed out last was refused: its sender is forgotten. */
  onFalse(peer: PeerId): void
  stop(): void
}

interface Ports {
  readonly app: Pick<App, 'decision'>
  readonly network: Network
  readonly clock: Clock
  readonly ownHeight: () => bigint
}

export function createCatchUp({ app, network, clock, ownHeight }: Ports): CatchUp {
  const claims = new Map<PeerId, bigint>()
  const waiting = new Map<bigint, Decision>()
  /** How often in a row a peer has claimed and not delivered. */
  const failures = new Map<PeerId, number>()
  const failed = (peer: PeerId): void => {
    claims.delete(peer)
    failures.set(peer, (failures.get(peer) ?? 0) + 1)
    if (failures.size > maxPeers) failures.clear()
  }
  let asked: { readonly peer: PeerId; readonly from: bigint } | undefined
  let cancel: (() => void) | undefined

  const wake = (delayMs: number): void => {
    cancel ??= clock.after(delayMs, () => {
      cancel = undefined
      look()
    })
  }
  const look = (): void => {
    const own = ownHeight()
    if (asked?.from === own) failed(asked.peer)
    for (const [peer, height] of claims) if (height <= own) claims.delete(peer)
    const peer = best(claims, failures)
    asked = peer === undefined ? undefined : { peer, from: own }
    if (!asked) return
    waiting.clear()
    network.send(asked.peer, encodePacket({ type: 'want', height: own }), 'vote')
    wake(patienceMs)
  }

  return {
    onClaim(peer, height) {
      if (height <= ownHeight() || height <= (claims.get(peer) ?? 0n)) return
      if (claims.size < maxPeers || claims.has(peer)) claims.set(peer, height)
      wake(graceMs)
    },
    onHeight() {
      const own = ownHeight()
      const next = waiting.get(own)
      waiting.delete(own)
      if (next === undefined && asked !== undefined && asked.from < own) {
        failures.delete(asked.peer)
        asked = undefined
        cancel?.()
        cancel = undefined
        wake(0)
      }
      return next
    },
    onWant: createAnswers({ app, network, clock }),
    onDecision(peer, decision) {
      const { height } = decision.certificate
      const own = ownHeight()
      if (height < own) return ignore('DECISION_OLD', `height ${height} is decided`)
      if (asked?.peer !== peer || height >= asked.from + BigInt(maxAnswerDecisions))
        // A slow answer to an older question comes so, too: no fault.
        return ignore('DECISION_UNASKED', `nobody asked for the decision of height ${height}`)
      if (height === own) return accept(decision)
      const bytes = bytesWith(waiting, decision)
      if (bytes > maxAnswerBytes)
        return ignore('ANSWER_TOO_LONG', `more than ${maxAnswerBytes} bytes wait for their turn`)
      waiting.set(height, decision)
      return accept(undefined)
    },
    onFalse(peer) {
      failed(peer)
      waiting.clear()
    },
    stop() {
      cancel?.()
    },
  }
}

/** Bytes of the blocks that would wait with this one. */
function bytesWith(waiting: ReadonlyMap<bigint, Decision>, added: Decision): number {
  let bytes = added.block.length
  for (const [height, { block }] of waiting)
    if (height !== added.certificate.height) bytes += block.length
  return bytes
}

interface Answered {
  readonly height: bigint
  readonly atMs: number
  /** Bytes sent that its rate has not yet paid for. */
  readonly owedBytes: number
}

/** Serves decisions to those who ask, a bounded number of bytes at a time. */
function createAnswers({ app, network, clock }: Omit<Ports, 'ownHeight'>): CatchUp['onWant'] {
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
    for (let at = height; at < height + BigInt(maxAnswerDecisions); at++) {
      const decision = app.decision(at)
      if (!decision) break
      const packet = encodePacket({ type: 'decision', ...decision })
      bytes += packet.length
      if (bytes > maxAnswerBytes && at > height) break
      network.send(peer, packet, 'block')
    }
    answered.set(peer, { height, atMs: nowMs, owedBytes: owedBytes + bytes })
    return accept(undefined)
  }
}

/** Who has failed least, so that a liar costs one question and not all; of those the highest claim. */
function best(
  claims: ReadonlyMap<PeerId, bigint>,
  failures: ReadonlyMap<PeerId, number>,
): PeerId | undefined {
  const [first] = [...claims].toSorted(
    ([a, heightA], [b, heightB]) =>
      (failures.get(a) ?? 0) - (failures.get(b) ?? 0) || (heightA > heightB ? -1 : 1),
  )
  return first?.[0]
}
