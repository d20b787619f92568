/** Gas estimates: enough, hardly more than enough, and geth's refusals. */
import { expect, test } from '@jest/globals'
import { applyBlockOverrides, applyStateOverrides } from '../../../execution/call.ts'
import { estimateGas } from '../../../execution/estimate.ts'
import { fromHex, type Address, type Hex } from '../../../primitives/index.ts'
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

test('state overrides: some slots or all of them, never both', () => {
  const journal = stateWith('0x00')
  journal.setStorage(contract, 1n, 11n)
  journal.setStorage(contract, 2n, 22n)
  applyStateOverrides(journal, new Map([[contract, { stateDiff: new Map([[1n, 5n]]) }]]))
  expect([journal.storage(contract, 1n), journal.storage(contract, 2n)]).toEqual([5n, 22n])
  applyStateOverrides(
    journal,
    new Map([[contract, { state: new Map([[3n, 9n]]), balance: 4n, code: fromHex('0x5b') }]]),
  )
  expect([1n, 2n, 3n].map((slot) => journal.storage(contract, slot))).toEqual([0n, 0n, 9n])
  expect(journal.account(contract)).toMatchObject({ nonce: 1n, balance: 4n })
  const both = { state: new Map(), stateDiff: new Map() }
  expect(applyStateOverrides(journal, new Map([[contract, both]]))).toMatchObject({
    type: 'reject',
    message: expect.stringContaining("has both 'state' and 'stateDiff'"),
  })
})

test('block overrides change what they name', () => {
  const { header } = applyBlockOverrides(context, { number: 9n, time: 8n, baseFeePerGas: 0n })
  expect(header).toEqual({ ...context.header, number: 9n, timestamp: 8n, baseFeePerGas: 0n })
})
