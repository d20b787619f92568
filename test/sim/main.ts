/**
 * `npm run sim`: many seeds, one line at the end, and for each violation the seed, its options and the
 * smallest schedule that still shows it. Exit code 1 when something was violated. The sum of all auditors'
 * hashes at the end is that of the same runs on any machine and any version of Node.
 */
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { parseArgs } from 'node:util'
import { rollOptions, type SimLimits, type SimOptions, strategies } from './options.ts'
import { createRng } from './rng.ts'
import { enumerateCrashes } from './crash-points.ts'
import { enumerateTwins } from './twins.ts'
import { runSchedule } from './schedules.ts'
import { shrink } from './shrink.ts'
import { simulate, type SimResult } from './simulation.ts'

const help = `npm run sim -- [options]
  --seeds N        how many seeds (100)
  --from N         first seed (1)
  --nodes A,B      validators, one run for each (4,7)
  --seconds N      virtual seconds of a run (120)
  --byzantine N    so many faulty ones, also more than a third
  --strategy NAME  all of them do this
  --min-delay MS   no message is faster
  --exact-thirds   powers of which some validators have exactly two thirds
  --jobs N         so many processes share the seeds (1)
  --real-codecs    every receiver decodes and checks for itself: slower, the same hash without poison
  --real-app       blocks of the real chain, executed, and real codecs: no faulty validators but other-body, much slower
  --crash-points   every crash of one validator over 3 heights of 2 rounds, no seeds
  --late           of those, the ones of a validator that is late
  --twins          every way to part a twin and three honest validators in 3 rounds, no seeds
  --schedules N    N seeds of targeted scheduling: who hears which prevote when
  --stride N       only every N-th of those (1)
  --twice          every seed twice; the auditor's hashes must be equal
  --no-shrink      print the whole schedule
  --keep-going     do not stop at the first violation
SIGINT and SIGTERM end a run of seeds after the seed in work, with the summary of what was run.`

const flags = {
  seeds: { type: 'string', default: '100' },
  from: { type: 'string', default: '1' },
  nodes: { type: 'string', default: '4,7' },
  seconds: { type: 'string', default: '120' },
  byzantine: { type: 'string' },
  strategy: { type: 'string' },
  'min-delay': { type: 'string' },
  'exact-thirds': { type: 'boolean', default: false },
  jobs: { type: 'string', default: '1' },
  'real-codecs': { type: 'boolean', default: false },
  'real-app': { type: 'boolean', default: false },
  /** Of a process that another one started: which of how many, and totals for it to read. */
  part: { type: 'string', default: '0/1' },
  'crash-points': { type: 'boolean', default: false },
  late: { type: 'boolean', default: false },
  twins: { type: 'boolean', default: false },
  schedules: { type: 'string' },
  stride: { type: 'string', default: '1' },
  twice: { type: 'boolean', default: false },
  'no-shrink': { type: 'boolean', default: false },
  'keep-going': { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
} as const

/** A word that means nothing must not end as a run of nothing without violations. */
function refuse(fault: string): never {
  process.stderr.write(`sim: ${fault}; npm run sim -- --help names the options\n`)
  process.exit(2)
}

function readOptions() {
  try {
    return parseArgs({ options: flags }).values
  } catch (error) {
    return refuse((error as Error).message.split('. ')[0] ?? '')
  }
}

const values = readOptions()
const whole = ['seeds', 'from', 'seconds', 'jobs', 'stride', 'byzantine', 'schedules'] as const
for (const name of whole)
  if (!/^\d+$/.test(values[name] ?? '0')) refuse(`--${name} takes a whole number`)
if (!/^[1-9]\d*(,[1-9]\d*)*$/.test(values.nodes)) refuse('--nodes takes numbers, as in 4,7')
if (!Number.isFinite(Number(values['min-delay'] ?? 0))) refuse('--min-delay takes milliseconds')
if (values.strategy !== undefined && !strategies.some((name) => name === values.strategy))
  refuse(`--strategy is one of ${strategies.join(', ')}`)

/** Set by a signal: the seed in work is the last. */
let isInterrupted = false
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.on(signal, () => {
    isInterrupted = true
  })

const say = (text: string): void => void process.stdout.write(`${text}\n`)

const zero = {
  runs: 0,
  heights: 0,
  extraRounds: 0,
  events: 0,
  messages: 0,
  crashes: 0,
  bad: 0,
  cpuMs: 0,
}
type Total = Record<keyof typeof zero, number> & { hash: bigint }
const total: Total = { ...zero, hash: 0n }
const started = performance.now()

async function runOne(seed: number, limits: SimLimits): Promise<void> {
  const options = rollOptions(seed, limits, createRng(seed))
  const run = async (): Promise<SimResult> => {
    if (!values['real-app']) return simulate(options, { isReal: values['real-codecs'] })
    // The EVM takes most of a second to load.
    const { simulateReal } = await import('./real-app.ts')
    return simulateReal(options)
  }
  const result = await run()
  total.runs++
  total.hash = BigInt.asUintN(64, total.hash + BigInt(`0x${result.auditHash}`))
  for (const key of ['heights', 'extraRounds', 'events', 'messages', 'crashes'] as const)
    total[key] += result[key]
  if (values.twice && (await run()).auditHash !== result.auditHash) {
    total.bad++
    say(`seed ${seed}, ${limits.nodes} nodes: two runs differ`)
  }
  if (result.violations.length > 0) await report(options, result)
}

async function report(options: SimOptions, result: SimResult): Promise<void> {
  total.bad++
  say(`seed ${options.seed}, ${options.nodes} nodes, auditor ${result.auditHash}:`)
  for (const { rule, text } of result.violations) say(`  ${rule}: ${text}`)
  const small = values['no-shrink'] || values['real-app'] ? options : await shrink(options)
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
      values.late,
    )
    say(`${points} crash points, ${bad} with violations`)
  } else if (values.schedules !== undefined) {
    const first = Number(values.from)
    for (let seed = first; seed < first + Number(values.schedules); seed++) {
      const result = await runSchedule(seed)
      if (result.violations.length > 0 && tell(`seed ${seed} of the schedules`, result)) break
    }
    say(`${values.schedules} schedules, ${bad} with violations`)
  } else {
    const cases = await enumerateTwins(
      (twins, result) => tell(`case ${JSON.stringify(twins)}`, result),
      stride,
    )
    say(`${cases} ways to part twins, ${bad} with violations`)
  }
  return bad > 0 ? 1 : 0
}

