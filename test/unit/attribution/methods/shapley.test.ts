/** The closed forms of kNN and RAG Shapley values against the definition: all coalitions, in bigints. */
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import {
  createVectorIndex,
  orderByDistance,
  strideOf,
} from '../../../../attribution/methods/distances.ts'
import { add, type Fraction, fraction, zero } from '../../../../attribution/methods/fraction.ts'
import {
  exactShapley,
  hitsOf,
  knnShapley,
  shapleyByRank,
  shapleyDoubles,
  shapleyOne,
} from '../../../../attribution/methods/knn-shapley.ts'
import { ragShapley } from '../../../../attribution/methods/rag-shapley.ts'
import { splitByWeight } from '../../../../attribution/methods/split.ts'
import { createDice } from '../../../support/dice.ts'

const seed = Number(process.env['SEED'] ?? 2679)

const factorials = [1n]
for (let i = 1n; i <= 12n; i++) factorials.push((factorials.at(-1) ?? 1n) * i)

/** Shapley's definition over every coalition of players 0 .. count-1, whose values are integers. */
function bruteForce(count: number, valueOf: (coalition: number) => number): Fraction[] {
  const values = Array.from({ length: 2 ** count }, (_, coalition) => valueOf(coalition))
  return Array.from({ length: count }, (_, player) => {
    const rises = Array.from({ length: count }, () => 0)
    for (let coalition = 0; coalition < values.length; coalition++) {
      if (coalition & (1 << player)) continue
      let size = 0
      for (let rest = coalition; rest !== 0; rest &= rest - 1) size++
      rises[size]! += values[coalition | (1 << player)]! - values[coalition]!
    }
    const sum = rises.reduce(
      (total, rise, size) =>
        total + BigInt(rise) * factorials[size]! * factorials[count - size - 1]!,
      0n,
    )
    return fraction(sum, factorials[count])
  })
}

/** Sum of the first k of the coalition's members, in order. */
const firstOf = (scores: ArrayLike<number>, k: number) => (coalition: number) => {
  let [sum, taken] = [0, 0]
  for (let i = 0; i < scores.length && taken < k; i++)
    if (coalition & (1 << i)) {
      sum += scores[i]!
      taken++
    }
  return sum
}

const sumOf = (values: readonly Fraction[]): Fraction => values.reduce(add, zero)
const distance = (a: bigint, b: bigint): bigint => (a > b ? a - b : b - a)

/** Two points at one distance, asked for label 7. */
const tied = (labels: Int32Array): bigint[] =>
  Array.from(knnShapley(Int32Array.of(9, 9), labels, { label: 7, k: 1 }))

describe('kNN-Shapley', () => {
  test('1,200 games of up to ten points: equal to the definition, in rationals', () => {
    const dice = createDice(seed)
    let games = 0
    for (let count = 1; count <= 10; count++)
      for (let k = 1; k <= 5; k++)
        for (let game = 0; game < 24; game++, games++) {
          const matches = Uint8Array.from({ length: count }, () => dice.below(2))
          const expected = bruteForce(count, firstOf(matches, k)).map(({ n, d }) =>
            fraction(n, d * BigInt(k)),
          )
          const exact = exactShapley(matches, k)
          expect(exact).toEqual(expected)
          expect(sumOf(exact)).toEqual(fraction(hitsOf(matches, k), k))
          const fixed = shapleyByRank(matches, k)
          for (const [i, { n, d }] of exact.entries()) {
            const off = distance(fixed[i]! * d, n * shapleyOne)
            // The nearest point takes what all the others' rounding left.
            expect(off < d * BigInt(count) * (i === 0 ? BigInt(count) : 1n)).toBe(true)
            expect(shapleyDoubles(matches, k)[i]).toBeCloseTo(Number(n) / Number(d), 14)
          }
        }
    expect(games).toBe(1_200)
  })

  test('values in units of 2^-62 are those of an independent program', () => {
    expect([...shapleyByRank(Uint8Array.of(1, 0, 1, 1, 0, 1), 1)]).toEqual([
      3305041646539627998n,
      -1306644371887759906n,
      999198637325934046n,
      999198637325934046n,
      -153722867280912930n,
      768614336404564650n,
    ])
    expect(exactShapley(Uint8Array.of(1, 0, 1, 1, 0, 1), 3)).toEqual(
      [39, -21, 39, 39, -6, 30].map((n) => fraction(n, 180)),
    )
  })

  test('values sum to the game to the last unit, and pay a fee to the wei', () => {
    const games = fc.record({
      matches: fc.uint8Array({ min: 0, max: 1, minLength: 1, maxLength: 3_000 }),
      k: fc.integer({ min: 1, max: 40 }),
      fee: fc.bigInt({ min: 0n, max: 10n ** 20n }),
    })
    fc.assert(
      fc.property(games, ({ matches, k, fee }) => {
        const values = shapleyByRank(matches, k)
        const sum = values.reduce((total, value) => total + value, 0n)
        expect(sum).toBe((BigInt(hitsOf(matches, k)) * shapleyOne) / BigInt(k))
        const paid = splitByWeight(
          fee,
          Array.from(values, (value) => (value > 0n ? value : 0n)),
        )
        const whole = paid.reduce((total, part) => total + part, 0n)
        expect(whole).toBe(values.some((value) => value > 0n) ? fee : 0n)
      }),
    )
  })

  test('a tie in distance is the earlier point’s', () => {
    expect([...orderByDistance(Int32Array.of(5, 2, 5, 2))]).toEqual([1, 3, 0, 2])
    expect(tied(Int32Array.of(7, 8))).toEqual([shapleyOne, 0n])
    expect(tied(Int32Array.of(8, 7))).toEqual([-shapleyOne / 2n, shapleyOne / 2n])
  })

  test('splitting an identity gains nothing: points play, not people', () => {
    const matches = Uint8Array.of(1, 1, 0, 1, 0, 1, 1)
    const values = exactShapley(matches, 2)
    // The same points under one name or seven.
    expect(sumOf(values)).toEqual(fraction(2, 2))
  })
})

