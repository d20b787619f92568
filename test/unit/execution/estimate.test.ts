/** Gas estimates: enough, hardly more than enough, and geth's refusals. */
import { expect, test } from '@jest/globals'
import { estimateGas } from '../../../execution/estimate.ts'
import { type Address, type Hex } from '../../../primitives/index.ts'
import { context, contract, engine, ether, sender, spec, stateWith } from '../../support/engine.ts'

const call = { from: sender, to: contract, gasPrice: 0n, value: 0n, data: new Uint8Array(0) }
const limits = { spec, gasCap: 50_000_000n, gas: undefined }

async function estimate(
  code: Hex,
  change: Partial<typeof call> = {},
  more: Partial<{ gas: bigint }> = {},
) {
  return estimateGas(
    engine,
    { state: stateWith(code), context },
    { ...call, ...change },
    { ...limits, ...more },
  )
}

test('a plain transfer is 21000 exactly, also from an empty account', async () => {
  const poor: Address = `0x${'ab'.repeat(20)}`
  expect(await estimate('0x', { value: 5n })).toMatchObject({ value: { gas: 21_000n } })
  expect(await estimate('0x', { from: poor })).toMatchObject({ value: { gas: 21_000n } })
})

test.each<[string, Hex]>([
  ['one store', '0x600160005500'],
  ['a store that is taken back', '0x600160005560006000550000'],
  ['a demand for 200,000 gas', '0x62030d405a1015600b57fe5b00'],
])('%s: the answer is enough, and 4 %% less is not', async (_, code) => {
  const answer = await estimate(code)
  if (answer.type !== 'accept' || answer.value.type !== 'gas') throw new Error('no estimate')
  const { gas } = answer.value
  const run = async (limit: bigint) => {
    const verdict = await engine.runCall(stateWith(code), context, { ...call, gas: limit })
    return verdict.type === 'accept' && verdict.value.status === 'success'
  }
  expect(await run(gas)).toBe(true)
  expect(await run((gas * 96n) / 100n)).toBe(false)
})

test('a revert and a halt are outcomes, too little gas is a refusal', async () => {
  expect(await estimate('0x6000600afd')).toMatchObject({
    value: { type: 'failed', outcome: { status: 'revert' } },
  })
  expect(await estimate('0xfe')).toMatchObject({
    value: { type: 'failed', outcome: { error: 'invalid opcode: INVALID' } },
  })
  expect(await estimate('0x5b600056')).toMatchObject({
    code: 'GAS_ALLOWANCE',
    message: 'gas required exceeds allowance (16777216)',
  })
  expect(await estimate('0x600160005500', {}, { gas: 22_000n })).toMatchObject({
    message: 'gas required exceeds allowance (22000)',
  })
})

test('the balance limits the gas only when a fee is given', async () => {
  const poor: Address = `0x${'ab'.repeat(20)}`
  expect(await estimate('0x600160005500', { from: poor })).toMatchObject({ type: 'accept' })
  expect(await estimate('0x600160005500', { from: poor, gasPrice: 10n })).toMatchObject({
    code: 'INSUFFICIENT_FUNDS',
    message: 'insufficient funds for transfer',
  })
  expect(
    await estimate('0x5b600056', { value: 10n * ether - 10n * 50_000n, gasPrice: 10n }),
  ).toMatchObject({
    message: 'gas required exceeds allowance (50000)',
  })
})
