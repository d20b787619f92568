/** The three curves give the same answers, and the choice between them is never a silent one. */
import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { chooseSecp256k1, loadNativeSecp256k1, loadWasmSecp256k1 } from '../../../node/crypto.ts'
import {
  curveOrder,
  nobleSecp256k1,
  type Secp256k1,
  silentLogger,
  toBigInt,
} from '../../../primitives/index.ts'

const native = loadNativeSecp256k1()
const wasm = await loadWasmSecp256k1()
const others: readonly Secp256k1[] = [native, wasm]

const bytes32 = fc.uint8Array({ minLength: 32, maxLength: 32 })
const privateKey = bytes32.filter((key) => toBigInt(key) > 0n && toBigInt(key) < curveOrder)
const bit = fc.constantFrom(0 as const, 1 as const)

test('sign, public key and recovery agree on random keys', () => {
  fc.assert(
    fc.property(bytes32, privateKey, (hash, key) => {
      const expected = nobleSecp256k1.sign(hash, key)
      const publicKey = nobleSecp256k1.publicKey(key)
      expect(nobleSecp256k1.recover(hash, expected)).toEqual(publicKey)
      for (const curve of others) {
        expect(curve.sign(hash, key)).toEqual(expected)
        expect(Uint8Array.from(curve.publicKey(key))).toEqual(publicKey)
        expect(Uint8Array.from(curve.recover(hash, expected)!)).toEqual(publicKey)
      }
    }),
    { numRuns: 30 },
  )
})

const odd = fc.oneof(
  fc.constantFrom(0n, 1n, 2n, 5n, curveOrder - 1n, curveOrder, curveOrder + 1n, 2n ** 256n, -1n),
  fc.bigInt({ min: 0n, max: 2n ** 256n - 1n }),
)

/** Addons answer with a Buffer, which Jest tells from other bytes. */
const plain = (key: Uint8Array | undefined) => key && Uint8Array.from(key)

test('recovery agrees on signatures that may be none, and never throws', () => {
  fc.assert(
    fc.property(bytes32, odd, odd, bit, (hash, r, s, yParity) => {
      const expected = plain(nobleSecp256k1.recover(hash, { r, s, yParity }))
      for (const curve of others)
        expect(plain(curve.recover(hash, { r, s, yParity }))).toEqual(expected)
    }),
    { numRuns: 150 },
  )
})

test.each([nobleSecp256k1, ...others])('$name: keys of 0 and of the order are refused', (curve) => {
  const order = Uint8Array.from(Buffer.from(curveOrder.toString(16), 'hex'))
  for (const key of [new Uint8Array(32), order]) {
    expect(() => curve.publicKey(key)).toThrow(Error)
    expect(() => curve.sign(new Uint8Array(32).fill(1), key)).toThrow(Error)
  }
})

test('the native addon is chosen where it loads', async () => {
  const { secp256k1, tried } = await chooseSecp256k1()
  expect(secp256k1.name).toBe('native')
  expect(tried).toEqual([
    { name: 'native', outcome: 'chosen', recoverUs: expect.any(Number) as unknown },
  ])
})

const absent = (): never => {
  throw new Error('no binary\nfor this machine')
}

test('what is absent, wrong or slow is passed over, and the log says so', async () => {
  let nowUs = 0
  const slow: Secp256k1 = {
    ...native,
    name: 'slow',
    recover(hash, signature) {
      nowUs += 1_900
      return native.recover(hash, signature)
    },
  }
  const wrong: Secp256k1 = { ...native, recover: () => new Uint8Array(64) }
  const warned: object[] = []
  const log = { ...silentLogger, warn: (facts: object) => void warned.push(facts) }
  const { secp256k1, tried } = await chooseSecp256k1(log, () => nowUs, [
    { name: 'absent', load: absent },
    { name: 'wrong', load: () => wrong },
    { name: 'slow', load: () => slow },
  ])
  expect(secp256k1).toBe(nobleSecp256k1)
  expect(tried).toEqual([
    { name: 'absent', outcome: 'unavailable', reason: 'no binary' },
    { name: 'wrong', outcome: 'wrong', reason: 'recovers another key' },
    { name: 'slow', outcome: 'slow', recoverUs: 1_900 },
    { name: 'noble', outcome: 'chosen' },
  ])
  expect(warned).toEqual([{ tried }])
})
