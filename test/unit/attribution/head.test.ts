/** Influence on a convex head as a method of receipts: both certificates, whose head, who is paid. */
import { beforeEach, expect, test } from '@jest/globals'
import {
  factorise,
  type HeadData,
  hessianOf,
  rowOf,
  trainHead,
} from '../../../attribution/methods/linear-head.ts'
import {
  influences,
  influenceVector,
  rowGradient,
} from '../../../attribution/methods/linear-influence.ts'
import { keccakHex, toHex } from '../../../primitives/index.ts'
import { devnetAddresses } from '../../../genesis/index.ts'
import { createDice } from '../../support/dice.ts'
import { createEconomy, type Economy } from '../../support/economy.ts'
import { alice, bob } from '../../support/world.ts'

const method = 6
const carol = devnetAddresses[2]!
const [classes, dimensions, lambdaShift, featureShift] = [3, 4, 5, 6]

/** Bob's thirty points, then Carol's; the constant is the fifth component. */
function pointsOf(seed: number) {
  const dice = createDice(seed)
  const labels = Uint8Array.from({ length: 60 }, () => dice.below(classes))
  const vectors = Array.from(labels, (label) =>
    Int8Array.from({ length: dimensions }, (_, j) => dice.below(101) - 50 + (j === label ? 40 : 0)),
  )
  return { labels, vectors }
}

const { labels, vectors } = pointsOf(4)
const texts = vectors.map(
  (vector, i) => `${labels[i] ?? ''} ${toHex(new Uint8Array(vector.buffer)).slice(2)}`,
)
const data: HeadData = {
  count: 60,
  dimensions: dimensions + 1,
  classes,
  features: Float64Array.from(
    vectors.flatMap((vector) => [...Array.from(vector, (x) => x / 2 ** featureShift), 1]),
  ),
  labels,
  lambda: 2 ** -lambdaShift,
}
const { weights } = trainHead(data, { tolerance: 1e-12 })
const question = Int8Array.of(20, -9, 33, 5)
const asked = Float64Array.of(...Array.from(question, (x) => x / 64), 1)
const gradient = rowGradient(data, weights, asked, 2)
const vector = influenceVector(factorise(hessianOf(data, weights)), gradient)

function bytesOfDoubles(values: Float64Array): Uint8Array {
  const view = new DataView(new ArrayBuffer(8 * values.length))
  for (const [i, value] of values.entries()) view.setFloat64(8 * i, value)
  return new Uint8Array(view.buffer)
}
const headOf = (own: Float64Array): Uint8Array =>
  Uint8Array.of(classes, 0, dimensions, lambdaShift, featureShift, ...bytesOfDoubles(own))
const answerOf = (own = weights, influence = vector, label = 2): Uint8Array =>
  Uint8Array.of(
    ...headOf(own),
    label,
    ...new Uint8Array(question.buffer),
    ...bytesOfDoubles(influence),
  )
const moved = (values: Float64Array, by: number): Float64Array =>
  values.map((value, i) => (i === 3 ? value + by : value))

let economy: Economy
let versionId: bigint
let batchIds: readonly bigint[]
beforeEach(async () => {
  economy = createEconomy()
  const held = await economy.held([
    [bob, texts.slice(0, 30)],
    [carol, texts.slice(30)],
  ])
  versionId = held.versionId
  batchIds = held.batchIds
})

const preview = (answer: Uint8Array) =>
  economy.read('receipts', 'preview', [versionId, method, toHex(answer)])

test('scores are the kernel’s, and a batch has the sum of its rows', async () => {
  const scores = influences(data, weights, vector).map((score) => Math.floor(score * 2 ** 20))
  const sumOf = (from: number): bigint =>
    BigInt(scores.slice(from, from + 30).reduce((sum, score) => sum + score, 0))
  const expected = batchIds
    .map((id, i) => [id, sumOf(30 * i)] as const)
    .filter(([, weight]) => weight > 0n)
  expect(expected.length).toBeGreaterThan(0)
  const [, leaves] = await preview(answerOf())
  expect(leaves.map(({ contributionId, weight }) => [contributionId, weight])).toEqual(expected)
})

test('in an epoch a row’s score is its part of the answer, a loss counting for a quarter more', async () => {
  const contentHash = keccakHex(headOf(weights))
  const assetId = await economy.model(alice, versionId, { contentHash })
  const requestId = await economy.paid(carol, assetId, 2_000_000n)
  const args = [requestId, versionId, method, toHex(answerOf())] as const
  const { result } = await economy.send(alice, 'receipts', 'enter', args)
  const scores = Array.from(influences(data, weights, vector), (score) =>
    BigInt(Math.floor(score * 2 ** 20)),
  )
  const whole = scores.reduce((sum, score) => sum + (score < 0n ? -score : score), 0n)
  expect(scores.some((score) => score < 0n)).toBe(true)
  for (const [row, score] of scores.entries()) {
    const part = (score * 2n ** 20n) / whole
    const weighed = part < 0n ? (part * 5n) / 4n : part
    const { net } = await economy.read('receipts', 'point', [result, BigInt(row)])
    expect(net).toBe(1_000_000n * weighed)
  }
})

