/** Counting: thresholds by power, each said once, the first vote only, double votes as evidence. */
import { expect, test } from '@jest/globals'
import type { SignedVote } from '../../../consensus/index.ts'
import {
  addProof,
  countVote,
  hasAnyQuorum,
  hasQuorum,
  newVoteKeeper,
} from '../../../consensus/vote-keeper.ts'
import { voteBy } from '../../support/consensus-lone.ts'
import { setOf } from '../../support/consensus-net.ts'

/** What each vote brings about, in a word. */
function count(
  votes: readonly SignedVote[],
  powers: readonly bigint[] = [1n, 1n, 1n, 1n],
  currentRound = 0,
) {
  const set = setOf(...powers)
  let keeper = newVoteKeeper()
  const said = votes.map((vote) => {
    const counted = countVote(keeper, set, vote, currentRound)
    keeper = counted.keeper
    return counted.conflict ? 'conflict' : (counted.threshold?.type ?? '-')
  })
  return { said, keeper, set }
}
const all = (type: SignedVote['type'], text: string | null, from: readonly number[], round = 0) =>
  from.map((index) => voteBy(index, type, round, text))

test.each<[string, readonly SignedVote[], readonly string[]]>([
  ['a polka, once', all('prevote', 'a', [0, 1, 2, 3]), ['-', '-', 'polka-value', '-']],
  ['a polka for nil', all('prevote', null, [0, 1, 2, 3]), ['-', '-', 'polka-nil', '-']],
  ['a commit', all('precommit', 'a', [0, 1, 2]), ['-', '-', 'precommit-value']],
  ['nil precommits', all('precommit', null, [0, 1, 2, 3]), ['-', '-', 'precommit-any', '-']],
  [
    'any, then one value',
    [...all('prevote', 'a', [0, 1]), ...all('prevote', 'b', [2]), ...all('prevote', 'a', [3])],
    ['-', '-', 'polka-any', 'polka-value'],
  ],
  [
    'the same vote again',
    [...all('prevote', 'a', [0, 1]), ...all('prevote', 'a', [0, 1, 1])],
    ['-', '-', '-', '-', '-'],
  ],
  [
    'a later round, by voters of either type, each once',
    [
      ...all('prevote', 'a', [0], 1),
      ...all('precommit', 'a', [0], 1),
      ...all('precommit', null, [1], 1),
    ],
    ['-', '-', 'skip'],
  ],
  [
    'a double vote that would make the polka',
    [...all('prevote', 'b', [0]), ...all('prevote', 'a', [1, 2, 0, 0])],
    ['-', '-', 'polka-any', 'conflict', '-'],
  ],
  ['a stranger', all('prevote', 'a', [0, 1, 9]), ['-', '-', '-']],
])('%s', (_, votes, expected) => {
  expect(count(votes).said).toEqual(expected)
})

test('power counts: one of three may be enough, two of three too few', () => {
  expect(count(all('prevote', 'a', [2, 0]), [1n, 1n, 7n]).said).toEqual(['polka-value', '-'])
  expect(count(all('prevote', 'a', [0, 1]), [1n, 1n, 1n]).said).toEqual(['-', '-'])
})

test('a round we are in or have left is never skipped to', () => {
  expect(count(all('prevote', 'a', [0, 1], 1), undefined, 1).said).toEqual(['-', '-'])
  expect(count(all('prevote', 'a', [0, 1], 0), undefined, 1).said).toEqual(['-', '-'])
})

test('any quorum is a quorum of voters', () => {
  const { keeper, set } = count([...all('prevote', 'a', [0, 1]), ...all('prevote', 'b', [2])])
  expect(hasAnyQuorum(keeper, set, 'prevote', 0)).toBe(true)
  expect(hasQuorum(keeper, set, 'prevote', 0, null)).toBe(false)
  expect(hasAnyQuorum(keeper, set, 'precommit', 0)).toBe(false)
})

test('a certificate proves a quorum for its own block, whatever we were told', () => {
  const { keeper, set } = count(all('prevote', 'b', [0, 1]))
  const { blockHash } = voteBy(0, 'prevote', 0, 'a')
  const certificate = { type: 'polka', height: 1n, round: 0, blockHash: blockHash ?? '0x' } as const
  const proved = addProof(keeper, { ...certificate, seals: [] })
  const has = (text: string | null, type: SignedVote['type'] = 'prevote', round = 0) =>
    hasQuorum(proved, set, type, round, voteBy(0, type, round, text).blockHash)
  expect(has('a')).toBe(true)
  expect([has('b'), has(null), has('a', 'precommit'), has('a', 'prevote', 1)]).toEqual(
    Array.from({ length: 4 }, () => false),
  )
})
