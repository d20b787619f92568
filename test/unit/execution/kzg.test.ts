/** KZG proofs of polynomials simple enough to prove by hand. */
import { expect, jest, test } from '@jest/globals'
import { bls12_381 as curve } from '@noble/curves/bls12-381.js'
import { verifyProof } from '../../../execution/kzg.ts'

const { BASE, ZERO } = curve.G1.Point
/** [tau]G1, second entry of `g1_monomial` in the trusted setup: the commitment to p(x) = x. */
const identity =
  '0xad3eb50121139aa34db1d545093ac9374ab7bca2c0f3bf28e27c8dcd8fc7cb42d25926fc0c97b336e9f0fb35e5a04c81'
const point = (p: typeof BASE) => `0x${p.toHex(true)}`
const scalar = (value: bigint) => `0x${value.toString(16).padStart(64, '0')}`

test('p(x) = x is proven by the quotient 1 at any point', () => {
  expect(verifyProof(identity, scalar(77n), scalar(77n), point(BASE))).toBe(true)
  expect(verifyProof(identity, scalar(0n), scalar(0n), point(BASE))).toBe(true)
  expect(verifyProof(identity, scalar(77n), scalar(78n), point(BASE))).toBe(false)
  expect(verifyProof(identity, scalar(77n), scalar(77n), point(BASE.double()))).toBe(false)
})

test('a constant is proven by the point at infinity', () => {
  expect(verifyProof(point(BASE.multiply(5n)), scalar(9n), scalar(5n), point(ZERO))).toBe(true)
  expect(verifyProof(point(BASE.multiply(5n)), scalar(9n), scalar(6n), point(ZERO))).toBe(false)
  expect(verifyProof(point(ZERO), scalar(9n), scalar(0n), point(ZERO))).toBe(true)
})

test('bad points and scalars are the bad arguments the library knows', () => {
  const order = scalar(curve.fields.Fr.ORDER)
  expect(() => verifyProof(identity, order, scalar(1n), point(BASE))).toThrow('C_KZG_BADARGS')
  expect(() => verifyProof(identity, scalar(1n), order, point(BASE))).toThrow('C_KZG_BADARGS')
  const nowhere = `0x8${'1'.repeat(95)}`
  expect(() => verifyProof(nowhere, scalar(1n), scalar(1n), point(BASE))).toThrow('C_KZG_BADARGS')
})

test('the point of the setup is read once', () => {
  expect(verifyProof(identity, scalar(77n), scalar(77n), point(BASE))).toBe(true)
  // The classes are frozen, so reading is seen one step below: the digits of 96 bytes.
  const reads = jest.spyOn(String.prototype, 'charCodeAt')
  expect(verifyProof(identity, scalar(77n), scalar(77n), point(BASE))).toBe(true)
  const long = reads.mock.contexts.filter((text) => String(text).length === 192).length
  reads.mockRestore()
  expect(long).toBe(0)
})
