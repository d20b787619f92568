/**
 * Laws of the datanet module over random sequences of calls by everybody, sensible and senseless alike:
 * it holds exactly what it owes, a refused call moves nothing, and states only go forward. LAW_CALLS and
 * LAW_SEED choose length and sequence.
 */
import { expect, test } from '@jest/globals'
import { moduleAddresses } from '../../../../attribution/abi.ts'
import type { Address } from '../../../../primitives/index.ts'
import { authority, Refused, treasury } from '../../../support/modules.ts'
import { randomFrom } from '../../../support/state-model.ts'
import {
  alice,
  bob,
  carol,
  createDatanetChain,
  dave,
  module,
  owner,
  versionDeposit,
  word,
} from './setup.ts'

const calls = Number(process.env['LAW_CALLS'] ?? 1_500)
const seed = Number(process.env['LAW_SEED'] ?? 1)
const people = [owner, alice, bob, carol, dave, authority]

/** From state to those it may come to, in one step or several: IDatanet.BatchState and VersionState. */
const batchSteps: Readonly<Record<number, readonly number[]>> = {
  1: [1, 2, 3, 4, 5],
  2: [2, 5],
  3: [3],
  4: [4],
  5: [5],
}
const versionSteps: Readonly<Record<number, readonly number[]>> = { 1: [1, 2, 3], 2: [2], 3: [3] }

test(`over ${calls} random calls it holds what it owes, and states only go forward`, async () => {
  const random = randomFrom(seed)
  const pick = <item>(items: readonly item[]): item => items[random(items.length)]!
  const chain = createDatanetChain()
  for (const mode of [0, 1]) await chain.create({ mode, penaltyBps: 3_333 })
  for (const curator of [bob, carol])
    await chain.call(module, 'setCurator', [2n, curator, 0n, 1 + random(3)], { from: owner })
  let [batches, versions, accepted, refused] = [0, 0, 0, 0]
  /** Any of them or the next that is not there, and the last few more often. */
  const someBatch = (): bigint =>
    BigInt(random(2) === 0 ? 1 + random(batches + 1) : Math.max(1, batches - random(6)))
  const batchStates = new Map<bigint, number>()
  const versionStates = new Map<bigint, number>()

  const call = (from: Address, name: string, args: readonly unknown[], value = 0n) =>
    chain.call(module, name as 'reclaim', args as never, { from, value })
  const acts: readonly (() => Promise<unknown>)[] = [
    () =>
      call(
        pick(people),
        'submit',
        [
          BigInt(1 + random(3)),
          word(1 + random(5_000)),
          1 + random(3),
          1n + BigInt(random(3_000)),
          word(random(4)),
          word(0),
          '',
        ],
        pick([110n, 120n, 130n]),
      ),
    () => call(owner, 'review', [someBatch(), random(3) > 0, random(10_001), word(3)]),
    () => call(pick(people), 'commitVerdict', [someBatch(), word(1 + random(9))]),
    () => call(pick(people), 'decide', [someBatch()]),
    () => call(pick(people), 'retract', [someBatch(), word(4)]),
    () => call(pick(people), 'reclaim', [someBatch()]),
    () => call(pick(people), 'withdraw', [pick(people)]),
    () =>
      call(
        pick([owner, owner, alice]),
        'publish',
        [
          {
            datanetId: BigInt(1 + random(2)),
            parentId: BigInt(random(3) === 0 ? random(versions + 1) : 0),
            root: word(1),
            corpusRoot: word(2),
            indexRoot: word(3),
            tokens: 5n,
            batchIds: [someBatch()],
            uri: '',
          },
        ],
        versionDeposit,
      ),
    () =>
      call(pick([authority, bob]), 'attest', [
        BigInt(1 + random(versions + 1)),
        word(3 - random(2)),
      ]),
    () => call(pick(people), 'abandon', [BigInt(1 + random(versions + 1))]),
    () => Promise.resolve(chain.mine(random(6))),
  ]

  async function check(): Promise<void> {
    let owed = 0n
    for (const who of [...people, treasury]) owed += await chain.owed(who)
    for (let id = 1n; id <= BigInt(batches); id++) {
      const { deposit, state } = await chain.batch(id)
      owed += deposit
      expect(batchSteps[batchStates.get(id) ?? 1]).toContain(state)
      batchStates.set(id, state)
    }
    for (let id = 1n; id <= BigInt(versions); id++) {
      const { deposit, state } = await chain.version(id)
      owed += deposit
      expect(versionSteps[versionStates.get(id) ?? 1]).toContain(state)
      versionStates.set(id, state)
    }
    expect(chain.balance(moduleAddresses.datanet)).toBe(owed)
  }

  for (let i = 0; i < calls; i++) {
    const before = chain.balance(moduleAddresses.datanet)
    try {
      await pick(acts)()
      accepted++
    } catch (error) {
      if (!(error instanceof Refused) || error.message === 'halt') throw error
      if (chain.balance(moduleAddresses.datanet) !== before)
        throw new Error('a refused call moved money', { cause: error })
      refused++
    }
    const counts = (await chain.call(module, 'counts', [], { from: dave })).result
    expect(Number(counts[1])).toBeGreaterThanOrEqual(batches)
    expect(Number(counts[2])).toBeGreaterThanOrEqual(versions)
    ;[batches, versions] = [Number(counts[1]), Number(counts[2])]
    if (i % 500 === 499) await check()
  }
  await check()
  expect(accepted).toBeGreaterThan(calls / 10)
  expect(refused).toBeGreaterThan(calls / 10)
  expect(new Set(batchStates.values()).size).toBeGreaterThan(3)
  expect(new Set(versionStates.values())).toContain(2)
})
