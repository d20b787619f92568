/** Merkle-sum trees: what a leaf can claim, that claims add up, and that nothing else passes. */
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import {
  buildSumTree,
  hashSumLeaf,
  proveSumLeaf,
  shareAt,
  splitByWeight,
  verifySumProof,
  type SumLeaf,
} from '../../../../attribution/methods/index.ts'
import { concat, keccak256, toFixedBytes } from '../../../../primitives/index.ts'

const leaf = (weight: bigint, contributionId = 1n, clusterId = 0n): SumLeaf => ({
  clusterId,
  contributionId,
  weight,
})
const weights = fc.array(fc.bigInt({ min: 0n, max: 2n ** 40n }), { minLength: 1, maxLength: 40 })
const several = weights.filter((list) => list.length > 1)
const sum = (values: readonly bigint[]) => values.reduce((a, b) => a + b, 0n)

const hash = (l: SumLeaf) =>
  keccak256(
    concat(
      Uint8Array.of(0),
      toFixedBytes(l.clusterId, 32),
      toFixedBytes(l.contributionId, 32),
      toFixedBytes(l.weight, 8),
    ),
  )

describe('Merkle-sum tree', () => {
  test('two leaves in the bytes of the specification', () => {
    const [a, b] = [leaf(5n, 7n, 3n), leaf(6n, 8n)]
    const top = keccak256(
      concat(Uint8Array.of(1), hash(a), toFixedBytes(5n, 8), hash(b), toFixedBytes(6n, 8)),
    )
    const root = keccak256(concat(Uint8Array.of(2), top, toFixedBytes(11n, 8), toFixedBytes(2n, 4)))
    expect(buildSumTree([a, b]).root).toEqual(root)
    expect(buildSumTree([a, b]).total).toBe(11n)
  })

  test('every leaf is proven with its offset; the shares of all sum to the amount', () => {
    fc.assert(
      fc.property(weights, fc.bigInt({ min: 0n, max: 10n ** 24n }), (list, amount) => {
        const leaves = list.map((weight, i) => leaf(weight, BigInt(i)))
        const tree = buildSumTree(leaves)
        let paid = 0n
        for (const [i, one] of leaves.entries()) {
          const proof = proveSumLeaf(tree, i)
          const claim = { leaf: hashSumLeaf(one), weight: one.weight, index: BigInt(i), proof }
          const place = verifySumProof(tree, claim)
          expect(place).toEqual({ offset: sum(list.slice(0, i)), leaves: list.length })
          if (tree.total > 0n)
            paid += shareAt(amount, {
              offset: place!.offset,
              weight: one.weight,
              total: tree.total,
            })
        }
        expect(paid).toBe(tree.total > 0n ? amount : 0n)
      }),
      { numRuns: 300 },
    )
  })

  test('no other weight, index, total, leaf, length or bit passes', () => {
    fc.assert(
      fc.property(several, fc.nat(), fc.nat(), (list, which, dice) => {
        const leaves = list.map((weight, i) => leaf(weight, BigInt(i)))
        const tree = buildSumTree(leaves)
        const i = which % leaves.length
        const proof = proveSumLeaf(tree, i)
        const claim = {
          leaf: hashSumLeaf(leaves[i]!),
          weight: leaves[i]!.weight,
          index: BigInt(i),
          proof,
        }
        const flipped = Uint8Array.from(proof)
        flipped[dice % proof.length]! ^= 1 << (dice & 7)
        for (const bad of [
          { ...claim, weight: claim.weight + 1n },
          { ...claim, weight: -claim.weight - 1n },
          { ...claim, weight: claim.weight + 2n ** 64n },
          { ...claim, index: claim.index + 1n },
          { ...claim, index: claim.index + 2n ** 32n },
          { ...claim, index: -1n },
          { ...claim, leaf: keccak256(claim.leaf) },
          { ...claim, proof: flipped },
          { ...claim, proof: proof.subarray(0, -1) },
          { ...claim, proof: proof.subarray(0, 4) },
          { ...claim, proof: new Uint8Array(0) },
          { ...claim, proof: concat(proof, new Uint8Array(40)) },
        ])
          expect(verifySumProof(tree, bad)).toBeUndefined()
        expect(verifySumProof({ ...tree, total: tree.total + 1n }, claim)).toBeUndefined()
      }),
      { numRuns: 500 },
    )
  })

  test('sums that overflow 64 bits make no tree and no proof', () => {
    expect(() => buildSumTree([leaf(2n ** 63n), leaf(2n ** 63n)])).toThrow('measure')
    expect(() => buildSumTree([leaf(2n ** 64n)])).toThrow(RangeError)
  })
})

describe('splitting', () => {
  test.each([
    [100n, [1n, 1n, 1n], [34n, 33n, 33n]],
    [10n, [1n, 2n, 3n], [2n, 3n, 5n]],
    [7n, [0n, 0n], [0n, 0n]],
    [0n, [5n, 5n], [0n, 0n]],
    [1n, [0n, 3n, 3n], [0n, 1n, 0n]],
  ])('%s over %j is %j', (amount, list, parts) => {
    expect(splitByWeight(amount, list)).toEqual(parts)
  })

  test('parts sum to the amount, and none is a whole wei off its exact share', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 10n ** 30n }), weights, (amount, list) => {
        const total = sum(list)
        fc.pre(total > 0n)
        const parts = splitByWeight(amount, list)
        expect(sum(parts)).toBe(amount)
        for (const [i, part] of parts.entries()) {
          const difference = part * total - amount * list[i]!
          expect(difference < total && difference > -total).toBe(true)
        }
      }),
      { numRuns: 1_000 },
    )
  })
})
