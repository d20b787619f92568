/** Cuts a failing run down: fewer happenings, fewer faults of the network, as long as the rule breaks. */
import type { SimOptions } from './options.ts'
import { simulate } from './simulation.ts'

/** Runs at most; a failing run is short, since it ends at the violation. */
const maxRuns = 60

export async function shrink(options: SimOptions): Promise<SimOptions> {
  let runs = 0
  const rule = (await simulate(options)).violations[0]?.rule
  let best = options
  const tryOut = async (candidate: SimOptions): Promise<void> => {
    if (runs++ >= maxRuns) return
    const { violations } = await simulate(candidate)
    if (violations.some((violation) => violation.rule === rule)) best = candidate
  }
  for (let size = Math.ceil(options.happenings.length / 2); size >= 1; size = Math.floor(size / 2))
    for (let at = 0; at < best.happenings.length; at += size)
      await tryOut({ ...best, happenings: best.happenings.toSpliced(at, size) })
  await tryOut({ ...best, loss: 0 })
  await tryOut({ ...best, duplication: 0 })
  await tryOut({ ...best, slowChance: 0 })
  await tryOut({ ...best, byzantine: [] })
  return best
}
