/** The door: what foreign messages become an input, and what is said to the others. */
import { describe, expect, test } from '@jest/globals'
import {
  admit,
  admitSynced,
  apply,
  type CoreState,
  defaultParams,
  initialState,
  type Input,
  maxBlockBytes,
  type Message,
  partSizeBytes,
} from '../../../consensus/index.ts'
import {
  certified,
  checkerOf,
  fourKeys,
  keysOf,
  partsHash,
  proposedBy,
  setOfKeys,
  votedBy,
} from '../../support/consensus-keys.ts'

const keys = fourKeys()
const [alice, bob, carol, dave] = keys
const set = setOfKeys(keys)
const nowMs = 1_700_000_000_000
const blockHash = `0x${'b1'.repeat(32)}` as const
const options = { ...checkerOf(), nowMs, height: 1n, identify: () => blockHash }

/** Dave's node in height 1; Bob proposes in round 0, Carol in round 1. */
function started(...inputs: readonly Input[]): CoreState {
  const { address: self } = dave
  const fresh = initialState({ self, params: defaultParams, lastHeight: 0n, nextValidators: set })
  const start = { type: 'start', height: 1n, validators: set, nextValidators: set } as const
  return [start, ...inputs].reduce<CoreState>((state, input) => apply(state, input).state, fresh)
}
const state = started()
const block = new Uint8Array(100_000).fill(5)
const proposal = proposedBy(bob, set, block)
const vote = votedBy(alice, set)
const part = {
  type: 'part',
  height: 1n,
  partsHash: partsHash(proposal),
  index: 0,
  bytes: block.subarray(0, 65_536),
} as const
const polka = certified('polka', keys, set, [0, 1, 2])
const entry: Message = {
  type: 'round',
  height: 1n,
  round: 2,
  votes: [votedBy(alice, set, { round: 2 }), votedBy(bob, set, { round: 2 })],
}

const later = { height: 2n } as const
const strayPart = (n: number, height: bigint) => ({
  ...part,
  height,
  partsHash: `0x${n.toString(16).padStart(64, '0')}` as const,
})
const strayParts = (count: number, height: bigint): Input[] =>
  Array.from({ length: count }, (_, n) => ({ type: 'part' as const, part: strayPart(n, height) }))
/** A proposal of the next height; Carol proposes in its round 0, Dave in 1, Alice in 2. */
const early = (byte: number, round = 0) => ({
  type: 'proposal' as const,
  proposal: proposedBy(round === 0 ? carol : alice, set, new Uint8Array(9).fill(byte), {
    round,
    ...later,
  }),
  receivedAtMs: nowMs,
})

describe('accepted as an input', () => {
  test.each<[string, Message, Input]>([
    ['a vote', vote, { type: 'vote', vote }],
    [
      'a vote of the next height',
      votedBy(alice, set, { height: 2n }),
      { type: 'vote', vote: votedBy(alice, set, { height: 2n }) },
    ],
    [
      'a proposal, with the time it came',
      proposal,
      { type: 'proposal', proposal, receivedAtMs: nowMs },
    ],
    ['a part before its proposal', part, { type: 'part', part }],
    ['a polka', polka, { type: 'certificate', certificate: polka }],
    ['the reason for a round', entry, { type: 'certificate', certificate: entry }],
  ])('%s', (_, message, input) => {
    expect(admit(state, message, options)).toEqual({ type: 'accept', value: input })
  })

  test('a second, different vote, which is evidence', () => {
    const seen = started({ type: 'vote', vote })
    const second = votedBy(alice, set, { blockHash: null })
    expect(admit(seen, second, options)).toMatchObject({ type: 'accept' })
  })

  test('a vote of the next height counts by the set of that height', () => {
    const next = setOfKeys(keysOf(5))
    const start = { type: 'start', height: 2n, validators: set, nextValidators: next } as const
    const changing = apply(state, start).state
    const admitted = (by: typeof set) =>
      admit(changing, votedBy(alice, by, { height: 3n }), options).type
    expect([admitted(next), admitted(set)]).toEqual(['accept', 'reject'])
  })

  test('a part that its proposal names', () => {
    const seen = started({ type: 'proposal', proposal, receivedAtMs: nowMs })
    expect(admit(seen, part, options)).toMatchObject({ type: 'accept' })
  })

  test('a decided block of a peer', () => {
    const commit = certified('commit', keys, set, [0, 1, 2], { blockHash })
    expect(admitSynced(state, commit, block, options)).toEqual({
      type: 'accept',
      value: { type: 'synced', certificate: commit, block },
    })
  })
})

const [stranger] = keysOf(1, 'stranger')

