/** Seals, certificates and evidence: the true ones pass, and each single lie is found. */
import { describe, expect, test } from '@jest/globals'
import { hashTypedData } from 'viem'
import {
  type CommitCertificate,
  createDigests,
  createValidatorSet,
  type Evidence,
  type RoundCertificate,
  type SignedVote,
  verifyCommit,
  verifyEvidence,
} from '../../../consensus/index.ts'
import { checkCertificate, checkSeal } from '../../../consensus/verify.ts'
import {
  curveOrder,
  fromHex,
  type Hex,
  toBigInt,
  toFixedBytes,
  toHex,
} from '../../../primitives/index.ts'
import {
  certified,
  checkerOf,
  fourKeys,
  keysOf,
  proposedBy,
  sealed,
  setOfKeys,
  votedBy,
} from '../../support/consensus-keys.ts'

const keys = fourKeys()
const [alice, bob, carol, dave] = keys
const set = setOfKeys(keys)
const checker = checkerOf()
const block: Hex = `0x${'b1'.repeat(32)}`
const other: Hex = `0x${'b2'.repeat(32)}`

describe('digests are EIP-712', () => {
  const genesisHash: Hex = `0x${'67'.repeat(32)}`
  const domain = { name: 'Tributary Consensus', version: '1', chainId: 2679, salt: genesisHash }
  const digests = createDigests({ chainId: 2679n, genesisHash })

  test.each([
    ['prevote', 1, block, block],
    ['precommit', 2, null, `0x${'00'.repeat(32)}`],
  ] as const)('of a %s', (type, voteType, blockHash, wire) => {
    const vote = { type, height: 2n ** 64n - 1n, round: 7, blockHash, voter: alice.address }
    const expected = hashTypedData({
      domain,
      primaryType: 'Vote',
      types: {
        Vote: [
          { name: 'voteType', type: 'uint8' },
          { name: 'height', type: 'uint64' },
          { name: 'round', type: 'uint32' },
          { name: 'blockHash', type: 'bytes32' },
          { name: 'validatorSetHash', type: 'bytes32' },
        ],
      },
      message: {
        voteType,
        height: vote.height,
        round: vote.round,
        blockHash: wire,
        validatorSetHash: set.hash,
      },
    })
    expect(toHex(digests.of(vote, set.hash))).toBe(expected)
  })

  test.each([-1, 3])('of a proposal with valid round %i', (validRound) => {
    const { seal: _seal, ...proposal } = proposedBy(alice, set, new Uint8Array(70_000), {
      round: 4,
      validRound,
    })
    const expected = hashTypedData({
      domain,
      primaryType: 'Proposal',
      types: {
        Proposal: [
          { name: 'height', type: 'uint64' },
          { name: 'round', type: 'uint32' },
          { name: 'validRound', type: 'int32' },
          { name: 'blockHash', type: 'bytes32' },
          { name: 'partHashes', type: 'bytes32[]' },
          { name: 'validatorSetHash', type: 'bytes32' },
        ],
      },
      message: { ...proposal, validatorSetHash: set.hash },
    })
    expect(toHex(digests.of(proposal, set.hash))).toBe(expected)
  })
})

/** s -> n - s with the other v recovers the same key: one statement must have one seal. */
const malleated = (seal: Hex): Hex => {
  const s = curveOrder - toBigInt(fromHex(seal).subarray(32, 64))
  const v = seal.endsWith('1b') ? '1c' : '1b'
  return `${seal.slice(0, 66)}${toHex(toFixedBytes(s, 32)).slice(2)}${v}` as Hex
}

