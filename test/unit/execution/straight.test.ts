/**
 * Straight stretches against the library alone: whatever a program does, its outcome, gas, logs and storage are the
 * same. A tracer of steps has every opcode run by the library.
 */
import fc from 'fast-check'
import { expect, test } from '@jest/globals'
import { fromHex, toHex, type Hex } from '../../../primitives/index.ts'
import { context, contract, engine, sender, stateWith } from '../../support/engine.ts'

const pushes = fc.oneof(
  { weight: 3, arbitrary: fc.integer({ min: 0, max: 3 }).map((n) => [0x60, n]) },
  { weight: 3, arbitrary: fc.integer({ min: 0, max: 96 }).map((n) => [0x60, n]) },
  { weight: 1, arbitrary: fc.uint8Array({ minLength: 2, maxLength: 2 }).map((b) => [0x61, ...b]) },
  {
    weight: 2,
    arbitrary: fc.uint8Array({ minLength: 1, maxLength: 32 }).map((b) => [0x5f + b.length, ...b]),
  },
)
/** Everything but pushes, and what would make runs differ by chance: none does. */
const opcodes = [
  ...range(0x01, 0x0b),
  ...range(0x10, 0x1e),
  0x20,
  ...range(0x30, 0x4a),
  ...range(0x50, 0x5f),
  ...range(0x80, 0x9f),
  ...range(0xa0, 0xa4),
  0xf1,
  0xf4,
  0xfa,
  0xf3,
  0xfd,
]
const instruction = fc.oneof(
  { weight: 5, arbitrary: pushes },
  { weight: 6, arbitrary: fc.constantFrom(...opcodes).map((opcode) => [opcode]) },
  { weight: 1, arbitrary: fc.constant([0x5b]) },
)

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, i) => from + i)
}

/** With a jump now and then to a landing that is there. */
const program = fc
  .tuple(
    fc.array(instruction, { minLength: 1, maxLength: 60 }),
    fc.array(fc.tuple(fc.nat(), fc.nat(), fc.boolean()), { maxLength: 4 }),
  )
  .map(([list, jumps]) => {
    const parts = [[0x60, 1, 0x60, 2, 0x60, 3], ...list]
    for (const [at, target, isConditional] of jumps) {
      const place = parts.slice(0, 1 + (target % parts.length)).flat().length
      parts.splice(1 + (target % parts.length), 0, [0x5b])
      const jump = [0x61, place >> 8, place & 255, isConditional ? 0x57 : 0x56]
      parts.splice(1 + (at % parts.length), 0, jump)
    }
    return toHex(Uint8Array.from(parts.flat()))
  })

const slots = [0n, 1n, 2n, 3n]

async function run(code: Hex, gas: bigint, isStepwise: boolean, breathes: boolean) {
  const journal = stateWith(code)
  const call = { from: sender, to: contract, gas, gasPrice: 0n, value: 0n, data: fromHex('0x0102') }
  let breaths = 0
  const verdict = await engine.runCall(journal, context, call, {
    ...(isStepwise && { tracer: { step: () => undefined } }),
    ...(breathes && { breathe: () => void breaths++ }),
  })
  return { verdict, storage: slots.map((slot) => journal.storage(contract, slot)), breaths }
}

test('a program ends the same whether its opcodes run straight or one by one', async () => {
  await fc.assert(
    fc.asyncProperty(
      program,
      fc.constantFrom(21_600n, 40_000n, 200_000n),
      fc.boolean(),
      async (code, gas, breathes) => {
        const [straight, stepwise] = [
          await run(code, gas, false, breathes),
          await run(code, gas, true, breathes),
        ]
        expect({ ...straight, breaths: 0 }).toEqual({ ...stepwise, breaths: 0 })
      },
    ),
    { numRuns: Number(process.env['STRAIGHT_RUNS'] ?? 400) },
  )
})

const edges = [
  0n,
  1n,
  2n,
  31n,
  32n,
  255n,
  256n,
  2n ** 128n,
  2n ** 255n - 1n,
  2n ** 255n,
  2n ** 256n - 1n,
]
const word = (value: bigint): string => `7f${value.toString(16).padStart(64, '0')}`

test.each([...range(0x01, 0x0b), ...range(0x10, 0x1e)])(
  'opcode %i gives the same of all edges of its operands',
  async (opcode) => {
    const name = opcode.toString(16).padStart(2, '0')
    const parts = edges.flatMap((a, i) =>
      edges.map((b, j) => {
        const place = ((i * edges.length + j) * 32).toString(16).padStart(4, '0')
        return `6005${word(b)}${word(a)}${name}61${place}52`
      }),
    )
    const size = (edges.length ** 2 * 32).toString(16).padStart(4, '0')
    const code: Hex = `0x${parts.join('')}61${size}5ff3`
    const [straight, stepwise] = [
      await run(code, 500_000n, false, false),
      await run(code, 500_000n, true, false),
    ]
    expect(straight).toEqual(stepwise)
    expect(straight.verdict).toMatchObject({ value: { status: 'success' } })
  },
)

/** JUMPDEST, PUSH0, JUMP: until the gas is gone. */
const endless = '0x5b5f56'

test('a program that goes on for long asks for breath, however straight it runs', async () => {
  const { verdict, breaths } = await run(endless, 3_000_000n, false, true)
  expect(verdict).toMatchObject({ value: { status: 'halt', error: 'out of gas' } })
  expect(breaths).toBeGreaterThan(20)
  expect(breaths).toBeLessThan(60)
})

test.each([
  ['SSTORE', '0x5b600054600101600055600056', 100],
  ['TSTORE', '0x5b600160005d600056', 150],
  ['BALANCE', '0x5b303150600056', 150],
  ['LOG0', '0x5b60006000a0600056', 40],
] as const)('so does a loop with %s in each round', async (_name, code, least) => {
  const { verdict, breaths } = await run(code, 3_000_000n, false, true)
  expect(verdict).toMatchObject({ value: { status: 'halt', error: 'out of gas' } })
  expect(breaths).toBeGreaterThan(least)
  expect(breaths).toBeLessThan(400)
})

test('one call that breathes does not have the library run all that follow', async () => {
  // STATICCALL of the identity for ever; the library's call leaves an empty account behind.
  const code = '0x5b5f5f5f5f60045afa505f56'
  const straight = await run(code, 3_000_000n, false, true)
  expect(straight.breaths).toBeLessThan(60)
  expect({ ...straight, breaths: 0 }).toEqual({
    ...(await run(code, 3_000_000n, true, true)),
    breaths: 0,
  })
})

test('memory that grows in a straight stretch costs what it costs the library', async () => {
  // for (i = 0; 0x3070 > i; i += 31) mem[i] = i; return MSIZE
  const code = '0x5f5b808052601f018061307011600157595f5260205ff3'
  const [straight, stepwise] = [
    await run(code, 500_000n, false, false),
    await run(code, 500_000n, true, false),
  ]
  expect(straight).toEqual(stepwise)
  expect(straight.verdict).toMatchObject({ value: { status: 'success' } })
})
