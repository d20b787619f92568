/**
 * What peers have done to deserve a ban. Points come from verdict codes, halve every ten minutes,
 * and are kept for the banned and the suspicious only. Validators named by the operator are never
 * banned by points: a network of few cannot afford to lose one to a bug. Closes no connection.
 */
import type { Clock } from '../primitives/index.ts'

export interface Scores {
  /** Adds the points of a fault; what is to be done with the peer now. */
  penalise(peerId: string, points: number): 'keep' | 'disconnect' | 'ban'
  /** Below zero is bad; never above zero. */
  scoreOf(peerId: string): number
  isBanned(peerId: string): boolean
}

/** As Lodestar has them. */
const halfLifeMs = 600_000
const disconnectBelow = -20
const banBelow = -50
/** Peers remembered: as many again as could be connected several times over. */
const maxRemembered = 4_096

interface Standing {
  readonly score: number
  readonly atMs: number
  readonly isBanned: boolean
}

export function createScores(clock: Clock, isTrusted: (peerId: string) => boolean): Scores {
  const standings = new Map<string, Standing>()

  const now = (peerId: string): Standing => {
    const atMs = clock.nowMs()
    const known = standings.get(peerId)
    if (!known) return { score: 0, atMs, isBanned: false }
    const score = known.score * 2 ** -((atMs - known.atMs) / halfLifeMs)
    return { score, atMs, isBanned: known.isBanned && score < disconnectBelow }
  }
  const remember = (peerId: string, standing: Standing): void => {
    standings.delete(peerId)
    standings.set(peerId, standing)
    const oldest = standings.keys().next()
    if (standings.size > maxRemembered && !oldest.done) standings.delete(oldest.value)
  }

  return {
    penalise(peerId, points) {
      const { score: before, atMs, isBanned: wasBanned } = now(peerId)
      const score = before - points
      const isBanned = !isTrusted(peerId) && (wasBanned || score < banBelow)
      remember(peerId, { score, atMs, isBanned })
      return isBanned ? 'ban' : score < disconnectBelow ? 'disconnect' : 'keep'
    },
    scoreOf: (peerId) => now(peerId).score,
    isBanned: (peerId) => now(peerId).isBanned,
  }
}