test('a head that is no optimum, a vector that is no influence and a label it is not for are refused', async () => {
  for (const answer of [
    answerOf(moved(weights, 1e-6)),
    answerOf(weights, moved(vector, 1e-6)),
    answerOf(weights, vector, 1),
    answerOf(moved(weights, Number.NaN)),
    answerOf(weights, moved(vector, Infinity)),
  ])
    await expect(preview(answer)).rejects.toThrow('BadProof')
  const whole = answerOf()
  for (const answer of [whole.slice(1), whole.slice(0, -1), new Uint8Array(0)])
    await expect(preview(answer)).rejects.toThrow('InvalidArgument')
})

test('a head beside the optimum is refused though its influence vector is right', async () => {
  const beside = moved(weights, 1e-6)
  const own = influenceVector(
    factorise(hessianOf(data, beside)),
    rowGradient(data, beside, asked, 2),
  )
  await expect(preview(answerOf(beside, own))).rejects.toThrow('BadProof')
})

test('the asset that answers must be this head', async () => {
  const other = await economy.model(alice, versionId)
  const own = await economy.model(alice, versionId, { contentHash: keccakHex(headOf(weights)) })
  const refused = await economy.paid(bob, other, 2_000n)
  const answer = toHex(answerOf())
  await expect(
    economy.send(alice, 'receipts', 'attribute', [refused, versionId, method, answer]),
  ).rejects.toThrow('InvalidArgument')
  const requestId = await economy.paid(bob, own, 2_000n)
  const { result } = await economy.send(alice, 'receipts', 'attribute', [
    requestId,
    versionId,
    method,
    answer,
  ])
  expect((await economy.read('receipts', 'status', [result])).state).toBe(3)
})

test('rows whose first word is long are read past, and no class has a leading zero', async () => {
  const before = await preview(answerOf())
  const long = [`${'7'.repeat(60_000)} 00112233`, '02 00112233', '2x 00112233', '99 00112233']
  const more = await economy.held([
    [bob, texts.slice(0, 30)],
    [carol, [...texts.slice(30), ...long]],
  ])
  const args = [more.versionId, method, toHex(answerOf())] as const
  const after = await economy.read('receipts', 'preview', args)
  expect(after[1].map(({ weight }) => weight)).toEqual(before[1].map(({ weight }) => weight))
})

test('the rows of the kernel are the rows of the version', () => {
  expect(Array.from(rowOf(data, 0))).toEqual([...Array.from(vectors[0]!, (x) => x / 64), 1])
})

test('a head certified once is not looked at again, and answers of it cost less', async () => {
  const contentHash = keccakHex(headOf(weights))
  const assetId = await economy.model(alice, versionId, { contentHash })
  const certify = (asset: bigint, head: Uint8Array) =>
    economy.send(bob, 'lineage', 'certify', [asset, versionId, toHex(head)])
  const attribute = async () => {
    const requestId = await economy.paid(carol, assetId, 10_000n)
    const args = [requestId, versionId, method, toHex(answerOf())] as const
    return (await economy.send(alice, 'receipts', 'attribute', args)).outcome.gasUsed
  }
  const dearer = await attribute()
  expect(await economy.read('lineage', 'certifiedBlock', [assetId, versionId])).toBe(0n)
  await expect(certify(assetId, headOf(moved(weights, 1e-6)))).rejects.toThrow('InvalidArgument')
  const { events } = await certify(assetId, headOf(weights))
  expect(events.map(({ name }) => name)).toEqual(['HeadCertified'])
  await expect(certify(assetId, headOf(weights))).rejects.toThrow('AlreadyExists')
  expect(await economy.read('lineage', 'certifiedBlock', [assetId, versionId])).toBe(
    economy.height(),
  )
  expect(await attribute()).toBeLessThan(dearer)
})

test('weights that are not the optimum, and heads of another version, get no certificate', async () => {
  const beside = headOf(moved(weights, 1e-6))
  const assetId = await economy.model(alice, versionId, { contentHash: keccakHex(beside) })
  const certify = (version: bigint, head: Uint8Array) =>
    economy.send(bob, 'lineage', 'certify', [assetId, version, toHex(head)])
  await expect(certify(versionId, beside)).rejects.toThrow('BadProof')
  await expect(certify(versionId + 1n, beside)).rejects.toThrow('InvalidArgument')
  const short = headOf(weights).slice(0, -1)
  const other = await economy.model(alice, versionId, { contentHash: keccakHex(short) })
  await expect(
    economy.send(bob, 'lineage', 'certify', [other, versionId, toHex(short)]),
  ).rejects.toThrow('InvalidArgument')
})
