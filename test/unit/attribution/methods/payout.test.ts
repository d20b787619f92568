/** An epoch's payout: conserved, blind to names, deaf to copies, and never paid for harm. */
import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { createVectorIndex } from '../../../../attribution/methods/distances.ts'
import {
  earliestWithin,
  marginalValues,
  payEpoch,
  weighLoss,
} from '../../../../attribution/methods/payout.ts'

const nets = fc.array(fc.bigInt({ min: -(10n ** 20n), max: 10n ** 20n }), {
  minLength: 1,
  maxLength: 40,
})
const sum = (list: readonly bigint[]): bigint => list.reduce((total, one) => total + one, 0n)
const alone = (list: readonly bigint[]) => list.map((net, i) => ({ net, earliest: i }))

test('the pool is paid to the wei, or all of it is the treasury’s', () => {
  fc.assert(
    fc.property(nets, fc.bigInt({ min: 0n, max: 10n ** 24n }), (list, pool) => {
      const { paid, treasury, owed } = payEpoch(pool, alone(list))
      expect(sum(paid) + treasury).toBe(pool)
      expect(treasury).toBe(list.some((net) => net > 0n) ? 0n : pool)
      for (const [i, net] of list.entries()) {
        expect(paid[i]! > 0n && net <= 0n).toBe(false)
        expect(owed[i]).toBe(net < 0n ? -net : 0n)
      }
    }),
  )
})

test('a copy registered later is paid nothing, and its credit goes to the first', () => {
  const points = [
    { net: 60n, earliest: 0 },
    { net: 40n, earliest: 1 },
    { net: 100n, earliest: 0 },
  ]
  expect(payEpoch(1_000n, points).paid).toEqual([800n, 200n, 0n])
  expect(() => payEpoch(1n, [{ net: 1n, earliest: 1 }])).toThrow('earlier')
})

test('a cap bounds a weight and never makes one', () => {
  const points = [
    { net: 60n, earliest: 0, cap: 20n },
    { net: 60n, earliest: 1, cap: 100n },
    { net: -5n, earliest: 2, cap: 100n },
    { net: 20n, earliest: 3, cap: -7n },
  ]
  expect(payEpoch(80n, points).paid).toEqual([20n, 60n, 0n, 0n])
})

test('within the radius a point joins the earliest that stands for itself', () => {
  const values = new Int8Array(16 * 4)
  for (const [i, x] of [0, 3, 5, 40].entries()) values[16 * i] = x
  const index = createVectorIndex({ count: 4, dimensions: 16, values })
  // 5 is near 3, which has joined 0 and stands for nothing.
  expect(Array.from(earliestWithin(index, [1, 1, 1, 1], 9))).toEqual([0, 0, 2, 3])
  expect(Array.from(earliestWithin(index, [1, 2, 1, 1], 9))).toEqual([0, 1, 2, 3])
  expect(Array.from(earliestWithin(index, [1, 1, 1, 1], 0))).toEqual([0, 1, 2, 3])
})

test('order-marginal values add up to the vote, whatever the order', () => {
  const games = fc.array(fc.tuple(fc.nat({ max: 9 }), fc.nat({ max: 1 })), { maxLength: 30 })
  fc.assert(
    fc.property(games, fc.integer({ min: 1, max: 5 }), (game, k) => {
      const distances = Int32Array.from(game, ([distance]) => distance)
      const matches = Uint8Array.from(game, ([, match]) => match)
      const values = marginalValues(distances, matches, k)
      const nearest = Array.from(game.keys())
        .toSorted((a, b) => distances[a]! - distances[b]! || a - b)
        .slice(0, k)
      const votes = nearest.reduce((total, i) => total + matches[i]!, 0)
      expect(values.reduce((total, one) => total + one, 0)).toBe(votes)
    }),
  )
})

test('a copy at the same place has no order-marginal value', () => {
  const distances = Int32Array.of(4, 2, 2, 4)
  const values = marginalValues(distances, Uint8Array.of(1, 1, 1, 1), 2)
  expect(Array.from(values)).toEqual([1, 1, 0, 0])
})

test('what is as often wrong as right earns nothing once losses weigh more', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 1n, max: 2n ** 20n }), (score) => {
      expect(weighLoss(score, 12_500n)).toBe(score)
      expect(weighLoss(-score, 10_000n)).toBe(-score)
      expect(weighLoss(score, 12_500n) + weighLoss(-score, 12_500n)).toBe(-(score / 4n))
    }),
  )
})
