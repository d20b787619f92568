/** Schemas: one form for each value, limits before work, a fault that names its field. */
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import {
  bytes,
  createCodec,
  encodeRlp,
  fixedHex,
  integer,
  list,
  nullable,
  oneOf,
  record,
  type RlpItem,
  type Schema,
  text,
  toHex,
  uint,
  variants,
} from '../../../primitives/index.ts'

type Shape =
  | { readonly type: 'point'; readonly x: number; readonly name: string }
  | { readonly type: 'path'; readonly points: readonly bigint[]; readonly id: `0x${string}` | null }
const shapeSchema: Schema<Shape> = variants<Shape>({
  point: { number: 1, schema: record({ x: integer(-5, 5), name: text(8) }) },
  path: { number: 2, schema: record({ points: list(uint(64), 3), id: nullable(fixedHex(4)) }) },
})
const codec = createCodec(shapeSchema, 64)

const anyShape: fc.Arbitrary<Shape> = fc.oneof(
  fc.record({
    type: fc.constant('point' as const),
    x: fc.integer({ min: -5, max: 5 }),
    name: fc.string({ maxLength: 8 }),
  }),
  fc.record({
    type: fc.constant('path' as const),
    points: fc.array(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), { maxLength: 3 }),
    id: fc.option(fc.uint8Array({ minLength: 4, maxLength: 4 }).map(toHex)),
  }),
)

test('what was encoded comes back', () => {
  fc.assert(
    fc.property(anyShape, (shape) => {
      expect(codec.decode(codec.encode(shape))).toEqual({ type: 'accept', value: shape })
    }),
  )
})

test('whatever bytes are accepted are the one form of their value', () => {
  const anyItem = fc.letrec<{ item: RlpItem }>((tie) => ({
    item: fc.oneof(
      { depthSize: 'small' },
      fc.uint8Array({ maxLength: 5 }),
      fc.array(tie('item'), { maxLength: 3 }),
    ),
  })).item
  const near = fc.tuple(fc.constantFrom(1, 2), fc.array(anyItem, { minLength: 2, maxLength: 2 }))
  fc.assert(
    fc.property(near, ([number, fields]) => {
      const sent = encodeRlp([Uint8Array.of(number), fields])
      const verdict = codec.decode(sent)
      const again = verdict.type === 'accept' ? codec.encode(verdict.value) : sent
      expect(again).toEqual(sent)
    }),
    { numRuns: 2_000 },
  )
})

test('what is too long is not looked at', () => {
  expect(codec.decode(new Uint8Array(65).fill(0xff))).toMatchObject({ code: 'TOO_LARGE' })
})

const none = new Uint8Array(0)
const one = Uint8Array.of(1)
test.each<[string, RlpItem, string]>([
  ['another variant', [Uint8Array.of(3), []], 'message.type is 3, which means nothing'],
  ['a field too many', [one, [one, none, none]], 'message.point has 3 items, not 2'],
  ['a number out of range', [one, [Uint8Array.of(11), none]], 'message.point.x is over 5'],
  ['leading zeros', [one, [Uint8Array.of(0, 1), none]], 'message.point.x has leading zeros'],
  ['a text too long', [one, [one, new Uint8Array(9)]], 'message.point.name has over 8 bytes'],
  ['bytes that are no text', [one, [one, Uint8Array.of(0xff)]], 'message.point.name is not UTF-8'],
  [
    'a list too long',
    [Uint8Array.of(2), [[one, one, one, one], none]],
    'message.path.points has over 3 items',
  ],
  [
    'an integer too wide',
    [Uint8Array.of(2), [[new Uint8Array(9).fill(1)], none]],
    'message.path.points[0] does not fit 64 bits',
  ],
  [
    'an id too short',
    [Uint8Array.of(2), [[], Uint8Array.of(1, 2, 3)]],
    'message.path.id has 3 bytes, not 4',
  ],
  ['a list for bytes', [one, [[], none]], 'message.point.x is not bytes'],
  ['bytes for a list', [Uint8Array.of(2), [none, none]], 'message.path.points is not a list'],
])('%s is refused with its name', (_, item, message) => {
  expect(codec.decode(encodeRlp(item))).toEqual({ type: 'reject', code: 'MALFORMED', message })
})

test('7 bits are 7 bits', () => {
  const small = createCodec(uint(7), 8)
  expect(small.decode(Uint8Array.of(0x7f))).toEqual({ type: 'accept', value: 127n })
  expect(small.decode(Uint8Array.of(0x81, 0x80))).toMatchObject({ code: 'MALFORMED' })
})

describe('a value outside the schema is not encoded', () => {
  test.each<[string, () => unknown]>([
    ['a wide integer', () => uint(8).encode(256n)],
    ['a negative integer', () => uint(8).encode(-1n)],
    ['a number out of range', () => integer(0, 5).encode(6)],
    ['a fraction', () => integer(0, 5).encode(1.5)],
    ['hex of another length', () => fixedHex(2).encode('0x01')],
    ['too many bytes', () => bytes(1).encode(new Uint8Array(2))],
    ['too many items', () => list(uint(8), 1).encode([1n, 2n])],
  ])('%s', (_, encode) => {
    expect(encode).toThrow(RangeError)
  })

  test('words have numbers', () => {
    expect(encodeRlp(oneOf({ yes: 1, no: 0 }).encode('no'))).toEqual(encodeRlp(none))
  })
})

test('what could not be told apart on the wire is refused where the schema is made', () => {
  expect(() => oneOf({ some: 1, far: 256 })).toThrow('the number of a word is one byte')
  expect(() => oneOf({ half: 0.5 })).toThrow('the number of a word is one byte')
  expect(() => integer(-1, Number.MAX_SAFE_INTEGER)).toThrow('a distance is exact')
})
