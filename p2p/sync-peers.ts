/**
 * The peers of a range sync: what they claim to have, how they have answered, and who is asked next. A
 * claim costs nothing, so it earns nothing: who has delivered goes before who promises. Asks nobody.
 */
import type { Clock } from '../primitives/index.ts'
import type { Status } from './status.ts'

export interface SyncPeer {
  readonly peerId: string
  status: Status
  isBusy: boolean
  /** In a row; what it sent and was taken wipes them out. */
  failures: number
  restUntilMs: number
  /** Of its last answer. */
  msPerBlock: number
}

export interface SyncPeers {
  told(peerId: string, status: Status): void
  gone(peerId: string): void
  /** The best to ask for block `from`: idle, has it, failed least, then the fastest; none of `others`. */
  best(from: bigint, others: ReadonlySet<string>): SyncPeer | undefined
  delivered(peerId: string): void
  /** Milliseconds for which it is left alone. */
  failed(peerId: string): number
  /** Claims of peers that rest do not count: a fake tip holds nobody up for long. */
  highestTip(): bigint
  /** What is likely the tip: of those who have failed only if everybody has. */
  likelyTip(): bigint
}

/** A peer that failed is left alone for so long, and twice as long each time. */
const minRestMs = 5_000
const maxRestMs = 60_000

export function createSyncPeers(clock: Clock): SyncPeers {
  const peers = new Map<string, SyncPeer>()
  const isResting = ({ restUntilMs }: SyncPeer): boolean => restUntilMs > clock.nowMs()
  return {
    told(peerId, status) {
      const peer = peers.get(peerId)
      if (peer) peer.status = status
      else peers.set(peerId, newPeer(peerId, status))
    },
    gone: (peerId) => void peers.delete(peerId),
    best(from, others) {
      let found: SyncPeer | undefined
      for (const peer of peers.values()) {
        const { base, tip } = peer.status
        const isFit = base <= from && tip >= from && !peer.isBusy && !isResting(peer)
        if (isFit && !others.has(peer.peerId) && (!found || isBetter(peer, found))) found = peer
      }
      return found
    },
    delivered(peerId) {
      const peer = peers.get(peerId)
      if (peer) peer.failures = 0
    },
    failed(peerId) {
      const peer = peers.get(peerId)
      if (!peer) return 0
      const restMs = Math.min(maxRestMs, minRestMs * 2 ** peer.failures)
      peer.failures += 1
      peer.restUntilMs = clock.nowMs() + restMs
      return restMs
    },
    highestTip: () => highestOf([...peers.values()].filter((peer) => !isResting(peer))),
    likelyTip() {
      const all = [...peers.values()]
      const unfailed = all.filter(({ failures }) => failures === 0)
      return highestOf(unfailed.length > 0 ? unfailed : all)
    },
  }
}

/** Who has answered before goes before who has not: a new name costs nothing. */
const newPeer = (peerId: string, status: Status): SyncPeer => ({
  peerId,
  status,
  isBusy: false,
  failures: 0,
  restUntilMs: 0,
  msPerBlock: Number.MAX_SAFE_INTEGER,
})

const isBetter = (a: SyncPeer, b: SyncPeer): boolean =>
  a.failures === b.failures ? a.msPerBlock < b.msPerBlock : a.failures < b.failures

const highestOf = (peers: readonly SyncPeer[]): bigint =>
  peers.reduce((max, { status: { tip } }) => (tip > max ? tip : max), 0n)
