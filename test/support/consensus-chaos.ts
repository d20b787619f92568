/**
 * The net of arrays under a seed: messages are delivered in any order, lost and repeated, timers
 * expire at bad moments, and faulty validators say to each what divides them best. Checks after each
 * step what must hold whatever arrives. Same seed, same run.
 */
import {
  apply,
  type CoreState,
  initialState,
  isQuorum,
  powerOf,
  type Proposal,
  proposerOf,
  type SignedVote,
  splitBlock,
  type Value,
  type VoteType,
} from '../../consensus/index.ts'
import { keccakHex } from '../../primitives/index.ts'
import { hasQuorum } from '../../consensus/vote-keeper.ts'
import { hashOf, partsOf } from './consensus-lone.ts'
import {
  addressOf,
  blockBytes,
  createNet,
  expire,
  feed,
  type Net,
  type Peer,
  sealOf,
  startOf,
  toInput,
} from './consensus-net.ts'

export type ChaosOptions = {
  readonly seed: number
  readonly powers: readonly bigint[]
  /** Indexes of faulty validators. */
  readonly faulty: readonly number[]
  /** The faulty act together, as one would who wants a fork. */
  readonly isJoint: boolean
  readonly steps: number
  readonly heights: bigint
}

export type Chaos = {
  readonly net: Net
  readonly honest: readonly number[]
  readonly faults: readonly string[]
}

/** Random numbers from 0 to n - 1 (mulberry32, public domain). */
function dice(seed: number): (n: number) => number {
  let state = seed | 0
  return (n) => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), state | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) % n
  }
}

export function runChaos(options: ChaosOptions): Chaos {
  const { powers, faulty, steps, heights } = options
  const roll = dice(options.seed)
  const net = createNet({ powers })
  const honest = [...powers.keys()].filter((index) => !faulty.includes(index))
  const watch = createWatch(net, honest)
  for (const of of honest) feed(net, of, startOf(net, 1n), heights)
  for (let step = 0; step < steps; step++) {
    const luck = roll(100)
    if (faulty.length > 0 && luck < 15) lie(net, honest, options, roll)
    else if (luck < 22) expireHonest(net, honest, heights)
    else deliver(net, honest, roll, luck, heights)
    watch.look()
  }
  const power = honest.reduce((sum, index) => sum + powerOf(net.set, index), 0n)
  if (isQuorum(net.set, power)) heal(net, honest, heights, watch.look)
  return { net, honest, faults: [...watch.faults, ...replayFaults(net, honest)] }
}

/** One waiting message, any of them; one in ten is lost, one in ten comes again later. */
function deliver(
  net: Net,
  honest: readonly number[],
  roll: (n: number) => number,
  luck: number,
  heights: bigint,
): void {
  if (net.mail.length === 0) return expireHonest(net, honest, heights)
  const at = roll(net.mail.length)
  const next = net.mail[at]
  if (luck >= 30) net.mail.splice(at, 1)
  if (next && luck >= 25 + 10 * roll(2) && honest.includes(next.to))
    feed(net, next.to, next.input, heights)
  return undefined
}

function expireHonest(net: Net, honest: readonly number[], heights: bigint): void {
  if (net.timers.length > 0) expire(net, heights)
  else for (const of of honest) feed(net, of, startOf(net, 1n), heights)
}

/**
 * A faulty validator tells one honest one something of about the round that one is in: anything, or,
 * where they act jointly, what confirms each in a view of its own.
 */
function lie(
  net: Net,
  honest: readonly number[],
  { faulty, isJoint, heights }: ChaosOptions,
  roll: (n: number) => number,
): void {
  const to = honest[roll(honest.length)] ?? 0
  const liar = faulty[roll(faulty.length)] ?? 0
  const state = net.peers[to]?.state
  if (state === undefined) return
  const round = Math.max(0, state.round.round + roll(3) - 1)
  const { height } = state
  if (proposerOf(net.set, height, round) === addressOf(liar) && roll(3) > 0) {
    const text = (isJoint ? ['x', 'y'][to % 2] : ['x', 'y', 'bad'][roll(3)]) ?? 'x'
    for (const input of proposalOf(height, round, roll(round + 1) - 1, liar, text, net.now))
      feed(net, to, input, heights)
    return
  }
  if (isJoint) {
    for (const vote of agreeing(state, faulty)) feed(net, to, { type: 'vote', vote }, heights)
    return
  }
  const type: VoteType = roll(2) === 0 ? 'prevote' : 'precommit'
  const known: readonly Value[] = [null, ...state.proposals.map((held) => held.proposal.blockHash)]
  const blockHash = known[roll(known.length)] ?? null
  const vote = { type, height, round, blockHash, voter: addressOf(liar), seal: sealOf(liar) }
  feed(net, to, { type: 'vote', vote }, heights)
}

/** All of the faulty for the block the listener has been proposed in its round. */
function agreeing(state: CoreState, faulty: readonly number[]): readonly SignedVote[] {
  const { height } = state
  const { round } = state.round
  const proposed = state.proposals.find(({ proposal }) => proposal.round === round)
  if (proposed === undefined) return []
  const { blockHash } = proposed.proposal
  return faulty.flatMap((of) =>
    (['prevote', 'precommit'] as const).map((type) => {
      return { type, height, round, blockHash, voter: addressOf(of), seal: sealOf(of) }
    }),
  )
}

