/**
 * Calls of precompiles and native views inside a straight stretch, against the library alone: whatever is called,
 * with whatever gas and memory, outcome, gas, storage and what a tracer hears of frames are the same.
 */
import fc from 'fast-check'
import { expect, test } from '@jest/globals'
import type { FrameEnd, FrameStart, Tracer } from '../../../execution/tracer.ts'
import { fromHex, toHex, type Address, type Hex } from '../../../primitives/index.ts'
import { context, contract, sender } from '../../support/engine.ts'
import {
  guardAddress,
  nativeEngine,
  nativeState,
  vaultAddress,
  vaultCall,
} from '../../support/native.ts'

const lone: Address = `0x${'ab'.repeat(20)}`
const delegating: Address = `0x${'dd'.repeat(20)}`
const precompile = (n: number): Address => `0x${n.toString(16).padStart(40, '0')}`

const payloads: readonly Hex[] = [
  '0x',
  '0x12345678',
  vaultCall('balanceOf', [sender]),
  vaultCall('record', [1n]),
  vaultCall('record', [77n]),
  vaultCall('isGuarded'),
  vaultCall('sneaky'),
  vaultCall('count', [2n]),
  vaultCall('deposit', ['a note']),
  `0x${'01'.repeat(200)}`,
]

interface CallStep {
  readonly opcode: number
  readonly target: Address
  /** Bits above the address, which a call ignores. */
  readonly dirty: boolean
  readonly gas: bigint
  readonly value: bigint
  readonly payload: Hex
  /** Bytes of the payload left out. */
  readonly cut: number
  readonly output: readonly number[]
  readonly isKept: boolean
}

const step: fc.Arbitrary<CallStep> = fc.record({
  opcode: fc.constantFrom(0xf1, 0xfa, 0xf4, 0xf2),
  target: fc.constantFrom(
    vaultAddress,
    vaultAddress,
    vaultAddress,
    guardAddress,
    ...Array.from({ length: 11 }, (_, i) => precompile(i + 1)),
    precompile(0x100),
    lone,
    delegating,
    contract,
  ),
  dirty: fc.boolean(),
  gas: fc.constantFrom(0n, 100n, 142n, 700n, 2_400n, 3_000n, 50_000n, 2n ** 256n - 1n),
  value: fc.constantFrom(0n, 0n, 0n, 0n, 1n),
  payload: fc.constantFrom(...payloads),
  cut: fc.constantFrom(0, 0, 0, 3),
  output: fc.constantFrom([0, 0], [0, 32], [64, 7], [500, 96], [2 ** 33, 0], [2 ** 33, 1]),
  isKept: fc.boolean(),
})

const push = (value: bigint | number): string => `7f${value.toString(16).padStart(64, '0')}`

/** The payload in memory, the call, and its answer, sizes and gas folded into slot 0 or returned at the end. */
function codeOf(steps: readonly CallStep[]): Hex {
  const parts = steps.map(({ opcode, target, dirty, gas, value, payload, cut, output, isKept }) => {
    const bytes = fromHex(payload)
    const stores = Array.from({ length: Math.ceil(bytes.length / 32) }, (_, i) => {
      const word = toHex(bytes.subarray(32 * i, 32 * i + 32)).slice(2)
      return `7f${word.padEnd(64, '0')}${push(32 * i)}52`
    })
    const size = Math.max(0, bytes.length - cut)
    const [at = 0, length = 0] = output
    const to = `${dirty ? 'ff'.repeat(12) : '00'.repeat(12)}${target.slice(2)}`
    const hasValue = opcode === 0xf1 || opcode === 0xf2
    const call = `${push(length)}${push(at)}${push(size)}${push(0)}${hasValue ? push(value) : ''}7f${to}${push(gas)}${opcode.toString(16)}`
    // mix = mix * 3 + success + returndatasize + gas + mload(output); kept in slot 0
    const seen = `3d015a01${length > 0 && at < 2 ** 20 ? `${push(at)}5101` : ''}`
    return `${stores.join('')}${call}${seen}${isKept ? '5f540160005f5501' : '01'}`
  })
  return `0x6001${parts.join('')}5f525960205260405ff3`
}

async function run(code: Hex, gas: bigint, isStepwise: boolean) {
  const journal = nativeState(code)
  journal.setAccount(lone, { nonce: 0n, balance: 1n, codeHash: journal.putCode(new Uint8Array(0)) })
  const delegation = journal.putCode(fromHex(`0xef0100${vaultAddress.slice(2)}`))
  journal.setAccount(delegating, { nonce: 1n, balance: 0n, codeHash: delegation })
  const heard: ((Omit<FrameStart, 'input'> & { readonly data: Hex }) | FrameEnd)[] = []
  const slots: string[] = []
  const tracer: Tracer = {
    enter: ({ input, ...frame }) => void heard.push({ ...frame, data: toHex(input) }),
    exit: (frame) => void heard.push(frame),
    slot: (address, slot) => void slots.push(`${address} ${slot}`),
    ...(isStepwise && { step: () => undefined }),
  }
  const call = { from: sender, to: contract, gas, gasPrice: 0n, value: 0n, data: new Uint8Array(0) }
  const verdict = await nativeEngine.runCall(journal, context, call, { tracer })
  return { verdict, heard, slots, kept: journal.storage(contract, 0n) }
}

test('calls in a straight stretch end as the library ends them', async () => {
  let successes = 0
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 1, maxLength: 6 }),
      fc.constantFrom(40_000n, 90_000n, 1_000_000n),
      async (steps, gas) => {
        const code = codeOf(steps)
        const straight = await run(code, gas, false)
        expect(straight).toEqual(await run(code, gas, true))
        if (straight.verdict.type === 'accept' && straight.verdict.value.status === 'success')
          successes++
      },
    ),
    { numRuns: Number(process.env['STRAIGHT_RUNS'] ?? 150) },
  )
  expect(successes).toBeGreaterThan(0)
})

test('a view that runs out of gas leaves its slots cold', async () => {
  const cold = { target: vaultAddress, payload: vaultCall('record', [1n]), value: 0n, cut: 0 }
  const more = { opcode: 0xfa, dirty: false, output: [0, 0], isKept: false }
  const endsOf = async (...gas: readonly bigint[]) => {
    const code = codeOf(gas.map((one) => ({ ...cold, ...more, gas: one })))
    const { heard } = await run(code, 1_000_000n, false)
    return heard.filter((one): one is FrameEnd => 'output' in one && one.depth === 1)
  }
  const [first, again] = await endsOf(50_000n, 50_000n)
  expect((first?.gasUsed ?? 0n) - (again?.gasUsed ?? 0n)).toBe(2_000n)
  // Everything but its last unit: the slot was seen, the answer not paid.
  const ends = await endsOf((first?.gasUsed ?? 0n) - 1n, 50_000n)
  expect(ends.map(({ error }) => error)).toEqual(['out of gas', undefined])
  expect(ends[1]?.gasUsed).toBe(first?.gasUsed)
})
