/**
 * The rules of Algorithm 1 as one validator lives them: which messages make it vote, wait, lock,
 * decide. Self is the first of four equals; at height 1 the second proposes in round 0.
 */
import { describe, expect, test } from '@jest/globals'
import {
  createLone,
  hashOf,
  type Lone,
  now,
  of,
  partsOf,
  sentIn,
  signedIn,
  timersIn,
} from '../../support/consensus-lone.ts'

const a = hashOf('a')
const b = hashOf('b')
const commitOf = (round: number) => {
  const seals = [0, 1, 2].map((index) => ({ index, seal: `0x0${index}` as const }))
  return { type: 'commit', height: 1n, round, blockHash: a, seals } as const
}

/** Locked on `a` in round 0, then in round 1, which has begun by timeout. */
function locked(): Lone {
  const me = createLone()
  me.propose(0, 'a')
  me.vote('prevote', 0, 'a', [1, 2])
  me.vote('precommit', 0, null, [1, 2])
  me.expire('precommit', 0)
  expect(me.state.round).toMatchObject({ round: 1, lockedValue: a, lockedRound: 0 })
  return me
}

describe('prevote', () => {
  test('a fresh valid block gets it (L22-24)', () => {
    expect(signedIn(createLone().propose(0, 'a'))).toEqual([`prevote 0 ${a}`])
  })

  test('an invalid block gets nil (L26)', () => {
    expect(signedIn(createLone().propose(0, 'bad'))).toEqual(['prevote 0 nil'])
  })

  test('a block that is another than the proposal says gets nil', () => {
    expect(signedIn(createLone().propose(0, 'a', { blockHash: b }))).toEqual(['prevote 0 nil'])
  })

  test('no proposal in time gets nil (L57-60), a late one changes nothing', () => {
    const me = createLone()
    expect(signedIn(me.expire('propose', 0))).toEqual(['prevote 0 nil'])
    expect(signedIn(me.propose(0, 'a'))).toEqual([])
  })

  test('timeouts of other rounds and heights mean nothing', () => {
    const me = createLone()
    expect(me.expire('propose', 1)).toEqual([])
    expect(me.expire('propose', 0, 2n)).toEqual([])
    expect(me.state.round.step).toBe('propose')
  })

  test.each([
    ['late by less than the message delay', now - 15_000, true],
    ['a second, the delay and the precision late', now - 16_505, true],
    ['later than that', now - 16_506, false],
    ['ahead by the precision', now + 505, true],
    ['ahead by more', now + 506, false],
  ])('a block whose time is %s', (_, timeMs, isTimely) => {
    const me = createLone({ isSlow: true })
    me.propose(0, 'a')
    const partsHash = me.state.blocks[0]?.partsHash ?? '0x'
    const verdict = { valid: true, blockHash: a, timeMs } as const
    const effects = me.feed({ type: 'validated', height: 1n, partsHash, verdict })
    expect(signedIn(effects)).toEqual([`prevote 0 ${isTimely ? a : 'nil'}`])
  })

  test('later rounds allow a longer message delay', () => {
    const me = createLone()
    me.vote('prevote', 1, null, [1, 2])
    expect(signedIn(me.propose(1, 'a', {}, now + 30_000))).toEqual([`prevote 1 ${a}`])
  })

  test('a locked validator gives nil to another block (L23, L26)', () => {
    expect(signedIn(locked().propose(1, 'b'))).toEqual(['prevote 1 nil'])
  })

  test('a locked validator votes for its own block again (L23)', () => {
    expect(signedIn(locked().propose(1, 'a'))).toEqual([`prevote 1 ${a}`])
  })

  test('a block proposed again waits for the polka of its valid round (L28)', () => {
    const me = locked()
    expect(signedIn(me.propose(1, 'a', { validRound: 0 }))).toEqual([`prevote 1 ${a}`])
    const other = createLone()
    other.vote('prevote', 1, null, [1, 2])
    expect(signedIn(other.propose(1, 'a', { validRound: 0 }))).toEqual([])
    expect(signedIn(other.vote('prevote', 0, 'a', [1, 2, 3]))).toEqual([`prevote 1 ${a}`])
  })

  test('a later polka for another block undoes the lock (L29-30)', () => {
    const me = locked()
    me.expire('propose', 1)
    me.vote('prevote', 1, 'b', [1, 2, 3])
    me.vote('precommit', 1, null, [1, 2])
    me.expire('prevote', 1)
    me.expire('precommit', 1)
    expect(me.state.round.round).toBe(2)
    expect(signedIn(me.propose(2, 'b', { validRound: 1 }))).toEqual([`prevote 2 ${b}`])
  })

  test('an earlier polka does not (L29, L32)', () => {
    const me = createLone()
    me.vote('prevote', 1, null, [2, 3])
    me.propose(1, 'a')
    me.vote('prevote', 1, 'a', [1])
    me.feed({
      type: 'certificate',
      certificate: { type: 'polka', height: 1n, round: 1, blockHash: a, seals: [] },
    })
    expect(me.state.round).toMatchObject({ lockedRound: 1, lockedValue: a })
    me.vote('precommit', 2, null, [1, 2])
    me.vote('prevote', 0, 'b', [1, 2, 3])
    expect(signedIn(me.propose(2, 'b', { validRound: 0 }))).toEqual(['prevote 2 nil'])
  })

  test('a proposal out of turn is no proposal', () => {
    const me = createLone()
    const proposer = me.set.validators[2]?.address ?? '0x'
    expect(me.propose(0, 'a', { proposer })).toEqual([])
    expect(me.state.proposals).toEqual([])
  })

  test.each([0, 1, -2])('a proposal of round 0 with valid round %i is none', (validRound) => {
    const me = createLone()
    expect(me.propose(0, 'a', { validRound })).toEqual([])
  })

  test('of two proposals the first with a verdict counts', () => {
    const me = createLone()
    expect(signedIn(me.propose(0, 'a'))).toEqual([`prevote 0 ${a}`])
    const effects = me.propose(0, 'b')
    expect(signedIn(effects)).toEqual([])
    expect(of(effects, 'evidence').map(({ evidence }) => evidence.type)).toEqual([
      'double-proposal',
    ])
  })
})