function proposalOf(
  height: bigint,
  round: number,
  validRound: number,
  of: number,
  text: string,
  receivedAtMs: number,
) {
  const proposal: Proposal = {
    type: 'proposal',
    height,
    round,
    validRound,
    blockHash: hashOf(text),
    partHashes: splitBlock(blockBytes(text)).map(keccakHex),
    proposer: addressOf(of),
  }
  return [toInput({ ...proposal, seal: sealOf(of) }, receivedAtMs), ...partsOf(proposal, text)]
}

/** Everything arrives and the liars are silent; who is behind is given what others decided. */
function heal(net: Net, honest: readonly number[], heights: bigint, look: () => void): void {
  const isBehind = (of: number) => (net.peers[of]?.decisions.length ?? 0) < Number(heights)
  for (let step = 0; step < 20_000 && honest.some(isBehind); step++) {
    for (const of of honest) catchUp(net, honest, of, heights)
    const next = net.mail.shift()
    if (next === undefined) expire(net, heights)
    else if (honest.includes(next.to)) feed(net, next.to, next.input, heights)
    look()
  }
}

function catchUp(net: Net, honest: readonly number[], of: number, heights: bigint): void {
  const peer = net.peers[of]
  const known = honest
    .flatMap((other) => net.peers[other]?.decisions ?? [])
    .find(({ height }) => height === peer?.state.height && peer.decisions.at(-1)?.height !== height)
  if (
    known &&
    !peer?.inputs.some((i) => i.type === 'synced' && i.certificate === known.certificate)
  )
    feed(net, of, { type: 'synced', certificate: known.certificate, block: known.block }, heights)
}

/** Looks at what honest validators asked to be signed and decided since the last look. */
function createWatch(net: Net, honest: readonly number[]) {
  const faults: string[] = []
  const seen = new Map<number, number>()
  const said = new Map<string, Value>()
  const locks = new Map<number, { height: bigint; round: number; value: Value }>()
  const look = (): void => {
    for (const of of honest) {
      const peer = net.peers[of]
      if (peer === undefined) continue
      for (const effect of peer.effects.slice(seen.get(of) ?? 0)) {
        if (effect.type === 'sign' && effect.message.type !== 'proposal')
          checkVote(of, peer, { ...effect.message, type: effect.message.type })
        if (effect.type === 'decide') checkDecision(of, effect.height, effect.blockHash)
        if (effect.type === 'halt') faults.push(`${of} halts: ${effect.reason}`)
      }
      seen.set(of, peer.effects.length)
    }
  }
  const once = (key: string, value: Value, what: string): void => {
    if (said.has(key) && said.get(key) !== value) faults.push(what)
    said.set(key, value)
  }
  const checkVote = (of: number, peer: Peer, vote: Omit<SignedVote, 'seal'>): void => {
    const { type, height, round, blockHash } = vote
    const key = `${of} ${height.toString()}/${round} ${type}`
    if (said.has(key)) faults.push(`${key} is given twice`)
    said.set(key, blockHash)
    const lock = locks.get(of)
    const isLocked = lock?.height === height && lock.value !== blockHash
    if (
      type === 'prevote' &&
      isLocked &&
      blockHash !== null &&
      !unlocks(peer.state, lock.round, round, blockHash)
    )
      faults.push(`${key} for another block without a polka since the lock`)
    if (type === 'precommit' && blockHash !== null)
      locks.set(of, { height, round, value: blockHash })
  }
  const checkDecision = (of: number, height: bigint, blockHash: Value): void => {
    once(
      `decided ${height.toString()}`,
      blockHash,
      `${of} decides another block at ${height.toString()}`,
    )
    const decision = net.peers[of]?.decisions.find((each) => each.height === height)
    const indexes = new Set(decision?.certificate.seals.map(({ index }) => index))
    const power = [...indexes].reduce((sum, index) => sum + powerOf(net.set, index), 0n)
    if (!isQuorum(net.set, power)) faults.push(`${of} decides without a quorum`)
    for (const index of indexes)
      if (honest.includes(index)) {
        const key = `${index} ${height.toString()}/${decision?.round ?? -1} precommit`
        if (said.get(key) !== blockHash) faults.push(`${key} stands in a certificate, never given`)
      }
  }
  return { faults, look }
}

/** A polka for the block in a round since the lock, before this one (L29). */
const unlocks = (state: CoreState, from: number, before: number, value: Value): boolean =>
  Array.from({ length: before - from }, (_, i) => from + i).some((round) =>
    hasQuorum(state.votes, state.validators, 'prevote', round, value),
  )

/** The same inputs once more must give the same effects, to the byte. */
function replayFaults(net: Net, honest: readonly number[]): readonly string[] {
  return honest.flatMap((of) => {
    const peer = net.peers[of]
    if (peer === undefined) return []
    let state = initialState({
      self: addressOf(of),
      params: peer.state.params,
      lastHeight: 0n,
      nextValidators: net.set,
    })
    const effects = peer.inputs.flatMap((input) => {
      const result = apply(state, input)
      state = result.state
      return result.effects
    })
    const isSame = show(effects) === show(peer.effects) && show(state) === show(peer.state)
    return isSame ? [] : [`${of} does otherwise in a replay`]
  })
}

const show = (item: unknown): string =>
  JSON.stringify(item, (_, value: unknown) =>
    typeof value === 'bigint' ? value.toString() : value instanceof Map ? [...value] : value,
  ) ?? ''
