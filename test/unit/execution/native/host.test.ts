/**
 * The host of native modules, inside the real engine: call kinds, values, errors, gas, money that
 * goes out, pause and forks. The pitfalls others met have a file of their own.
 */
import { expect, test } from '@jest/globals'
import {
  decodeErrorResult,
  decodeEventLog,
  decodeFunctionResult,
  encodeFunctionData,
  toFunctionSelector,
} from 'viem'
import { createEngine } from '../../../../execution/evm.ts'
import { nobleSecp256k1, toHex, type Address, type Hex } from '../../../../primitives/index.ts'
import type { Journal } from '../../../../state/index.ts'
import { context, contract, ether, sender, spec } from '../../../support/engine.ts'
import {
  callNative,
  forwarder,
  guardAbi,
  guardAddress,
  natives,
  nativeState,
  vaultAbi,
  vaultAddress,
  vaultCall,
} from '../../../support/native.ts'

const stranger: Address = `0x${'5a'.repeat(20)}`

const errorOf = (data: Uint8Array) => decodeErrorResult({ abi: vaultAbi, data: toHex(data) })
const resultOf = (
  functionName: 'deposit' | 'record' | 'balanceOf' | 'isGuarded',
  data: Uint8Array,
) => decodeFunctionResult({ abi: vaultAbi, functionName, data: toHex(data) })

test('a wallet calls a function: value, result, log and storage are there', async () => {
  const journal = nativeState()
  const outcome = await callNative(journal, vaultCall('deposit', ['hello']), { value: 5n })
  expect(outcome.status).toBe('success')
  expect(resultOf('deposit', outcome.returnData)).toBe(5n)
  const [log] = outcome.logs
  const event = decodeEventLog({
    abi: vaultAbi,
    topics: log!.topics as [Hex],
    data: toHex(log!.data),
  })
  expect(log?.address).toBe(vaultAddress)
  expect(event.args).toMatchObject({ amount: 5n, note: 'hello' })
  expect(journal.account(vaultAddress)?.balance).toBe(5n)
  const read = await callNative(journal, vaultCall('balanceOf', [sender]))
  expect(resultOf('balanceOf', read.returnData)).toBe(5n)
})

test('structs come back as tuples, packed in one slot', async () => {
  const journal = nativeState()
  await callNative(journal, vaultCall('count', [3n]))
  await callNative(journal, vaultCall('count', [4n]))
  const { returnData } = await callNative(journal, vaultCall('record', [1n]))
  expect(resultOf('record', returnData)).toEqual([expect.stringMatching(/^0x/), 7n, true])
})

test.each<readonly [what: string, data: Hex, value: bigint]>([
  ['an unknown selector', '0x12345678', 0n],
  ['three bytes', '0x123456', 0n],
  ['no data', '0x', 0n],
  ['no data with money', '0x', 5n],
  [
    'a nonpayable function with money',
    encodeFunctionData({ abi: vaultAbi, functionName: 'count', args: [1n] }),
    1n,
  ],
  ['short arguments', toFunctionSelector('function count(uint64)'), 0n],
  [
    'dirty bits in an address',
    `${toFunctionSelector('function balanceOf(address)')}${'ff'.repeat(32)}`,
    0n,
  ],
  ['a function of a fork to come', toFunctionSelector('function later()'), 0n],
])('%s reverts with nothing, and keeps the rest of the gas', async (_what, data, value) => {
  const journal = nativeState()
  const outcome = await callNative(journal, data, { value, gas: 500_000n })
  expect([outcome.status, toHex(outcome.returnData)]).toEqual(['revert', '0x'])
  expect(outcome.gasUsed).toBeLessThan(25_000n)
  expect(journal.account(vaultAddress)?.balance).toBe(0n)
})

test('a function of a later fork is there from its time on', async () => {
  const engine = createEngine({
    spec,
    secp256k1: nobleSecp256k1,
    natives: { ...natives, forks: { second: context.header.timestamp } },
  })
  const outcome = await callNative(nativeState(), vaultCall('later'), { engine })
  expect(toHex(outcome.returnData)).toBe(`0x${'2'.padStart(64, '0')}`)
})

test('a rule broken reverts with its ABI error', async () => {
  const outcome = await callNative(nativeState(), vaultCall('withdraw', [sender, 9n]))
  expect(errorOf(outcome.returnData)).toMatchObject({ errorName: 'TooMuch', args: [0n, 9n] })
})

test.each(['callcode', 'delegatecall'] as const)(
  '%s reverts with NotDirectCall',
  async (opcode) => {
    for (const data of [vaultCall('count', [1n]), vaultCall('balanceOf', [sender])]) {
      const outcome = await callNative(nativeState(forwarder(opcode)), data, { to: contract })
      expect(outcome.status).toBe('revert')
      expect(errorOf(outcome.returnData).errorName).toBe('NotDirectCall')
    }
  },
)

