/**
 * Native modules seen from JSON-RPC: logs, estimates, access lists, overrides and traces treat them as
 * contracts (pitfalls 15, 16 and 17 of notes/modules.md).
 */
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { decodeFunctionResult, encodeErrorResult, encodeFunctionData } from 'viem'
import { moduleAbis, moduleAddresses } from '../../../attribution/abi.ts'
import { zeroWord } from '../../../attribution/words.ts'
import { type Hex, toWord } from '../../../primitives/index.ts'
import { policy } from '../../support/economy.ts'
import { aliceAddress, deployer, type Devnet, reverter, startDevnet } from './devnet.ts'

let devnet: Devnet
beforeAll(async () => {
  devnet = await startDevnet()
})
afterAll(() => devnet.stop())

const datanet = moduleAddresses.datanet
const create = encodeFunctionData({
  abi: moduleAbis.datanet,
  functionName: 'create',
  args: [zeroWord, 'ipfs://', policy],
})
const counts = encodeFunctionData({ abi: moduleAbis.datanet, functionName: 'counts' })
const countsOf = (data: Hex) =>
  decodeFunctionResult({ abi: moduleAbis.datanet, functionName: 'counts', data })
const call = { from: aliceAddress, to: datanet, data: create }

test('an estimate is enough, and one unit less is not', async () => {
  const gas = await devnet.ask<Hex>('eth_estimateGas', call)
  const hash = await devnet.send({ to: datanet, data: create, gas: BigInt(gas) })
  const receipt = await devnet.ask<{ status: Hex; logs: { address: Hex }[] }>(
    'eth_getTransactionReceipt',
    hash,
  )
  expect([receipt.status, receipt.logs.map(({ address }) => address)]).toEqual(['0x1', [datanet]])
  const short = { ...call, gas: `0x${(BigInt(gas) / 2n).toString(16)}` }
  expect((await devnet.call('eth_call', short, 'latest')).error?.message).toContain('out of gas')
})

test('15: events of modules are found by eth_getLogs, under the bloom', async () => {
  await devnet.send({ to: datanet, data: create })
  const logs = await devnet.ask<{ address: Hex; topics: Hex[] }[]>('eth_getLogs', {
    fromBlock: '0x0',
    address: datanet,
  })
  expect(logs.length).toBeGreaterThan(0)
})

/** Of everything that runs a call: what it says of one that fails, and the bytes. */
async function failuresOf(to: Hex, data: Hex): Promise<unknown[]> {
  const failing = { from: aliceAddress, to, data }
  const one = async (method: string, ...more: unknown[]) =>
    (await devnet.call(method, failing, ...more)).error
  const [block] = await devnet.ask<{ calls: { error: unknown }[] }[]>('eth_simulateV1', {
    blockStateCalls: [{ calls: [failing] }],
  })
  return [
    await one('eth_call', 'latest'),
    await one('eth_estimateGas'),
    await one('eth_sendTransaction'),
    await one('eth_fillTransaction'),
    block?.calls[0]?.error,
  ]
}
const notFound = encodeErrorResult({
  abi: moduleAbis.datanet,
  errorName: 'NotFound',
  args: [toWord(99n)],
})

test('a refusal is named like a reason of a contract, its bytes are as they were', async () => {
  const absent = {
    code: 3,
    message: 'execution reverted: NotFound(99)',
    data: notFound,
  }
  const batch = encodeFunctionData({ abi: moduleAbis.datanet, functionName: 'batch', args: [99n] })
  expect(await failuresOf(datanet, batch)).toEqual([absent, absent, absent, absent, absent])
  const zero = encodeFunctionData({
    abi: moduleAbis.datanet,
    functionName: 'create',
    args: [zeroWord, 'ipfs://', { ...policy, penaltyBps: 20_000 }],
  })
  const { message } = (await devnet.call('eth_call', { to: datanet, data: zero })).error ?? {}
  expect(message).toBe('execution reverted: InvalidArgument(penaltyBps)')
})

test('the same bytes from another contract are bytes, as geth has them', async () => {
  const deployed = await devnet.send({ data: deployer(reverter) })
  const { contractAddress } = await devnet.ask<{ contractAddress: Hex }>(
    'eth_getTransactionReceipt',
    deployed,
  )
  const bare = { code: 3, message: 'execution reverted', data: notFound }
  expect(await failuresOf(contractAddress, notFound)).toEqual([bare, bare, bare, bare, bare])
})

test('an access list names the slots a module touches, and makes the call cheaper by them', async () => {
  const { accessList, gasUsed } = await devnet.ask<{
    accessList: { address: Hex; storageKeys: Hex[] }[]
    gasUsed: Hex
  }>('eth_createAccessList', call, 'latest')
  const own = accessList.find(({ address }) => address === datanet)
  expect(own?.storageKeys.length).toBeGreaterThan(3)
  expect(BigInt(gasUsed)).toBeGreaterThan(21_000n)
})

test('17: state overrides of a module change its storage and leave it native', async () => {
  const stateDiff = { [zeroWord]: `0x${'5'.padStart(64, '0')}` }
  const data = await devnet.ask<Hex>('eth_call', { to: datanet, data: counts }, 'latest', {
    [datanet]: { stateDiff, balance: '0x1' },
  })
  expect(countsOf(data)[0]).toBe(5n)
})

test('17: a code override replaces a module, and a moved one answers elsewhere', async () => {
  const code = '0x602a5f5260205ff3'
  const replaced = await devnet.ask<Hex>('eth_call', { to: datanet, data: counts }, 'latest', {
    [datanet]: { code },
  })
  expect(BigInt(replaced)).toBe(42n)
  const elsewhere = `0x${'ee'.repeat(20)}`
  const moved = await devnet.ask<Hex>('eth_call', { to: elsewhere, data: counts }, 'latest', {
    [datanet]: { code, movePrecompileToAddress: elsewhere },
  })
  expect(countsOf(moved)).toHaveLength(3)
})

test('16: a trace shows the frame of a module with what went in and came out', async () => {
  const frame = await devnet.ask<Record<string, unknown>>('debug_traceCall', call, 'latest', {
    tracer: 'callTracer',
    tracerConfig: { withLog: true },
  })
  expect(frame).toMatchObject({ type: 'CALL', to: datanet, input: create })
  expect(BigInt(frame['output'] as Hex)).toBeGreaterThan(0n)
  expect(frame['logs']).toMatchObject([{ address: datanet }])
  const { post } = await devnet.ask<{ post: Record<string, { storage?: object }> }>(
    'debug_traceCall',
    call,
    'latest',
    { tracer: 'prestateTracer', tracerConfig: { diffMode: true } },
  )
  expect(Object.keys(post[datanet]?.storage ?? {}).length).toBeGreaterThan(3)
})
