/**
 * Epochs: answers paid together by what all of them say of a row. Against the payout kernel, whose sums are
 * made here from the vectors alone; and the money, to the wei, whatever is entered, joined and claimed.
 */
import { beforeEach, describe, expect, test } from '@jest/globals'
import { moduleAddresses } from '../../../../attribution/abi.ts'
import { createVectorIndex, strideOf } from '../../../../attribution/methods/distances.ts'
import { knnShapley } from '../../../../attribution/methods/knn-shapley.ts'
import { marginalValues, payEpoch } from '../../../../attribution/methods/payout.ts'
import { paramTable } from '../../../../attribution/params/table.ts'
import { devnetAddresses } from '../../../../genesis/index.ts'
import { toHex, toWord, type Address, type Hex } from '../../../../primitives/index.ts'
import { createDice } from '../../../support/dice.ts'
import {
  bytesOf,
  claimOf,
  createEconomy,
  govern,
  type Economy,
  type EconomyLeaf,
} from '../../../support/economy.ts'
import { alice, bob } from '../../../support/world.ts'

const carol = devnetAddresses[2]!
const dave = devnetAddresses[3]!
const treasury: Address = `0x${toWord(paramTable.treasury.value).slice(-40)}`
const knn = 4
const dimensions = 6
const fee = 1_000_003n

interface Row {
  readonly label: number
  readonly vector: readonly number[]
}

const spelled = ({ label, vector }: Row): string =>
  `class${label} ${toHex(Uint8Array.from(vector, (x) => x & 0xff)).slice(2)}`

let economy: Economy
beforeEach(() => {
  economy = createEconomy()
})

/** Points of three classes around three places; each contributor gives as many. */
function pointsOf(seed: number, count: number): Row[] {
  const dice = createDice(seed)
  return Array.from({ length: count }, () => {
    const label = dice.below(3)
    const vector = Array.from(
      { length: dimensions },
      (_, j) => dice.below(61) - 30 + (j === label ? 70 : 0),
    )
    return { label, vector }
  })
}

async function setUp(people: readonly (readonly [Address, readonly Row[]])[]) {
  const held = await economy.held(people.map(([who, rows]) => [who, rows.map(spelled)] as const))
  return { ...held, assetId: await economy.model(alice, held.versionId) }
}

type Setting = Awaited<ReturnType<typeof setUp>>

/** Pays a question and enters its answer; the request and the epoch's receipt. */
async function enter({ versionId, assetId }: Setting, question: Row, value = fee, from = alice) {
  const requestId = await economy.paid(dave, assetId, value)
  const answer = toHex(bytesOf(spelled(question)))
  const args = [requestId, versionId, knn, answer] as const
  const { result } = await economy.send(from, 'receipts', 'enter', args)
  return { requestId, receiptId: result }
}

async function close(receiptId: Hex): Promise<readonly EconomyLeaf[]> {
  economy.mine(Number(paramTable['receipts.epochBlocks'].value) + 1)
  const { events } = await economy.send(bob, 'receipts', 'close', [receiptId])
  return events.find(({ name }) => name === 'ReceiptLeaves')?.args['leaves'] as EconomyLeaf[]
}

/** What the kernel says, in the module's unit: scores of 2^-20, the 64 nearest rows. */
function netsOf(rows: readonly Row[], questions: readonly Row[], fees: readonly bigint[]) {
  const stride = strideOf(dimensions)
  const values = new Int8Array(rows.length * stride)
  for (const [i, { vector }] of rows.entries()) values.set(vector, i * stride)
  const index = createVectorIndex({ count: rows.length, dimensions, values })
  const labels = Int32Array.from(rows, ({ label }) => label)
  const nets = rows.map(() => ({ net: 0n, bound: 0n }))
  for (const [q, { label, vector }] of questions.entries()) {
    const distances = index.distancesTo(Int8Array.from(vector))
    const scores = knnShapley(distances, labels, { label, k: 5 })
    const matches = Uint8Array.from(labels, (own) => (own === label ? 1 : 0))
    const marginals = marginalValues(distances, matches, 5)
    const parts = Array.from(scores, (score) => score >> 42n)
    const gains = parts.reduce((sum, part) => (part > 0n ? sum + part : sum), 0n)
    const one = 1n << 20n
    for (const [i, point] of nets.entries()) {
      point.net += (fees[q] ?? 0n) * (gains > one ? (parts[i]! * one) / gains : parts[i]!)
      point.bound += (fees[q] ?? 0n) * ((BigInt(Math.max(0, marginals[i]!)) << 20n) / 5n)
    }
  }
  return nets
}