describe('precommit', () => {
  test('a polka for the proposal locks it (L36-41)', () => {
    const me = createLone()
    me.propose(0, 'a')
    expect(signedIn(me.vote('prevote', 0, 'a', [1]))).toEqual([])
    expect(signedIn(me.vote('prevote', 0, 'a', [2]))).toEqual([`precommit 0 ${a}`])
    expect(me.state.round).toMatchObject({
      lockedValue: a,
      lockedRound: 0,
      validValue: a,
      validRound: 0,
    })
  })

  test('a polka waits for the proposal and its verdict', () => {
    const me = createLone({ isSlow: true })
    me.expire('propose', 0)
    me.vote('prevote', 0, 'a', [1, 2, 3])
    expect(signedIn(me.propose(0, 'a'))).toEqual([])
    const partsHash = me.state.blocks[0]?.partsHash ?? '0x'
    const verdict = { valid: true, blockHash: a, timeMs: now } as const
    const effects = me.feed({ type: 'validated', height: 1n, partsHash, verdict })
    expect(signedIn(effects)).toEqual([`precommit 0 ${a}`])
  })

  test('after a nil precommit a polka moves the valid value only (L42-43)', () => {
    const me = createLone()
    me.propose(0, 'a')
    me.vote('prevote', 0, null, [1])
    me.vote('prevote', 0, 'a', [2])
    me.expire('prevote', 0)
    const effects = me.vote('prevote', 0, 'a', [3])
    expect(signedIn(effects)).toEqual([])
    expect(me.state.round).toMatchObject({ lockedValue: null, validValue: a, validRound: 0 })
  })

  test('prevotes for anything start the timer once (L34-35), its end gives nil (L61-64)', () => {
    const me = createLone()
    me.propose(0, 'a')
    expect(timersIn(me.vote('prevote', 0, 'b', [1, 2]))).toEqual(['prevote 0 after 1000'])
    expect(timersIn(me.vote('prevote', 0, null, [3]))).toEqual([])
    expect(signedIn(me.expire('prevote', 0))).toEqual(['precommit 0 nil'])
  })

  test('prevotes that come before the own one count when it is given', () => {
    const me = createLone()
    expect(timersIn(me.vote('prevote', 0, null, [1, 2]))).toEqual([])
    const effects = me.propose(0, 'a')
    expect(signedIn(effects)).toEqual([`prevote 0 ${a}`])
    expect(timersIn(effects)).toEqual(['prevote 0 after 1000'])
  })

  test('a polka for nil gives nil without waiting (L44-46)', () => {
    const me = createLone()
    me.propose(0, 'a')
    const effects = me.vote('prevote', 0, null, [1, 2, 3])
    expect(signedIn(effects)).toEqual(['precommit 0 nil'])
  })

  test('a polka for a block this node finds invalid does not lock it', () => {
    const me = createLone()
    me.propose(0, 'bad')
    expect(signedIn(me.vote('prevote', 0, 'bad', [1, 2, 3]))).toEqual([])
    expect(me.state.round.lockedValue).toBeNull()
  })
})

