/** Messages and inputs as bytes: what goes out comes in, golden bytes, limits, and no second form. */
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import {
  type Certificate,
  certificateCodec,
  commitCodec,
  createValidatorSet,
  evidenceCodec,
  type Input,
  inputCodec,
  type Message,
  messageCodec,
  type SignedVote,
  voteCodec,
} from '../../../consensus/index.ts'
import { concat, encodeRlp, fromHex, type Hex, toHex } from '../../../primitives/index.ts'
import {
  certified,
  fourKeys,
  partsHash,
  proposedBy,
  setOfKeys,
  votedBy,
} from '../../support/consensus-keys.ts'

const hexOf = (length: number): fc.Arbitrary<Hex> =>
  fc.uint8Array({ minLength: length, maxLength: length }).map(toHex)
const anyHeight = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })
const anyRound = fc.integer({ min: 0, max: 2 ** 31 - 1 })
const anyVote: fc.Arbitrary<SignedVote> = fc.record({
  type: fc.constantFrom('prevote' as const, 'precommit' as const),
  height: anyHeight,
  round: anyRound,
  blockHash: fc.option(hexOf(32)),
  voter: hexOf(20),
  seal: hexOf(65),
})
const anySeals = fc
  .uniqueArray(fc.integer({ min: 0, max: 255 }), { maxLength: 12 })
  .chain((indexes) =>
    fc.tuple(
      ...indexes
        .toSorted((a, b) => a - b)
        .map((index) => fc.record({ index: fc.constant(index), seal: hexOf(65) })),
    ),
  )
const anyCertificate: fc.Arbitrary<Certificate> = fc.oneof(
  fc.record({
    type: fc.constantFrom('commit' as const, 'polka' as const),
    height: anyHeight,
    round: anyRound,
    blockHash: hexOf(32),
    seals: anySeals,
  }),
  fc.record({
    type: fc.constant('round' as const),
    height: anyHeight,
    round: anyRound,
    votes: fc.array(anyVote, { maxLength: 4 }),
  }),
)
const anyProposal = fc.record({
  type: fc.constant('proposal' as const),
  height: anyHeight,
  round: anyRound,
  validRound: fc.integer({ min: -1, max: 1_000 }),
  blockHash: hexOf(32),
  partHashes: fc.array(hexOf(32), { maxLength: 3 }),
  proposer: hexOf(20),
  seal: hexOf(65),
})
const anyPart = fc.record({
  type: fc.constant('part' as const),
  height: anyHeight,
  partsHash: hexOf(32),
  index: fc.integer({ min: 0, max: 127 }),
  bytes: fc.uint8Array({ maxLength: 100 }),
})
const anyMessage: fc.Arbitrary<Message> = fc.oneof(anyVote, anyCertificate, anyProposal, anyPart)

const keys = fourKeys()
const [alice, bob] = keys
const set = setOfKeys(keys)
const block = new Uint8Array(70_000).fill(7)
const proposal = proposedBy(alice, set, block)
const vote = votedBy(alice, set)

test('every message comes back as it was', () => {
  fc.assert(
    fc.property(anyMessage, (message) => {
      expect(messageCodec.decode(messageCodec.encode(message))).toEqual({
        type: 'accept',
        value: message,
      })
    }),
  )
})

test('bytes changed anywhere are another message or none', () => {
  const flip = fc.tuple(anyMessage, fc.nat(), fc.integer({ min: 1, max: 255 }))
  fc.assert(
    fc.property(flip, ([message, place, change]) => {
      const sent = messageCodec.encode(message)
      const at = place % sent.length
      const changed = sent.with(at, (sent[at] ?? 0) ^ change)
      const verdict = messageCodec.decode(changed)
      const again = verdict.type === 'accept' ? messageCodec.encode(verdict.value) : changed
      expect(again).toEqual(changed)
    }),
    { numRuns: 2_000 },
  )
})

