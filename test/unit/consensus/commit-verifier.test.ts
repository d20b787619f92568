/** contracts/CommitVerifier.sol on our own chain: it agrees with consensus/ about what is true. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import {
  type Abi,
  decodeErrorResult,
  decodeFunctionResult,
  encodeDeployData,
  encodeFunctionData,
} from 'viem'
import { createValidatorSet, type SignedVote } from '../../../consensus/index.ts'
import { concat, fromHex, type Hex, toHex } from '../../../primitives/index.ts'
import { certified, checkerOf, fourKeys, votedBy } from '../../support/consensus-keys.ts'
import { readArtifact } from '../../support/solc.ts'
import { type Devnet, startDevnet } from '../rpc/devnet.ts'

const { abi: rawAbi, bytecode } = readArtifact('CommitVerifier')
const abi = rawAbi as Abi
const genesisHash: Hex = `0x${'67'.repeat(32)}`
const keys = fourKeys()
const [alice, bob] = keys
const powers = [10n, 20n, 30n, 40n]
const set = createValidatorSet(
  keys.map(({ address }, index) => ({ address, power: powers[index] ?? 0n })),
)
const blockHash: Hex = `0x${'b1'.repeat(32)}`
const place = { height: 2_679n, round: 3, blockHash }

let devnet: Devnet
let address: Hex
beforeAll(async () => {
  devnet = await startDevnet()
  const data = encodeDeployData({ abi, bytecode, args: [2679n, genesisHash] })
  const hash = await devnet.send({ data, gas: 3_000_000n })
  const receipt = await devnet.ask<{ contractAddress: Hex }>('eth_getTransactionReceipt', hash)
  address = receipt.contractAddress
})
afterAll(async () => devnet.stop())

/** The result, or the name of the error and its arguments. */
async function call(functionName: string, ...args: readonly unknown[]): Promise<unknown> {
  const data = encodeFunctionData({ abi, functionName, args })
  const { result, error } = await devnet.call('eth_call', { to: address, data }, 'latest')
  if (error === undefined) return decodeFunctionResult({ abi, functionName, data: result as Hex })
  const { errorName, args: facts } = decodeErrorResult({ abi, data: error.data as Hex })
  return [errorName, ...(facts ?? [])]
}

const wireCommit = (signers: bigint, seals: readonly Hex[], changes: object = {}) => ({
  ...place,
  signers,
  seals: toHex(concat(...seals.map(fromHex))),
  ...changes,
})

describe('a commit certificate', () => {
  const members = set.validators.map((validator) => validator.address)
  const seals = (indexes: readonly number[]): readonly Hex[] =>
    certified('commit', keys, set, indexes, place).seals.map(({ seal }) => seal)
  const check = (
    signers: bigint,
    given: readonly Hex[],
    changes: { height?: bigint; round?: number; setHash?: Hex; powers?: readonly bigint[] } = {},
  ) =>
    call(
      'checkCommit',
      wireCommit(signers, given, changes),
      changes.setHash ?? set.hash,
      members,
      changes.powers ?? powers,
    )

  test('of more than two thirds holds', async () => {
    expect(await check(0b1110n, seals([1, 2, 3]))).toBe(90n)
    expect(await check(0b1100n, seals([2, 3]))).toBe(70n)
    expect(await check(0b1111n, seals([0, 1, 2, 3]))).toBe(100n)
  })

  test('of less does not, nor of exactly two thirds', async () => {
    expect(await check(0b1010n, seals([1, 3]))).toEqual(['NoQuorum', 60n, 100n])
    const equal = [10n, 10n, 5n, 5n]
    const even = createValidatorSet(
      keys.map((key, index) => ({ address: key.address, power: equal[index] ?? 0n })),
    )
    const two = certified('commit', keys, even, [0, 1], place).seals.map(({ seal }) => seal)
    const changes = { setHash: even.hash, powers: equal }
    expect(await check(0b0011n, two, changes)).toEqual(['NoQuorum', 20n, 30n])
  })

  test('with another set, height or round does not', async () => {
    const good = seals([2, 3])
    const wrongSet = { powers: [10n, 20n, 30n, 41n] }
    expect(await check(0b1100n, good, wrongSet)).toMatchObject(['NotTheSet', set.hash, {}])
    expect(await check(0b1100n, good, { height: 1n })).toMatchObject({ 0: 'BadSeal' })
    expect(await check(0b1100n, good, { round: 0 })).toMatchObject({ 0: 'BadSeal' })
  })

  test('with a repeated seal, one too many, one too few or a signer beyond the set does not', async () => {
    const [third, fourth] = seals([2, 3])
    expect(third && fourth).toBeDefined()
    const t = third ?? '0x'
    const f = fourth ?? '0x'
    expect(await check(0b1110n, [t, t, f])).toMatchObject({ 0: 'BadSeal' })
    expect(await check(0b1100n, [t, f, f])).toEqual(['SealCount', 2n, 195n])
    expect(await check(0b1110n, [t])).toMatchObject({ 0: 'BadSeal' })
    expect(await check(0b1100n, [t])).toEqual(['SealCount', 2n, 65n])
    expect(await check(0b11100n, [t, f])).toEqual(['NotInTheSet', 4n])
  })

  test('costs about what its seals cost', async () => {
    const args = [wireCommit(0b1111n, seals([0, 1, 2, 3])), set.hash, members, powers]
    const data = encodeFunctionData({ abi, functionName: 'checkCommit', args })
    const gas = await devnet.ask<Hex>('eth_estimateGas', { to: address, data })
    expect(Number(gas)).toBeLessThan(60_000)
  })
})

describe('a double vote', () => {
  const wire = (vote: SignedVote) => ({
    voteType: vote.type === 'prevote' ? 1 : 2,
    height: vote.height,
    round: vote.round,
    blockHash: vote.blockHash ?? `0x${'00'.repeat(32)}`,
    validatorSetHash: set.hash,
  })
  const convict = (first: SignedVote, second: SignedVote) =>
    call('doubleVoter', wire(first), first.seal, wire(second), second.seal)
  const vote = votedBy(alice, set, { ...place, type: 'prevote' })

  test.each(['prevote', 'precommit'] as const)('names who gave the %ss', async (type) => {
    const first = votedBy(alice, set, { ...place, type })
    const nil = votedBy(alice, set, { ...place, type, blockHash: null })
    const voter = await convict(first, nil)
    expect(String(voter).toLowerCase()).toBe(alice.address)
  })

  test.each<[string, SignedVote, string]>([
    ['the same vote', vote, 'NoConflict'],
    ['another round', votedBy(alice, set, { ...place, round: 4, blockHash: null }), 'NoConflict'],
    [
      'another height',
      votedBy(alice, set, { ...place, height: 1n, blockHash: null }),
      'NoConflict',
    ],
    [
      'another type',
      votedBy(alice, set, { ...place, type: 'precommit', blockHash: null }),
      'NoConflict',
    ],
    ['another voter', votedBy(bob, set, { ...place, blockHash: null }), 'BadSeal'],
    ['a forged vote', { ...vote, blockHash: null }, 'BadSeal'],
    ['no seal', { ...vote, blockHash: null, seal: '0x' }, 'BadSeal'],
    ['another chain', votedBy(alice, set, { ...place, blockHash: null }, checkerOf(1n)), 'BadSeal'],
  ])('and %s convict nobody', async (_, second, error) => {
    expect(await convict(vote, second)).toMatchObject({ 0: error })
  })
})
