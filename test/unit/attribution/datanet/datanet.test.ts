/** Datanets and batches in a real engine: their rules, their money, and what is refused in which words. */
import { beforeEach, describe, expect, test } from '@jest/globals'
import { moduleAddresses } from '../../../../attribution/abi.ts'
import type { Address } from '../../../../primitives/index.ts'
import { addressOf, treasury } from '../../../support/modules.ts'
import {
  alice,
  batchStates,
  bob,
  carol,
  createDatanetChain,
  dave,
  module,
  owner,
  policy,
  word,
} from './setup.ts'

let chain: ReturnType<typeof createDatanetChain>
beforeEach(() => {
  chain = createDatanetChain()
})

describe('datanets', () => {
  test('are created with a policy that is read back as it was given', async () => {
    const { result, events } = await chain.call(
      module,
      'create',
      [word(1), 'ipfs://meta', policy],
      { from: owner },
    )
    expect(result).toBe(1n)
    expect(events).toMatchObject([
      { eventName: 'DatanetCreated', args: { datanetId: 1n, uri: 'ipfs://meta' } },
    ])
    const { result: read } = await chain.call(module, 'datanet', [1n], { from: dave })
    expect(read).toMatchObject({ policy, createdBlock: 10n, metaHash: word(1), batches: 0n })
    expect(read.owner.toLowerCase()).toBe(owner)
  })

  test.each([
    [{ mode: 2 }, 'revert'],
    [{ mode: 1, quorumBps: 0 }, 'InvalidArgument'],
    [{ quorumBps: 10_001 }, 'InvalidArgument'],
    [{ penaltyBps: 10_001 }, 'InvalidArgument'],
    [{ reviewBlocks: 0 }, 'InvalidArgument'],
    [{ reviewBlocks: 4_000_000_000 }, 'InvalidArgument'],
    [{ mode: 1, revealBlocks: 0 }, 'InvalidArgument'],
    [{ maxBatchRows: 0 }, 'InvalidArgument'],
    [{ maxBatchRows: 65_537 }, 'InvalidArgument'],
  ])('are refused with the policy %j', async (more, error) => {
    await expect(chain.create(more)).rejects.toThrow(error)
  })

  test('have at most 32 curators, set and removed by the owner', async () => {
    const id = await chain.create({ mode: 1 })
    const set = (who: Address, weight: number, from = owner) =>
      chain.call(module, 'setCurator', [id, who, 0n, weight], { from })
    await expect(set(bob, 1, alice)).rejects.toThrow('NotAuthorized')
    await expect(set(bob, 0)).rejects.toThrow('NotFound')
    for (let i = 0; i < 32; i++) await set(addressOf(0x500 + i), 2)
    await expect(set(bob, 1)).rejects.toThrow('LimitExceeded')
    await set(addressOf(0x500), 0)
    await set(addressOf(0x51f), 7)
    await set(bob, 1)
    const { result } = await chain.call(module, 'datanet', [id], { from: dave })
    expect(result.curatorWeight).toBe(30n * 2n + 7n + 1n)
    const { result: moved } = await chain.call(module, 'curatorAt', [id, 0n], { from: dave })
    expect([moved[0].toLowerCase(), moved[2]]).toEqual([addressOf(0x51f), 7])
    await expect(chain.call(module, 'curatorAt', [id, 32n], { from: dave })).rejects.toThrow(
      'NotFound',
    )
  })
})

