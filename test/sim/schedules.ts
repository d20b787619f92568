/**
 * Targeted scheduling: four honest validators, and somebody who decides who hears which prevote of a round
 * in time, after its own precommit, or not before the end. So one sees a polka that others do not, values
 * become valid late, locks stay hidden: what the lock rules are for and what random delays never show.
 * Three rounds of that under one seed, then the ways open.
 */
import { proposerOf } from '../../consensus/index.ts'
import { assertNever } from '../../primitives/index.ts'
import { addressOf, decodeOnce } from './curve.ts'
import { nodes, plannedRounds, quietOptions, setAt, simulatePlanned } from './planned.ts'
import { createRng, type Rng } from './rng.ts'
import type { SimResult } from './simulation.ts'

/** Past the prevote timeout, within the precommit timeout. */
const lateMs = 85

/** When a validator hears of the polka of a round: one of the prevotes for it is held back. */
interface Hearing {
  readonly polka: 'in time' | 'late' | 'never'
  readonly withheld: number
}

interface RoundPlan {
  /** Never sees the proposal and so votes nil; -1: nobody. */
  readonly blind: number
  readonly hearings: readonly Hearing[]
}

function planRound(dice: Rng): RoundPlan {
  const blind = dice.chance(0.8) ? dice.below(nodes) : -1
  const hearings = Array.from({ length: nodes }, (_, self): Hearing => {
    const others = Array.from({ length: nodes }, (__, i) => i).filter(
      (i) => i !== self && i !== blind,
    )
    return { polka: dice.pick(['in time', 'late', 'never']), withheld: dice.pick(others) }
  })
  return { blind, hearings }
}

const indexes = new Map(Array.from({ length: nodes }, (_, i) => [addressOf(i), i]))

/** How much later than others a message is heard; undefined: not at all. */
function delayMs(plans: readonly RoundPlan[], to: number, bytes: Uint8Array): number | undefined {
  const packet = decodeOnce(bytes)
  if (packet.type !== 'accept' || packet.value.type !== 'message') return 0
  const said = packet.value.message
  const plan = said.type === 'part' ? undefined : plans[said.round]
  const hearing = plan?.hearings[to]
  if (!plan || !hearing) return 0
  switch (said.type) {
    case 'proposal':
      return plan.blind === to &&
        proposerOf(setAt(said.height), said.height, said.round) !== addressOf(to)
        ? undefined
        : 0
    case 'prevote':
      if (hearing.polka === 'in time' || indexes.get(said.voter) !== hearing.withheld) return 0
      return hearing.polka === 'late' ? lateMs : undefined
    case 'polka':
      return hearing.polka === 'in time' ? 0 : hearing.polka === 'late' ? lateMs : undefined
    case 'precommit':
    case 'commit':
    case 'round':
    case 'part':
      return 0
    default:
      return assertNever(said)
  }
}

export async function runSchedule(seed: number): Promise<SimResult> {
  const dice = createRng(seed, 'schedule')
  const plans = Array.from({ length: plannedRounds }, () => planRound(dice))
  return simulatePlanned(quietOptions({ seed }), (_from, to, message) =>
    delayMs(plans, to, message),
  )
}