const inputs: readonly Input[] = [
  { type: 'start', height: 1n, validators: set, nextValidators: setOfKeys(keys, 3n) },
  { type: 'proposal', proposal, receivedAtMs: 1_700_000_000_123 },
  {
    type: 'part',
    part: {
      type: 'part',
      height: 1n,
      partsHash: partsHash(proposal),
      index: 1,
      bytes: block.subarray(65_536),
    },
  },
  { type: 'vote', vote },
  { type: 'certificate', certificate: certified('polka', keys, set, [1, 2, 3]) },
  {
    type: 'certificate',
    certificate: { type: 'round', height: 1n, round: 1, votes: [vote, votedBy(bob, set)] },
  },
  { type: 'timeout', timeout: { kind: 'rebroadcast', height: 3n, round: 2 } },
  { type: 'proposed', height: 1n, round: 0, blockHash: proposal.blockHash, timeMs: 1, block },
  {
    type: 'validated',
    height: 1n,
    partsHash: partsHash(proposal),
    verdict: { valid: true, blockHash: proposal.blockHash, timeMs: 1_700_000_000_000 },
  },
  {
    type: 'validated',
    height: 1n,
    partsHash: partsHash(proposal),
    verdict: { valid: false, blockHash: null, reason: 'no block: ä' },
  },
  { type: 'synced', certificate: certified('commit', keys, set, [0, 1, 2]), block },
]
test.each(inputs.map((input) => [input.type, input] as const))(
  'the input %s comes back as it was',
  (_, input) => {
    expect(inputCodec.decode(inputCodec.encode(input))).toEqual({ type: 'accept', value: input })
  },
)

test('a commit certificate is 65 bytes a signer and 44 besides', () => {
  const commit = certified('commit', keys, set, [0, 1, 3], { height: 2_679n, round: 1 })
  const sent = commitCodec.encode(commit)
  expect(sent.length).toBe(3 * 65 + 44)
  expect(toHex(sent.subarray(0, 44))).toBe(`0xf8ed820a7701a0${commit.blockHash.slice(2)}f8c60bb8c3`)
  expect(commitCodec.decode(sent)).toEqual({ type: 'accept', value: commit })
})

test('evidence comes back as it was', () => {
  for (const evidence of [
    { type: 'double-vote', first: vote, second: votedBy(alice, set, { blockHash: null }) },
    { type: 'double-proposal', first: proposal, second: proposedBy(alice, set, block.subarray(1)) },
  ] as const)
    expect(evidenceCodec.decode(evidenceCodec.encode(evidence))).toEqual({
      type: 'accept',
      value: evidence,
    })
})

describe('refused', () => {
  const polka = certified('polka', keys, set, [0, 1, 2])
  const raw = certificateCodec.encode(polka)

  test('a bitmap that names another number of signers than there are seals', () => {
    const at = raw.indexOf(0x07, raw.length - 65 * 3 - 6)
    expect(raw[at]).toBe(0x07)
    expect(certificateCodec.decode(raw.with(at, 0x0f))).toMatchObject({
      code: 'MALFORMED',
      message: 'message.polka.seals has 195 bytes of seals of 4 signers',
    })
    expect(certificateCodec.decode(raw.with(at, 0x0b))).toMatchObject({ type: 'accept' })
  })

  test('a bitmap with zeros behind, a second form of the same', () => {
    const hash = fromHex(polka.blockHash)
    const sealBytes = concat(...polka.seals.map(({ seal }) => fromHex(seal)))
    const sent = (bitmap: Uint8Array) =>
      encodeRlp([
        Uint8Array.of(6),
        [Uint8Array.of(1), new Uint8Array(0), hash, [bitmap, sealBytes]],
      ])
    expect(certificateCodec.decode(sent(Uint8Array.of(7)))).toEqual({
      type: 'accept',
      value: polka,
    })
    expect(certificateCodec.decode(sent(Uint8Array.of(7, 0)))).toMatchObject({
      message: 'message.polka.seals has a bitmap with zeros behind',
    })
  })

  test('a vote longer than any vote', () => {
    expect(voteCodec.decode(new Uint8Array(257))).toMatchObject({ code: 'TOO_LARGE' })
  })

  test('a round of 2^31', () => {
    expect(() => voteCodec.encode({ ...vote, round: 2 ** 31 })).toThrow(RangeError)
  })

  test('a set out of order, which would have two forms', () => {
    const members = createValidatorSet(set.validators)
    const start = { type: 'start', height: 1n, nextValidators: set } as const
    const turned = { ...members, validators: members.validators.toReversed() }
    const sent = inputCodec.encode({ ...start, validators: turned })
    expect(inputCodec.decode(sent)).toMatchObject({
      message: 'message.start.validators is not in the order of addresses',
    })
  })
})