describe('decision', () => {
  test('a quorum of precommits decides, with a certificate of exactly those (L49-54)', () => {
    const me = createLone()
    me.propose(0, 'a')
    me.vote('prevote', 0, 'a', [1, 2])
    me.vote('precommit', 0, null, [1])
    expect(of(me.vote('precommit', 0, 'a', [2]), 'decide')).toEqual([])
    const effects = me.vote('precommit', 0, 'a', [3])
    const [decision] = of(effects, 'decide')
    expect(decision).toMatchObject({ height: 1n, round: 0, blockHash: a })
    expect(decision?.block).toEqual(new TextEncoder().encode('a'))
    expect(decision?.certificate.seals.map(({ index }) => index)).toEqual([0, 2, 3])
    expect(sentIn(effects)).toEqual(['commit'])
  })

  test('precommits of a past round decide too', () => {
    const me = locked()
    me.vote('precommit', 0, 'a', [3])
    expect(me.state.decision).toBeUndefined()
    const other = createLone()
    other.propose(0, 'a')
    other.vote('prevote', 1, null, [1, 2])
    other.vote('precommit', 0, 'a', [1, 2])
    expect(of(other.vote('precommit', 0, 'a', [3]), 'decide')).toMatchObject([{ round: 0 }])
  })

  test('precommits wait for the block', () => {
    const me = createLone()
    me.vote('precommit', 0, 'a', [1, 2, 3])
    expect(of(me.propose(0, 'a'), 'decide')).toMatchObject([{ round: 0, blockHash: a }])
  })

  test('a commit certificate decides although its signers told us otherwise', () => {
    const me = createLone()
    me.propose(0, 'a')
    me.vote('precommit', 0, null, [1])
    me.vote('precommit', 0, 'a', [2])
    const seals = [1, 2, 3].map((index) => ({ index, seal: `0x0${index}` as const }))
    const certificate = { type: 'commit', height: 1n, round: 0, blockHash: a, seals } as const
    const effects = me.feed({ type: 'certificate', certificate })
    expect(of(effects, 'decide')).toMatchObject([{ blockHash: a, certificate }])
    expect(of(effects, 'evidence')).toHaveLength(1)
  })

  test('after it nothing matters but repeating the certificate, by one timer', () => {
    const me = createLone()
    me.propose(0, 'a')
    me.vote('precommit', 0, 'a', [1, 2, 3])
    const before = me.state
    expect(me.vote('precommit', 1, null, [1, 2, 3])).toEqual([])
    expect(me.expire('precommit', 0)).toEqual([])
    expect(me.propose(1, 'b')).toEqual([])
    expect(me.expire('rebroadcast', 1)).toEqual([])
    expect(me.state).toBe(before)
    const again = me.expire('rebroadcast', 0)
    expect(sentIn(again)).toEqual(['commit'])
    expect(timersIn(again)).toEqual(['rebroadcast 0 after 2000'])
  })

  test('with a quorum in two rounds the first one decides, whichever was heard first (L49)', () => {
    const me = createLone({ self: undefined })
    me.vote('precommit', 1, 'a', [1, 2, 3])
    me.vote('precommit', 0, 'a', [1, 2, 3])
    expect(of(me.propose(1, 'a'), 'decide')).toMatchObject([{ round: 0, blockHash: a }])
  })

  test('a block of a peer with its certificate decides, once it is found valid', () => {
    const me = createLone()
    const certificate = commitOf(4)
    const effects = me.feed({ type: 'synced', certificate, block: new TextEncoder().encode('a') })
    expect(of(effects, 'decide')).toMatchObject([{ round: 4, blockHash: a, certificate }])
  })

  test('another block with a true certificate decides nothing', () => {
    const me = createLone()
    const certificate = commitOf(0)
    const effects = me.feed({ type: 'synced', certificate, block: new TextEncoder().encode('b') })
    expect(of(effects, 'decide')).toEqual([])
    expect(of(me.propose(0, 'a'), 'decide')).toHaveLength(1)
  })
})