/** Each batch's part of 2^62, of the fees at least. */
function weightsOf(weights: readonly bigint[], per: number, fees: bigint): bigint[] {
  const sum = weights.reduce((all, weight) => all + weight, 0n)
  const total = sum > fees << 20n ? sum : fees << 20n
  return Array.from({ length: weights.length / per }, (_, i) => {
    const own = weights.slice(i * per, (i + 1) * per).reduce((all, weight) => all + weight, 0n)
    return (own << 62n) / total
  })
}

describe('an epoch', () => {
  test('divides by the kernel’s nets, with a cap by marginal values where one is set', async () => {
    for (const capTenths of [0n, 15n]) {
      economy = createEconomy()
      govern(economy, 'receipts.marginalCapTenths', capTenths)
      const rows = pointsOf(3, 45)
      const setting = await setUp([
        [bob, rows.slice(0, 15)],
        [carol, rows.slice(15, 30)],
        [alice, rows.slice(30)],
      ])
      const questions = pointsOf(4, 9)
      const fees = questions.map((_, i) => fee + BigInt(i) * 777n)
      const entered = []
      for (const [i, question] of questions.entries())
        entered.push(await enter(setting, question, fees[i]))
      const receiptId = entered[0]!.receiptId
      expect(new Set(entered.map((one) => one.receiptId)).size).toBe(1)
      const nets = netsOf(
        rows,
        questions,
        fees.map((one) => one / 2n),
      )
      const points = nets.map(({ net, bound }, earliest) => ({
        net,
        earliest,
        ...(capTenths > 0n && { cap: (bound * capTenths) / 10n }),
      }))
      for (const [i, { net }] of points.entries())
        expect((await economy.read('receipts', 'point', [receiptId, BigInt(i)])).net).toBe(net)
      const weights = payEpoch(10n ** 40n, points).paid.map((paid) => paid > 0n)
      const own = points.map(({ net, cap }, i) =>
        weights[i] ? (cap !== undefined && cap < net ? cap : net) : 0n,
      )
      const leaves = await close(receiptId)
      const half = fees.reduce((sum, one) => sum + one / 2n, 0n)
      const expected = weightsOf(own, 15, half)
        .map((weight, i) => [setting.batchIds[i], weight])
        .filter(([, weight]) => weight !== 0n)
      // What weights lack of the fees is a leaf of nobody's batch.
      const others = leaves.filter(({ contributionId }) => contributionId !== 0n)
      expect(others.map(({ contributionId, weight }) => [contributionId, weight])).toEqual(expected)
      const all = leaves.reduce((sum, { weight }) => sum + weight, 0n)
      expect((1n << 62n) - all).toBeLessThan(4n)
    }
  })

  test('pays every fee of it to the wei, by claims of leaves', async () => {
    const rows = pointsOf(5, 40)
    const setting = await setUp([
      [bob, rows.slice(0, 20)],
      [carol, rows.slice(20)],
    ])
    const questions = pointsOf(6, 5)
    const entered = []
    for (const question of questions) entered.push(await enter(setting, question))
    const [first] = entered
    const settle = (requestId: Hex) => economy.send(bob, 'rewards', 'settle', [requestId, []])
    await expect(settle(first!.requestId)).rejects.toThrow('TooEarly')
    const leaves = await close(first!.receiptId)
    for (const { requestId } of entered) {
      await settle(requestId)
      for (const index of leaves.keys())
        await economy.send(bob, 'rewards', 'claim', claimOf(requestId, leaves, index))
      const { data, creditedData } = await economy.read('rewards', 'settlement', [requestId])
      expect(data - fee / 2n).toBe(1n) // the largest remainder's
      expect(creditedData).toBe(data)
    }
    expect(await economy.owed()).toBe(fee * BigInt(questions.length))
    expect(economy.balance(moduleAddresses.rewards)).toBe(fee * BigInt(questions.length))
  })

  test('lasts its blocks, then another begins; it is closed once and never doubted', async () => {
    const setting = await setUp([[bob, pointsOf(7, 12)]])
    const [question] = pointsOf(8, 1)
    const { receiptId, requestId } = await enter(setting, question!)
    await expect(economy.send(bob, 'receipts', 'close', [receiptId])).rejects.toThrow('TooEarly')
    await expect(economy.send(bob, 'rewards', 'refund', [requestId])).rejects.toThrow(
      'AlreadyExists',
    )
    const value = await economy.read('receipts', 'challengeBond', [])
    await expect(
      economy.send(bob, 'receipts', 'challenge', [receiptId, 3, '0x'], { value }),
    ).rejects.toThrow('BadState')
    economy.mine(Number(paramTable['receipts.epochBlocks'].value) + 1)
    const next = await enter(setting, question!)
    expect(next.receiptId).not.toBe(receiptId)
    await economy.send(bob, 'receipts', 'close', [receiptId])
    await expect(economy.send(bob, 'receipts', 'close', [receiptId])).rejects.toThrow('BadState')
    const { assetId, versionId } = setting
    expect(await economy.read('receipts', 'openEpoch', [assetId, versionId, knn])).toBe(
      next.receiptId,
    )
    const { requests, pool } = await economy.read('receipts', 'epoch', [next.receiptId])
    expect([requests, pool]).toEqual([1, fee / 2n])
  })

  test('takes methods that score rows, and where the chain says so they pay in no other way', async () => {
    const setting = await setUp([[bob, pointsOf(9, 12)]])
    const { versionId, assetId } = setting
    const requestId = await economy.paid(dave, assetId, fee)
    const answer = toHex(bytesOf(spelled(pointsOf(8, 1)[0]!)))
    for (const method of [1, 5, 99])
      await expect(
        economy.send(alice, 'receipts', 'enter', [requestId, versionId, method, answer]),
      ).rejects.toThrow('InvalidArgument')
    govern(economy, 'receipts.netted', 1n)
    const attribute = () =>
      economy.send(alice, 'receipts', 'attribute', [requestId, versionId, knn, answer])
    await expect(attribute()).rejects.toThrow('InvalidArgument')
    govern(economy, 'receipts.netted', 0n)
    await attribute()
  })
})