describe('RAG-Shapley', () => {
  test('1,000 games of up to ten candidates: equal to the definition, in rationals', () => {
    const dice = createDice(seed + 1)
    let games = 0
    for (let count = 1; count <= 10; count++)
      for (let k = 1; k <= 4; k++)
        for (let game = 0; game < 25; game++, games++) {
          const relevances = Array.from({ length: count }, () => dice.below(100)).toSorted(
            (a, b) => b - a,
          )
          const { numerators, denominator } = ragShapley(relevances.map(BigInt), k)
          expect(numerators.map((n) => fraction(n, denominator))).toEqual(
            bruteForce(count, firstOf(relevances, k)),
          )
        }
    expect(games).toBe(1_000)
  })

  test('the example of the specification; an ascending list is refused', () => {
    const { numerators, denominator } = ragShapley([90n, 50n, 20n, 5n], 2)
    expect(numerators.map((n) => Number(n) / Number(denominator))).toEqual([82.5, 42.5, 12.5, 2.5])
    expect(() => ragShapley([1n, 2n], 1)).toThrow('descend')
  })
})

describe('distances', () => {
  const sets = fc
    .record({
      dimensions: fc.integer({ min: 1, max: 70 }),
      count: fc.integer({ min: 1, max: 40 }),
      seed: fc.nat(),
    })
    .map(({ dimensions, count, seed: from }) => {
      const dice = createDice(from)
      const stride = strideOf(dimensions)
      const vector = () => Int8Array.from({ length: dimensions }, () => dice.below(256) - 128)
      const values = new Int8Array(count * stride)
      for (let i = 0; i < count; i++) values.set(vector(), i * stride)
      return { set: { count, dimensions, values }, query: vector() }
    })

  test('WebAssembly and JavaScript give the same integers, and those of the definition', () => {
    fc.assert(
      fc.property(sets, ({ set, query }) => {
        const [fast, plain] = [createVectorIndex(set), createVectorIndex(set, false)]
        const stride = strideOf(set.dimensions)
        const rows = Array.from({ length: set.count }, (_, i) =>
          set.values.slice(i * stride, i * stride + set.dimensions),
        )
        const distances = rows.map((row) =>
          row.reduce((sum, value, j) => sum + (value - query[j]!) ** 2, 0),
        )
        const products = rows.map((row) =>
          row.reduce((sum, value, j) => sum + value * query[j]!, 0),
        )
        expect([...fast.distancesTo(query)]).toEqual(distances)
        expect([...plain.distancesTo(query)]).toEqual(distances)
        expect([...fast.productsWith(query)]).toEqual(products)
        expect([...plain.productsWith(query)]).toEqual(products)
      }),
    )
  })

  test('the largest distance there can be is exact', () => {
    const dimensions = 33_024
    const values = new Int8Array(dimensions).fill(127)
    const query = new Int8Array(dimensions).fill(-128)
    const expected = [255 * 255 * dimensions]
    for (const useWasm of [true, false]) {
      const index = createVectorIndex({ count: 1, dimensions, values }, useWasm)
      expect([...index.distancesTo(query)]).toEqual(expected)
    }
  })

  test('more points than an index has room for beside a digit keep their order too', () => {
    const order = orderByDistance(new Int32Array(2 ** 20 + 1).fill(7))
    expect(order.every((point, rank) => point === rank)).toBe(true)
  })

  test('the order is by distance, then index, for any distances', () => {
    /** All alike; ties; what two digits can tell apart, to the last bit; one bit more; all there is. */
    const spreads = [0, 7, 2 ** 24 - 1, 2 ** 24, 2 ** 31 - 1].map((spread) =>
      fc
        .tuple(
          fc.integer({ min: 0, max: 2 ** 31 - 1 - spread }),
          fc.array(fc.integer({ min: 0, max: spread })),
        )
        .map(([least, list]) => [least + spread, least, ...list.map((above) => least + above)]),
    )
    fc.assert(
      fc.property(fc.oneof(fc.constant([]), ...spreads), (list) => {
        const expected = Array.from(list.keys()).toSorted(
          (a, b) => (list[a] ?? 0) - (list[b] ?? 0) || a - b,
        )
        expect([...orderByDistance(Int32Array.from(list))]).toEqual(expected)
      }),
      { numRuns: 300 },
    )
  })
})
