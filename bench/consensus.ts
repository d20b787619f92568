/**
 * Proposal to decision of an empty block, four validators as processes of the built command on this
 * machine, over libp2p: `npm run bench:consensus -- [--blocks N] [--speed N] [--json]`. From the moment
 * a height is due (the proposer begins to build) to its decision, at each validator, and the rounds it took.
 * Prints a table; exit code 1 when a height was missed, that is took more than one round.
 *
 * `--speed N`: the clock of the processes runs N times as fast, and all their deadlines with it (fast-clock.mjs):
 * 10,000 blocks of a second take 42 minutes at 4. The milliseconds printed are those of the real clock.
 */
import { loadavg } from 'node:os'
import { parseArgs } from 'node:util'
import {
  createValidatorNetwork,
  type ValidatorProcess,
  waitFor,
} from '../test/support/validators.ts'

const { values } = parseArgs({
  options: {
    blocks: { type: 'string', default: '100' },
    speed: { type: 'string', default: '1' },
    json: { type: 'boolean', default: false },
  },
})
const blocks = Number(values.blocks)
const speed = Number(values.speed)
const intervalMs = 1_000
/** Connections are made and code is compiled meanwhile. */
const warmUp = 5

interface Decided {
  readonly height: number
  readonly round: number
  readonly tookMs: number
}

/** What a validator's log says of its decisions. */
const decidedIn = ({ stderr }: ValidatorProcess): Decided[] =>
  stderr()
    .split('\n')
    .filter((line) => line.includes('block decided'))
    .flatMap((line) => {
      const number = (name: string): number =>
        Number(new RegExp(`"?${name}"?[=:] ?"?(\\d+)`).exec(line)?.[1])
      const decided = {
        height: number('height'),
        round: number('round'),
        tookMs: Math.round(number('tookMs') / speed),
      }
      return decided.height > warmUp && decided.height <= warmUp + blocks ? [decided] : []
    })

const say = (text: string): void => void process.stdout.write(`${text}\n`)
const quantile = (sorted: readonly number[], part: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN

function report(all: readonly ValidatorProcess[], tookMs: number): number {
  const rows = all.map((validator) => {
    const decided = decidedIn(validator)
    const times = decided.map(({ tookMs: each }) => each).toSorted((a, b) => a - b)
    const missed = decided.filter(({ round }) => round > 0).length
    return { index: validator.index, times, missed, count: decided.length }
  })
  const times = rows.flatMap((row) => row.times).toSorted((a, b) => a - b)
  const missed = Math.max(...rows.map((row) => row.missed))
  const facts = {
    blocks,
    speed,
    tookS: Math.round(tookMs / 1_000),
    meanIntervalMs: Math.round((tookMs * speed) / (warmUp + blocks)),
    medianMs: quantile(times, 0.5),
    p90Ms: quantile(times, 0.9),
    p99Ms: quantile(times, 0.99),
    mostMs: times.at(-1),
    missed,
    load: loadavg()[0]?.toFixed(1),
  }
  if (values.json) say(JSON.stringify(facts))
  else {
    say('| validator | blocks | median ms | p90 | p99 | most | heights of more than a round |')
    say('| --- | --- | --- | --- | --- | --- | --- |')
    for (const { index, times: own, missed: late, count } of rows)
      say(
        `| ${index} | ${count} | ${[0.5, 0.9, 0.99].map((part) => quantile(own, part)).join(' | ')} | ` +
          `${own.at(-1) ?? '-'} | ${late} |`,
      )
    say(
      `\n${blocks} blocks every ${facts.meanIntervalMs} ms (configured ${intervalMs}, by a clock of speed ${speed}): median ` +
        `${facts.medianMs} ms, p99 ${facts.p99Ms} ms, ${missed} missed; load ${facts.load ?? 0}`,
    )
  }
  return missed === 0 && rows.every(({ count }) => count === blocks) ? 0 : 1
}

process.env['FAST_CLOCK'] = values.speed
process.env['FAST_CLOCK_FROM'] = String(Date.now())
const fastClock = ['--import', new URL('fast-clock.mjs', import.meta.url).href]
const nodeOptions = speed === 1 ? [] : fastClock
const network = await createValidatorNetwork(4, intervalMs, undefined, {}, nodeOptions)
try {
  const all = network.validators
  await Promise.all(all.map((validator) => validator.start()))
  const startedMs = performance.now()
  const limitMs = 60_000 + 3 * (warmUp + blocks) * intervalMs
  for (const validator of all)
    await waitFor(network, async () => (await validator.height()) > warmUp + blocks, limitMs)
  process.exitCode = report(all, performance.now() - startedMs)
} finally {
  await network.stop()
}
