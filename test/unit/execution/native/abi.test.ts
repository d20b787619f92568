import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { encodeAbiParameters, type AbiParameter } from 'viem'
import { assertNever, concat, toBigInt, toFixedBytes, toHex } from '../../../../primitives/index.ts'
import { decodeArguments } from '../../../../execution/native/abi-decode.ts'
import { encodeValues } from '../../../../execution/native/abi-encode.ts'
import { parseAbiFields, type AbiType } from '../../../../execution/native/abi-type.ts'
import type { AbiValue } from '../../../../execution/native/abi-decode.ts'
import { createEchoes, echoCases } from '../../../support/abi-echo.ts'

/** Inputs a type: 200 in CI, more with ABI_FUZZ_RUNS (npm run fuzz:abi: 100,000 in total). */
const runs = Number(process.env['ABI_FUZZ_RUNS'] ?? 200)
const echoes = await createEchoes()
const free = () => undefined

const valueOf = (type: AbiType): fc.Arbitrary<AbiValue> => {
  switch (type.kind) {
    case 'uint': {
      const integer = fc.bigInt({ min: 0n, max: 2n ** BigInt(type.bits) - 1n })
      return type.bits <= 48 ? integer.map(Number) : integer
    }
    case 'int': {
      const half = 2n ** BigInt(type.bits - 1)
      const integer = fc.bigInt({ min: -half, max: half - 1n })
      return type.bits <= 48 ? integer.map(Number) : integer
    }
    case 'bool':
      return fc.boolean()
    case 'address':
      return fc.uint8Array({ minLength: 20, maxLength: 20 }).map(toHex)
    case 'fixedBytes':
      return fc.uint8Array({ minLength: type.size, maxLength: type.size }).map(toHex)
    case 'bytes':
      return fc.uint8Array({ maxLength: 70 }).map(toHex)
    case 'string':
      return fc.uint8Array({ maxLength: 70 }).map((bytes) => String.fromCharCode(...bytes))
    case 'array':
      return fc.array(
        valueOf(type.element),
        type.length === undefined
          ? { maxLength: 3 }
          : { minLength: type.length, maxLength: type.length },
      )
    case 'tuple':
      return fc.record(Object.fromEntries(type.fields.map((f) => [f.name, valueOf(f.type)])))
    default:
      return assertNever(type)
  }
}

/** Words that offsets, lengths and dirty values are made of. */
const nastyWord = fc.oneof(
  fc.constantFrom(
    0n,
    1n,
    31n,
    32n,
    33n,
    64n,
    96n,
    128n,
    2n ** 64n - 1n,
    2n ** 64n - 32n,
    2n ** 64n - 200n,
    2n ** 64n,
    2n ** 59n,
    2n ** 63n,
    2n ** 160n,
    2n ** 255n,
    2n ** 256n - 1n,
    2n ** 256n - 32n,
  ),
  fc.bigInt({ min: 0n, max: 400n }),
  fc.bigInt({ min: 0n, max: 2n ** 256n - 1n }),
)

type Mutation =
  | { readonly type: 'word'; readonly at: number; readonly word: bigint }
  | { readonly type: 'cut'; readonly at: number }
  | { readonly type: 'append'; readonly bytes: Uint8Array }
  | { readonly type: 'bit'; readonly at: number }

const mutation: fc.Arbitrary<Mutation> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ type: fc.constant('word' as const), at: fc.nat(), word: nastyWord }),
  },
  fc.record({ type: fc.constant('cut' as const), at: fc.nat() }),
  fc.record({ type: fc.constant('append' as const), bytes: fc.uint8Array({ maxLength: 40 }) }),
  fc.record({ type: fc.constant('bit' as const), at: fc.nat() }),
)

function mutate(data: Uint8Array, change: Mutation): Uint8Array {
  const bytes = data.slice()
  if (change.type === 'append') return concat(bytes, change.bytes)
  if (bytes.length === 0) return bytes
  if (change.type === 'cut') return bytes.subarray(0, change.at % bytes.length)
  const words = Math.floor(bytes.length / 32)
  if (change.type === 'word' && words > 0)
    bytes.set(toFixedBytes(change.word, 32), 32 * (change.at % words))
  if (change.type === 'bit') bytes[change.at % bytes.length]! ^= 1 << (change.at % 8)
  return bytes
}

describe.each(echoCases.map((echo, i) => [echo.solidity, i] as const))('%s', (_, i) => {
  const parameters = [echoCases[i]!.abi, { name: 'w', type: 'uint256' }] as readonly AbiParameter[]
  const fields = parseAbiFields(parameters)
  const values = fc.tuple(valueOf(fields[0]!.type), fc.bigInt({ min: 0n, max: 2n ** 256n - 1n }))

  test('is refused, decoded and encoded again as solc does, malformed inputs included', async () => {
    await fc.assert(
      fc.asyncProperty(values, fc.array(mutation, { maxLength: 3 }), async (value, changes) => {
        const data = changes.reduce(mutate, encodeValues(fields, value))
        const ours = decodeArguments(fields, data, free)
        const theirs = await echoes[i]!(data)
        expect(
          ours.type === 'revert'
            ? { reverted: true, data: toHex(ours.data) }
            : { reverted: false, data: toHex(encodeValues(fields, ours.values)) },
        ).toEqual({ reverted: theirs.reverted, data: toHex(theirs.data) })
      }),
      { numRuns: runs },
    )
  })
})

test('well-formed data is what viem encodes', () => {
  const fields = parseAbiFields([
    { type: 'string', name: 's' },
    { type: 'uint8[]', name: 'n' },
  ])
  expect(toHex(encodeValues(fields, ['hello', [1, 2]]))).toBe(
    encodeAbiParameters([{ type: 'string' }, { type: 'uint8[]' }], ['hello', [1, 2]]),
  )
})

test('work is charged for every word read, shared tails each time', () => {
  const fields = parseAbiFields([{ type: 'bytes[]', name: 'b' }])
  const tail = concat(toFixedBytes(320n, 32), new Uint8Array(320))
  const offsets = Array.from({ length: 10 }, () => toFixedBytes(320n, 32))
  const data = concat(toFixedBytes(32n, 32), toFixedBytes(10n, 32), ...offsets, tail)
  let charged = 0
  const decoded = decodeArguments(fields, data, (words) => (charged += words))
  expect(decoded.type).toBe('values')
  expect(charged).toBe(10 * 11)
  expect(toBigInt(data)).toBeGreaterThan(0n)
})
