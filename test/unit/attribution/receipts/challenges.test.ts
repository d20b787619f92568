/**
 * Doubts that are decided in their own transaction, BadLeaf and WrongSpans: right and wrong, late and
 * twice, by anybody, to the wei. And declared splits, whose leaves are looked at before they are paid.
 */
import { beforeEach, describe, expect, test } from '@jest/globals'
import { encodeAbiParameters, stringToHex } from 'viem'
import { moduleAddresses } from '../../../../attribution/abi.ts'
import { commitIndex, proveSpans } from '../../../../attribution/methods/index.ts'
import { zeroWord } from '../../../../attribution/words.ts'
import { invariant, toHex, type Hex } from '../../../../primitives/index.ts'
import { bytesOf } from '../../../support/economy.ts'
import { alice, bob } from '../../../support/world.ts'
import {
  badLeaf,
  balances,
  carol,
  type Case,
  challenge,
  challengeBond,
  commit,
  commitBond,
  createCase,
  dave,
  erin,
  ground,
  leafOf,
  method,
  nobody,
  receiptOf,
  refusal,
  said,
  spanWindow,
  state,
  stateOf,
  surplus,
  treasury,
} from './setup.ts'

let given: Case
beforeEach(async () => {
  given = await createCase()
})

const half = commitBond / 2n

describe('BadLeaf', () => {
  test.each([
    ['of a batch of another version', (one: Case) => leafOf(one.stranger)],
    ['of a batch that is none', () => leafOf(99n)],
    [
      'under a cluster that is not its own',
      (one: Case) => ({ ...leafOf(one.batchIds[1]!), clusterId: 7n }),
    ],
  ])('a leaf %s voids the receipt; half of the bond is the finder’s', async (_what, wrong) => {
    const { economy, batchIds, requestId } = given
    const leaves = [leafOf(batchIds[0]!), wrong(given)]
    const receiptId = await commit(given, receiptOf(given, method.span, leaves))
    const data = badLeaf(leaves, 1)
    const { result, events } = await challenge(given, erin, receiptId, ground.badLeaf, data)
    expect(result).toBe(state.void)
    expect(events.map(({ name }) => name)).toEqual(['ReceiptChallenged', 'ReceiptResolved'])
    expect(await balances(given, erin, nobody, alice)).toEqual([challengeBond + half, half, 0n])
    expect(await surplus(given, 0n)).toBe(0n)
    // Twice: there is nothing left to doubt; and the request waits for another receipt.
    expect(await refusal(challenge(given, bob, receiptId, ground.badLeaf, data))).toEqual([
      'BadState',
      state.void,
      state.committed,
    ])
    expect(await economy.read('receipts', 'receiptOf', [requestId])).toBe(zeroWord)
  })

  test('a good leaf costs who doubts it, and the receipt stays open to others', async () => {
    const { batchIds, stranger } = given
    const leaves = [leafOf(batchIds[0]!), leafOf(stranger)]
    const receiptId = await commit(given, receiptOf(given, method.span, leaves))
    const { result } = await challenge(given, erin, receiptId, ground.badLeaf, badLeaf(leaves, 0))
    expect(result).toBe(state.committed)
    expect(await balances(given, erin, nobody, alice)).toEqual([0n, half, half])
    expect(await surplus(given, commitBond)).toBe(0n)
    await challenge(given, dave, receiptId, ground.badLeaf, badLeaf(leaves, 1))
    expect(await stateOf(given, receiptId)).toBe(state.void)
    expect(await surplus(given, 0n)).toBe(0n)
  })

  test('what is no leaf of the receipt, no data or not the bond is refused and costs nothing', async () => {
    const { economy, batchIds, stranger } = given
    const leaves = [leafOf(batchIds[0]!), leafOf(stranger)]
    const receiptId = await commit(given, receiptOf(given, method.span, leaves))
    const before = economy.digest()
    const doubt = (data: Hex, value = challengeBond) =>
      refusal(challenge(given, erin, receiptId, ground.badLeaf, data, value))
    expect(await doubt(badLeaf([leafOf(99n)], 0))).toEqual(['BadProof'])
    expect(await doubt(badLeaf(leaves, 1, leafOf(stranger, 6n)))).toEqual(['BadProof'])
    expect(await doubt('0x')).toEqual(['nothing'])
    expect(await doubt(badLeaf(leaves, 1).slice(0, -64) as Hex)).toEqual(['nothing'])
    for (const value of [challengeBond - 1n, challengeBond + 1n])
      expect(await doubt(badLeaf(leaves, 1), value)).toEqual([
        'InsufficientValue',
        value,
        challengeBond,
      ])
    expect(economy.digest()).toBe(before)
  })

  test('comes in the last block of the window and not in the one after', async () => {
    const { economy, batchIds, stranger } = given
    const leaves = [leafOf(batchIds[0]!), leafOf(stranger)]
    const receiptId = await commit(given, receiptOf(given, method.span, leaves))
    const last = economy.height() + BigInt(spanWindow)
    economy.mine(spanWindow + 1)
    const late = challenge(given, erin, receiptId, ground.badLeaf, badLeaf(leaves, 1))
    expect(await refusal(late)).toEqual(['DeadlinePassed', last])
    economy.mine(-1)
    await challenge(given, erin, receiptId, ground.badLeaf, badLeaf(leaves, 1))
    expect(await stateOf(given, receiptId)).toBe(state.void)
  })
})

