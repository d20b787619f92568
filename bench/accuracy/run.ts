/**
 * The accuracy of attribution, measured in the open (`npm run bench:attribution`). Parts run one after the
 * other and each is kept when it ends, so that a run can be taken up part by part; then docs/accuracy.md
 * is written. `--quick`: small sizes within a minute, printed and not kept. Fails on errors, never on figures.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { cpus, loadavg } from 'node:os'
import { parseArgs } from 'node:util'
import { characters } from './characters.ts'
import { head } from './head.ts'
import { logistic } from './logistic.ts'
import { neighbours } from './neighbours.ts'
import { plotOf, reportOf, type Result } from './report.ts'
import { type Options, type Section, timed } from './section.ts'
import { words } from './text.ts'

const parts: Readonly<Record<string, (options: Options) => Section>> = {
  head,
  logistic,
  neighbours,
  characters,
  words,
}
/** Its Hessian takes minutes at any size. */
const notQuick = new Set(['logistic'])
const docs = new URL('../../docs/', import.meta.url)
const keptAt = new URL('accuracy/results.json', docs)

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    only: { type: 'string', multiple: true },
    seed: { type: 'string', default: '2679' },
    help: { type: 'boolean', default: false },
  },
})
const seed = Number(values.seed)
const chosen =
  values.only ?? Object.keys(parts).filter((name) => !values.quick || !notQuick.has(name))
const unknown = chosen.filter((name) => !Object.hasOwn(parts, name))

const say = (line: string): void => void process.stdout.write(`${line}\n`)

function run(name: string): Result {
  const part = parts[name]
  if (!part) throw new Error(`no part ${name}`)
  say(name)
  const note = (what: string): void => say(`  ${what}`)
  const { result: section, ms } = timed(() => part({ isQuick: values.quick, seed, note }))
  say(`  ${section.protocol}`)
  for (const row of section.rows)
    say(`  ${row.map((cell, i) => cell.padEnd(i === 0 ? 44 : 12)).join('')}`)
  if (values.quick) say('  goals are for the full sizes')
  for (const { what, goal, found, isMet } of section.goals)
    say(`  ${isMet ? 'met   ' : 'missed'} ${what}: ${found}, ${goal}`)
  const load = (loadavg()[0] ?? 0).toFixed(0)
  const machine = `${cpus().length} cores at load ${load}, Node ${process.version}`
  return { section, seed, machine, cpuSeconds: ms / 1_000 }
}

/** A result with those kept before, read only now: other parts may have run meanwhile. */
function withKept(name: string, result: Result): ReadonlyMap<string, Result> {
  const kept = existsSync(keptAt)
    ? (JSON.parse(readFileSync(keptAt, 'utf8')) as Record<string, Result>)
    : {}
  const all = { ...kept, [name]: result }
  const known = Object.keys(parts).flatMap((part) => {
    const one = all[part]
    return one ? [[part, one] as const] : []
  })
  return new Map(known)
}

function keep(results: ReadonlyMap<string, Result>): void {
  mkdirSync(new URL('accuracy/', docs), { recursive: true })
  writeFileSync(keptAt, `${JSON.stringify(Object.fromEntries(results), null, 2)}\n`)
  for (const [name, { section }] of results)
    writeFileSync(new URL(`accuracy/${name}.svg`, docs), plotOf(section.plot))
  writeFileSync(new URL('accuracy.md', docs), reportOf(results))
}

if (values.help || unknown.length > 0 || !Number.isSafeInteger(seed)) {
  if (unknown.length > 0) say(`no part ${unknown.join(', ')}`)
  say(
    `npm run bench:attribution -- [--quick] [--seed n] [--only ${Object.keys(parts).join('|')}] ...`,
  )
  process.exitCode = values.help ? 0 : 1
} else {
  for (const name of chosen) {
    const result = run(name)
    if (!values.quick) keep(withKept(name, result))
  }
}
