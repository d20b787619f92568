/** What holds whatever arrives: one vote a round, locks, agreement, certificates, no honest accused. */
import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { runChaos } from '../../support/consensus-chaos.ts'
import { createLone, hashOf, of } from '../../support/consensus-lone.ts'
import { addressOf, sealOf } from '../../support/consensus-net.ts'

const runs = Number(process.env['CONSENSUS_RUNS'] ?? 12)

test.each([
  ['four validators', [1n, 1n, 1n, 1n], []],
  ['four, one faulty', [1n, 1n, 1n, 1n], [3]],
  ['seven, two faulty', [1n, 1n, 1n, 1n, 1n, 1n, 1n], [1, 4]],
  ['a heavy faulty one, just below a third', [3n, 2n, 2n, 3n], [3]],
])('%s: safe in chaos, alive after it, the same in a replay', (_, powers, faulty) => {
  fc.assert(
    fc.property(fc.integer(), fc.boolean(), (seed, isJoint) => {
      const options = { seed, powers, faulty, isJoint, steps: 400, heights: 2n }
      const { net, honest, faults } = runChaos(options)
      expect(faults).toEqual([])
      const heights = honest.map((index) => net.peers[index]?.decisions.length)
      expect(heights).toEqual(honest.map(() => 2))
      const accused = honest.flatMap((index) => net.peers[index]?.evidence ?? [])
      const names = accused.map(({ first }) => ('voter' in first ? first.voter : first.proposer))
      expect(faulty.map(addressOf)).toEqual(expect.arrayContaining([...new Set(names)]))
    }),
    { numRuns: runs },
  )
})

test('with more than a third faulty the chaos finds a fork: the checks are not blind', () => {
  const options = { powers: [1n, 1n, 1n, 1n], faulty: [1, 2], isJoint: true, heights: 1n }
  const forked = Array.from({ length: 20 }, (_, seed) =>
    runChaos({ ...options, seed, steps: 400 }),
  ).filter(({ faults }) => faults.some((fault) => fault.includes('decides another block')))
  expect(forked.length).toBeGreaterThan(0)
})

const certificate = (text: string, indexes: readonly number[]) =>
  ({
    type: 'commit',
    height: 1n,
    round: 0,
    blockHash: hashOf(text),
    seals: indexes.map((index) => ({ index, seal: sealOf(index) })),
  }) as const

test('two certificates of one round convict more than a third', () => {
  const me = createLone({ self: undefined })
  me.feed({ type: 'certificate', certificate: certificate('a', [0, 2, 3]) })
  const effects = me.feed({ type: 'certificate', certificate: certificate('b', [1, 2, 3]) })
  const guilty = of(effects, 'evidence').map(
    ({ evidence: { first } }) => 'voter' in first && first.voter,
  )
  expect(guilty).toEqual([addressOf(2), addressOf(3)])
})
