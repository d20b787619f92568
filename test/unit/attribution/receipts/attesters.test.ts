/**
 * What an attester's bond stands for: it is locked while anything the attester signed can still be
 * doubted, cut for what was shown to be false, and its own again afterwards. Every wei is counted.
 */
import { beforeEach, describe, expect, test } from '@jest/globals'
import { moduleAddresses } from '../../../../attribution/abi.ts'
import type { Hex } from '../../../../primitives/index.ts'
import { alice } from '../../../support/world.ts'
import {
  addressOf,
  attestedWindow,
  badLeaf,
  balances,
  type Case,
  challenge,
  challengeBond,
  commit,
  commitBond,
  createCase,
  dave,
  erin,
  ether,
  ground,
  leafOf,
  least,
  method,
  nobody,
  receiptOf,
  refusal,
  sign,
  signers,
  state,
  stateOf,
  surplus,
  voteWindow,
} from './setup.ts'

const [first, second, third] = signers.map(addressOf)
let given: Case

beforeEach(async () => {
  given = await createCase()
  const { economy } = given
  for (const who of [first!, second!, third!])
    economy.journal.setAccount(who, {
      nonce: 0n,
      balance: 100n * ether,
      codeHash: economy.journal.putCode(new Uint8Array(0)),
    })
})

const bond = (who = first!, value = least) =>
  given.economy.send(who, 'receipts', 'bond', [], { value })
const unbond = (amount: bigint, who = first!) =>
  given.economy.send(who, 'receipts', 'unbond', [amount])

/** An attested receipt over `ids`, signed by the first two signers, who have bonded. */
async function attested(ids: readonly bigint[]): Promise<Hex> {
  await bond(first)
  await bond(second)
  const receipt = receiptOf(
    given,
    method.attested,
    ids.map((id) => leafOf(id)),
  )
  const signatures = await Promise.all(signers.slice(0, 2).map((one) => sign(one, receipt)))
  return commit(given, receipt, signatures)
}

describe('a bond', () => {
  test('comes back whole, to the wei, and not before a hundred blocks', async () => {
    const { economy } = given
    await bond()
    await bond(first, 3n)
    expect(await economy.read('receipts', 'bondOf', [first!])).toBe(least + 3n)
    const last = economy.height()
    expect(await refusal(unbond(least))).toEqual(['TooEarly', last + 100n])
    economy.mine(99)
    expect(await refusal(unbond(least))).toEqual(['TooEarly', last + 100n])
    economy.mine(1)
    expect(await refusal(unbond(least + 4n))).toEqual(['InsufficientValue', least + 3n, least + 4n])
    await unbond(least)
    expect(await refusal(unbond(4n))).toEqual(['InsufficientValue', 3n, 4n])
    await unbond(3n)
    expect(await balances(given, first!)).toEqual([least + 3n])
    const before = economy.balance(first!)
    await economy.send(first!, 'receipts', 'withdraw', [first!])
    expect(economy.balance(first!)).toBe(before + least + 3n)
    expect(economy.balance(moduleAddresses.receipts)).toBe(0n)
  })

  test('of another cannot be taken', async () => {
    await bond()
    given.economy.mine(100)
    expect(await refusal(unbond(1n, dave))).toEqual(['InsufficientValue', 0n, 1n])
  })
})

describe('signatures', () => {
  test('of two bonded attesters make a receipt; anything less or else does not', async () => {
    await bond(first)
    await bond(second)
    await bond(third, least - 1n)
    const receipt = receiptOf(given, method.attested, [leafOf(given.batchIds[0]!)])
    const [a, b, c] = await Promise.all(signers.map((one) => sign(one, receipt)))
    const other = await sign(signers[1]!, { ...receipt, total: receipt.total + 1n })
    const badProof = ['BadProof']
    expect(await refusal(commit(given, receipt, [a!]))).toEqual(badProof)
    expect(await refusal(commit(given, receipt, [b!, a!]))).toEqual(badProof)
    expect(await refusal(commit(given, receipt, [a!, a!]))).toEqual(badProof)
    // Over another receipt it is the signature of somebody else, who has no bond or comes too early.
    const [stranger] = (await refusal(commit(given, receipt, [a!, other]))) ?? []
    expect(stranger).toMatch(/^(BadProof|InsufficientValue)$/)
    expect(await refusal(commit(given, receipt, [a!, `${b!.slice(0, -2)}05` as Hex]))).toEqual(
      badProof,
    )
    expect(await refusal(commit(given, receipt, [a!, b!.slice(0, -2) as Hex]))).toEqual(badProof)
    expect(await refusal(commit(given, receipt, [a!, b!, c!]))).toEqual([
      'InsufficientValue',
      least - 1n,
      least,
    ])
    const many = Array.from({ length: 17 }, () => a!)
    expect(await refusal(commit(given, receipt, many))).toMatchObject(['LimitExceeded', {}, 16n])
    const span = { ...receipt, methodId: method.span }
    expect(await refusal(commit(given, span, [a!]))).toMatchObject(['InvalidArgument', {}])
    await commit(given, receipt, [a!, b!])
    expect(await surplus(given, commitBond)).toBe(0n)
  })
})

