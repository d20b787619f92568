/**
 * `npm run sim:planted`: applies the planted bugs one by one to a copy of the tree and runs the hunt that
 * must find each. Exit code 1 when one stays hidden, or when the tree without a bug shows one.
 */
import { spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { assertNever } from '../../primitives/index.ts'
import { type PlantedBug, plantedBugs } from './planted-bugs.ts'

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..')
const folders = [
  'consensus',
  'state',
  'primitives',
  'execution',
  'genesis',
  'node',
  'scripts',
  'test/sim',
  'test/support',
]
/** A hunt that takes longer has not found its bug. */
const limitMs = 400_000

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    seeds: { type: 'string', default: '200' },
    schedules: { type: 'string', default: '5000' },
  },
})
const say = (text: string): void => void process.stdout.write(`${text}\n`)

function hunt(bug: PlantedBug): { readonly isFound: boolean; readonly how: string } {
  const copy = mkdtempSync(join(tmpdir(), 'planted-'))
  try {
    for (const folder of folders)
      cpSync(join(root, folder), join(copy, folder), { recursive: true })
    cpSync(join(root, 'package.json'), join(copy, 'package.json'))
    symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'))
    for (const { file, find, put } of bug.edits) plant(join(copy, file), find, put)
    const { stdout, stderr, status } = spawnSync(
      process.execPath,
      ['--single-threaded', join(copy, 'scripts', 'sim.mjs'), ...argumentsOf(bug)],
      { cwd: copy, encoding: 'utf8', timeout: limitMs },
    )
    const lines = `${stdout}${stderr}`.split('\n')
    const at = lines.findIndex((line) => /^(seed|point|case) /.test(line))
    const how = lines
      .slice(at, at + 2)
      .join(' ')
      .slice(0, 160)
    return status === 1 && at >= 0
      ? { isFound: true, how }
      : { isFound: false, how: lines.slice(-6).join(' ').slice(0, 300) }
  } finally {
    rmSync(copy, { recursive: true, force: true })
  }
}

function plant(file: string, find: string, put: string): void {
  const source = readFileSync(file, 'utf8')
  if (source.split(find).length !== 2)
    throw new Error(`${file}: the place of a planted bug is not there exactly once: ${find}`)
  writeFileSync(
    file,
    source.replace(find, () => put),
  )
}

function argumentsOf({ hunt: how }: PlantedBug): string[] {
  const common = ['--no-shrink']
  switch (how.type) {
    case 'crash-points':
      return [...common, '--crash-points', ...(how.isLate === true ? ['--late'] : [])]
    case 'twins':
      return [...common, '--twins']
    case 'schedules':
      return [...common, '--schedules', values.schedules]
    case 'seeds':
      return common.concat(
        ['--seeds', values.seeds, '--nodes', how.nodes ?? '4'],
        how.byzantine === undefined ? [] : ['--byzantine', String(how.byzantine)],
        how.strategy === undefined ? [] : ['--strategy', how.strategy],
        how.exactThirds === true ? ['--exact-thirds'] : [],
        how.minDelayMs === undefined ? [] : ['--min-delay', String(how.minDelayMs)],
        how.isReal === true ? ['--real-app', '--seconds', '30'] : [],
      )
    default:
      return assertNever(how)
  }
}

let hidden = 0
const rows = ['| planted bug | hunt | seed, point or case that shows it |', '| --- | --- | --- |']
for (const bug of plantedBugs) {
  if (values.only !== undefined && !bug.name.includes(values.only)) continue
  const startedMs = performance.now()
  const { isFound, how } = hunt(bug)
  if (!isFound) hidden++
  const tookS = ((performance.now() - startedMs) / 1_000).toFixed(0)
  say(`${isFound ? 'found ' : 'HIDDEN'}  ${bug.name} (${tookS} s)\n        ${how}`)
  rows.push(
    `| ${bug.name} | ${argumentsOf(bug).slice(1).join(' ')} | ${isFound ? how : 'HIDDEN'} |`,
  )
}
say(`\n${rows.join('\n')}\n`)
say(hidden === 0 ? 'every planted bug was found' : `${hidden} planted bugs stayed hidden`)
process.exitCode = hidden === 0 ? 0 : 1
