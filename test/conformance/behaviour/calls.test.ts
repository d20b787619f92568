/** notes/rpc.md, section 6, Gas and Calls: what eth_call and eth_estimateGas take and answer. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { Hex } from '../../../primitives/index.ts'
import { aliceAddress, type Devnet, startDevnet, word } from '../../unit/rpc/devnet.ts'

let net: Devnet
beforeAll(async () => {
  net = await startDevnet()
})
afterAll(() => net.stop())

const target: Hex = `0x${'c0'.repeat(20)}`
const inner: Hex = `0x${'d0'.repeat(20)}`
const poor: Hex = `0x${'ab'.repeat(20)}`
const at = (code: string, more: object = {}) => ({ [target]: { code: `0x${code}` }, ...more })
const estimate = (call: object, overrides: object = {}, block = 'latest') =>
  net.ask<Hex>('eth_estimateGas', call, block, overrides)
const runCode = (code: string, call: object = {}, ...more: unknown[]) =>
  net.ask<Hex>('eth_call', { to: target, ...call }, 'latest', at(code), ...more)

describe('eth_estimateGas', () => {
  test('a plain transfer is 21000 exactly, from an account without funds too', async () => {
    expect(await estimate({ from: aliceAddress, to: poor, value: '0x1' })).toBe('0x5208')
    expect(await estimate({ from: poor, to: aliceAddress })).toBe('0x5208')
  })

  test('leaves a callee the 63/64 it needs: the estimate succeeds, hardly less fails', async () => {
    // Calls `inner`, which fails unless it has 100,000 gas left, and fails with it.
    const outer = `6000600060006000600073${inner.slice(2)}5af115602657005b60006000fd`
    const overrides = {
      ...at(outer),
      [inner]: { code: '0x620186a05a11600a57fe5b00' },
    }
    const gas = BigInt(await estimate({ to: target }, overrides))
    const succeeds = async (limit: bigint) =>
      (
        await net.call(
          'eth_call',
          { to: target, gas: `0x${limit.toString(16)}` },
          'latest',
          overrides,
        )
      ).error === undefined
    expect(await succeeds(gas)).toBe(true)
    expect(await succeeds((gas * 96n) / 100n)).toBe(false)
  })

  test('never more than a transaction may have (EIP-7825)', async () => {
    const { error } = await net.call(
      'eth_estimateGas',
      { to: target },
      'latest',
      at('600063ffffff0052'),
    )
    expect(error).toEqual({ code: -32000, message: 'gas required exceeds allowance (16777216)' })
  })

  test('the balance counts only when a fee is named', async () => {
    const call = { from: poor, to: target }
    expect(await estimate(call, at('600160005500'))).toMatch(/^0x/)
    const { error } = await net.call(
      'eth_estimateGas',
      { ...call, maxFeePerGas: '0x77359400' },
      'latest',
      at('600160005500'),
    )
    expect(error?.message).toMatch(/insufficient funds|gas required exceeds allowance \(0\)/)
  })

  test('pending, and the object cast sends: input and data, null to, chainId, nonce', async () => {
    const create = {
      from: aliceAddress,
      to: null,
      input: '0x60006000f3',
      data: '0x60006000f3',
      chainId: '0xa77',
      nonce: '0x0',
    }
    expect(Number(await estimate(create, {}, 'pending'))).toBeGreaterThan(53_000)
  })
})

describe('eth_call', () => {
  test('has 50 M gas, above what a transaction may have', async () => {
    const left = Number(await runCode('5a60005260206000f3'))
    expect(left).toBeGreaterThan(49_000_000)
    expect(Number(await runCode('5a60005260206000f3', { gas: '0x2000000' }))).toBeGreaterThan(
      33_000_000,
    )
  })

  test('BASEFEE is 0 without a gas price', async () => {
    expect(Number(await runCode('4860005260206000f3'))).toBe(0)
  })

  test.each<[string, object]>([
    ['input', { input: `0x${word(7)}` }],
    ['data', { data: `0x${word(7)}` }],
    ['both', { input: `0x${word(7)}`, data: `0x${word(7)}` }],
  ])('reads %s', async (_, call) => {
    expect(await runCode('60003560005260206000f3', call)).toBe(`0x${word(7)}`)
  })

  test.each<[string, object]>([
    ['type', { type: '0x2' }],
    ['nonce', { nonce: '0x9' }],
    ['accessList', { accessList: [{ address: target, storageKeys: [`0x${word(1)}`] }] }],
    [
      'blobVersionedHashes',
      { blobVersionedHashes: [`0x01${'00'.repeat(31)}`], maxFeePerBlobGas: '0x1' },
    ],
    ['something else', { hello: 'world' }],
    ['chainId', { chainId: '0xa77' }],
  ])('lets %s pass', async (_, call) => {
    expect(await runCode('602a60005260206000f3', call)).toBe(`0x${word(42)}`)
  })

  test('BLOBHASH gives the hashes that are named', async () => {
    const hash = `0x01${'ab'.repeat(31)}`
    const call = { blobVersionedHashes: [hash], maxFeePerBlobGas: '0x1' }
    expect(await runCode('60004960005260206000f3', call)).toBe(hash)
  })

  test('another chainId is refused', async () => {
    expect((await net.call('eth_call', { to: target, chainId: '0x1' }))?.error).toMatchObject({
      code: -32000,
    })
  })

  test('without a block parameter, by hash, by EIP-1898 object', async () => {
    const { hash } = await net.ask<{ hash: Hex }>('eth_getBlockByNumber', 'latest', false)
    for (const block of [[], [hash], [{ blockHash: hash }], [{ blockNumber: '0x0' }]])
      expect(await net.ask('eth_call', { to: target }, ...block)).toBe('0x')
  })

  test('third parameter overrides state, fourth the block', async () => {
    expect(await runCode('4760005260206000f3')).toBe(`0x${word(0)}`)
    const rich = { [target]: { code: '0x4760005260206000f3', balance: '0x5' } }
    expect(await net.ask('eth_call', { to: target }, 'latest', rich)).toBe(`0x${word(5)}`)
    const [number, blobFee] = ['4360005260206000f3', '4a60005260206000f3']
    expect(await runCode(number, {}, { number: '0x1234' })).toBe(`0x${word(0x1234)}`)
    expect(await runCode(blobFee, {}, { blobBaseFee: '0x7' })).toBe(`0x${word(7)}`)
    const { error } = await net.call('eth_call', { to: target }, 'latest', {}, { withdrawals: [] })
    expect(error).toEqual({
      code: -32000,
      message: 'block override "withdrawals" is not supported for this RPC method',
    })
  })
})
