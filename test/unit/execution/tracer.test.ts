/** What a tracer is told, as geth tells its own: frames, steps with costs, logs, and failures. */
import { expect, test } from '@jest/globals'
import type { FrameEnd, FrameStart, Step, Tracer } from '../../../execution/tracer.ts'
import type { Address, Hex, Log } from '../../../primitives/index.ts'
import { context, contract, engine, sender, stateWith } from '../../support/engine.ts'

const call = {
  from: sender,
  to: contract as Address | null,
  gas: 100_000n,
  gasPrice: 0n,
  value: 0n,
  data: new Uint8Array(0),
}

async function traced(code: Hex, change: Partial<typeof call> = {}) {
  const frames: (FrameStart | FrameEnd)[] = []
  const steps: Step[] = []
  const stacks: (readonly bigint[])[] = []
  const logs: Log[] = []
  const tracer: Tracer = {
    enter: (frame) => void frames.push(frame),
    exit: (frame) => void frames.push(frame),
    step: (step) => {
      steps.push(step)
      stacks.push(step.stack())
    },
    log: (log) => void logs.push(log),
  }
  const request = { ...call, ...change }
  const observed = await engine.runCall(stateWith(code), context, request, { tracer })
  const without = await engine.runCall(stateWith(code), context, request)
  expect(observed).toEqual(without) // a tracer changes nothing
  return { frames, steps, stacks, logs }
}

const identity: Address = `0x${'00'.repeat(19)}04`

test('a call begins and ends with its gas, and a precompile is a frame', async () => {
  // STATICCALL(gas, 4, 0, 0x20, 0, 0)
  const { frames } = await traced('0x6000600060206000600461ffff fa'.replaceAll(' ', '') as Hex)
  expect(frames).toMatchObject([
    { type: 'CALL', depth: 0, from: sender, to: contract, gas: 79_000n, value: 0n },
    { type: 'STATICCALL', depth: 1, from: contract, to: identity, value: undefined, gas: 65_535n },
    { depth: 1, gasUsed: 18n, error: undefined, output: new Uint8Array(32) },
    { depth: 0, gasUsed: 18n + 6n * 3n + 100n + 3n, error: undefined },
  ])
})

test('a call without the means for its value is a frame that fails', async () => {
  // CALL(10, 4, 1 wei, 0, 0, 0, 0)
  const { frames } = await traced('0x6000600060006000600160046000f1')
  expect(frames).toMatchObject([
    { depth: 0 },
    { type: 'CALL', depth: 1, from: contract, to: identity, value: 1n, gas: 2_300n },
    { depth: 1, gasUsed: 0n, error: 'insufficient balance for transfer' },
    { depth: 0, error: undefined },
  ])
})

test('creations name the new contract, and SELFDESTRUCT is a frame with the balance', async () => {
  const creation = await traced('0x', { to: null, data: Uint8Array.from([0x33, 0xff]), value: 7n })
  const created = (creation.frames[0] as FrameStart).to
  expect(created).toMatch(/^0x[0-9a-f]{40}$/)
  expect(creation.frames).toMatchObject([
    { type: 'CREATE', depth: 0, from: sender, value: 7n },
    { type: 'SELFDESTRUCT', depth: 1, from: created, to: sender, gas: 0n, value: 7n },
    { depth: 1, gasUsed: 0n },
    { depth: 0 },
  ])
  // CREATE(0, 0, 0) then CREATE2(0, 0, 0, 5)
  const { frames } = await traced('0x600060006000f050600560006000600 0f5'.replace(' ', '') as Hex)
  expect(frames.filter((frame) => 'type' in frame).map((frame) => frame.type)).toEqual([
    'CALL',
    'CREATE',
    'CREATE2',
  ])
})

test('a delegated call comes from the contract that delegates, with its value', async () => {
  // DELEGATECALL(0xffff, 4, 0, 0, 0, 0)
  const { frames } = await traced('0x6000600060006000600461fffff4', { value: 9n })
  expect(frames[1]).toMatchObject({
    type: 'DELEGATECALL',
    from: contract,
    to: identity,
    value: 9n,
  })
})

test('steps tell gas before, cost with what a call passes on, and the stack before', async () => {
  const { steps, stacks } = await traced('0x60016002016000526000600060006000600460fffa00')
  expect(steps.map(({ pc, opcode, gas, cost }) => [pc, opcode, gas, cost]).slice(0, 5)).toEqual([
    [0, 0x60, 79_000n, 3n],
    [2, 0x60, 78_997n, 3n],
    [4, 0x01, 78_994n, 3n],
    [5, 0x60, 78_991n, 3n],
    [7, 0x52, 78_988n, 6n],
  ])
  expect(stacks[2]).toEqual([1n, 2n])
  expect(steps.find(({ opcode }) => opcode === 0xfa)?.cost).toBe(100n + 255n)
})

test('a step that cannot be paid or lacks words carries the fault, an invalid one does not', async () => {
  const unpaid = await traced('0x6001600101', { gas: 21_007n })
  expect(unpaid.steps.map(({ error }) => error)).toEqual([undefined, undefined, 'out of gas'])
  const underflow = await traced('0x600101')
  expect(underflow.steps.at(-1)?.error).toBe('stack underflow (1 <=> 2)')
  expect(underflow.frames.at(-1)).toMatchObject({ error: 'stack underflow (1 <=> 2)' })
  const invalid = await traced('0xfe')
  expect(invalid.steps.map(({ error }) => error)).toEqual([undefined])
  expect(invalid.frames.at(-1)).toMatchObject({ error: 'invalid opcode: INVALID' })
})

test('logs are told as they are made, also when the frame fails later', async () => {
  // MSTORE8(0, 0xab); LOG1(0, 1, 5); REVERT(0, 0)
  const { logs } = await traced('0x60ab600053600560016000a160006000fd')
  expect(logs).toEqual([
    { address: contract, topics: [`0x${'00'.repeat(31)}05`], data: Uint8Array.from([0xab]) },
  ])
})
