/**
 * Decided blocks between nodes: the newest by gossip from who proposed it, older ones by range, all of
 * them into consensus as an input like any other. Commits nothing and keeps nothing.
 */
import {
  type Checker,
  type Decision,
  decodePacket,
  encodePacket,
  type Engine,
  proposerOf,
  type ValidatorSet,
  verifyCommit,
} from '../../consensus/index.ts'
import type { Chain } from '../../execution/index.ts'
import { decodeRange, type Judgement, maxRangeBytes } from '../../p2p/index.ts'
import {
  type Address,
  equalBytes,
  ignore,
  NodeError,
  reject,
  type Verdict,
} from '../../primitives/index.ts'
import { decisionOf } from './decisions.ts'

export interface BlockPorts {
  readonly store: Chain['store']
  readonly engine: Pick<Engine, 'offer' | 'height'>
  readonly validators: ValidatorSet
  readonly checker: Checker
  /** Absent: a node that follows proposes nothing. */
  readonly address: Address | undefined
}

export interface Blocks {
  /** From range sync: whoever sent it answers for its certificate. */
  take(height: bigint, bytes: Uint8Array): Promise<Judgement>
  /** From gossip: the first of a height is passed on, also when its block came here by another way before. */
  hear(bytes: Uint8Array): Promise<Judgement>
  /** Answers a range; ends before the block that would make the answer too long. */
  serve(request: Uint8Array): AsyncGenerator<Uint8Array>
  /** What is to be gossiped once `height` is committed: a block that this node proposed. */
  news(height: bigint): Uint8Array | undefined
}

const known = ignore('DECISION_KNOWN', 'this block has been passed on')

/** Blocks below the tip that are still passed on; who lags further asks for ranges. */
const fresh = 2n

export function createBlocks({ store, engine, validators, checker, address }: BlockPorts): Blocks {
  /** Heights of which others have a block from here; any quorum of its seals would do. */
  const passedOn = new Set<bigint>()
  const passOn = (height: bigint): void => {
    passedOn.add(height)
    for (const old of passedOn) if (old + fresh < height) passedOn.delete(old)
  }
  const judge = async (decision: Decision): Promise<Judgement> => {
    const { height } = decision.certificate
    if (height >= engine.height()) {
      const refusal = refusalOf(await engine.offer(decision))
      if (!refusal || height >= engine.height()) return refusal
    }
    return compare(decision) // it is here, if only since a moment
  }
  const compare = ({ certificate, block }: Decision): Judgement => {
    const ours = decisionOf(store, certificate.height)
    if (!ours) return ignore('DECISION_OLD', 'this block is not here any more')
    const verdict = verifyCommit(checker, validators, certificate)
    if (verdict.type !== 'accept') return verdict
    const isSame =
      ours.certificate.blockHash === certificate.blockHash && equalBytes(ours.block, block)
    return isSame ? undefined : reject('DECISION_DIFFERS', 'another block was decided here')
  }
  return {
    async take(height, bytes) {
      const packet = decisionIn(bytes)
      if (packet.type !== 'accept') return packet
      if (packet.value.certificate.height !== height)
        return reject('DECISION_ELSEWHERE', `asked for block ${height}, a peer sends another`)
      return refusalOf(await engine.offer(packet.value))
    },
    async hear(bytes) {
      const packet = decisionIn(bytes)
      if (packet.type !== 'accept') return packet
      const { height } = packet.value.certificate
      if (height + fresh < engine.height()) return ignore('DECISION_OLD', 'this block is old')
      if (passedOn.has(height)) return known
      // While it is judged too: another choice of seals is no news.
      passedOn.add(height)
      const refusal = await judge(packet.value)
      if (refusal) passedOn.delete(height)
      else passOn(height)
      return refusal
    },
    async *serve(request) {
      const range = decodeRange(request)
      if (range.type !== 'accept') throw new NodeError(range.code, range.message)
      const { from, count } = range.value
      let bytes = 0
      for (let height = from; height < from + BigInt(count); height++) {
        const decision = decisionOf(store, height)
        if (!decision) return
        const packet = encodePacket({ type: 'decision', ...decision })
        bytes += packet.length
        if (bytes > maxRangeBytes) return
        yield packet
      }
    },
    news(height) {
      if (address === undefined) return undefined
      const decision = decisionOf(store, height)
      if (!decision) return undefined
      const { round } = decision.certificate
      if (proposerOf(validators, height, round) !== address) return undefined
      passOn(height)
      return encodePacket({ type: 'decision', ...decision })
    },
  }
}

function decisionIn(bytes: Uint8Array): Verdict<Decision> {
  const packet = decodePacket(bytes)
  if (packet.type !== 'accept') return packet
  if (packet.value.type === 'decision') return { type: 'accept', value: packet.value }
  return reject('DECISION_MISSING', 'this is no decided block')
}

/** What a verdict says of its sender. */
export const refusalOf = <value>(verdict: Verdict<value>): Judgement =>
  verdict.type === 'accept' ? undefined : verdict
