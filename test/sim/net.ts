/**
 * The simulated network: loses, doubles, delays, reorders and corrupts, is cut one way or both. Every
 * decision from one set of dice, in order of sending. Knows no content.
 */
import { sumOnce } from './curve.ts'
import type { SimOptions } from './options.ts'
import type { Rng } from './rng.ts'
import type { World } from './world.ts'

export interface Net {
  send(from: number, to: number, message: Uint8Array): void
  /** Cuts the way from one node to another, or opens it again. */
  cut(from: number, to: number, isCut: boolean): void
  /** No more loss, doubling, slowness; ways stay as they are. */
  heal(): void
  sent(): number
}

type Faults = Pick<
  SimOptions,
  'loss' | 'duplication' | 'minDelayMs' | 'meanDelayMs' | 'slowMs' | 'slowChance'
>

/** Of the messages that a faulty network loses, this share arrives with a byte changed. */
const corruption = 0.02
/** So that a way, from one to another, is one number. */
const maxNodes = 256

export function createNet(
  options: Faults,
  world: World,
  dice: Rng,
  deliver: (to: number, from: number, message: Uint8Array) => void,
): Net {
  const cuts = new Set<number>()
  let faults: Faults = options
  let sent = 0
  const delayMs = (): number => {
    if (dice.chance(faults.slowChance)) return dice.next() * faults.slowMs
    return faults.minDelayMs - Math.log(1 - dice.next()) * faults.meanDelayMs
  }
  const deliverLater = (from: number, to: number, message: Uint8Array): void => {
    world.later(delayMs(), () => deliver(to, from, message))
  }
  return {
    send(from, to, message) {
      sent++
      world.audit(from * maxNodes + to, sumOnce(message))
      if (cuts.has(from * maxNodes + to)) return
      if (dice.chance(faults.loss)) {
        if (dice.chance(corruption)) deliverLater(from, to, corrupted(message, dice))
        return
      }
      deliverLater(from, to, message)
      if (dice.chance(faults.duplication)) deliverLater(from, to, message)
    },
    cut(from, to, isCut) {
      if (isCut) cuts.add(from * maxNodes + to)
      else cuts.delete(from * maxNodes + to)
    },
    heal() {
      faults = { ...faults, loss: 0, duplication: 0, slowChance: 0 }
    },
    sent: () => sent,
  }
}

function corrupted(message: Uint8Array, dice: Rng): Uint8Array {
  const copy = message.slice()
  const at = dice.below(copy.length)
  copy[at] = (copy[at] ?? 0) ^ (1 << dice.below(8))
  return copy
}
