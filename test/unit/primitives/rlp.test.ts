/** RLP that only an attacker writes. */
import { expect, jest, test } from '@jest/globals'
import { RLP } from '@ethereumjs/rlp'
import fc from 'fast-check'
import {
  decodeRlp,
  decodeRlpStream,
  encodePassingRlp,
  encodeRlp,
  RlpError,
  type RlpItem,
  toHex,
} from '../../../primitives/index.ts'

/** Lists in lists, `depth` in all, header by header. */
function nested(depth: number): Uint8Array {
  const headers: Uint8Array[] = []
  let size = 0
  for (let i = 0; i < depth; i++) {
    const digits = size.toString(16)
    const length = Buffer.from(digits.length % 2 ? `0${digits}` : digits, 'hex')
    const header = size < 56 ? Buffer.of(0xc0 + size) : Buffer.of(0xf7 + length.length, ...length)
    headers.push(header)
    size += header.length
  }
  return new Uint8Array(Buffer.concat(headers.toReversed()))
}

test('lists nested deeper than 8 are refused before the library sees them', () => {
  const bomb = nested(31_000)
  const decode = jest.spyOn(RLP, 'decode')
  expect(() => decodeRlp(bomb)).toThrow(new RlpError('lists nested deeper than 8'))
  expect(() => [...decodeRlpStream(bomb)]).toThrow(new RlpError('lists nested deeper than 8'))
  expect(decode).not.toHaveBeenCalled()
  decode.mockRestore()
  expect(encodeRlp(decodeRlp(nested(8)))).toEqual(nested(8))
  expect(() => decodeRlp(nested(9))).toThrow(RlpError)
})

const attempt = (decode: () => unknown): unknown => {
  try {
    return decode()
  } catch {
    return 'refused'
  }
}

test('what is no natural number has no encoding', () => {
  for (const item of [-1n, -1, 1.5, Number.NaN, Infinity, 2 ** 53])
    expect(() => encodeRlp([item])).toThrow('RLP has natural numbers')
})

test('integers are encoded as the library encodes them, at each length', () => {
  const edges = [0n, 1n, 0x7fn, 0x80n, 0xffn, 0x100n, 2n ** 32n, 2n ** 53n - 1n, 2n ** 53n]
  for (const value of [...edges, 2n ** 64n - 1n, 10n ** 27n, 2n ** 256n - 1n])
    expect(encodeRlp([value, [value]])).toEqual(RLP.encode([value, [value]]))
  const safe = fc.maxSafeNat()
  fc.assert(
    fc.property(safe, fc.bigInt({ min: 0n, max: 2n ** 80n }), (number, bigint) => {
      expect(encodeRlp([number, bigint])).toEqual(RLP.encode([number, bigint]))
    }),
  )
})

test('what is encoded is what the library encodes, at each length of a header', () => {
  const sizes = [0, 1, 55, 56, 57, 255, 256, 65_535, 65_536, 70_000]
  for (const size of sizes)
    for (const item of [
      new Uint8Array(size).fill(7),
      [new Uint8Array(size)],
      [[], [Uint8Array.of(size)]],
    ])
      expect(encodeRlp(item)).toEqual(RLP.encode(item))
  const { tree } = fc.letrec<{ tree: RlpItem }>((tie) => ({
    tree: fc.oneof(fc.uint8Array({ maxLength: 70 }), fc.array(tie('tree'), { maxLength: 6 })),
  }))
  fc.assert(
    fc.property(tree, (item) => {
      expect(encodeRlp(item)).toEqual(RLP.encode(item as Parameters<typeof RLP.encode>[0]))
    }),
  )
})

test('what passes is encoded alike, behind zeros, and no two share a byte', () => {
  const items = Array.from({ length: 300 }, (_, i) => new Uint8Array(10 * i).fill(i))
  const encoded = items.map((item, i) => encodePassingRlp([item], i % 3))
  for (const [i, item] of items.entries()) {
    expect(encoded[i]?.subarray(0, i % 3)).toEqual(new Uint8Array(i % 3))
    expect(encoded[i]?.subarray(i % 3)).toEqual(encodeRlp([item]))
  }
})

test('hex is encoded as the bytes that it stands for, and what is no hex is refused', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 300 })), (items) => {
      expect(encodeRlp(items.map((bytes) => toHex(bytes)))).toEqual(encodeRlp(items))
    }),
  )
  for (const hex of ['0x0', '0x012', '0xzz', '0x0g', '0x12\u0131'] as const)
    expect(() => encodeRlp([hex])).toThrow('hex')
})

test('the scan takes and refuses the same bytes as the library', () => {
  const { tree } = fc.letrec<{ tree: RlpItem }>((tie) => ({
    tree: fc.oneof(
      { maxDepth: 5 },
      fc.uint8Array({ maxLength: 70 }),
      fc.array(tie('tree'), { maxLength: 6 }),
    ),
  }))
  fc.assert(
    fc.property(tree, fc.nat(), fc.nat(255), (item, at, byte) => {
      const bytes = encodeRlp(item)
      expect(decodeRlp(bytes)).toEqual(item)
      bytes[at % bytes.length] = byte
      expect(attempt(() => decodeRlp(bytes))).toEqual(attempt(() => RLP.decode(bytes)))
    }),
    { numRuns: 500 },
  )
})
