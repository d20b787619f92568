/** Rounds: whose turn it is, how they end, who is ahead, what is said again while they hang. */
import { describe, expect, test } from '@jest/globals'
import type { SignedVote } from '../../../consensus/index.ts'
import {
  createLone,
  hashOf,
  of,
  proposed,
  sentIn,
  signedIn,
  timersIn,
  voteBy,
} from '../../support/consensus-lone.ts'
import { createNet, type Delivery, feed, settle, startOf } from '../../support/consensus-net.ts'

const a = hashOf('a')

describe('the proposer', () => {
  test('asks for a block and proposes it with its parts (L14-19)', () => {
    const me = createLone({ self: 1, isStarted: false })
    const started = me.start()
    expect(of(started, 'propose')).toEqual([{ type: 'propose', height: 1n, round: 0 }])
    expect(timersIn(started)).toEqual(['propose 0 after 3000', 'rebroadcast 0 after 2000'])
    const effects = me.feed(proposed('a'))
    expect(signedIn(effects)).toEqual([`proposal 0 ${a} valid -1`, `prevote 0 ${a}`])
    expect(sentIn(effects)).toEqual(['proposal', 'part', 'prevote'])
  })

  test('proposes once, and only in the round it was asked', () => {
    const me = createLone({ self: 1 })
    expect(me.feed(proposed('a', 1))).toEqual([])
    me.feed(proposed('a'))
    expect(me.feed(proposed('b'))).toEqual([])
    const late = createLone({ self: 1 })
    late.expire('propose', 0)
    expect(late.feed(proposed('a'))).toEqual([])
    expect(createLone().feed(proposed('a'))).toEqual([])
  })

  test('proposes a valid block again, after the polka it rests on (L16)', () => {
    const me = createLone({ self: 2 })
    me.propose(0, 'a')
    me.vote('prevote', 0, 'a', [0, 1])
    me.vote('precommit', 0, null, [0, 1])
    const effects = me.expire('precommit', 0)
    expect(of(effects, 'propose')).toEqual([])
    expect(signedIn(effects)).toEqual([`proposal 1 ${a} valid 0`, `prevote 1 ${a}`])
    expect(sentIn(effects)).toEqual(['round', 'polka', 'proposal', 'part', 'prevote'])
  })

  test('has its valid block at hand many rounds later', () => {
    const me = createLone()
    me.propose(0, 'a')
    me.vote('prevote', 0, 'a', [1, 2])
    me.vote('prevote', 2, null, [1, 2])
    const effects = me.vote('prevote', 3, null, [1, 2])
    expect(signedIn(effects)).toEqual([`proposal 3 ${a} valid 0`, `prevote 3 ${a}`])
  })

  test('outside the set signs nothing, nor does who has no key', () => {
    for (const self of [undefined, 7]) {
      const me = createLone({ self, isStarted: false })
      const effects = [
        ...me.start(),
        ...me.propose(0, 'a'),
        ...me.vote('prevote', 0, 'a', [1, 2, 3]),
        ...me.vote('precommit', 0, 'a', [1, 2, 3]),
      ]
      expect(of(effects, 'decide')).toHaveLength(1)
      expect(signedIn(effects)).toEqual([])
      expect(me.state.unsigned).toEqual([])
    }
  })
})

