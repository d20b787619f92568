/** exp and log: the bits of attribution notes 2.1, and how far they are from the platform's. */
import { expect, test } from '@jest/globals'
import { dexp, dlog } from '../../../../attribution/methods/exact-math.ts'
import { createDice } from '../../../support/dice.ts'

const bitsOf = (x: number): string => {
  const view = new DataView(new ArrayBuffer(8))
  view.setFloat64(0, x)
  return view.getBigUint64(0).toString(16).padStart(16, '0')
}

test.each([
  [0, '3ff0000000000000'],
  [1, '4005bf0a8b14576a'],
  [-1, '3fd78b56362cef38'],
  [-0.5, '3fe368b2fc6f960a'],
  [10, '40d5829dcf950560'],
  [-37.25, '3c93278bcd70e981'],
  [-700, '00d14f2b0fb9307f'],
  [-700.1, '0000000000000000'],
  [-Infinity, '0000000000000000'],
])('dexp(%d) is 0x%s', (x, bits) => {
  expect(bitsOf(dexp(x))).toBe(bits)
})

test.each([
  [2, '3fe62e42fefa39ef'],
  [0.5, 'bfe62e42fefa39ef'],
  [10, '40026bb1bbb55516'],
  [0.1, 'c0026bb1bbb55515'],
  [3, '3ff193ea7aad030b'],
  [1e9, '4034b927f32bffb8'],
  [1e-9, 'c034b927f32bffb8'],
])('dlog(%d) is 0x%s', (x, bits) => {
  expect(bitsOf(dlog(x))).toBe(bits)
})

test('beyond 700 exp stays where it is, and a log of nothing is refused', () => {
  expect(dexp(1e300)).toBe(dexp(700))
  for (const x of [0, -1, Number.NaN, Infinity, 5e-324]) expect(() => dlog(x)).toThrow(RangeError)
})

test('they are within a few units in the last place of the platform’s', () => {
  const dice = createDice(11)
  for (let i = 0; i < 20_000; i++) {
    const x = (dice.below(80_000_001) - 40_000_000) / 1e6
    expect(Math.abs(dexp(x) / Math.exp(x) - 1)).toBeLessThan(5e-16)
    const y = (1 + dice.below(1_000_000_000)) / 1e4
    expect(Math.abs(dlog(y) - Math.log(y))).toBeLessThan(5e-16 * Math.max(1, Math.abs(Math.log(y))))
  }
})
