/**
 * `npm run sim`: many seeds, one line at the end, and for each violation the seed, its options and the
 * smallest schedule that still shows it. Exit code 1 when something was violated.
 */
import { parseArgs } from 'node:util'
import { rollOptions, type SimLimits, type SimOptions } from './options.ts'
import { createRng } from './rng.ts'
import { enumerateCrashes } from './crash-points.ts'
import { enumerateTwins } from './twins.ts'
import { shrink } from './shrink.ts'
import { simulate, type SimResult } from './simulation.ts'

const help = `npm run sim -- [options]
  --seeds N        how many seeds (100)
  --from N         first seed (1)
  --nodes A,B      validators, one run for each (4,7)
  --seconds N      virtual seconds of a run (120)
  --byzantine N    so many faulty ones, also more than a third
  --strategy NAME  all of them do this
  --crash-points   every crash of one validator over 3 heights of 2 rounds, no seeds
  --twins          every way to part a twin and three honest validators in 3 rounds, no seeds
  --stride N       only every N-th of those (1)
  --twice          every seed twice; the auditor's hashes must be equal
  --no-shrink      print the whole schedule
  --keep-going     do not stop at the first violation`

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '100' },
    from: { type: 'string', default: '1' },
    nodes: { type: 'string', default: '4,7' },
    seconds: { type: 'string', default: '120' },
    byzantine: { type: 'string' },
    strategy: { type: 'string' },
    'crash-points': { type: 'boolean', default: false },
    twins: { type: 'boolean', default: false },
    stride: { type: 'string', default: '1' },
    twice: { type: 'boolean', default: false },
    'no-shrink': { type: 'boolean', default: false },
    'keep-going': { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})

const say = (text: string): void => void process.stdout.write(`${text}\n`)

const total = { runs: 0, heights: 0, extraRounds: 0, events: 0, messages: 0, crashes: 0, bad: 0 }

async function runOne(seed: number, limits: SimLimits): Promise<void> {
  const options = rollOptions(seed, limits, createRng(seed))
  const result = await simulate(options)
  total.runs++
  for (const key of ['heights', 'extraRounds', 'events', 'messages', 'crashes'] as const)
    total[key] += result[key]
  if (values.twice && (await simulate(options)).auditHash !== result.auditHash) {
    total.bad++
    say(`seed ${seed}, ${limits.nodes} nodes: two runs differ`)
  }
  if (result.violations.length > 0) await report(options, result)
}

async function report(options: SimOptions, result: SimResult): Promise<void> {
  total.bad++
  say(`seed ${options.seed}, ${options.nodes} nodes, auditor ${result.auditHash}:`)
  for (const { rule, text } of result.violations) say(`  ${rule}: ${text}`)
  const small = values['no-shrink'] ? options : await shrink(options)
  say(`  ${JSON.stringify(small, undefined, 1).replaceAll(/\n\s*/g, ' ')}`)
}

async function enumerate(): Promise<number> {
  const stride = Number(values.stride)
  let bad = 0
  const tell = (name: string, { violations }: SimResult): boolean => {
    bad++
    say(`${name}:`)
    for (const { rule, text } of violations) say(`  ${rule}: ${text}`)
    return !values['keep-going']
  }
  if (values['crash-points']) {
    const { points } = await enumerateCrashes(
      ({ point, result }) => tell(`point ${JSON.stringify(point)}`, result),
      stride,
    )
    say(`${points} crash points, ${bad} with violations`)
  } else {
    const cases = await enumerateTwins(
      (twins, result) => tell(`case ${JSON.stringify(twins)}`, result),
      stride,
    )
    say(`${cases} ways to part twins, ${bad} with violations`)
  }
  return bad > 0 ? 1 : 0
}

async function main(): Promise<number> {
  if (values.help) {
    say(help)
    return 0
  }
  if (values['crash-points'] || values.twins) return enumerate()
  const startedMs = performance.now()
  const first = Number(values.from)
  for (let seed = first; seed < first + Number(values.seeds); seed++)
    for (const nodes of values.nodes.split(',').map(Number)) {
      const { byzantine, strategy } = values
      await runOne(seed, {
        nodes,
        seconds: Number(values.seconds),
        ...(byzantine !== undefined && { byzantine: Number(byzantine) }),
        ...(strategy !== undefined && { strategy: strategy as NonNullable<SimLimits['strategy']> }),
      })
      if (total.bad > 0 && !values['keep-going']) break
    }
  const tookS = (performance.now() - startedMs) / 1_000
  const { user, system } = process.cpuUsage()
  const hours = (total.runs * Number(values.seconds)) / 3_600
  say(
    `${total.runs} runs, ${hours.toFixed(1)} simulated hours in ${tookS.toFixed(1)} s ` +
      `(${((user + system) / 1e6).toFixed(1)} CPU s): ${total.heights} heights, ` +
      `${total.extraRounds} further rounds, ${total.messages} messages, ${total.crashes} crashes, ` +
      `${total.bad} ${total.bad === 1 ? 'run' : 'runs'} with violations`,
  )
  return total.bad > 0 ? 1 : 0
}

process.exitCode = await main()
