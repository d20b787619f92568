/**
 * Range sync: asks several peers at once for ranges of decided blocks and hands them over in order.
 * Commits nothing: whoever receives a block checks its certificate and decides it as consensus does.
 * Ranges are planned to the highest tip that anybody claims; each peer is asked for what it has of one. A
 * peer that claims a tip and does not deliver, or delivers something else, pays; the range is asked
 * elsewhere, and the one that all others wait for is not left to a slow peer alone. Snapshot sync at a
 * finalised height will stand beside this file.
 */
import {
  accept,
  asInteger,
  asList,
  type Clock,
  decodeRlp,
  encodeRlp,
  fromBigInt,
  type Logger,
  NodeError,
  reject,
  type Refusal,
  RlpError,
  type Verdict,
} from '../primitives/index.ts'
import type { Ask } from './request.ts'
import type { Status } from './status.ts'
import { createSyncPeers, type SyncPeer, type SyncPeers } from './sync-peers.ts'

export interface SyncPorts {
  readonly clock: Clock
  readonly log: Logger
  readonly ask: Ask
  /** Height of the last block we have. */
  readonly tip: () => bigint
  /**
   * Takes block `height` with its certificate; resolves when the next may come. A refusal is the
   * fault of the peer that sent it.
   */
  readonly take: (height: bigint, bytes: Uint8Array) => Promise<Refusal | undefined>
  readonly fault: (peerId: string, code: string) => void
  /** Longest decided block on the wire. */
  readonly maxBlockBytes: number
}

export interface Sync {
  onStatus(peerId: string, status: Status): void
  onGone(peerId: string): void
  /** False: at the tip that peers who have not failed us claim. */
  progress(): false | { readonly start: bigint; readonly current: bigint; readonly highest: bigint }
  stop(): void
}

/** Blocks of one request. */
export const maxRange = 64
/** Of an answer: who serves it ends before the block that would go over, the rest is asked anew. */
export const maxRangeBytes = 16 * 2 ** 20
/** Blocks a gossiped or consensus-made one may be ahead before ranges are asked for. */
const slack = 2n
/** Ranges asked for or waiting to be taken: bounds memory to so many answers. */
const maxRanges = 8
/** Answers under way, those included that were asked for twice. */
const maxRequests = 16
/** The lowest range is asked of one more peer when it has not come after this long, then after twice as long. */
const lateMs = 2_000
const reportEveryMs = 5_000

interface Range {
  from: bigint
  count: number
  /** Who is being asked for it. */
  readonly asked: Set<string>
  /** When somebody was last. */
  askedMs: number
  answer: Answer | undefined
}

interface Answer {
  readonly peerId: string
  readonly askedMs: number
  readonly blocks: readonly Uint8Array[]
}

interface State extends SyncPorts {
  readonly peers: SyncPeers
  /** Without gaps, the lowest first. */
  ranges: Range[]
  requests: number
  isBehind: boolean
  startTip: bigint
  startMs: number
  reportedMs: number
  isTaking: boolean
  isStopped: boolean
}

export function createSync(ports: SyncPorts): Sync {
  const state: State = {
    ...ports,
    peers: createSyncPeers(ports.clock),
    ranges: [],
    requests: 0,
    isBehind: false,
    startTip: 0n,
    startMs: 0,
    reportedMs: 0,
    isTaking: false,
    isStopped: false,
  }
  return {
    onStatus(peerId, status) {
      state.peers.told(peerId, status)
      step(state)
    },
    onGone(peerId) {
      state.peers.gone(peerId)
      step(state) // its range in flight fails by itself
    },
    progress() {
      const highest = state.peers.likelyTip()
      if (highest <= ports.tip() + slack) return false
      return { start: state.startTip, current: ports.tip(), highest }
    },
    stop() {
      state.isStopped = true
    },
  }
}

/**
 * Plans ranges, gives them to idle peers, takes what has come. Cheap when there is nothing to do. Runs with
 * every status, so each second while there are peers: what waits for time needs no clock of its own.
 */
