/**
 * How transactions travel: what the own pool takes leaves in batches, pushed to validators and to a
 * square root of the other peers, announced by hash to the rest, who fetch what nobody pushed.
 * Constants are geth's (eth/fetcher, eth/handler). Judges nothing: the pool does.
 */
import {
  asBytes,
  asList,
  type Clock,
  concat,
  decodeRlp,
  encodeRlp,
  type Hex,
  fromHex,
  keccakHex,
  reject,
  type Refusal,
  RlpError,
  toHex,
} from '../primitives/index.ts'
import type { Channel, PeerMessage } from './channel.ts'
import { transactionLanes as lanes } from './protocols.ts'

export interface TransactionPool {
  has(hash: Hex): boolean
  /** The bytes of a transaction in the pool. */
  raw(hash: Hex): Uint8Array | undefined
  /** Hashes of what can run now. */
  pending(): Iterable<Hex>
  /** A refusal of type reject costs the sender points. */
  submit(raw: Uint8Array): Promise<Refusal | undefined>
}

export interface TransactionsPorts {
  readonly channel: Pick<Channel, 'send'>
  readonly pool: TransactionPool
  readonly clock: Clock
  /** 0 to 1. */
  readonly random: () => number
  readonly peers: () => readonly { readonly peerId: string; readonly isValidator: boolean }[]
}

export interface Transactions {
  /** The pool has taken this one, from a wallet or from a peer. */
  taken(hash: Hex, raw: Uint8Array): void
  onMessage(message: PeerMessage): Promise<Refusal | undefined>
  /** Tells a new friend what the pool holds. */
  onFriend(peerId: string): void
  onGone(peerId: string): void
  stop(): void
}

/** 30 ms: late enough for a wallet's burst to share a batch, early enough not to be felt. */
const batchEveryMs = 30
const maxBatchBytes = 65_536
/** geth: hashes an announcement or a request may name, bytes of an answer, waits. */
const maxAnnounced = 4_096
const maxFetched = 256
const maxAnswerBytes = 131_072
const fetchAfterMs = 500
const fetchTimeoutMs = 5_000
/** Hashes a peer is known to know; the oldest are forgotten. */
const maxKnown = 32_768
/** Hashes somebody has and we want. */
const maxWanted = 16_384
/** Peers remembered for one of them. */
const maxAnnouncers = 4
/** Transactions that wait for the next batch; a flood above it is told by announcements later. */
const maxWaiting = 8_192

interface State extends TransactionsPorts {
  /** By peer: what it has or was sent. */
  readonly known: Map<string, Set<Hex>>
  readonly waiting: Map<Hex, Uint8Array>
  readonly wanted: Map<Hex, string[]>
  readonly timers: Set<() => void>
  isBatchDue: boolean
}

export function createTransactions(ports: TransactionsPorts): Transactions {
  const state: State = {
    ...ports,
    known: new Map(),
    waiting: new Map(),
    wanted: new Map(),
    timers: new Set(),
    isBatchDue: false,
  }
  return {
    taken(hash, raw) {
      state.wanted.delete(hash)
      if (state.waiting.size >= maxWaiting) return
      state.waiting.set(hash, raw)
      if (state.isBatchDue) return
      state.isBatchDue = true
      later(state, batchEveryMs, () => flush(state))
    },
    async onMessage({ peerId, lane, payload }) {
      try {
        if (lane === lanes.batch) return await onBatch(state, peerId, payload)
        const hashes = readHashes(payload, lane === lanes.fetch ? maxFetched : maxAnnounced)
        if (lane === lanes.fetch) answer(state, peerId, hashes)
        else onAnnounced(state, peerId, hashes)
        return undefined
      } catch (error) {
        if (!(error instanceof RlpError)) throw error
        return reject('TRANSACTIONS_MALFORMED', error.message)
      }
    },
    onFriend(peerId) {
      const hashes = [...state.pool.pending()].slice(0, maxAnnounced)
      if (hashes.length > 0) announce(state, peerId, hashes)
    },
    onGone: (peerId) => void state.known.delete(peerId),
    stop() {
      for (const cancel of state.timers) cancel()
      state.timers.clear()
    },
  }
}

/** Sends what has gathered: whole to some peers, by hash to the others. */
function flush(state: State): void {
  state.isBatchDue = false
  const gathered = [...state.waiting]
  state.waiting.clear()
  const peers = state.peers()
  const others = peers.filter(({ isValidator }) => !isValidator).map(({ peerId }) => peerId)
  const pushed = new Set(
    shuffled(others, state.random).slice(0, Math.ceil(Math.sqrt(others.length))),
  )
  for (const { peerId, isValidator } of peers) {
    const news = gathered.filter(([hash]) => !knows(state, peerId, hash))
    if (news.length === 0) continue
    if (isValidator || pushed.has(peerId)) push(state, peerId, news)
    else
      announce(
        state,
        peerId,
        news.map(([hash]) => hash),
      )
  }
}