describe('rejected, which costs the sender', () => {
  test.each<[string, Message, string]>([
    ['a forged vote', { ...vote, round: 1 }, 'BAD_SEAL'],
    ['a vote for another chain', votedBy(alice, set, {}, checkerOf(1n)), 'BAD_SEAL'],
    ['a vote for another set', votedBy(alice, setOfKeys(keys, 2n)), 'BAD_SEAL'],
    ['a vote of a stranger', votedBy(stranger ?? alice, set), 'NOT_A_VALIDATOR'],
    ['a proposal out of turn', proposedBy(alice, set, block), 'WRONG_PROPOSER'],
    ['a forged proposal', { ...proposal, blockHash: `0x${'00'.repeat(32)}` }, 'BAD_SEAL'],
    [
      'a valid round that is not earlier',
      proposedBy(bob, set, block, { validRound: 0 }),
      'BAD_VALID_ROUND',
    ],
    ['a proposal without parts', proposedBy(bob, set, block, { partHashes: [] }), 'BAD_PARTS'],
    [
      'a proposal of too many parts',
      proposedBy(bob, set, block, {
        partHashes: Array.from({ length: 129 }, () => proposal.blockHash),
      }),
      'BAD_PARTS',
    ],
    ['a part over the limit', { ...part, bytes: new Uint8Array(partSizeBytes + 1) }, 'TOO_LARGE'],
    ['a certificate without quorum', certified('polka', keys, set, [0, 1]), 'NO_QUORUM'],
    ['a forged certificate', { ...polka, round: 1 }, 'BAD_SEAL'],
    ['a round for which one speaks', { ...entry, votes: entry.votes.slice(0, 1) }, 'NO_QUORUM'],
  ])('%s', (_, message, code) => {
    expect(admit(state, message, options)).toMatchObject({ type: 'reject', code })
  })

  test.each([
    ['with other bytes', { bytes: new Uint8Array(7) }],
    ['at another place', { index: 1 }],
    ['beyond the end', { index: 2 }],
  ])('a part %s than the proposal says', (_, change) => {
    const seen = started({ type: 'proposal', proposal, receivedAtMs: nowMs })
    expect(admit(seen, { ...part, ...change }, options)).toMatchObject({
      type: 'reject',
      code: 'BAD_PART',
    })
  })

  test('a synced block with a bad certificate or no end', () => {
    const commit = certified('commit', keys, set, [0, 1])
    const good = certified('commit', keys, set, [0, 1, 2], { blockHash })
    const none = { ...options, identify: () => undefined }
    const other = { ...options, identify: () => proposal.blockHash }
    for (const mismatch of [none, other])
      expect(admitSynced(state, good, block, mismatch)).toMatchObject({
        type: 'reject',
        code: 'BLOCK_MISMATCH',
      })
    const huge = new Uint8Array(maxBlockBytes + 1)
    expect(admitSynced(state, commit, block, options)).toMatchObject({ code: 'NO_QUORUM' })
    expect(admitSynced(state, good, huge, options)).toMatchObject({ code: 'TOO_LARGE' })
  })
})