test('STATICCALL reads, and halts a write', async () => {
  const journal = nativeState(forwarder('staticcall'))
  const read = await callNative(journal, vaultCall('balanceOf', [sender]), { to: contract })
  expect([read.status, resultOf('balanceOf', read.returnData)]).toEqual(['success', 0n])
  const write = await callNative(journal, vaultCall('count', [1n]), { to: contract })
  // The caller passes on the empty data of the halt; the 63/64 it had given are gone.
  expect([write.status, toHex(write.returnData)]).toEqual(['revert', '0x'])
  expect(write.gasUsed).toBeGreaterThan(900_000n)
})

test('a contract calls and is the caller', async () => {
  const journal = nativeState(forwarder('call'))
  await callNative(journal, vaultCall('deposit', ['']), { to: contract, value: 7n })
  const { returnData } = await callNative(journal, vaultCall('balanceOf', [contract]))
  expect(resultOf('balanceOf', returnData)).toBe(7n)
})

test('a view that writes halts, whoever calls', async () => {
  const outcome = await callNative(nativeState(), vaultCall('sneaky'))
  expect([outcome.status, outcome.error]).toEqual(['halt', 'write protection'])
})

test('money goes out last and arrives', async () => {
  const journal = nativeState()
  await callNative(journal, vaultCall('deposit', ['']), { value: 10n })
  const outcome = await callNative(journal, vaultCall('withdraw', [stranger, 4n]))
  expect(outcome.status).toBe('success')
  expect(journal.account(stranger)?.balance).toBe(4n)
  expect(journal.account(vaultAddress)?.balance).toBe(6n)
})

test('a receiver that rejects takes everything back', async () => {
  const journal = nativeState('0x60006000fd')
  await callNative(journal, vaultCall('deposit', ['']), { value: 10n })
  const outcome = await callNative(journal, vaultCall('split', [[stranger, contract], 4n]))
  expect(errorOf(outcome.returnData)).toMatchObject({ errorName: 'TransferFailed' })
  expect(journal.account(stranger)).toBeUndefined()
  const { returnData } = await callNative(journal, vaultCall('balanceOf', [sender]))
  expect(resultOf('balanceOf', returnData)).toBe(10n)
})

test('a paused module refuses writes and lets money out', async () => {
  const journal = nativeState()
  await callNative(journal, vaultCall('deposit', ['']), { value: 10n })
  const pause = encodeFunctionData({
    abi: guardAbi,
    functionName: 'set',
    args: [vaultAddress, true],
  })
  await callNative(journal, pause, { to: guardAddress })
  const write = await callNative(journal, vaultCall('count', [1n]))
  expect(errorOf(write.returnData).errorName).toBe('ModulePaused')
  expect((await callNative(journal, vaultCall('withdraw', [stranger, 10n]))).status).toBe('success')
  const seen = await callNative(journal, vaultCall('isGuarded'))
  expect(resultOf('isGuarded', seen.returnData)).toBe(true)
})

test('nothing is created in the reserved range', async () => {
  const create = '0x5f5f5ff05f5260205ff3' // create(0, 0, 0), return the address
  const made = await callNative(nativeState(create), '0x', { to: contract })
  const target: Address = `0x${toHex(made.returnData).slice(26)}`
  const engine = createEngine({
    spec,
    secp256k1: nobleSecp256k1,
    natives: { ...natives, isReserved: (address) => address === target },
  })
  const journal = nativeState(create)
  const refused = await callNative(journal, '0x', { to: contract, engine })
  expect(BigInt(toHex(made.returnData))).toBeGreaterThan(0n)
  expect(BigInt(toHex(refused.returnData))).toBe(0n)
  expect(journal.account(target)).toBeUndefined()
})

test('an engine without modules finds only the stub: it halts', async () => {
  const engine = createEngine({ spec, secp256k1: nobleSecp256k1 })
  const outcome = await callNative(nativeState(), vaultCall('count', [1n]), { engine })
  expect(outcome.status).toBe('halt')
})

test('every gas limit either does everything or nothing', async () => {
  const data = vaultCall('deposit', ['a note that is longer than thirty-one bytes, in two slots'])
  const whole = await callNative(nativeState(), data, { value: 3n })
  let halts = 0
  for (let gas = 24_300n; gas < whole.gasUsed + 3_000n; gas += 97n) {
    const journal = nativeState()
    const outcome = await callNative(journal, data, { value: 3n, gas })
    if (outcome.status === 'success') continue
    halts++
    expect([outcome.status, outcome.gasUsed, isUntouched(journal), outcome.logs.length]).toEqual([
      'halt',
      gas,
      true,
      0,
    ])
  }
  expect(halts).toBeGreaterThan(1_000)
  expect(journalBalance(nativeState())).toBe(10n * ether)
})

const isUntouched = (journal: Journal): boolean =>
  !journal.hasStorage(vaultAddress) && journal.account(vaultAddress)?.balance === 0n

const journalBalance = (journal: Journal): bigint => journal.account(sender)?.balance ?? 0n