/** The seeds of this process, each for every number of nodes. */
async function runSeeds(): Promise<void> {
  const [part = 0, parts = 1] = values.part.split('/').map(Number)
  const first = Number(values.from)
  const { byzantine, strategy } = values
  for (let seed = first + part; seed < first + Number(values.seeds); seed += parts)
    for (const nodes of values.nodes.split(',').map(Number)) {
      await runOne(seed, {
        nodes,
        seconds: Number(values.seconds),
        exactThirds: values['exact-thirds'],
        ...(values['min-delay'] !== undefined && { minDelayMs: Number(values['min-delay']) }),
        ...(byzantine !== undefined && { byzantine: Number(byzantine) }),
        ...(strategy !== undefined && { strategy: strategy as NonNullable<SimLimits['strategy']> }),
      })
      await beat()
      if (isInterrupted || (total.bad > 0 && !values['keep-going'])) return
    }
}

const beatMs = 60_000
let beatAtMs = performance.now() + beatMs

/** A line a minute; and signals get their turn, which promises alone do not give them. */
async function beat(): Promise<void> {
  await new Promise<void>((resolve) => void setImmediate(resolve))
  if (performance.now() < beatAtMs) return
  beatAtMs = performance.now() + beatMs
  say(`so far: ${summary()}`)
}

const partMark = 'part '

/** The same command in several processes, their lines passed on, their totals added. */
async function runJobs(jobs: number): Promise<void> {
  const script = process.argv[1] ?? ''
  const parts = Array.from({ length: jobs }, async (_, part) => {
    const given = [...process.argv.slice(2), '--jobs', '1', '--part', `${part}/${jobs}`]
    const child = spawn(process.execPath, [...process.execArgv, script, ...given], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let isDone = false
    for await (const line of createInterface(child.stdout)) {
      if (!line.startsWith(partMark)) say(line)
      else {
        const { hash, ...counts } = JSON.parse(line.slice(partMark.length)) as Record<
          string,
          string
        >
        total.hash = BigInt.asUintN(64, total.hash + BigInt(hash ?? 0))
        for (const key of Object.keys(zero) as (keyof typeof zero)[])
          total[key] += Number(counts[key])
        isDone = true
      }
    }
    if (!isDone) throw new Error(`part ${part} ended before its seeds`)
  })
  await Promise.all(parts)
}

async function main(): Promise<number> {
  if (values.help) {
    say(help)
    return 0
  }
  if (values['crash-points'] || values.twins || values.schedules !== undefined) return enumerate()
  if (Number(values.jobs) > 1) await runJobs(Number(values.jobs))
  else await runSeeds()
  if (values.part === '0/1') say((isInterrupted ? 'interrupted: ' : '') + summary())
  else say(partMark + JSON.stringify({ ...total, cpuMs: cpuMs(), hash: total.hash.toString() }))
  return total.bad > 0 ? 1 : 0
}

/** Of this process and of its parts that have ended. */
function cpuMs(): number {
  const { user, system } = process.cpuUsage()
  return total.cpuMs + (user + system) / 1e3
}

function summary(): string {
  const { runs, heights, extraRounds, messages, crashes, bad, hash } = total
  const tookS = (performance.now() - started) / 1_000
  const hours = (runs * Number(values.seconds)) / 3_600
  return (
    `${runs} runs, ${hours.toFixed(1)} simulated hours in ${tookS.toFixed(1)} s ` +
    `(${(cpuMs() / 1e3).toFixed(1)} CPU s): ${heights} heights, ${extraRounds} further rounds, ` +
    `${messages} messages, ${crashes} crashes, ${bad} ${bad === 1 ? 'run' : 'runs'} with violations, ` +
    `auditor ${hash.toString(16).padStart(16, '0')}`
  )
}

process.exitCode = await main()