describe('a seal', () => {
  const vote = votedBy(alice, set, { blockHash: block })

  test('of a member is accepted', () => {
    expect(checkSeal(checker, set, vote)).toBeUndefined()
  })

  const lies: readonly (readonly [string, SignedVote])[] = [
    ['another height', { ...vote, height: 2n }],
    ['another round', { ...vote, round: 1 }],
    ['another type', { ...vote, type: 'precommit' }],
    ['another block', { ...vote, blockHash: other }],
    ['nil', { ...vote, blockHash: null }],
    ['another voter', { ...vote, voter: bob.address }],
    ['high s', { ...vote, seal: malleated(vote.seal) }],
    ['a v of 0', { ...vote, seal: `${vote.seal.slice(0, -2)}00` as Hex }],
    ['too few bytes', { ...vote, seal: '0x' }],
    ['zeros', { ...vote, seal: `0x${'00'.repeat(65)}` }],
    ['another chain id', votedBy(alice, set, { blockHash: block }, checkerOf(1n))],
    ['another genesis', votedBy(alice, set, { blockHash: block }, checkerOf(2679n, other))],
    ['another set', votedBy(alice, setOfKeys(keys, 2n), { blockHash: block })],
  ]
  test.each(lies)('for %s is refused', (_, lie) => {
    expect(checkSeal(checker, set, lie)).toMatchObject({ type: 'reject', code: 'BAD_SEAL' })
  })

  test('of a stranger is refused before it is looked at', () => {
    const [stranger] = keysOf(1, 'stranger')
    const lie = votedBy(stranger ?? alice, set, { blockHash: block })
    expect(checkSeal(checker, set, lie)).toMatchObject({ code: 'NOT_A_VALIDATOR' })
  })
})

describe('a commit certificate', () => {
  const commit = certified('commit', keys, set, [0, 1, 3], { height: 9n, round: 2 })
  const [first, second, third] = commit.seals
  const withSeals = (...seals: (typeof first)[]): CommitCertificate => ({
    ...commit,
    seals: seals.flatMap((each) => each ?? []),
  })

  test('of three of four is accepted', () => {
    expect(verifyCommit(checker, set, commit)).toEqual({ type: 'accept', value: commit })
  })

  test.each([
    ['two signers', withSeals(first, second), 'NO_QUORUM'],
    ['nobody', withSeals(), 'NO_QUORUM'],
    ['a repeated signer', withSeals(first, second, second), 'BAD_SIGNERS'],
    ['signers out of order', withSeals(second, first, third), 'BAD_SIGNERS'],
    [
      'a signer beyond the set',
      withSeals(first, second, { index: 4, seal: third?.seal ?? '0x' }),
      'BAD_SIGNERS',
    ],
    ['a negative index', withSeals({ index: -1, seal: '0x' }, first, second), 'BAD_SIGNERS'],
    [
      'a seal copied to another place',
      withSeals(first, { index: 1, seal: first?.seal ?? '0x' }, third),
      'BAD_SEAL',
    ],
    ['another height', { ...commit, height: 10n }, 'BAD_SEAL'],
    ['another round', { ...commit, round: 3 }, 'BAD_SEAL'],
    ['another block', { ...commit, blockHash: other }, 'BAD_SEAL'],
    [
      'prevotes instead',
      { ...certified('polka', keys, set, [0, 1, 3], { height: 9n, round: 2 }), type: 'commit' },
      'BAD_SEAL',
    ],
    [
      'one bad seal behind a quorum of good ones',
      withSeals(first, second, { index: 2, seal: first?.seal ?? '0x' }, third),
      'BAD_SEAL',
    ],
  ] as const)('with %s is refused', (_, certificate, code) => {
    expect(verifyCommit(checker, set, certificate)).toMatchObject({ type: 'reject', code })
  })

  test('is checked to its last seal, though three would do', () => {
    const four = certified('commit', keys, set, [0, 1, 2, 3])
    const seals = four.seals.with(3, { index: 3, seal: four.seals[0]?.seal ?? '0x' })
    expect(verifyCommit(checker, set, four).type).toBe('accept')
    expect(verifyCommit(checker, set, { ...four, seals })).toMatchObject({ code: 'BAD_SEAL' })
  })

  test('is of no use against the set of another height', () => {
    const next = setOfKeys(keysOf(5))
    expect(verifyCommit(checker, next, commit)).toMatchObject({ type: 'reject' })
  })

  test('counts power, not heads: exactly two thirds is no quorum', () => {
    const powers = [4n, 1n, 1n, 3n]
    const members = keys.map(({ address }, index) => ({ address, power: powers[index] ?? 0n }))
    const weighted = createValidatorSet(members)
    const three = certified('commit', keys, weighted, [0, 1, 2])
    const heavy = certified('commit', keys, weighted, [0, 3])
    expect(verifyCommit(checker, weighted, three)).toMatchObject({ code: 'NO_QUORUM' })
    expect(verifyCommit(checker, weighted, heavy)).toMatchObject({ type: 'accept' })
  })
})

const round = (votes: readonly SignedVote[], at = 3): RoundCertificate => ({
  type: 'round',
  height: 1n,
  round: at,
  votes,
})