test('a ground that is none is refused without a word, as solc refuses an enum', async () => {
  const receiptId = await commit(given, receiptOf(given, method.span, [leafOf(1n)]))
  expect(await refusal(challenge(given, erin, receiptId, 8))).toEqual(['nothing'])
})

/** The answer and the proof of its spans, as the challenge wants them. */
function proof(answer = said, witness?: Hex): Hex {
  const index = given.economy.indexes.get(given.indexRoot)
  invariant(index !== undefined, 'an index')
  const question = { answer: bytesOf(answer), minLength: 2 }
  const made = witness ?? toHex(proveSpans(index, commitIndex(index), question) ?? bytesOf(''))
  return encodeAbiParameters([{ type: 'bytes' }, { type: 'bytes' }], [toHex(bytesOf(answer)), made])
}
/** The leaves the answer really has. */
const rightLeaves = async () =>
  (await given.economy.read('receipts', 'preview', [given.versionId, 1, toHex(bytesOf(said))]))[1]

describe('WrongSpans', () => {
  test('a proof of other leaves voids the receipt, one of the same makes it final', async () => {
    const leaves = await rightLeaves()
    expect(leaves).toHaveLength(2)
    const wrong = receiptOf(given, method.span, [leaves[0]!])
    const first = await commit(given, wrong)
    expect((await challenge(given, erin, first, ground.wrongSpans, proof())).result).toBe(
      state.void,
    )
    expect(await balances(given, erin, nobody, alice)).toEqual([challengeBond + half, half, 0n])
    const second = await commit(given, receiptOf(given, method.span, leaves))
    const { result, events } = await challenge(given, erin, second, ground.wrongSpans, proof())
    expect(result).toBe(state.final)
    expect(events.map(({ name }) => name)).toContain('ReceiptFinal')
    expect(await balances(given, alice, nobody)).toEqual([commitBond + half, 2n * half])
    expect(await surplus(given, 0n)).toBe(0n)
    const again = challenge(given, bob, second, ground.wrongSpans, proof())
    expect(await refusal(again)).toEqual(['BadState', state.final, state.committed])
  })

  test('another answer, another witness, another method or a late one is refused', async () => {
    const { economy, batchIds } = given
    const receiptId = await commit(given, receiptOf(given, method.span, [leafOf(batchIds[0]!)]))
    const last = economy.height() + BigInt(spanWindow)
    const doubt = (data: Hex) => refusal(challenge(given, erin, receiptId, ground.wrongSpans, data))
    expect(await doubt(proof('one two'))).toEqual(['BadProof'])
    expect(await doubt(proof(said, '0x'))).toEqual(['BadProof'])
    expect(await doubt(proof(said, toHex(bytesOf('nonsense'))))).toEqual(['BadProof'])
    expect(await doubt('0x')).toEqual(['nothing'])
    economy.mine(spanWindow + 1)
    expect(await doubt(proof())).toEqual(['DeadlinePassed', last])
  })

  test('is no doubt about a method that cannot be repeated', async () => {
    const receipt = receiptOf(given, method.declared, [leafOf(given.batchIds[0]!)])
    const receiptId = await commit(given, receipt)
    for (const reason of [ground.wrongSpans, ground.replay])
      expect(await refusal(challenge(given, erin, receiptId, reason, proof()))).toMatchObject([
        'InvalidArgument',
        {},
      ])
  })
})