/** Carol's rows lie among Bob's with a label that is none of theirs. */
async function poisoned() {
  const rows = pointsOf(11, 30)
  const wrong = pointsOf(12, 15).map((row) => ({ ...row, label: 7 }))
  const setting = await setUp([
    [bob, rows],
    [carol, wrong],
  ])
  let receiptId: Hex = '0x'
  for (const question of pointsOf(13, 6)) receiptId = (await enter(setting, question)).receiptId
  return { ...setting, receiptId, leaves: await close(receiptId) }
}

test('who asks about his own rows gets back at most the data part of what he paid', async () => {
  const honest = pointsOf(15, 20)
  const own = { label: 5, vector: [-90, -90, -90, -90, -90, -90] }
  const setting = await setUp([
    [bob, honest],
    [carol, Array.from({ length: 6 }, (_, i) => ({ ...own, vector: [...own.vector, i].slice(1) }))],
  ])
  let receiptId: Hex = '0x'
  for (const question of pointsOf(16, 4)) receiptId = (await enter(setting, question)).receiptId
  const paid = 9n * fee
  await enter(setting, own, paid)
  const leaves = await close(receiptId)
  const { pool } = await economy.read('receipts', 'epoch', [receiptId])
  const carols = leaves.find(({ contributionId }) => contributionId === setting.batchIds[1])
  const gained = (pool * (carols?.weight ?? 0n)) >> 62n
  expect(gained).toBeGreaterThan(paid / 4n)
  expect(gained).toBeLessThanOrEqual(paid / 2n)
})

test('no row owes for an epoch in which another than the datanet’s owner entered an answer', async () => {
  const setting = await setUp([
    [bob, pointsOf(21, 12)],
    [carol, pointsOf(22, 12).map((row) => ({ ...row, label: 7 }))],
  ])
  const assetId = await economy.model(carol, setting.versionId)
  const madeUp = { label: 7, vector: [0, 70, 0, 0, 0, 0] }
  const enterAs = (who: Address) => enter({ ...setting, assetId }, madeUp, fee, who)
  const give = (from: Address, provider: Address) =>
    economy.send(from, 'lineage', 'update', [assetId, alice, provider, 1_000n])
  const debt = async () => (await economy.read('receipts', 'debtOf', [setting.batchIds[0]!]))[0]
  const { receiptId } = await enterAs(carol)
  await give(carol, carol) // unasked, and she still enters
  await enterAs(carol)
  await give(alice, alice)
  await enterAs(alice)
  await close(receiptId)
  expect(await debt()).toBe(0n)
  await close((await enterAs(alice)).receiptId)
  const owed = await debt()
  expect(owed).toBeGreaterThan(0n)
  await give(alice, carol)
  await close((await enterAs(carol)).receiptId)
  expect(await debt()).toBe(owed)
})

describe('who spoils answers', () => {
  test('earns nothing, and loses its deposit to the treasury', async () => {
    const { batchIds, leaves } = await poisoned()
    const [bobs, carols] = batchIds
    expect(leaves.map(({ contributionId }) => contributionId)).toEqual([0n, bobs])
    const lostBy = async (batchId: bigint): Promise<readonly [bigint, bigint]> => {
      const [debt, rows] = await economy.read('receipts', 'debtOf', [batchId])
      const batch = await economy.read('datanet', 'batch', [batchId])
      const most = (batch.deposit * rows) / BigInt(batch.rows)
      return [batch.deposit, debt < most ? debt : most]
    }
    const [deposit, lost] = await lostBy(carols!)
    expect(lost).toBeGreaterThan(deposit / 2n)
    const reclaim = (batchId: bigint) => economy.send(bob, 'datanet', 'reclaim', [batchId])
    await expect(reclaim(carols!)).rejects.toThrow('TooEarly')
    economy.mine(Number(paramTable['datanet.depositBlocks'].value))
    const { result, events } = await reclaim(carols!)
    expect(result).toBe(deposit - lost)
    expect(events.map(({ name, args }) => [name, args['amount']])).toEqual([['DepositLost', lost]])
    expect(await economy.read('datanet', 'balanceOf', [treasury])).toBe(lost)
    const [whole, little] = await lostBy(bobs!)
    expect((await reclaim(bobs!)).result).toBe(whole - little)
    expect(little).toBeLessThan(lost)
  })
})

