/**
 * Range sync: asks several peers at once for ranges of decided blocks and hands them over in order.
 * Commits nothing: whoever receives a block checks its certificate and decides it as consensus does.
 * A peer that claims a tip and does not deliver, or delivers something else, pays; the range is asked
 * elsewhere. Snapshot sync at a finalised height will stand beside this file.
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
  /** False: at the tip that peers claim. */
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
/** A peer that failed is left alone for so long. */
const restMs = 5_000
const reportEveryMs = 5_000

interface Peer {
  status: Status
  isBusy: boolean
  restUntilMs: number
}

interface Range {
  readonly from: bigint
  count: number
  /** Undefined: to be asked for. */
  peerId: string | undefined
  blocks: readonly Uint8Array[] | undefined
}

interface State extends SyncPorts {
  readonly peers: Map<string, Peer>
  ranges: Range[]
  /** First height no range covers yet. */
  nextFrom: bigint
  startTip: bigint
  startMs: number
  reportedMs: number
  isTaking: boolean
  isStopped: boolean
}

export function createSync(ports: SyncPorts): Sync {
  const state: State = {
    ...ports,
    peers: new Map(),
    ranges: [],
    nextFrom: 0n,
    startTip: 0n,
    startMs: 0,
    reportedMs: 0,
    isTaking: false,
    isStopped: false,
  }
  return {
    onStatus(peerId, status) {
      const peer = state.peers.get(peerId)
      if (peer) peer.status = status
      else state.peers.set(peerId, { status, isBusy: false, restUntilMs: 0 })
      step(state)
    },
    onGone(peerId) {
      state.peers.delete(peerId)
      step(state) // its range in flight fails by itself
    },
    progress() {
      const highest = highestTip(state)
      if (state.ranges.length === 0 && highest <= ports.tip() + slack) return false
      return { start: state.startTip, current: ports.tip(), highest }
    },
    stop() {
      state.isStopped = true
    },
  }
}

/** Plans ranges, gives them to idle peers, takes what has come. Cheap when there is nothing to do. */
function step(state: State): void {
  if (state.isStopped) return
  plan(state)
  for (const range of state.ranges.slice(0, maxRanges)) {
    if (range.peerId !== undefined) continue
    const peerId = idlePeerFor(state, range)
    if (peerId !== undefined) void request(state, range, peerId)
  }
  void takeInOrder(state)
}

function plan(state: State): void {
  const tip = state.tip()
  const highest = highestTip(state)
  if (state.ranges.length === 0) {
    if (highest <= tip + slack) return
    if (state.nextFrom <= tip) {
      state.startTip = tip
      state.startMs = state.reportedMs = state.clock.nowMs()
    }
    state.nextFrom = tip + 1n
  }
  while (state.ranges.length < maxRanges && state.nextFrom <= highest) {
    const left = highest - state.nextFrom + 1n
    const count = left < BigInt(maxRange) ? Number(left) : maxRange
    state.ranges.push({ from: state.nextFrom, count, peerId: undefined, blocks: undefined })
    state.nextFrom += BigInt(count)
  }
}

function idlePeerFor({ peers, clock }: State, { from, count }: Range): string | undefined {
  const last = from + BigInt(count) - 1n
  for (const [peerId, peer] of peers) {
    const covers = peer.status.base <= from && peer.status.tip >= last
    if (covers && !peer.isBusy && peer.restUntilMs <= clock.nowMs()) return peerId
  }
  return undefined
}

async function request(state: State, range: Range, peerId: string): Promise<void> {
  const peer = state.peers.get(peerId)
  if (!peer) return
  peer.isBusy = true
  range.peerId = peerId
  try {
    const blocks: Uint8Array[] = []
    let bytes = 0
    for await (const block of state.ask(peerId, encodeRange(range))) {
      if (blocks.length === range.count)
        throw new NodeError('SYNC_TOO_MANY', 'a peer sends more blocks than asked for')
      blocks.push(block)
      bytes += block.length
    }
    // Its status said that it has them: only an answer that is full may be short.
    if (blocks.length < range.count && bytes <= maxRangeBytes - state.maxBlockBytes)
      throw new NodeError('SYNC_TOO_FEW', 'a peer does not have the blocks that it claims')
    keepPrefix(state, range, blocks)
  } catch (error) {
    rest(state, peerId)
    dropFrom(state, range)
    const code = error instanceof NodeError ? error.code : 'SYNC_BROKEN_OFF'
    state.log.debug({ peerId, code, from: range.from.toString() }, 'a range is asked elsewhere')
    if (code !== 'SYNC_BROKEN_OFF') state.fault(peerId, code)
  } finally {
    peer.isBusy = false
    step(state)
  }
}

