/**
 * `node --import bench/fast-clock.mjs`: time that runs FAST_CLOCK times as fast, for the wall clock, the steady
 * clock and timers, with one origin for all processes that share FAST_CLOCK_FROM. Every deadline is as many
 * times tighter, so what holds under it holds at the usual speed.
 */
const speed = Number(process.env.FAST_CLOCK ?? 1)
const from = Number(process.env.FAST_CLOCK_FROM ?? Date.now())

const realNow = Date.now.bind(Date)
const realSteady = performance.now.bind(performance)
Date.now = () => Math.floor(from + (realNow() - from) * speed)
performance.now = () => realSteady() * speed

for (const name of ['setTimeout', 'setInterval']) {
  const real = globalThis[name]
  const fast = (task, delayMs = 0, ...rest) => real(task, delayMs / speed, ...rest)
  globalThis[name] = Object.assign(fast, real)
}
