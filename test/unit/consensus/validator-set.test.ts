/** Thresholds at the exact third, and the laws of turns: a share of the turns for a share of the power. */
import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import {
  createValidatorSet,
  isQuorum,
  isSkip,
  proposerOf,
  type ValidatorSet,
} from '../../../consensus/index.ts'
import { toHex, type Address } from '../../../primitives/index.ts'

const addressOf = (index: number): Address => toHex(new Uint8Array(20).fill(index + 1))
const setOf = (...powers: readonly bigint[]): ValidatorSet =>
  createValidatorSet(powers.map((power, index) => ({ address: addressOf(index), power })))

const turnsOf = (set: ValidatorSet, from: bigint, count: number, round = 0) =>
  Array.from({ length: count }, (_, i) => set.indexes.get(proposerOf(set, from + BigInt(i), round)))

test.each([
  [3, 2, 3],
  [4, 2, 3],
  [6, 3, 5],
  [7, 3, 5],
])('of %i equal validators, %i may skip and %i decide', (n, skip, quorum) => {
  const set = setOf(...Array.from({ length: n }, () => 1n))
  expect(isSkip(set, BigInt(skip - 1))).toBe(false)
  expect(isSkip(set, BigInt(skip))).toBe(true)
  expect(isQuorum(set, BigInt(quorum - 1))).toBe(false)
  expect(isQuorum(set, BigInt(quorum))).toBe(true)
})

test('equal powers take turns, round by round and height by height', () => {
  const set = setOf(5n, 5n, 5n, 5n)
  expect(turnsOf(set, 0n, 8)).toEqual([0, 1, 2, 3, 0, 1, 2, 3])
  expect(turnsOf(set, 0n, 4, 1)).toEqual([1, 2, 3, 0])
})

test('a heavy validator gets its turns spread out', () => {
  expect(turnsOf(setOf(1n, 1n, 4n), 0n, 6)).toEqual([2, 0, 2, 1, 2, 2])
})

test('over one rotation everybody proposes as often as its power says', () => {
  const power = fc.bigInt({ min: 1n, max: 100n })
  fc.assert(
    fc.property(fc.array(power, { minLength: 1, maxLength: 10 }), (powers) => {
      const set = setOf(...powers)
      const counts = powers.map(() => 0n)
      for (const turn of turnsOf(set, 12345n, Number(set.totalPower))) {
        counts[turn ?? -1] = (counts[turn ?? -1] ?? 0n) + 1n
      }
      expect(counts).toEqual(powers)
    }),
  )
})

test('powers in wei make a short rotation in which nobody is left out', () => {
  const set = setOf(10n ** 27n + 1n, 1n, 3n * 10n ** 27n)
  expect(set.turns.length).toBeLessThan(2100)
  expect(new Set(set.turns)).toEqual(new Set([0, 1, 2]))
  expect(set.turns.filter((index) => index === 2).length).toBe(1535)
})

test('the set is ordered and hashed by address, whatever order it was given in', () => {
  const members = [1n, 2n, 3n].map((power, index) => ({ address: addressOf(index), power }))
  const set = createValidatorSet(members)
  expect(createValidatorSet(members.toReversed())).toEqual(set)
  expect(set.validators.map(({ address }) => address)).toEqual(members.map((m) => m.address))
  expect(setOf(1n, 2n, 4n).hash).not.toBe(set.hash)
})

test.each([
  ['nobody', []],
  ['the same twice', [addressOf(1), addressOf(1)].map((address) => ({ address, power: 1n }))],
  ['no power', [{ address: addressOf(1), power: 0n }]],
  ['a negative power', [{ address: addressOf(1), power: -1n }]],
  ['more than 128 bits', [{ address: addressOf(1), power: 1n << 128n }]],
  [
    'too many',
    Array.from({ length: 257 }, (_, i) => ({
      address: toHex(new Uint8Array(20).map((__, at) => (at < 2 ? i >> (8 * at) : 0))),
      power: 1n,
    })),
  ],
])('a set of %s is refused', (_, members) => {
  expect(() => createValidatorSet(members)).toThrow(/validator|power/)
})