describe('parts', () => {
  const big = Array.from({ length: 30_000 }, (_, i) => i % 7919).join()

  test('come in any order; the whole block is validated once', () => {
    const me = createLone({ isSlow: true })
    const proposal = me.proposal(0, big)
    const parts = partsOf(proposal, big)
    expect(parts).toHaveLength(3)
    const [first, ...rest] = parts.toReversed()
    me.feed({ type: 'proposal', proposal, receivedAtMs: now })
    expect(me.feed(...(first ? [first] : []), ...rest.slice(0, 1))).toEqual([])
    const effects = me.feed(...rest.slice(1), ...parts)
    expect(of(effects, 'validate')).toHaveLength(1)
    expect(of(effects, 'validate')[0]?.block).toEqual(new TextEncoder().encode(big))
  })

  test('that come before their proposal are kept for it', () => {
    const me = createLone()
    const proposal = me.proposal(0, big)
    me.feed(...partsOf(proposal, big), ...partsOf(proposal, big))
    expect(me.state.orphans).toHaveLength(3)
    const effects = me.feed({ type: 'proposal', proposal, receivedAtMs: now })
    expect(signedIn(effects)).toEqual([`prevote 0 ${hashOf(big)}`])
    expect(me.state.orphans).toEqual([])
  })

  test('of nobody knows what fill no memory', () => {
    const me = createLone()
    for (let index = 0; index < 100; index++) {
      const bytes = new Uint8Array(1)
      me.feed({ type: 'part', part: { type: 'part', height: 1n, partsHash: a, index, bytes } })
    }
    expect(me.state.orphans.map(({ index }) => index)).toEqual(
      Array.from({ length: 16 }, (_, i) => 84 + i),
    )
  })

  test('with other bytes, or another place, are no parts of it', () => {
    const me = createLone({ isSlow: true })
    const proposal = me.proposal(0, big)
    me.feed({ type: 'proposal', proposal, receivedAtMs: now })
    const inputs = partsOf(proposal, big).flatMap((input) =>
      input.type === 'part'
        ? [
            { ...input, part: { ...input.part, bytes: new Uint8Array(3) } },
            { ...input, part: { ...input.part, index: input.part.index + 1 } },
          ]
        : [],
    )
    expect(me.feed(...inputs)).toEqual([])
    expect(me.state.blocks[0]?.missing).toBe(3)
  })

  test('that come twice count once', () => {
    const me = createLone({ isSlow: true })
    const proposal = me.proposal(0, big)
    const [first] = partsOf(proposal, big)
    me.feed({ type: 'proposal', proposal, receivedAtMs: now })
    if (first) me.feed(first, first)
    expect(me.state.blocks[0]?.missing).toBe(2)
  })

  test('that are all there are not validated again for a certificate', () => {
    const me = createLone({ isSlow: true })
    expect(of(me.propose(0, 'a'), 'validate')).toHaveLength(1)
    const certificate = commitOf(0)
    const effects = me.feed({ type: 'synced', certificate, block: new TextEncoder().encode('a') })
    expect(of(effects, 'validate')).toEqual([])
  })

  test('are judged once: a second verdict changes nothing', () => {
    const me = createLone()
    me.propose(0, 'bad', { blockHash: a })
    const partsHash = me.state.blocks[0]?.partsHash ?? '0x'
    const verdict = { valid: true, blockHash: a, timeMs: now } as const
    me.feed({ type: 'validated', height: 1n, partsHash, verdict })
    expect(me.state.blocks[0]?.verdict).toMatchObject({ valid: false })
  })

  test('of a proposal with a wrong verdict count for the honest one that follows', () => {
    const me = createLone()
    me.propose(0, 'bad', { blockHash: a })
    me.vote('prevote', 1, null, [1, 2])
    expect(signedIn(me.propose(1, 'a'))).toEqual([`prevote 1 ${a}`])
  })
})