describe('a round', () => {
  test('ends by timeout after precommits of a quorum, for whatever (L47-48, L65-67)', () => {
    const me = createLone()
    me.vote('precommit', 0, 'a', [1])
    me.vote('precommit', 0, null, [2])
    expect(timersIn(me.vote('precommit', 0, 'b', [3]))).toEqual(['precommit 0 after 1000'])
    expect(timersIn(me.vote('precommit', 0, null, [0]))).toEqual([])
    const effects = me.expire('precommit', 0)
    expect(me.state.round).toMatchObject({ round: 1, step: 'propose' })
    expect(timersIn(effects)).toEqual(['propose 1 after 3500', 'rebroadcast 1 after 2000'])
  })

  test('timeouts grow by the round, to a cap', () => {
    const me = createLone()
    me.vote('prevote', 10, null, [1, 2])
    const effects = me.vote('precommit', 10, null, [1, 2, 3])
    expect(timersIn(effects)).toEqual(['precommit 10 after 6000'])
    me.vote('prevote', 1000, null, [1, 2])
    expect(timersIn(me.vote('precommit', 1000, null, [1, 2, 3]))).toEqual([
      'precommit 1000 after 15000',
    ])
  })

  test('of more than a third is joined (L55-56), telling others why', () => {
    const me = createLone()
    expect(me.vote('prevote', 5, null, [1])).toEqual([])
    const effects = me.vote('precommit', 5, null, [2])
    expect(me.state.round).toMatchObject({ round: 5, step: 'propose' })
    const [{ message } = { message: undefined }] = of(effects, 'broadcast')
    expect(message).toEqual({
      type: 'round',
      height: 1n,
      round: 5,
      votes: [voteBy(1, 'prevote', 5, null), voteBy(2, 'precommit', 5, null)],
    })
  })

  test('later votes count for it too: the highest round of more than a third', () => {
    const me = createLone()
    me.vote('prevote', 9, null, [1])
    me.vote('prevote', 4, null, [2])
    expect(me.state.round.round).toBe(4)
    me.vote('prevote', 7, null, [3])
    expect(me.state.round.round).toBe(7)
  })

  test('of one alone is not joined, however far and often it votes', () => {
    const me = createLone()
    for (let round = 1; round < 3_000; round += 7) {
      me.vote('prevote', round, null, [3])
      me.vote('precommit', round * 1_000, null, [3])
    }
    expect(me.state.round.round).toBe(0)
    expect(me.state.ahead.flat()).toHaveLength(1)
    expect(me.state.votes.length).toBeLessThan(3)
  })

  test('far ahead of one: its highest is kept, and no proposal', () => {
    const me = createLone()
    me.vote('precommit', 9, null, [1])
    me.vote('prevote', 5, null, [1])
    expect(me.state.ahead.flat()).toEqual([voteBy(1, 'precommit', 9, null)])
    me.propose(5, 'a')
    expect(me.state.proposals).toEqual([])
  })

  test('begun for no reason is not explained to others', () => {
    expect(sentIn(createLone().expire('precommit', 0))).toEqual([])
  })

  test('of one in the next round and one beyond is joined', () => {
    const me = createLone()
    me.vote('prevote', 8, null, [1])
    me.vote('prevote', 1, null, [2])
    expect(me.state.round.round).toBe(1)
  })

  test('brings the votes that were kept for it', () => {
    const me = createLone()
    me.vote('prevote', 3, 'a', [1])
    me.vote('precommit', 3, 'a', [1])
    me.vote('prevote', 2, 'a', [1])
    me.vote('precommit', 3, 'a', [2])
    me.vote('precommit', 3, 'a', [3])
    expect(me.state.round.round).toBe(3)
    expect(of(me.propose(3, 'a'), 'decide')).toMatchObject([{ round: 3 }])
  })

  test('two different votes of one for a round far ahead are evidence', () => {
    const me = createLone()
    me.vote('prevote', 6, 'a', [1])
    expect(of(me.vote('prevote', 6, 'a', [1]), 'evidence')).toEqual([])
    const [effect] = of(me.vote('prevote', 6, 'b', [1]), 'evidence')
    expect(effect?.evidence).toEqual({
      type: 'double-vote',
      first: voteBy(1, 'prevote', 6, 'a'),
      second: voteBy(1, 'prevote', 6, 'b'),
    })
  })

  test('is entered with the precommits of the one before as the reason', () => {
    const me = createLone()
    me.vote('precommit', 0, null, [1, 2, 3])
    const [effect] = of(me.expire('precommit', 0), 'broadcast')
    expect(effect?.message).toMatchObject({
      type: 'round',
      round: 1,
      votes: [1, 2, 3].map((index) => voteBy(index, 'precommit', 0, null)),
    })
    const other = createLone()
    const certificate = effect?.message
    expect(certificate?.type).toBe('round')
    const effects =
      certificate?.type === 'round' ? other.feed({ type: 'certificate', certificate }) : []
    expect(timersIn(effects)).toEqual(['precommit 0 after 1000'])
  })

  test('holds blocks of old rounds only where a polka or our own vote stands for them', () => {
    const me = createLone({ self: undefined })
    me.propose(0, 'a')
    me.vote('prevote', 0, 'a', [0, 1, 2])
    for (let round = 1; round < 9; round++) {
      me.vote('prevote', round, null, [1, 2])
      me.propose(round, `block ${round}`)
    }
    expect(me.state.proposals.map(({ proposal }) => proposal.round)).toEqual([0, 6, 7, 8])
    expect(me.state.blocks).toHaveLength(4)
  })
})

describe('double votes', () => {
  test('are told once for each statement and move no weight', () => {
    const me = createLone()
    me.propose(0, 'a')
    me.vote('prevote', 0, 'b', [1])
    const effects = [
      ...me.vote('prevote', 0, 'a', [1]),
      ...me.vote('prevote', 0, 'a', [1]),
      ...me.vote('prevote', 0, 'b', [1]),
      ...me.vote('prevote', 0, 'a', [2]),
    ]
    expect(of(effects, 'evidence')).toMatchObject([
      {
        evidence: {
          first: voteBy(1, 'prevote', 0, 'b'),
          second: voteBy(1, 'prevote', 0, 'a'),
        },
      },
    ])
    expect(signedIn(effects)).toEqual([])
    expect(me.state.round.lockedValue).toBeNull()
  })

  test('of a spammer are kept a few times only', () => {
    const me = createLone()
    const effects = Array.from({ length: 50 }, (_, i) => me.vote('prevote', 0, `${i}`, [1])).flat()
    expect(of(effects, 'evidence')).toHaveLength(3)
  })

  test('a third proposal of a round is kept only with a quorum behind it', () => {
    const me = createLone()
    const effects = ['a', 'b', 'c'].flatMap((text) => me.propose(0, text))
    expect(of(effects, 'evidence')).toHaveLength(1)
    expect(me.state.proposals).toHaveLength(2)
    me.vote('prevote', 0, 'c', [1, 2, 3])
    expect(signedIn(me.propose(0, 'c'))).toEqual([`precommit 0 ${hashOf('c')}`])
  })
})