describe('a round certificate', () => {
  const vote = (key: typeof alice, fields: Partial<SignedVote>) =>
    votedBy(key, set, { type: 'precommit', blockHash: null, ...fields })

  test.each([
    ['more than a third in it', round([vote(alice, { round: 3 }), vote(bob, { round: 3 })])],
    [
      'more than a third in it or later',
      round([vote(alice, { round: 3 }), vote(dave, { round: 5, type: 'prevote' })]),
    ],
    [
      'a quorum of precommits before it',
      round([alice, bob, dave].map((key) => vote(key, { round: 2 }))),
    ],
  ])('of %s is accepted', (_, certificate) => {
    expect(checkCertificate(checker, set, certificate)).toBeUndefined()
  })

  test.each([
    ['one voter', round([vote(alice, { round: 3 })]), 'NO_QUORUM'],
    [
      'one voter twice',
      round([vote(alice, { round: 3 }), vote(alice, { round: 3, type: 'prevote' })]),
      'BAD_SIGNERS',
    ],
    [
      'two precommits before it',
      round([vote(alice, { round: 2 }), vote(bob, { round: 2 })]),
      'NO_QUORUM',
    ],
    [
      'a quorum of prevotes before it',
      round([alice, bob, carol].map((key) => vote(key, { round: 2, type: 'prevote' }))),
      'NO_QUORUM',
    ],
    [
      'precommits two rounds before it',
      round([alice, bob, carol].map((key) => vote(key, { round: 1 }))),
      'NO_QUORUM',
    ],
    [
      'votes of another height',
      round([vote(alice, { round: 3, height: 2n }), vote(bob, { round: 3, height: 2n })]),
      'BAD_SIGNERS',
    ],
    [
      'a forged vote',
      round([vote(alice, { round: 3 }), { ...vote(bob, { round: 2 }), round: 3 }]),
      'BAD_SEAL',
    ],
  ] as const)('of %s is refused', (_, certificate, code) => {
    expect(checkCertificate(checker, set, certificate)).toMatchObject({ type: 'reject', code })
  })
})

describe('evidence', () => {
  const first = votedBy(alice, set, { blockHash: block })
  const doubled = (second: SignedVote): Evidence => ({ type: 'double-vote', first, second })
  const proposal = proposedBy(alice, set, new Uint8Array(3))
  const verify = (evidence: Evidence) => verifyEvidence(checker, set, evidence)

  test.each([
    ['two votes', doubled(votedBy(alice, set, { blockHash: other }))],
    ['a vote and nil', doubled(votedBy(alice, set, { blockHash: null }))],
    [
      'two proposals',
      {
        type: 'double-proposal',
        first: proposal,
        second: proposedBy(alice, set, new Uint8Array(4)),
      },
    ],
    [
      'two bodies for one hash',
      {
        type: 'double-proposal',
        first: proposal,
        second: sealed({ ...proposal, partHashes: [other] }, alice, set, checker),
      },
    ],
  ] as const)('of %s convicts', (_, evidence) => {
    expect(verify(evidence)).toMatchObject({ type: 'accept' })
  })

  test.each([
    ['the same vote twice', doubled(first), 'NO_CONFLICT'],
    ['two rounds', doubled(votedBy(alice, set, { round: 1, blockHash: other })), 'NO_CONFLICT'],
    ['two heights', doubled(votedBy(alice, set, { height: 2n, blockHash: other })), 'NO_CONFLICT'],
    [
      'two types',
      doubled(votedBy(alice, set, { type: 'precommit', blockHash: other })),
      'NO_CONFLICT',
    ],
    ['two voters', doubled(votedBy(bob, set, { blockHash: other })), 'NO_CONFLICT'],
    ['a forged vote', doubled({ ...first, blockHash: other }), 'BAD_SEAL'],
    [
      'the same proposal twice',
      { type: 'double-proposal', first: proposal, second: proposal },
      'NO_CONFLICT',
    ],
  ] as const)('of %s does not', (_, evidence, code) => {
    expect(verify(evidence)).toMatchObject({ type: 'reject', code })
  })

  test('holds whichever statement stands first', () => {
    const second = votedBy(alice, set, { blockHash: other })
    const forged = { ...first, seal: second.seal }
    expect(verify({ type: 'double-vote', first: second, second: first }).type).toBe('accept')
    expect(verify({ type: 'double-vote', first: forged, second }).type).toBe('reject')
  })
})