/** The blocks that came; those that did not fit are a range of their own, to be asked for. */
function keepPrefix(state: State, range: Range, blocks: readonly Uint8Array[]): void {
  const left = range.count - blocks.length
  range.blocks = blocks
  range.count = blocks.length
  const at = state.ranges.indexOf(range)
  if (left === 0 || at < 0) return
  const from = range.from + BigInt(blocks.length)
  state.ranges.splice(at + 1, 0, { from, count: left, peerId: undefined, blocks: undefined })
}

/** Hands over the blocks of the lowest range; one caller at a time. */
async function takeInOrder(state: State): Promise<void> {
  if (state.isTaking) return
  state.isTaking = true
  try {
    for (;;) {
      const range = state.ranges[0]
      if (!range?.blocks || state.isStopped) return
      const refusal = await takeRange(state, range)
      if (refusal) {
        state.log.warn({ code: refusal.code, peerId: range.peerId }, 'a synced block is refused')
        if (range.peerId !== undefined) {
          rest(state, range.peerId)
          if (refusal.type === 'reject') state.fault(range.peerId, refusal.code)
        }
        dropFrom(state, range)
        step(state)
        return
      }
      state.ranges.shift()
      report(state)
      step(state)
    }
  } finally {
    state.isTaking = false
  }
}

async function takeRange(state: State, { from, blocks }: Range): Promise<Refusal | undefined> {
  for (const [i, bytes] of (blocks ?? []).entries()) {
    const height = from + BigInt(i)
    if (height <= state.tip()) continue // consensus was faster
    const refusal = await state.take(height, bytes)
    if (refusal) return refusal
  }
  return undefined
}

/**
 * Plans anew from this range on, or from the first that nobody has been asked for: who claimed those
 * blocks may be who has just failed.
 */
function dropFrom(state: State, range: Range): void {
  const at = state.ranges.findIndex((each) => each === range || each.peerId === undefined)
  const first = state.ranges[at]
  if (!first) return
  state.ranges = state.ranges.slice(0, at)
  state.nextFrom = first.from
}

function rest(state: State, peerId: string): void {
  const peer = state.peers.get(peerId)
  if (peer) peer.restUntilMs = state.clock.nowMs() + restMs
  state.clock.after(restMs, () => step(state))
}

function report(state: State): void {
  const nowMs = state.clock.nowMs()
  const isDone = state.ranges.length === 0 && state.nextFrom > highestTip(state)
  if (!isDone && nowMs - state.reportedMs < reportEveryMs) return
  state.reportedMs = nowMs
  const tip = state.tip()
  const done = Number(tip - state.startTip)
  const perSecond = (done * 1000) / Math.max(1, nowMs - state.startMs)
  const left = Number(highestTip(state) - tip)
  const facts = { height: tip.toString(), blocksPerSecond: Math.round(perSecond), left }
  if (isDone) state.log.info(facts, 'sync has reached the tip')
  else
    state.log.info({ ...facts, etaSeconds: Math.round(left / Math.max(perSecond, 0.1)) }, 'syncing')
}

/** The claims of peers that have just failed do not count: a fake tip holds nobody up for long. */
const highestTip = ({ peers, clock }: State): bigint =>
  [...peers.values()].reduce(
    (max, { status, restUntilMs }) =>
      status.tip > max && restUntilMs <= clock.nowMs() ? status.tip : max,
    0n,
  )

export const encodeRange = ({ from, count }: Pick<Range, 'from' | 'count'>): Uint8Array =>
  encodeRlp([fromBigInt(from), fromBigInt(BigInt(count))])

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