/** Everybody but `down` starts; heights decided by each in the end, at most ten. */
function playWithoutLink(down: number, link: readonly number[]): number[] {
  const net = createNet()
  const up = [0, 1, 2, 3].filter((index) => index !== down)
  for (const index of up) feed(net, index, startOf(net, 1n), 10n)
  const decided = (): number[] => up.map((index) => net.peers[index]?.decisions.length ?? 0)
  const isLost = ({ from, to }: Delivery): boolean =>
    to === down || (link.includes(from) && link.includes(to))
  settle(net, () => decided().every((heights) => heights >= 10), 10n, isLost)
  return decided()
}

describe('while a round hangs', () => {
  test('own votes of the round are said again, then those of others too, and the timer starts again', () => {
    const me = createLone()
    me.propose(0, 'a')
    me.vote('prevote', 0, null, [1, 2])
    me.vote('precommit', 0, null, [1])
    me.expire('prevote', 0)
    const effects = me.expire('rebroadcast', 0)
    expect(sentIn(effects)).toEqual(['prevote', 'precommit'])
    expect(timersIn(effects)).toEqual(['rebroadcast 0 after 2000'])
    expect(me.expire('rebroadcast', 1)).toEqual([])
    const all = ['prevote', 'prevote', 'prevote', 'precommit', 'precommit']
    expect(sentIn(me.expire('rebroadcast', 0))).toEqual(all)
    expect(sentIn(me.expire('rebroadcast', 0))).toEqual(all)
  })

  test('a round begins with own votes', () => {
    const me = createLone()
    me.expire('rebroadcast', 0)
    me.vote('precommit', 0, null, [1, 2, 3])
    me.expire('precommit', 0)
    me.vote('prevote', 1, null, [1])
    expect(sentIn(me.expire('rebroadcast', 1))).toEqual(['round'])
    expect(sentIn(me.expire('rebroadcast', 1))).toEqual(['prevote', 'round'])
  })

  test('the proposer says its proposal again, others theirs when locked on it, with the polka', () => {
    const proposer = createLone({ self: 1 })
    proposer.feed(proposed('a'))
    expect(sentIn(proposer.expire('rebroadcast', 0))).toEqual(['prevote', 'proposal', 'part'])
    const me = createLone()
    me.propose(0, 'a')
    expect(sentIn(me.expire('rebroadcast', 0))).toEqual(['prevote'])
    me.vote('prevote', 0, 'a', [1, 2])
    expect(sentIn(me.expire('rebroadcast', 0))).toEqual([
      'prevote',
      'prevote',
      'prevote',
      'precommit',
      'polka',
      'proposal',
      'part',
    ])
  })

  test('the reason for the round is said again', () => {
    const me = createLone()
    me.vote('precommit', 0, null, [1, 2, 3])
    me.expire('precommit', 0)
    expect(sentIn(me.expire('rebroadcast', 1))).toEqual(['round'])
  })

  test('a polka certificate locks who missed the prevotes', () => {
    const me = createLone()
    me.propose(0, 'a')
    const seals = [1, 2, 3].map((index) => ({ index, seal: '0x' as const }))
    const certificate = { type: 'polka', height: 1n, round: 0, blockHash: a, seals } as const
    const effects = me.feed({ type: 'certificate', certificate })
    expect(signedIn(effects)).toEqual([`precommit 0 ${a}`])
  })

  test('only votes that are new to us go out, once', () => {
    const me = createLone()
    const own: SignedVote = voteBy(0, 'prevote', 0, null)
    expect(sentIn(me.feed({ type: 'vote', vote: own }))).toEqual(['prevote'])
    expect(sentIn(me.feed({ type: 'vote', vote: own }))).toEqual([])
    expect(sentIn(me.vote('prevote', 0, 'a', [1]))).toEqual([])
  })

  test.each([
    [0, [1, 3]],
    [1, [0, 3]],
    [2, [0, 3]],
    [3, [0, 2]],
  ])('with %d down and no link between %p the third carries their votes', (down, link) => {
    expect(playWithoutLink(down, link)).toEqual([10, 10, 10])
  })
})