describe('batches', () => {
  test('an accepted batch that is taken out again gets its whole deposit back, once', async () => {
    const id = await chain.create()
    const batchId = await chain.submit(id, word(5))
    await expect(chain.call(module, 'reclaim', [batchId], { from: bob })).rejects.toThrow(
      'BadState',
    )
    await chain.review(batchId, true)
    expect(await chain.batch(batchId)).toMatchObject({
      state: batchStates.accepted,
      scoreBps: 9_000,
      reason: word(0xacc),
      deposit: 120n,
      clusterId: batchId,
    })
    await expect(chain.call(module, 'reclaim', [batchId], { from: bob })).rejects.toThrow(
      'BadState',
    )
    await chain.call(module, 'retract', [batchId, word(0)], { from: alice })
    await chain.call(module, 'reclaim', [batchId], { from: bob })
    expect((await chain.call(module, 'reclaim', [batchId], { from: bob })).result).toBe(0n)
    expect(await chain.owed(alice)).toBe(120n)
    const before = chain.balance(carol)
    await chain.call(module, 'withdraw', [carol], { from: alice })
    expect(chain.balance(carol) - before).toBe(120n)
    expect(chain.balance(moduleAddresses.datanet)).toBe(0n)
  })

  test('a rejected batch loses what the policy says to the treasury, with a reason', async () => {
    const id = await chain.create()
    const batchId = await chain.submit(id, word(5))
    const { events } = await chain.review(batchId, false)
    expect(events).toMatchObject([
      { eventName: 'BatchDecided', args: { state: batchStates.rejected, reason: word(0xacc) } },
    ])
    await chain.call(module, 'reclaim', [batchId], { from: bob })
    expect([await chain.owed(alice), await chain.owed(treasury)]).toEqual([72n, 48n])
  })

  test('without a review a batch expires, deposit untouched', async () => {
    const id = await chain.create()
    const batchId = await chain.submit(id, word(5))
    chain.mine(10)
    await expect(chain.call(module, 'decide', [batchId], { from: dave })).rejects.toThrow(
      'TooEarly',
    )
    chain.mine()
    await expect(chain.review(batchId, true)).rejects.toThrow('DeadlinePassed')
    const { result } = await chain.call(module, 'decide', [batchId], { from: dave })
    expect(result).toEqual([batchStates.expired, 0])
    expect(await chain.batch(batchId)).toMatchObject({ deposit: 120n })
  })

  test('the same root comes into a datanet once, into another again', async () => {
    const [a, b] = [await chain.create(), await chain.create()]
    await chain.submit(a, word(5))
    await expect(chain.submit(a, word(5), { from: bob })).rejects.toThrow('AlreadyExists')
    expect(await chain.submit(b, word(5))).toBe(2n)
    const { result } = await chain.call(module, 'batchByRoot', [b, word(5)], { from: dave })
    expect(result).toBe(2n)
  })

  test('batches with one sketch share the cluster of the first', async () => {
    const id = await chain.create()
    const first = await chain.submit(id, word(5), { sketch: word(9) })
    const copy = await chain.submit(id, word(6), { sketch: word(9), from: bob })
    expect(await chain.batch(copy)).toMatchObject({ clusterId: first })
  })

  test.each([
    ['no root', [1n, word(0), 3, 2_048n, word(0), word(0), ''], 120n, 'InvalidArgument'],
    ['no rows', [1n, word(5), 0, 2_048n, word(0), word(0), ''], 120n, 'InvalidArgument'],
    ['too many rows', [1n, word(5), 1_001, 2_048n, word(0), word(0), ''], 120n, 'LimitExceeded'],
    ['no bytes', [1n, word(5), 3, 0n, word(0), word(0), ''], 100n, 'InvalidArgument'],
    [
      'too many bytes',
      [1n, word(5), 3, 2n ** 24n + 1n, word(0), word(0), ''],
      120n,
      'LimitExceeded',
    ],
    ['a wei short', [1n, word(5), 3, 2_048n, word(0), word(0), ''], 119n, 'InsufficientValue'],
    ['a wei more', [1n, word(5), 3, 2_048n, word(0), word(0), ''], 121n, 'InsufficientValue'],
    ['a KiB begun', [1n, word(5), 3, 2_049n, word(0), word(0), ''], 120n, 'InsufficientValue'],
    [
      'a long uri',
      [1n, word(5), 3, 2_048n, word(0), word(0), 'x'.repeat(257)],
      120n,
      'LimitExceeded',
    ],
    ['no such datanet', [2n, word(5), 3, 2_048n, word(0), word(0), ''], 120n, 'NotFound'],
  ] as const)('are refused: %s', async (_, args, value, error) => {
    await chain.create()
    await expect(chain.call(module, 'submit', args, { from: alice, value })).rejects.toThrow(error)
    expect(chain.balance(moduleAddresses.datanet)).toBe(0n)
  })

  test('must carry the licence the policy asks for', async () => {
    const id = await chain.create({ licence: word(0xcc0) })
    await expect(chain.submit(id, word(5))).rejects.toThrow('InvalidArgument')
  })
})