test.each([4, 5, 6])(
  'a receipt of native method %i cannot be stated, for nobody could show it to be false',
  async (methodId) => {
    const receipt = receiptOf(given, methodId, [leafOf(given.batchIds[0]!)])
    expect(await refusal(commit(given, receipt))).toEqual([
      'InvalidArgument',
      stringToHex('methodId', { size: 32 }),
    ])
    expect(await surplus(given, 0n)).toBe(0n)
  },
)

describe('a declared split', () => {
  test('names somebody, and no more than a settlement can look at', async () => {
    expect(await refusal(commit(given, receiptOf(given, method.declared, [])))).toMatchObject([
      'InvalidArgument',
      {},
    ])
    const many = Array.from({ length: 17 }, (_, i) => leafOf(BigInt(i + 1)))
    expect(await refusal(commit(given, receiptOf(given, method.declared, many)))).toMatchObject([
      'LimitExceeded',
      {},
      16n,
    ])
  })

  test('is paid to whom it names once all its leaves are shown, a fifth of the data part', async () => {
    const { economy, batchIds, requestId } = given
    const leaves = [leafOf(batchIds[0]!, 3n), leafOf(batchIds[1]!, 1n)]
    const receiptId = await commit(given, receiptOf(given, method.declared, leaves))
    economy.mine(1)
    const settle = (shown: typeof leaves) =>
      economy.send(erin, 'rewards', 'settle', [requestId, shown])
    expect(await refusal(settle([]))).toMatchObject(['InvalidArgument', {}])
    expect(await refusal(settle(leaves.slice(1)))).toEqual(['BadProof'])
    expect(await refusal(economy.send(alice, 'receipts', 'finalize', [[receiptId]]))).toEqual([
      'BadState',
      1,
      2,
    ])
    await settle(leaves)
    expect(await economy.read('rewards', 'balanceOf', [bob])).toBe(750n)
    expect(await economy.read('rewards', 'balanceOf', [carol])).toBe(250n)
    expect(await economy.owed()).toBe(economy.balance(moduleAddresses.rewards))
    const doubt = challenge(given, erin, receiptId, ground.dispute)
    expect(await refusal(doubt)).toMatchObject(['DeadlinePassed', {}])
    await economy.send(erin, 'receipts', 'finalize', [[receiptId]])
    expect(await balances(given, alice)).toEqual([commitBond])
  })

  test.each([
    ['nobody', () => leafOf(0n)],
    ['a batch of another version', (one: Case) => leafOf(one.stranger)],
    [
      'a batch under a wrong cluster',
      (one: Case) => ({ ...leafOf(one.batchIds[1]!), clusterId: 9n }),
    ],
  ])('that names %s is never paid, and falls however late', async (_whom, wrong) => {
    const { economy, batchIds, requestId } = given
    const leaves = [leafOf(batchIds[0]!), wrong(given)]
    const receiptId = await commit(given, receiptOf(given, method.declared, leaves))
    economy.mine(5_000)
    const settle = economy.send(alice, 'rewards', 'settle', [requestId, leaves])
    expect(await refusal(settle)).toEqual(['BadProof'])
    await challenge(given, erin, receiptId, ground.badLeaf, badLeaf(leaves, 1))
    expect(await stateOf(given, receiptId)).toBe(state.void)
    await economy.send(erin, 'rewards', 'refund', [requestId])
    expect(await economy.read('rewards', 'balanceOf', [dave])).toBe(10_000n)
    expect(await economy.read('rewards', 'balanceOf', [treasury])).toBe(0n)
    expect(await economy.owed()).toBe(economy.balance(moduleAddresses.rewards))
    expect(await surplus(given, 0n)).toBe(0n)
  })

  test('whose leaves nobody was shown falls by a vote, and the fee goes back', async () => {
    const { economy, batchIds, requestId } = given
    const receiptId = await commit(given, receiptOf(given, method.declared, [leafOf(batchIds[0]!)]))
    economy.mine(2_000)
    await challenge(given, dave, receiptId, ground.unavailable)
    await economy.send(alice, 'receipts', 'vote', [receiptId, false])
    await economy.send(dave, 'receipts', 'resolve', [receiptId])
    await economy.send(dave, 'rewards', 'refund', [requestId])
    expect(await economy.read('rewards', 'balanceOf', [dave])).toBe(10_000n)
  })
})
