/** Verdicts of curators: sealed until the reveal, weighed, and useless to whoever copies one. */
import { beforeEach, describe, expect, test } from '@jest/globals'
import { encodeAbiParameters, keccak256 } from 'viem'
import type { Address } from '../../../../primitives/index.ts'
import {
  alice,
  batchStates,
  bob,
  carol,
  createDatanetChain,
  dave,
  module,
  owner,
  word,
} from './setup.ts'

let chain: ReturnType<typeof createDatanetChain>
beforeEach(() => {
  chain = createDatanetChain()
})

const verdict = (batchId: bigint, curator: Address, accept: boolean, scoreBps: number) => {
  const [reason, salt] = [word(0x1ea), word(scoreBps + 1)]
  const sealed = keccak256(
    encodeAbiParameters(
      [
        { type: 'uint256' },
        { type: 'bool' },
        { type: 'uint16' },
        { type: 'bytes32' },
        { type: 'bytes32' },
        { type: 'address' },
      ],
      [batchId, accept, scoreBps, reason, salt, curator],
    ),
  )
  return {
    sealed,
    commit: () => chain.call(module, 'commitVerdict', [batchId, sealed], { from: curator }),
    reveal: (from = curator) =>
      chain.call(module, 'revealVerdict', [batchId, accept, scoreBps, reason, salt], { from }),
  }
}
const quorum = async () => {
  const id = await chain.create({ mode: 1 })
  for (const [who, weight] of [
    [bob, 1],
    [carol, 2],
    [dave, 3],
  ] as const)
    await chain.call(module, 'setCurator', [id, who, 0n, weight], { from: owner })
  return chain.submit(id, word(5))
}
const decide = async (batchId: bigint) =>
  (await chain.call(module, 'decide', [batchId], { from: alice })).result

describe('curators', () => {
  test('commit, reveal, and the majority of the weight decides with the median score', async () => {
    const batchId = await quorum()
    const verdicts = [
      verdict(batchId, bob, false, 100),
      verdict(batchId, carol, true, 7_000),
      verdict(batchId, dave, true, 8_000),
    ]
    for (const one of verdicts) await one.commit()
    await expect(verdicts[0]!.commit()).rejects.toThrow('AlreadyExists')
    // All have committed: nobody can copy, so the window need not be waited for.
    for (const one of verdicts) await one.reveal()
    await expect(verdicts[0]!.reveal()).rejects.toThrow('AlreadyExists')
    expect(await decide(batchId)).toEqual([batchStates.accepted, 7_000])
    await expect(decide(batchId)).rejects.toThrow('BadState')
  })

  test('nobody reveals while another may still commit, nor after the window', async () => {
    const batchId = await quorum()
    const one = verdict(batchId, dave, false, 5)
    await one.commit()
    await expect(one.reveal()).rejects.toThrow('TooEarly')
    chain.mine(11)
    await expect(verdict(batchId, bob, true, 1).commit()).rejects.toThrow('DeadlinePassed')
    await one.reveal()
    expect(await decide(batchId)).toEqual([batchStates.rejected, 5])
    const late = await quorum()
    const other = verdict(late, dave, true, 5)
    await other.commit()
    chain.mine(16)
    await expect(other.reveal()).rejects.toThrow('DeadlinePassed')
    expect(await decide(late)).toEqual([batchStates.expired, 0])
  })

  test('below the quorum a batch expires; a tie rejects', async () => {
    const low = await quorum()
    const few = verdict(low, carol, true, 10_000)
    await few.commit()
    chain.mine(11)
    await few.reveal()
    expect(await decide(low)).toEqual([batchStates.expired, 0])
    const tied = await quorum()
    const verdicts = [
      verdict(tied, bob, true, 1),
      verdict(tied, carol, true, 2),
      verdict(tied, dave, false, 3),
    ]
    for (const one of verdicts) await one.commit()
    for (const one of verdicts) await one.reveal()
    expect(await decide(tied)).toEqual([batchStates.rejected, 2])
  })

  test('a copied seal cannot be opened by its copier, a strange one by nobody', async () => {
    const batchId = await quorum()
    const original = verdict(batchId, dave, true, 9_999)
    await original.commit()
    await chain.call(module, 'commitVerdict', [batchId, original.sealed], { from: bob })
    await expect(verdict(batchId, alice, true, 1).commit()).rejects.toThrow('NotAuthorized')
    chain.mine(11)
    await expect(original.reveal(bob)).rejects.toThrow('BadProof')
    await expect(original.reveal(carol)).rejects.toThrow('NotAuthorized')
    await expect(chain.review(batchId, true)).rejects.toThrow('BadState')
  })

  test('whose term is over judge no more', async () => {
    const id = await chain.create({ mode: 1 })
    await chain.call(module, 'setCurator', [id, bob, 11n, 1], { from: owner })
    const batchId = await chain.submit(id, word(5))
    chain.mine(2)
    await expect(verdict(batchId, bob, true, 1).commit()).rejects.toThrow('NotAuthorized')
  })
})
