/** The loop on chain, from a contribution to money in a contributor's hand, by plain calls. */
import { expect, test } from '@jest/globals'
import { moduleAddresses } from '../../../attribution/abi.ts'
import type { Address } from '../../../primitives/index.ts'
import { claimOf, createEconomy } from '../../support/economy.ts'
import { alice, bob } from '../../support/world.ts'

const carol: Address = '0x3c44cdddb6a900fa2b585dd299e03d12fa4293bc'
const builder: Address = '0x90f79bf6eb2c4f870365e785982e1f101e93b906'
const asker: Address = '0x15d34aaf54267db7d7c367839aaf71a00a2c6a65'

const told = 'the ship sailed at dawn across the grey water and nobody waved'
const other = 'a recipe for bread needs flour water salt and a little patience'

test('contribute, publish, register, ask, attribute, settle, withdraw', async () => {
  const economy = createEconomy()
  const { versionId, batchIds } = await economy.held([
    [bob, [told]],
    [carol, [other, told]],
  ])
  const model = await economy.model(builder, versionId)
  const requestId = await economy.paid(asker, model, 10_000n)
  const { receiptId, leaves } = await economy.attributed(
    builder,
    requestId,
    versionId,
    'they say the ship sailed at dawn and bread needs flour water salt',
  )
  expect(leaves.map(({ contributionId }) => contributionId)).toEqual(batchIds)
  expect(await economy.read('receipts', 'isFinal', [receiptId])).toBe(true)

  await economy.send(asker, 'rewards', 'settle', [requestId, leaves])
  const parts = await economy.read('rewards', 'settlement', [requestId])
  expect([parts.data, parts.model, parts.provider, parts.stakers, parts.protocol]).toEqual([
    5_000n,
    2_000n,
    1_500n,
    1_000n,
    500n,
  ])
  const [first, second] = await Promise.all(
    [bob, carol].map((who) => economy.read('rewards', 'balanceOf', [who])),
  )
  expect(first! + second!).toBe(5_000n)
  expect(first).toBeGreaterThan(0n)
  expect(second).toBeGreaterThan(0n)
  expect(await economy.owed()).toBe(economy.balance(moduleAddresses.rewards))

  const before = economy.balance(bob)
  const { result: amount } = await economy.send(bob, 'rewards', 'withdraw', [bob])
  expect([amount, economy.balance(bob)]).toEqual([first, before + first!])
  expect(await economy.owed()).toBe(economy.balance(moduleAddresses.rewards))
})

test('many contributors claim with proofs, each once, in any order', async () => {
  const economy = createEconomy()
  const { versionId } = await economy.held([
    [bob, [told]],
    [carol, [other]],
  ])
  const model = await economy.model(builder, versionId)
  const requestId = await economy.paid(asker, model, 9_999n)
  const answer = `${told} ${other}`
  const { leaves } = await economy.attributed(builder, requestId, versionId, answer)
  await economy.send(asker, 'rewards', 'settle', [requestId, []])
  const second = await economy.send(alice, 'rewards', 'claim', claimOf(requestId, leaves, 1))
  const first = await economy.send(alice, 'rewards', 'claim', claimOf(requestId, leaves, 0))
  expect(first.result + second.result).toBe(
    (await economy.read('rewards', 'settlement', [requestId])).data,
  )
  expect(await economy.read('rewards', 'balanceOf', [carol])).toBe(second.result)
  const again = await economy.send(alice, 'rewards', 'claim', claimOf(requestId, leaves, 1))
  expect(again.result).toBe(0n)
  expect(await economy.owed()).toBe(economy.balance(moduleAddresses.rewards))
})

test('a verbatim copy that came later earns nothing', async () => {
  const economy = createEconomy()
  const { versionId, batchIds } = await economy.held([
    [bob, [told]],
    [carol, [told, other]],
  ])
  const model = await economy.model(builder, versionId)
  const requestId = await economy.paid(asker, model, 10_000n)
  const { leaves } = await economy.attributed(builder, requestId, versionId, told)
  expect(leaves.map(({ contributionId }) => contributionId)).toEqual([batchIds[0]])
})

test('an answer that owes nobody pays the treasury', async () => {
  const economy = createEconomy()
  const { versionId } = await economy.held([[bob, [told]]])
  const model = await economy.model(builder, versionId)
  const requestId = await economy.paid(asker, model, 10_000n)
  const { leaves } = await economy.attributed(builder, requestId, versionId, 'zzz qqq')
  expect(leaves).toEqual([])
  await economy.send(asker, 'rewards', 'settle', [requestId, []])
  const parts = await economy.read('rewards', 'settlement', [requestId])
  expect([parts.data, parts.protocol]).toEqual([0n, 5_500n])
  expect(await economy.read('rewards', 'balanceOf', [parts.protocolAccount])).toBe(5_500n)
})
