/** Heights: what is kept for the next one, and what a core asks again when it was rebuilt from the log. */
import { describe, expect, test } from '@jest/globals'
import { resume } from '../../../consensus/index.ts'
import {
  createLone,
  hashOf,
  type Lone,
  now,
  partsOf,
  proposed,
  sentIn,
  signedIn,
  timersIn,
} from '../../support/consensus-lone.ts'
import { addressOf } from '../../support/consensus-net.ts'

const a = hashOf('a')
const votesAt = (me: Lone, height: bigint): number =>
  me.state.height === height ? me.state.votes.length : -1
const types = (me: Lone): readonly string[] => resume(me.state).map(({ type }) => type)

describe('the next height', () => {
  test('gets the messages that came early, and may be decided by them at once', () => {
    const me = createLone({ self: 3 })
    const proposal = me.proposal(0, 'b', { height: 2n })
    me.feed({ type: 'proposal', proposal, receivedAtMs: now }, ...partsOf(proposal, 'b'))
    me.vote('precommit', 0, 'b', [0, 1, 2], 2n)
    expect(me.start(2n).filter(({ type }) => type === 'decide')).toMatchObject([
      { height: 2n, round: 0, blockHash: hashOf('b') },
    ])
  })

  test('starts in the highest round they prove', () => {
    const me = createLone()
    me.vote('prevote', 6, null, [1, 2], 2n)
    const effects = me.start(2n)
    expect(me.state.round).toMatchObject({ height: 2n, round: 6 })
    expect(timersIn(effects)).toEqual(['propose 6 after 6000', 'rebroadcast 6 after 2000'])
  })

  test('starts from certificates as well', () => {
    const me = createLone()
    const seals = [1, 2, 3].map((index) => ({ index, seal: '0x' as const }))
    const polka = { type: 'polka', height: 2n, round: 2, blockHash: a, seals } as const
    me.feed({ type: 'certificate', certificate: polka })
    me.start(2n)
    expect(me.state.round).toMatchObject({ height: 2n, round: 2 })
  })

  test('two heights ahead nothing is kept, of the last one nothing heard', () => {
    const me = createLone()
    me.vote('prevote', 0, null, [1, 2, 3], 3n)
    me.start(3n)
    expect(votesAt(me, 3n)).toBe(0)
    expect(me.vote('prevote', 0, null, [1, 2, 3], 2n)).toEqual([])
    expect(me.start(3n)).toEqual([])
    expect(me.start(2n)).toEqual([])
    expect(votesAt(me, 3n)).toBe(0)
  })

  test('keeps of each validator its latest rounds, of strangers nothing', () => {
    const me = createLone()
    for (let round = 0; round < 100; round++) me.vote('prevote', round, null, [1, 2, 9], 2n)
    const before = me.state
    me.vote('prevote', 5, null, [1], 2n)
    expect(me.state).toBe(before)
    const { votes } = me.state.future
    const rounds = (index: number) =>
      votes.filter(({ voter }) => voter === addressOf(index)).map(({ round }) => round)
    expect(rounds(1)).toEqual([96, 97, 98, 99])
    expect(votes).toHaveLength(8)
  })

  test('keeps few proposals, parts and certificates', () => {
    const me = createLone()
    for (let round = 0; round < 100; round++) {
      const proposal = me.proposal(round, 'b', { height: 2n })
      const seals = [{ index: 1, seal: '0x' as const }]
      const polka = { type: 'polka', height: 2n, round, blockHash: a, seals } as const
      me.feed({ type: 'proposal', proposal, receivedAtMs: now }, ...partsOf(proposal, 'b'), {
        type: 'certificate',
        certificate: polka,
      })
    }
    const { proposals, parts, certificates } = me.state.future
    expect([proposals.length, parts.length, certificates.length]).toEqual([4, 32, 8])
    expect(proposals.at(-1)?.proposal.round).toBe(99)
  })
})

describe('after a replay', () => {
  test('timers run again, and only those that ran', () => {
    const me = createLone()
    expect(timersIn(resume(me.state))).toEqual(['propose 0 after 3000', 'rebroadcast 0 after 2000'])
    me.propose(0, 'a')
    me.vote('prevote', 0, null, [1, 2])
    expect(timersIn(resume(me.state))).toEqual(['prevote 0 after 1000', 'rebroadcast 0 after 2000'])
    me.vote('precommit', 0, null, [1, 2, 3])
    me.expire('prevote', 0)
    expect(timersIn(resume(me.state))).toEqual([
      'precommit 0 after 1000',
      'rebroadcast 0 after 2000',
    ])
  })

  test('what nobody answered is asked again', () => {
    const waiting = createLone({ isSlow: true })
    waiting.propose(0, 'a')
    expect(types(waiting)).toEqual(['schedule', 'schedule', 'validate'])
    const proposer = createLone({ self: 1, isSlow: true })
    expect(types(proposer)).toEqual(['schedule', 'schedule', 'propose'])
    proposer.feed(proposed('a'))
    expect(types(proposer)).toEqual(['broadcast', 'schedule'])
  })

  test('a signature that was not given is asked for, until the round is over', () => {
    const me = createLone({ isMute: true })
    me.expire('propose', 0)
    expect(signedIn(resume(me.state))).toEqual(['prevote 0 nil'])
    me.vote('prevote', 0, null, [1, 2, 3])
    expect(signedIn(resume(me.state))).toEqual(['prevote 0 nil', 'precommit 0 nil'])
    me.vote('prevote', 0, null, [0])
    expect(signedIn(resume(me.state))).toEqual(['precommit 0 nil'])
    me.vote('prevote', 1, null, [1, 2])
    expect(signedIn(resume(me.state))).toEqual([])
  })

  test('own votes of the round are said again at once: the log may know them and the network not', () => {
    const me = createLone()
    me.propose(0, 'a')
    expect(sentIn(resume(me.state))).toEqual(['prevote'])
    me.expire('precommit', 0)
    expect(sentIn(resume(me.state))).toEqual([])
  })

  test('a decision is decided again; before the start there is nothing', () => {
    const me = createLone({ isStarted: false })
    expect(types(me)).toEqual([])
    me.start()
    me.propose(0, 'a')
    me.vote('precommit', 0, 'a', [1, 2, 3])
    expect(types(me)).toEqual(['decide', 'broadcast', 'schedule'])
  })
})