function step(state: State): void {
  if (state.isStopped) return
  plan(state)
  for (const range of state.ranges.slice(0, maxRanges)) askFor(state, range)
  void takeInOrder(state)
}

function plan(state: State): void {
  const tip = state.tip()
  const highest = state.peers.highestTip()
  trim(state, tip, highest)
  report(state, tip)
  if (state.ranges.length === 0) {
    if (highest <= tip + slack) return
    if (!state.isBehind) {
      state.isBehind = true
      state.startTip = tip
      state.startMs = state.reportedMs = state.clock.nowMs()
    }
  }
  const last = state.ranges.at(-1)
  let from = last ? endOf(last) : tip + 1n
  while (state.ranges.length < maxRanges && from <= highest) {
    const left = highest - from + 1n
    const range = newRange(from, left < BigInt(maxRange) ? Number(left) : maxRange)
    state.ranges.push(range)
    from = endOf(range)
  }
}

/** Without what consensus has brought meanwhile, and what nobody claims any more. */
function trim(state: State, tip: bigint, highest: bigint): void {
  state.ranges = state.ranges.filter((range) => endOf(range) > tip + 1n)
  const [first] = state.ranges
  if (first && isOpen(first) && first.from <= tip) {
    first.count = Number(endOf(first) - tip - 1n)
    first.from = tip + 1n
  }
  for (let last = state.ranges.at(-1); last && isOpen(last) && last.from > highest;) {
    state.ranges.pop()
    last = state.ranges.at(-1)
  }
}

const newRange = (from: bigint, count: number): Range => ({
  from,
  count,
  asked: new Set(),
  askedMs: 0,
  answer: undefined,
})

/** First height behind it. */
const endOf = ({ from, count }: Range): bigint => from + BigInt(count)
const isOpen = ({ asked, answer }: Range): boolean => asked.size === 0 && !answer

/** Somebody, for a range that nobody is asked for; one more for the lowest when it is late. */
function askFor(state: State, range: Range): void {
  if (range.answer || state.requests >= maxRequests) return
  const { size } = range.asked
  const lateAtMs = range.askedMs + lateMs * 2 ** (size - 1)
  const isLate = range === state.ranges[0] && state.clock.nowMs() >= lateAtMs
  if (size > 0 && !isLate) return
  const peer = state.peers.best(range.from, range.asked)
  if (peer) void request(state, range, peer)
}

async function request(state: State, range: Range, peer: SyncPeer): Promise<void> {
  const { peerId } = peer
  const askedMs = state.clock.nowMs()
  const blocks: Uint8Array[] = []
  peer.isBusy = true
  state.requests += 1
  range.asked.add(peerId)
  range.askedMs = askedMs
  try {
    await collect(state, range, peer, blocks)
    // Overtaken by who was asked later: too slow, and the next time others go first.
    if (range.answer && range.answer.askedMs > askedMs) failed(state, peerId)
  } catch (error) {
    const code = error instanceof NodeError ? error.code : 'SYNC_BROKEN_OFF'
    state.log.debug({ peerId, code, from: range.from.toString() }, 'a range is asked elsewhere')
    failed(state, peerId)
    if (code !== 'SYNC_BROKEN_OFF') state.fault(peerId, code)
    if (range.asked.size > 1) blocks.length = 0 // another may bring all of it
  } finally {
    peer.isBusy = false
    peer.msPerBlock = (state.clock.nowMs() - askedMs) / Math.max(1, blocks.length)
    state.requests -= 1
    range.asked.delete(peerId)
    if (blocks.length > 0) keep(state, range, { peerId, askedMs, blocks })
    step(state)
  }
}

/** What the peer has of the range; ends early when another has brought it. */
async function collect(
  state: State,
  range: Range,
  { peerId, status }: SyncPeer,
  blocks: Uint8Array[],
): Promise<void> {
  const { from } = range
  const has = status.tip - from + 1n
  const count = has < BigInt(range.count) ? Number(has) : range.count
  let bytes = 0
  for await (const block of state.ask(peerId, encodeRange({ from, count }))) {
    if (range.answer || !state.ranges.includes(range)) return
    if (blocks.length === count)
      throw new NodeError('SYNC_TOO_MANY', 'a peer sends more blocks than asked for')
    blocks.push(block)
    bytes += block.length
  }
  // Its status said that it has them: only an answer that is full may be short.
  if (blocks.length < count && bytes <= maxRangeBytes - state.maxBlockBytes)
    throw new NodeError('SYNC_TOO_FEW', 'a peer does not have the blocks that it claims')
}