const question = { label: 1, vector: [0, 70, 0, 0, 0, 0] }
const original = { label: 1, vector: [1, 69, 1, 0, 0, 0] }
const copy = { label: 1, vector: [1, 70, 1, 0, 0, 0] }
const other = { label: 1, vector: [-60, 60, -60, 30, 9, 9] }

const at = (x: number): Row => ({ label: 1, vector: [x, 0, 0, 0, 0, 0] })
const copied = () =>
  setUp([
    [bob, [original, other]],
    [carol, [copy]],
  ])
const join = (setting: Setting, row: bigint, earlier: bigint) =>
  economy.send(dave, 'receipts', 'join', [setting.versionId, row, earlier])

describe('copies', () => {
  test('hand their credit to the first once anybody has shown what they are', async () => {
    const setting = await copied()
    const before = await enter(setting, question)
    await join(setting, 2n, 0n)
    expect(await economy.read('receipts', 'leaderOf', [setting.versionId, 2n])).toBe(0n)
    const pointOf = (row: bigint) => economy.read('receipts', 'point', [before.receiptId, row])
    const [first, second] = [await pointOf(0n), await pointOf(2n)]
    expect(second.weight).toBeGreaterThan(0n)
    await economy.send(dave, 'receipts', 'fold', [before.receiptId, [2n, 1n, 0n]])
    expect((await pointOf(0n)).net).toBe(first.net + second.net)
    expect((await pointOf(2n)).net).toBe(0n)
    await enter(setting, question)
    expect((await pointOf(2n)).net).toBe(0n)
    const leaves = await close(before.receiptId)
    expect(leaves.map(({ contributionId }) => contributionId).filter(Boolean)).toEqual([
      setting.batchIds[0],
    ])
  })

  test('hand on to the row they were compared with, not along a chain of near ones', async () => {
    const setting = await setUp([[bob, [at(0), at(40), at(80), at(41)]]])
    await join(setting, 2n, 1n)
    await join(setting, 1n, 0n)
    const leader = (row: bigint) => economy.read('receipts', 'leaderOf', [setting.versionId, row])
    expect(await leader(2n)).toBe(2n)
    await expect(join(setting, 2n, 0n)).rejects.toThrow('BadProof')
    await expect(join(setting, 3n, 1n)).rejects.toThrow('InvalidArgument')
    await join(setting, 3n, 0n)
    expect(await leader(3n)).toBe(0n)
    // What is built on the version keeps its joins.
    const child = await economy.held([[carol, [spelled(at(2)), spelled(at(100))]]], setting)
    const childLeader = (row: bigint) =>
      economy.read('receipts', 'leaderOf', [child.versionId, row])
    expect([await childLeader(3n), await childLeader(2n)]).toEqual([0n, 2n])
    await join({ ...setting, versionId: child.versionId }, 4n, 0n)
    expect([await childLeader(4n), await childLeader(5n)]).toEqual([0n, 5n])
  })

  test('are not what lies farther away, comes first or is already joined', async () => {
    const setting = await copied()
    await expect(join(setting, 1n, 0n)).rejects.toThrow('BadProof')
    for (const [row, earlier] of [
      [0n, 2n],
      [2n, 2n],
      [3n, 0n],
    ] as const)
      await expect(join(setting, row, earlier)).rejects.toThrow('InvalidArgument')
    await join(setting, 2n, 0n)
    await expect(join(setting, 2n, 0n)).rejects.toThrow('InvalidArgument')
    await expect(join(setting, 2n, 1n)).rejects.toThrow('InvalidArgument')
    govern(economy, 'receipts.noveltyRadius', 0n)
    const wrong = await setUp([
      [bob, [original]],
      [carol, [{ ...original, label: 2 }]],
    ])
    await expect(join(wrong, 1n, 0n)).rejects.toThrow('InvalidArgument')
    const again = await setUp([
      [bob, [original]],
      [carol, [copy, original]],
    ])
    await expect(join(again, 1n, 0n)).rejects.toThrow('BadProof')
    await join(again, 2n, 0n)
  })
})
