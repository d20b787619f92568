/** The novelty gate over held versions: what it measures, what it turns away, and who pays for that. */
import { beforeEach, expect, test } from '@jest/globals'
import { paramTable } from '../../../../attribution/params/table.ts'
import { textWord } from '../../../../attribution/words.ts'
import { devnetAddresses } from '../../../../genesis/index.ts'
import type { Address } from '../../../../primitives/index.ts'
import { createDice } from '../../../support/dice.ts'
import { createEconomy, govern, type Economy } from '../../../support/economy.ts'
import { alice, bob } from '../../../support/world.ts'

const carol = devnetAddresses[2]!
const dave = devnetAddresses[3]!
const rejected = 3

let economy: Economy
beforeEach(() => {
  economy = createEconomy()
})

const dice = createDice(5)
const textOf = (words: number): string =>
  Array.from({ length: words }, () => `w${dice.below(5_000)}`).join(' ')
/** Every `nth` word another one. */
const changed = (text: string, nth: number): string =>
  text
    .split(' ')
    .map((word, i) => (i % nth === nth - 1 ? `x${i}` : word))
    .join(' ')

const originals = [textOf(80), textOf(60)]

async function setUp(...batches: readonly (readonly [Address, readonly string[]])[]) {
  const first = await economy.held([[bob, originals]])
  return { first, ...(await economy.held(batches, first)) }
}

const measure = (versionId: bigint, part: bigint, rows = 100) =>
  economy.send(dave, 'datanet', 'measure', [versionId, part, rows])

test('a verbatim copy is covered whole, turned away, and its deposit lost', async () => {
  const { versionId, batchIds, datanetId } = await setUp(
    [carol, [originals[0]!]],
    [alice, [textOf(70)]],
  )
  const [copied, genuine] = batchIds
  const { deposit } = await economy.read('datanet', 'batch', [copied!])
  const { result, events } = await measure(versionId, 0n)
  expect(result).toEqual([80n, 80n, 1])
  expect(events.map(({ name }) => name)).toEqual(['BatchDecided', 'BatchMeasured'])
  const batch = await economy.read('datanet', 'batch', [copied!])
  expect([batch.state, batch.deposit, batch.reason]).toEqual([rejected, 0n, textWord('novelty')])
  expect(await economy.read('datanet', 'balanceOf', [dave])).toBe(deposit / 2n)
  // Nothing is built on a version with such a batch.
  await expect(
    economy.held([[bob, ['one more']]], await again(versionId, datanetId)),
  ).rejects.toThrow('InvalidArgument')
  expect((await measure(versionId, 1n)).result[0]).toBe(0n)
  expect((await economy.read('datanet', 'batch', [genuine!])).state).toBe(2)
  await expect(measure(versionId, 1n)).rejects.toThrow('AlreadyExists')
})

test('a copy of an earlier batch of its own version is one too, of a later batch it is not', async () => {
  const { versionId, batchIds } = await economy.held([
    [bob, originals],
    [carol, [changed(originals[0]!, 10), originals[1]!]],
    [alice, [textOf(70)]],
  ])
  await expect(measure(versionId, 0n)).rejects.toThrow('NotFound')
  expect((await measure(versionId, 1n)).result).toEqual([72n + 60n, 140n, 2])
  expect((await economy.read('datanet', 'batch', [batchIds[1]!])).state).toBe(rejected)
  expect((await measure(versionId, 2n)).result[0]).toBe(0n)
})

test('rows of one batch may repeat each other', async () => {
  const same = textOf(50)
  const { versionId } = await setUp([carol, [same, `${same} more`]])
  expect((await measure(versionId, 0n)).result).toEqual([0n, 101n, 2])
})

const again = async (versionId: bigint, datanetId: bigint) => ({ versionId, datanetId, rows: [] })

test('every tenth word changed is still a copy, every eighth is not, whatever the pages', async () => {
  const { versionId, batchIds } = await setUp(
    [carol, [changed(originals[0]!, 10), changed(originals[1]!, 10)]],
    [alice, [changed(originals[0]!, 8)]],
  )
  expect((await measure(versionId, 0n, 1)).result).toEqual([72n, 80n, 1])
  expect(await economy.read('datanet', 'measured', [versionId, batchIds[0]!])).toEqual([
    72n,
    80n,
    1,
  ])
  expect((await economy.read('datanet', 'batch', [batchIds[0]!])).state).toBe(2)
  const { result } = await measure(versionId, 0n, 1)
  expect(result).toEqual([72n + 54n, 140n, 2])
  expect((await economy.read('datanet', 'batch', [batchIds[0]!])).state).toBe(rejected)
  // 23 tokens of it stand in the other changed copy, which came first.
  expect((await measure(versionId, 1n)).result[0]).toBe(23n)
  expect((await economy.read('datanet', 'batch', [batchIds[1]!])).state).toBe(2)
})

test('prior art of the protocol counts as earlier rows of every datanet', async () => {
  const art = await economy.held([[alice, originals]])
  economy.mine(1)
  const other = await economy.held([[carol, [[originals[1], textOf(20)].join(' ')]]])
  await expect(measure(other.versionId, 0n)).rejects.toThrow('NotFound')
  govern(economy, 'datanet.priorArtVersion', art.versionId)
  govern(economy, 'datanet.gateBps', 7_501n)
  // The art itself was before nothing of its own.
  await expect(measure(art.versionId, 0n)).rejects.toThrow('NotFound')
  expect((await measure(other.versionId, 0n)).result).toEqual([60n, 80n, 1])
  expect((await economy.read('datanet', 'batch', [other.batchIds[0]!])).state).toBe(2)
})

test('pays for each token before it is looked at, and takes only parts there are', async () => {
  const { versionId } = await setUp([carol, [textOf(2_000)]])
  await expect(measure(versionId, 1n)).rejects.toThrow('NotFound')
  await expect(measure(versionId, 0n, 0)).rejects.toThrow('InvalidArgument')
  await expect(measure(versionId + 1n, 0n)).rejects.toThrow('NotFound')
  const { outcome } = await measure(versionId, 0n)
  expect(outcome.gasUsed).toBeGreaterThan(2_000n * 500n)
  expect(paramTable['datanet.gateBps'].value).toBe(5_000n)
})
