/**
 * `npm run mutants`: applies each mutant of `list.ts` to a copy of the core and runs its tests there,
 * the quick ones first, until one fails. Ends with the survivors; any of them is a failure.
 * `npm run mutants -- 'round.ts L2'` runs those whose file and name match; `MUTANT_STAGES=1` leaves out the
 * traces and the laws, minutes instead of an hour on a busy machine. The tree itself is not touched.
 */
import { spawnSync } from 'node:child_process'
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Mutant, mutants } from './list.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))
const unit = (...names: readonly string[]): readonly string[] =>
  names.map((name) => `test/unit/consensus/${name}.test.ts`)

/** The tests nearest to a file, tried first: a run of one test file costs a third of all. */
const nearest: Readonly<Record<string, readonly string[]>> = {
  'round.ts': unit('round'),
  'validator-set.ts': unit('validator-set'),
  'vote-keeper.ts': unit('vote-keeper'),
  'rules.ts': unit('rules', 'halts'),
  'core.ts': unit('rounds', 'heights'),
  'record.ts': unit('rounds', 'flood'),
  'parts.ts': unit('rules'),
  'future.ts': unit('heights'),
  'certificate.ts': unit('rounds'),
  'verify.ts': unit('verify'),
  'digest.ts': unit('verify'),
  'params.ts': unit('rounds', 'rules'),
  'repeat.ts': unit('rounds', 'heights'),
  'admit.ts': unit('admit', 'flood'),
  'codec.ts': unit('codec'),
}
/** Later stages run only for mutants that the earlier ones have not killed. */
const stages: readonly (readonly string[])[] = [
  unit(
    'round',
    'engine',
    'vote-keeper',
    'rules',
    'halts',
    'rounds',
    'heights',
    'validator-set',
    'verify',
    'admit',
    'flood',
    'codec',
  ),
  ['test/conformance/consensus.test.ts'],
  unit('laws'),
]
const stageCount = Number(process.env['MUTANT_STAGES'] ?? stages.length)
const stagesFor = ({ file }: Mutant): readonly (readonly string[])[] => [
  nearest[file] ?? [],
  ...stages.slice(0, stageCount),
]

/** A mutant that hangs is killed by this. */
const timeoutMs = 240_000

function copyCore(): string {
  const home = mkdtempSync(join(tmpdir(), 'mutants-'))
  const copy = join(home, 'repo')
  const parts = ['consensus', 'primitives', 'test/support', 'test/unit/consensus', 'test/mutants']
  const files = ['test/conformance/consensus.test.ts', 'jest.config.js', 'package.json']
  for (const part of [...parts, ...files]) {
    mkdirSync(dirname(join(copy, part)), { recursive: true })
    cpSync(join(root, part), join(copy, part), { recursive: true })
  }
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'))
  const shared = join(root, '..', 'shared')
  if (existsSync(shared)) symlinkSync(shared, join(home, 'shared'))
  return copy
}

/** Do the tests pass in the copy? */
function passes(copy: string, paths: readonly string[]): boolean {
  const { status } = spawnSync(
    process.execPath,
    [
      '--experimental-vm-modules',
      '--disable-warning=ExperimentalWarning',
      'node_modules/jest/bin/jest.js',
      '--selectProjects',
      'unit',
      'conformance',
      '--runInBand',
      '--bail',
      '--silent',
      '--',
      ...paths,
    ],
    { cwd: copy, stdio: 'ignore', timeout: timeoutMs, killSignal: 'SIGKILL' },
  )
  return status === 0
}

/** Stages seen to pass without a mutant: only then does a failure convict one. */
const sound = new Set<string>()

function assertSound(copy: string, paths: readonly string[]): void {
  const name = paths.join(' ')
  if (!sound.has(name) && !passes(copy, paths)) throw new Error(`without a mutant ${name} fail`)
  sound.add(name)
}

/** The stage that kills the mutant, or undefined for one that survives all. */
function killerOf(copy: string, mutant: Mutant): readonly string[] | undefined {
  const path = join(copy, 'consensus', mutant.file)
  const source = readFileSync(path, 'utf8')
  if (source.split(mutant.from).length !== 2)
    throw new Error(`${mutant.file}: "${mutant.name}" does not fit the source`)
  try {
    writeFileSync(
      path,
      source.replace(mutant.from, () => mutant.to),
    )
    const killer = stagesFor(mutant).find((paths) => !passes(copy, paths))
    writeFileSync(path, source)
    if (killer) assertSound(copy, killer)
    return killer
  } finally {
    writeFileSync(path, source)
  }
}

function main(wanted: string | undefined): number {
  const pattern = new RegExp(wanted ?? '')
  const chosen = mutants.filter(({ file, name }) => pattern.test(`${file} ${name}`))
  const copy = copyCore()
  try {
    const survivors = chosen.filter((mutant, index) => {
      const startedAt = performance.now()
      const killer = killerOf(copy, mutant)
      const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1)
      const end = killer ? `killed by ${killer[0] ?? ''}` : 'SURVIVES'
      say(`${index + 1}/${chosen.length} ${mutant.file}: ${mutant.name}: ${end} (${seconds} s)`)
      return killer === undefined
    })
    say(`${chosen.length - survivors.length} of ${chosen.length} mutants killed`)
    for (const { file, name } of survivors) say(`survivor: ${file}: ${name}`)
    return survivors.length === 0 ? 0 : 1
  } finally {
    rmSync(dirname(copy), { recursive: true, force: true })
  }
}

const say = (line: string): void => void process.stdout.write(`${line}\n`)

process.exitCode = main(process.argv[2])