describe('ignored, which costs nothing', () => {
  const decided = started(
    { type: 'proposal', proposal, receivedAtMs: nowMs },
    { type: 'part', part },
    { type: 'part', part: { ...part, index: 1, bytes: block.subarray(65_536) } },
    {
      type: 'validated',
      height: 1n,
      partsHash: part.partsHash,
      verdict: { valid: true, blockHash: proposal.blockHash, timeMs: nowMs },
    },
    {
      type: 'certificate',
      certificate: certified('commit', keys, set, [0, 1, 2], { blockHash: proposal.blockHash }),
    },
  )
  const after = (...inputs: readonly Input[]) => started(...inputs)

  test.each<[string, CoreState, Message, string]>([
    ['the last height', state, votedBy(alice, set, { height: 0n }), 'HEIGHT_PAST'],
    ['a height that is decided', decided, vote, 'HEIGHT_PAST'],
    ['two heights ahead', state, votedBy(alice, set, { height: 3n }), 'HEIGHT_FUTURE'],
    ['a known vote', after({ type: 'vote', vote }), vote, 'KNOWN'],
    [
      'a known vote with another seal, unchecked',
      after({ type: 'vote', vote }),
      { ...vote, seal: proposal.seal },
      'KNOWN',
    ],
    [
      'a vote kept for a later round',
      after({ type: 'vote', vote: votedBy(alice, set, { round: 9 }) }),
      votedBy(alice, set, { round: 9 }),
      'KNOWN',
    ],
    [
      'a vote kept for the next height',
      after({ type: 'vote', vote: votedBy(alice, set, { height: 2n }) }),
      votedBy(alice, set, { height: 2n }),
      'KNOWN',
    ],
    [
      'a known proposal',
      after({ type: 'proposal', proposal, receivedAtMs: nowMs }),
      proposal,
      'KNOWN',
    ],
    [
      'a known part',
      after({ type: 'proposal', proposal, receivedAtMs: nowMs }, { type: 'part', part }),
      part,
      'KNOWN',
    ],
    ['a known polka', after({ type: 'certificate', certificate: polka }), polka, 'KNOWN'],
    [
      'a polka we counted ourselves',
      after(
        ...[alice, bob, carol].map((key): Input => ({ type: 'vote', vote: votedBy(key, set) })),
      ),
      polka,
      'KNOWN',
    ],
    ['a round we are in', after({ type: 'certificate', certificate: entry }), entry, 'KNOWN'],
    ['a part kept before its proposal', after({ type: 'part', part }), part, 'KNOWN'],
    [
      'a part too many before their proposal',
      after(...strayParts(16, 1n)),
      strayPart(99, 1n),
      'TOO_MANY',
    ],
    ['a part kept for the next height', after(...strayParts(1, 2n)), strayPart(0, 2n), 'KNOWN'],
    [
      'a part too many of the next height',
      after(...strayParts(32, 2n)),
      strayPart(99, 2n),
      'TOO_MANY',
    ],
    ['a proposal kept for the next height', after(early(5)), early(5).proposal, 'KNOWN'],
    [
      'a third proposal of a round of the next height',
      after(early(5), early(6)),
      early(7).proposal,
      'TOO_MANY',
    ],
    ['a proposal of a late round of the next height', state, early(5, 2).proposal, 'TOO_MANY'],
    [
      'the same certificate of the next height with other seals',
      after({ type: 'certificate', certificate: certified('polka', keys, set, [0, 1, 2], later) }),
      certified('polka', keys, set, [1, 2, 3], later),
      'KNOWN',
    ],
    [
      'the next of all rounds there are',
      after({ type: 'vote', vote: votedBy(alice, set, { round: 1_000 }) }),
      votedBy(alice, set, { round: 1_001 }),
      'TOO_MANY',
    ],
    [
      'the next of all rounds of the next height',
      after({ type: 'vote', vote: votedBy(alice, set, { round: 1_000, ...later }) }),
      votedBy(alice, set, { round: 1_001, ...later }),
      'TOO_MANY',
    ],
  ])('%s', (_, seen, message, code) => {
    expect(admit(seen, message, options)).toMatchObject({ type: 'ignore', code })
  })

  test('a flood through all rounds is heard some seventy times, then nothing of lower rounds', () => {
    let seen = state
    let heard = 0
    for (let round = 2; round < 2 ** 31; round += Math.max(1, Math.floor(round / 50))) {
      const verdict = admit(seen, votedBy(alice, set, { round }), options)
      if (verdict.type !== 'accept') continue
      heard++
      seen = apply(seen, verdict.value).state
    }
    expect(heard).toBeLessThan(80)
    const back = votedBy(alice, set, { round: 3, blockHash })
    expect(admit(seen, back, options)).toMatchObject({ type: 'ignore', code: 'TOO_MANY' })
    expect(apply(seen, { type: 'vote', vote: back }).state).toBe(seen)
  })

  test('parts that a sealed proposal of the next height names take the place of strays', () => {
    const { proposal: named } = early(5)
    const real = {
      ...part,
      ...later,
      partsHash: partsHash(named),
      bytes: new Uint8Array(9).fill(5),
    }
    const full = after(...strayParts(32, 2n), early(5))
    expect(admit(full, real, options)).toEqual({
      type: 'accept',
      value: { type: 'part', part: real },
    })
    const kept = apply(full, { type: 'part', part: real }).state.future.parts
    expect(kept).toHaveLength(32)
    expect(kept).toContain(real)
    const forged = { ...real, bytes: Uint8Array.of(1) }
    expect(admit(full, forged, options)).toMatchObject({ type: 'reject', code: 'BAD_PART' })
    expect(apply(full, { type: 'part', part: strayPart(99, 2n) }).state.future.parts).toEqual(
      full.future.parts,
    )
  })

  test('other certificates of the next height are heard', () => {
    const known = certified('polka', keys, set, [0, 1, 2], later)
    const seen = after({ type: 'certificate', certificate: known })
    for (const other of [
      certified('commit', keys, set, [0, 1, 2], later),
      certified('polka', keys, set, [0, 1, 2], { round: 1, ...later }),
      certified('polka', keys, set, [0, 1, 2], { blockHash, ...later }),
    ])
      expect(admit(seen, other, options).type).toBe('accept')
  })

  test('a synced block of a height that is not in work', () => {
    const commit = certified('commit', keys, set, [0, 1, 2], { blockHash, height: 2n })
    expect(admitSynced(state, commit, block, options)).toMatchObject({ code: 'HEIGHT_FUTURE' })
    const inWork = { ...options, height: 2n }
    expect(admitSynced(decided, commit, block, inWork)).toMatchObject({ type: 'accept' })
  })

  test('the decided core really decided', () => {
    expect(decided.decision).toMatchObject({ blockHash: proposal.blockHash })
  })
})