function push(
  state: State,
  peerId: string,
  transactions: readonly (readonly [Hex, Uint8Array])[],
): void {
  let batch: Uint8Array[] = []
  let bytes = 0
  const send = (): void => {
    if (batch.length > 0) state.channel.send(peerId, lanes.batch, encodeRlp(batch))
    batch = []
    bytes = 0
  }
  for (const [hash, raw] of transactions) {
    if (bytes + raw.length > maxBatchBytes) send()
    batch.push(raw)
    bytes += raw.length
    remember(state, peerId, hash)
  }
  send()
}

function announce(state: State, peerId: string, hashes: readonly Hex[]): void {
  for (let at = 0; at < hashes.length; at += maxAnnounced) {
    const some = hashes.slice(at, at + maxAnnounced)
    state.channel.send(peerId, lanes.announce, concat(...some.map(fromHex)))
    for (const hash of some) remember(state, peerId, hash)
  }
}

async function onBatch(
  state: State,
  peerId: string,
  payload: Uint8Array,
): Promise<Refusal | undefined> {
  const raws = asList(decodeRlp(payload), 'batch').map((raw) => asBytes(raw, 'transaction'))
  let worst: Refusal | undefined
  for (const raw of raws) {
    const hash = keccakHex(raw)
    remember(state, peerId, hash)
    state.wanted.delete(hash)
    if (state.pool.has(hash)) continue
    const refusal = await state.pool.submit(raw)
    if (refusal?.type === 'reject') worst ??= refusal
  }
  return worst
}

function onAnnounced(state: State, peerId: string, hashes: readonly Hex[]): void {
  const fresh: Hex[] = []
  for (const hash of hashes) {
    remember(state, peerId, hash)
    if (state.pool.has(hash)) continue
    const announcers = state.wanted.get(hash)
    if (announcers) {
      if (announcers.length < maxAnnouncers) announcers.push(peerId)
    } else if (state.wanted.size < maxWanted) {
      state.wanted.set(hash, [peerId])
      fresh.push(hash)
    }
  }
  if (fresh.length > 0) later(state, fetchAfterMs, () => fetch(state, fresh))
}

/** Asks for what is still missing: each hash from the next peer that announced it. */
function fetch(state: State, hashes: readonly Hex[]): void {
  const byPeer = new Map<string, Hex[]>()
  const asked: Hex[] = []
  for (const hash of hashes) {
    const peerId = state.wanted.get(hash)?.shift()
    if (peerId === undefined || state.pool.has(hash)) {
      state.wanted.delete(hash)
      continue
    }
    asked.push(hash)
    byPeer.set(peerId, [...(byPeer.get(peerId) ?? []), hash])
  }
  for (const [peerId, some] of byPeer)
    for (let at = 0; at < some.length; at += maxFetched)
      state.channel.send(
        peerId,
        lanes.fetch,
        concat(...some.slice(at, at + maxFetched).map(fromHex)),
      )
  if (asked.length > 0)
    later(state, fetchTimeoutMs, () =>
      fetch(
        state,
        asked.filter((hash) => state.wanted.has(hash)),
      ),
    )
}

function answer(state: State, peerId: string, hashes: readonly Hex[]): void {
  const found: [Hex, Uint8Array][] = []
  let bytes = 0
  for (const hash of hashes) {
    const raw = state.pool.raw(hash)
    if (!raw) continue
    bytes += raw.length
    if (bytes > maxAnswerBytes && found.length > 0) break
    found.push([hash, raw])
  }
  push(state, peerId, found)
}

function readHashes(payload: Uint8Array, max: number): Hex[] {
  if (payload.length % 32 !== 0) throw new RlpError('hashes are 32 bytes each')
  if (payload.length > max * 32) throw new RlpError(`more than ${max} hashes`)
  return Array.from({ length: payload.length / 32 }, (_, i) =>
    toHex(payload.subarray(i * 32, i * 32 + 32)),
  )
}

const knows = ({ known }: State, peerId: string, hash: Hex): boolean =>
  known.get(peerId)?.has(hash) ?? false

function remember({ known }: State, peerId: string, hash: Hex): void {
  const hashes = known.get(peerId) ?? new Set()
  known.set(peerId, hashes)
  hashes.add(hash)
  const oldest = hashes.values().next()
  if (hashes.size > maxKnown && !oldest.done) hashes.delete(oldest.value)
}

function later(state: State, delayMs: number, task: () => void): void {
  const cancel = state.clock.after(delayMs, () => {
    state.timers.delete(cancel)
    task()
  })
  state.timers.add(cancel)
}

/** Fisher and Yates. */
function shuffled<item>(items: readonly item[], random: () => number): item[] {
  const result = [...items]
  for (let i = result.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1))
    const [a, b] = [result[i], result[j]]
    if (a !== undefined && b !== undefined) [result[i], result[j]] = [b, a]
  }
  return result
}
