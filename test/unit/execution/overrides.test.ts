/** State and block overrides: what a call may pretend, and geth's refusals. */
import { expect, test } from '@jest/globals'
import { simulateCall } from '../../../execution/call.ts'
import {
  applyBlockOverrides,
  applyStateOverrides,
  type StateOverride,
} from '../../../execution/overrides.ts'
import { fromHex, toHex, type Address } from '../../../primitives/index.ts'
import { context, contract, engine, sender, stateWith } from '../../support/engine.ts'

const sha256: Address = '0x0000000000000000000000000000000000000002'
const identity: Address = '0x0000000000000000000000000000000000000004'
const elsewhere: Address = `0x${'e1'.repeat(20)}`

test('state overrides: some slots or all of them, never both', () => {
  const journal = stateWith('0x00')
  const apply = (overrides: StateOverride) =>
    applyStateOverrides(engine, { journal, context }, overrides)
  journal.setStorage(contract, 1n, 11n)
  journal.setStorage(contract, 2n, 22n)
  apply(new Map([[contract, { stateDiff: [[1n, 5n]] }]]))
  expect([journal.storage(contract, 1n), journal.storage(contract, 2n)]).toEqual([5n, 22n])
  apply(new Map([[contract, { state: [[3n, 9n]], balance: 4n, code: fromHex('0x5b') }]]))
  expect([1n, 2n, 3n].map((slot) => journal.storage(contract, slot))).toEqual([0n, 0n, 9n])
  expect(journal.account(contract)).toMatchObject({ nonce: 1n, balance: 4n })
  const both = { state: [], stateDiff: [] }
  expect(apply(new Map([[contract, both]]))).toMatchObject({
    type: 'reject',
    message: expect.stringContaining("has both 'state' and 'stateDiff'"),
  })
})

test('block overrides change what they name', () => {
  const seen = applyBlockOverrides(context, {
    number: 9n,
    time: 8n,
    baseFeePerGas: 0n,
    blobBaseFee: 7n,
  })
  expect(seen.header).toEqual({ ...context.header, number: 9n, timestamp: 8n, baseFeePerGas: 0n })
  expect(seen.blobBaseFee).toBe(7n)
})

async function callAt(to: Address, stateOverride: StateOverride) {
  const call = { from: sender, to, gas: 100_000n, gasPrice: 0n, value: 0n, data: fromHex('0xabcd') }
  const verdict = await simulateCall(
    engine,
    { state: stateWith('0x'), context, stateOverride },
    call,
  )
  return verdict.type === 'accept' ? toHex(verdict.value.returnData) : verdict.message
}

test('a precompile moves, and leaves an ordinary account behind', async () => {
  const moved: StateOverride = new Map([[identity, { movePrecompileTo: elsewhere }]])
  expect(await callAt(elsewhere, moved)).toBe('0xabcd')
  expect(await callAt(identity, moved)).toBe('0x')
  expect(await callAt(identity, new Map())).toBe('0xabcd')
})

test('code put over a precompile runs instead of it', async () => {
  const answer42 = fromHex('0x602a5f5260205ff3')
  expect(await callAt(identity, new Map([[identity, { code: answer42 }]]))).toBe(
    `0x${'2a'.padStart(64, '0')}`,
  )
})

test.each<[string, StateOverride, string]>([
  [
    'an account that is no precompile',
    new Map([[contract, { movePrecompileTo: elsewhere }]]),
    'is not a precompile',
  ],
  [
    'a target with an override of its own',
    new Map<Address, object>([
      [identity, { movePrecompileTo: sha256 }],
      [sha256, { nonce: 1n }],
    ]),
    `account ${sha256} is already overridden`,
  ],
])('does not move %s', async (_, overrides, text) => {
  expect(await callAt(elsewhere, overrides)).toContain(text)
})
