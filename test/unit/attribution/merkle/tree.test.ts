/** Trees of every small size, single and joint proofs, and random damage to them. */
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import {
  hashLeaf,
  merkleRoot,
  merkleTree,
  proveLeaf,
  proveLeaves,
  verifyLeaf,
  verifyLeaves,
} from '../../../../attribution/methods/index.ts'
import { concat, keccak256, toHex } from '../../../../primitives/index.ts'

const leavesOf = (size: number): Uint8Array[] =>
  Array.from({ length: size }, (_, i) => Uint8Array.of(i >> 8, i & 255))
const node = (left: Uint8Array, right: Uint8Array) =>
  keccak256(concat(Uint8Array.of(1), left, right))
const zero = new Uint8Array(32)

describe('Merkle tree', () => {
  test('three leaves: prefixes apart, the missing fourth is 32 zero bytes', () => {
    const [a, b, c] = leavesOf(3).map(hashLeaf) as [Uint8Array, Uint8Array, Uint8Array]
    expect(merkleRoot(leavesOf(3))).toEqual(node(node(a, b), node(c, zero)))
    expect(toHex(hashLeaf(Uint8Array.of(7)))).toBe(toHex(keccak256(Uint8Array.of(0, 7))))
  })

  test('no leaves: 32 zero bytes; one leaf: its hash', () => {
    expect(merkleRoot([])).toEqual(zero)
    expect(merkleRoot(leavesOf(1))).toEqual(hashLeaf(Uint8Array.of(0, 0)))
  })

  test('every leaf of every size up to 20 is proven at its index and at no other', () => {
    for (let size = 1; size <= 20; size++) {
      const leaves = leavesOf(size)
      const tree = merkleTree(leaves)
      const root = merkleRoot(leaves)
      for (const [index, leaf] of leaves.entries()) {
        const proof = proveLeaf(tree, index)
        for (let other = 0; other < 2 ** proof.length + 2; other++)
          expect(verifyLeaf(root, leaf, other, proof)).toBe(other === index)
      }
    }
  })

  test('an inner node is no leaf, a shortened or lengthened path no proof', () => {
    const leaves = leavesOf(8)
    const tree = merkleTree(leaves)
    const root = merkleRoot(leaves)
    const proof = proveLeaf(tree, 5)
    const inner = concat(hashLeaf(leaves[4]!), hashLeaf(leaves[5]!))
    expect(verifyLeaf(root, inner, 2, proof.slice(1))).toBe(false)
    expect(verifyLeaf(root, concat(Uint8Array.of(1), inner), 2, proof.slice(1))).toBe(false)
    expect(verifyLeaf(root, leaves[5]!, 5, proof.slice(0, -1))).toBe(false)
    expect(verifyLeaf(root, leaves[5]!, 5, [...proof, zero])).toBe(false)
    expect(verifyLeaf(root, leaves[5]!, -1, proof)).toBe(false)
    expect(verifyLeaf(root, leaves[5]!, 5.5, proof)).toBe(false)
  })
})

const someOf = fc
  .integer({ min: 1, max: 70 })
  .chain((size) =>
    fc.tuple(
      fc.constant(size),
      fc.uniqueArray(fc.nat({ max: size - 1 }), { minLength: 1, maxLength: size }),
    ),
  )
  .map(([size, picked]) => ({ size, indexes: picked.toSorted((a, b) => a - b) }))

describe('multiproof', () => {
  test('proves any set of leaves', () => {
    fc.assert(
      fc.property(someOf, ({ size, indexes }) => {
        const leaves = leavesOf(size)
        const proof = proveLeaves(merkleTree(leaves), indexes)
        const placed = indexes.map((index) => ({ index, data: leaves[index]! }))
        expect(verifyLeaves(merkleRoot(leaves), placed, proof)).toBe(true)
      }),
      { numRuns: 1_000 },
    )
  })

  test('is refused with any record or leaf changed, moved, left out or doubled', () => {
    const damage = fc.constantFrom('flip', 'drop', 'double', 'move', 'leaf')
    fc.assert(
      fc.property(someOf, damage, fc.nat(), ({ size, indexes }, kind, dice) => {
        const leaves = leavesOf(size)
        const proof = proveLeaves(merkleTree(leaves), indexes)
        const placed = indexes.map((index) => ({ index, data: leaves[index]! }))
        const at = dice % Math.max(1, proof.length)
        if (kind === 'leaf') placed[dice % placed.length]!.data = Uint8Array.of(9, 9, 9)
        else if (kind === 'move') placed[placed.length - 1]!.index += 1 + (dice % 100)
        else if (proof.length === 0) proof.push(zero)
        else if (kind === 'flip')
          proof[at] = proof[at]!.map((byte, i) => (i === 3 ? byte ^ 4 : byte))
        else proof.splice(at, 1, ...(kind === 'double' ? [proof[at]!, proof[at]!] : []))
        expect(verifyLeaves(merkleRoot(leaves), placed, proof)).toBe(false)
      }),
      { numRuns: 2_000 },
    )
  })

  test('no leaves, doubled ones and ones out of order prove nothing', () => {
    const leaves = leavesOf(4)
    const root = merkleRoot(leaves)
    const [a, b] = [0, 1].map((index) => ({ index, data: leaves[index]! }))
    const proof = proveLeaves(merkleTree(leaves), [0, 1])
    expect(verifyLeaves(root, [a!, b!], proof)).toBe(true)
    expect(verifyLeaves(root, [b!, a!], proof)).toBe(false)
    expect(verifyLeaves(root, [a!, a!, b!], proof)).toBe(false)
    expect(verifyLeaves(root, [], [root])).toBe(false)
  })
})
