/**
 * The short form of `npm run sim`: a hundred seeds, a sample of the crash points and of the twins. The
 * long forms and the planted bugs are scripts; here it is only seen that each bug can still be planted.
 */
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from '@jest/globals'
import { enumerateCrashes } from '../../sim/crash-points.ts'
import { rollOptions } from '../../sim/options.ts'
import { plantedBugs } from '../../sim/planted-bugs.ts'
import { createRng } from '../../sim/rng.ts'
import { simulate } from '../../sim/simulation.ts'
import { enumerateTwins } from '../../sim/twins.ts'

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..')
/** The machine may do ten things at once. */
const limitMs = 240_000

test(
  'a hundred seeds: agreement, validity, certificates, no double signature, everybody at the tip',
  async () => {
    const findings: string[] = []
    for (let seed = 1; seed <= 100; seed++) {
      const nodes = seed % 10 === 0 ? 7 : 4
      const { violations } = await simulate(
        rollOptions(seed, { nodes, seconds: 30 }, createRng(seed)),
      )
      for (const { rule, text } of violations)
        findings.push(`seed ${seed}, ${nodes} nodes: ${rule}: ${text}`)
    }
    expect(findings).toEqual([])
  },
  limitMs,
)

const runShort = (seed: number) =>
  simulate(rollOptions(seed, { nodes: 4, seconds: 30 }, createRng(seed)))

test('one seed gives one run, event for event; another gives another', async () => {
  const [first, again, other] = [await runShort(7), await runShort(7), await runShort(8)]
  expect(again).toEqual(first)
  expect(other.auditHash).not.toBe(first.auditHash)
})

test(
  'a validator that dies at any of its operations does not contradict itself (a sample)',
  async () => {
    const findings: string[] = []
    const { points } = await enumerateCrashes(({ point, result }) => {
      findings.push(`${JSON.stringify(point)}: ${JSON.stringify(result.violations)}`)
      return false
    }, 101)
    expect(findings).toEqual([])
    expect(points).toBeGreaterThan(50)
  },
  limitMs,
)

test(
  'a faulty validator that runs twice makes nobody decide two blocks (a sample)',
  async () => {
    const findings: string[] = []
    await enumerateTwins((twins, { violations }) => {
      findings.push(`${JSON.stringify(twins)}: ${JSON.stringify(violations)}`)
      return false
    }, 211)
    expect(findings).toEqual([])
  },
  limitMs,
)

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
