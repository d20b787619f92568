/** Processor time, for tests that compare what two kinds of work cost: what else runs hardly adds to it. */

/** Microseconds of the cheapest of three times: a garbage collection may fall into one. */
export function leastCpuOf(work: () => unknown): number {
  let least = Infinity
  for (let i = 0; i < 3; i++) {
    const before = process.cpuUsage()
    work()
    const { user, system } = process.cpuUsage(before)
    least = Math.min(least, user + system)
  }
  return least
}