describe('what was signed', () => {
  test('keeps the bond until it is final, however long that takes', async () => {
    const { economy, batchIds } = given
    const receiptId = await attested([batchIds[0]!])
    const isOpen = ['BadState', state.committed, state.final]
    economy.mine(200)
    expect(await refusal(unbond(1n))).toEqual(isOpen)
    economy.mine(attestedWindow)
    expect(await refusal(unbond(1n))).toEqual(isOpen)
    await economy.send(second!, 'receipts', 'finalize', [[receiptId]])
    await unbond(least)
    await unbond(least, second)
    expect(await balances(given, first!, second!, alice)).toEqual([least, least, commitBond])
    expect(await surplus(given, 0n)).toBe(0n)
  })

  test('and has a leaf of no batch of the version costs each signer the least bond', async () => {
    const { economy, batchIds, stranger } = given
    const ids = [batchIds[0]!, stranger]
    const receiptId = await attested(ids)
    await bond(first, 7n)
    const leaves = ids.map((id) => leafOf(id))
    const { result } = await challenge(given, erin, receiptId, ground.badLeaf, badLeaf(leaves, 1))
    expect(result).toBe(state.void)
    const lost = 2n * least
    expect(await balances(given, erin, nobody, alice)).toEqual([
      challengeBond + commitBond / 2n + lost / 2n,
      commitBond / 2n + lost / 2n,
      0n,
    ])
    expect(await economy.read('receipts', 'bondOf', [first!])).toBe(7n)
    expect(await economy.read('receipts', 'bondOf', [second!])).toBe(0n)
    economy.mine(100)
    await unbond(7n)
    expect(await surplus(given, 0n)).toBe(0n)
  })

  test('and fell in a dispute costs the same; where nobody had the leaves, nothing', async () => {
    for (const [reason, cut] of [
      [ground.dispute, least],
      [ground.unavailable, 0n],
    ] as const) {
      given = await createCase()
      const { economy, batchIds } = given
      for (const who of [first!, second!])
        economy.journal.setAccount(who, {
          nonce: 0n,
          balance: 100n * ether,
          codeHash: economy.journal.putCode(new Uint8Array(0)),
        })
      const receiptId = await attested([batchIds[1]!])
      await challenge(given, erin, receiptId, reason)
      expect(await refusal(unbond(1n))).toEqual(['BadState', state.committed, state.final])
      await economy.send(alice, 'receipts', 'vote', [receiptId, false])
      await economy.send(dave, 'receipts', 'resolve', [receiptId])
      expect(await stateOf(given, receiptId)).toBe(state.void)
      expect(await economy.read('receipts', 'bondOf', [first!])).toBe(least - cut)
      expect(await balances(given, erin)).toEqual([challengeBond + commitBond / 2n + cut])
      expect(await surplus(given, 0n)).toBe(0n)
      economy.mine(100)
      expect(await refusal(unbond(least - cut))).toBeUndefined()
    }
  })

  test('and survived a dispute stays locked through the window that is opened again', async () => {
    const { economy, batchIds } = given
    const receiptId = await attested([batchIds[1]!])
    economy.mine(attestedWindow)
    await challenge(given, erin, receiptId, ground.dispute)
    economy.mine(voteWindow + 1)
    await economy.send(dave, 'receipts', 'resolve', [receiptId])
    expect(await stateOf(given, receiptId)).toBe(state.committed)
    expect(await refusal(unbond(1n))).toEqual(['BadState', state.committed, state.final])
    economy.mine(voteWindow + 1)
    await economy.send(dave, 'receipts', 'finalize', [[receiptId]])
    await unbond(least)
    expect(await balances(given, alice, nobody)).toEqual([
      commitBond + challengeBond / 2n,
      challengeBond / 2n,
    ])
    expect(await surplus(given, 0n)).toBe(0n)
  })
})
