/**
 * How much a peer may send in a time: a generic cell rate algorithm (ITU-T I.371), which needs one
 * number a peer. Says how long to wait; waiting, and what a sender in haste deserves, is others'.
 */

export interface Budget {
  /** Units a second that may go on for ever. */
  readonly perSecond: number
  /** Units that may come at once after a pause. */
  readonly burst: number
  /** What anything counts as at least: a small message costs its reader more than its bytes. */
  readonly least?: number
}

export interface Meter {
  /** Takes `units`; milliseconds to wait until they are within the budget (0: at once). */
  take(units: number, nowMs: number): number
}

/** One meter a peer, whatever number of streams and connections it comes with. */
export interface Meters {
  take(peerId: string, units: number, nowMs: number): number
}

export function createMeter({ perSecond, burst, least = 0 }: Budget): Meter {
  const msPerUnit = 1000 / perSecond
  /** When all that was taken is paid for. */
  let paidAtMs = 0
  return {
    take(units, nowMs) {
      paidAtMs = Math.max(paidAtMs, nowMs) + Math.max(units, least) * msPerUnit
      return Math.max(0, paidAtMs - nowMs - burst * msPerUnit)
    },
  }
}

/** Peers whose budget is remembered; who has been silent longest goes first. */
const maxMeters = 1_024

export function createMeters(budget: Budget): Meters {
  const meters = new Map<string, Meter>()
  return {
    take(peerId, units, nowMs) {
      const meter = meters.get(peerId) ?? createMeter(budget)
      meters.delete(peerId)
      meters.set(peerId, meter)
      const oldest = meters.keys().next()
      if (meters.size > maxMeters && !oldest.done) meters.delete(oldest.value)
      return meter.take(units, nowMs)
    },
  }
}