/** The blocks that came; those that did not are a range of their own, to be asked for. */
function keep(state: State, range: Range, answer: Answer): void {
  const at = state.ranges.indexOf(range)
  if (at < 0 || range.answer) return
  const left = range.count - answer.blocks.length
  range.answer = answer
  range.count = answer.blocks.length
  if (left > 0) state.ranges.splice(at + 1, 0, newRange(endOf(range), left))
}

/** Hands over the blocks of the lowest range; one caller at a time. */
async function takeInOrder(state: State): Promise<void> {
  if (state.isTaking) return
  state.isTaking = true
  try {
    for (;;) {
      const [range] = state.ranges
      if (!range?.answer || state.isStopped) return
      const { peerId, blocks } = range.answer
      const refusal = await takeRange(state, range.from, blocks)
      if (refusal) {
        refused(state, peerId, refusal)
        step(state)
        return
      }
      state.peers.delivered(peerId)
      state.ranges = state.ranges.filter((each) => each !== range)
      step(state)
    }
  } finally {
    state.isTaking = false
  }
}

async function takeRange(
  state: State,
  from: bigint,
  blocks: readonly Uint8Array[],
): Promise<Refusal | undefined> {
  for (const [i, bytes] of blocks.entries()) {
    const height = from + BigInt(i)
    if (height <= state.tip()) continue // consensus was faster
    const refusal = await state.take(height, bytes)
    if (refusal && height > state.tip()) return refusal
  }
  return undefined
}

/** All that this peer has sent is asked of others. */
function refused(state: State, peerId: string, { type, code }: Refusal): void {
  state.log.warn({ code, peerId }, 'a synced block is refused')
  for (const range of state.ranges) if (range.answer?.peerId === peerId) range.answer = undefined
  failed(state, peerId)
  if (type === 'reject') state.fault(peerId, code)
}

function failed(state: State, peerId: string): void {
  state.clock.after(state.peers.failed(peerId), () => step(state))
}

function report(state: State, tip: bigint): void {
  const nowMs = state.clock.nowMs()
  const highest = state.peers.likelyTip()
  if (!state.isBehind || highest === 0n) return // nobody is there to say
  const left = highest > tip ? Number(highest - tip) : 0
  if (left > 0 && nowMs - state.reportedMs < reportEveryMs) return
  state.isBehind = left > 0
  state.reportedMs = nowMs
  const done = Number(tip - state.startTip)
  const perSecond = (done * 1000) / Math.max(1, nowMs - state.startMs)
  const facts = { height: tip.toString(), blocksPerSecond: Math.round(perSecond), left }
  if (state.isBehind)
    state.log.info({ ...facts, etaSeconds: Math.round(left / Math.max(perSecond, 0.1)) }, 'syncing')
  else state.log.info(facts, 'sync has reached the tip')
}

export const encodeRange = ({
  from,
  count,
}: {
  readonly from: bigint
  readonly count: number
}): Uint8Array => encodeRlp([fromBigInt(from), fromBigInt(BigInt(count))])

/** What a peer asks for, from the other side of the wire. */
export function decodeRange(
  bytes: Uint8Array,
): Verdict<{ readonly from: bigint; readonly count: number }, 'RANGE_MALFORMED'> {
  try {
    const fields = asList(decodeRlp(bytes), 'range', 2)
    const from = asInteger(fields[0], 'from', 8)
    const count = Number(asInteger(fields[1], 'count', 2))
    if (count === 0 || count > maxRange) throw new RlpError(`a range is 1 to ${maxRange} blocks`)
    return accept({ from, count })
  } catch (error) {
    if (!(error instanceof RlpError)) throw error
    return reject('RANGE_MALFORMED', error.message)
  }
}
