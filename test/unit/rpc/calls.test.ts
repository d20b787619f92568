/** eth_call and eth_estimateGas with the answers tools match on. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { fromHex, type Hex } from '../../../primitives/index.ts'
import { revertReason } from '../../../rpc/revert.ts'
import { aliceAddress, type Devnet, reverter, startDevnet, word } from './devnet.ts'

let net: Devnet
beforeAll(async () => {
  net = await startDevnet()
})
afterAll(() => net.stop())

const target: Hex = `0x${'c0'.repeat(20)}`
/** Runs code that exists only in this call. */
const run = (runtime: string, call: object = {}) =>
  net.call('eth_call', { to: target, ...call }, 'latest', { [target]: { code: `0x${runtime}` } })

const errorOf = (text: string): Hex => {
  const bytes = Buffer.from(text).toString('hex')
  const padded = bytes.padEnd(Math.ceil(bytes.length / 64) * 64, '0')
  return `0x08c379a0${word(32)}${word(text.length)}${padded}`
}
const panicOf = (code: number): Hex => `0x4e487b71${word(code)}`

const reason = (hex: string) => revertReason(fromHex(`0x08c379a0${hex}`))

describe('reverts', () => {
  test.each([
    ['Error(string)', errorOf('not today'), 'execution reverted: not today'],
    ['Panic 0x01', panicOf(1), 'execution reverted: assert(false)'],
    ['Panic 0x11', panicOf(0x11), 'execution reverted: arithmetic underflow or overflow'],
    ['Panic 0x12', panicOf(0x12), 'execution reverted: division or modulo by zero'],
    ['Panic 0x99', panicOf(0x99), 'execution reverted: unknown panic code: 0x99'],
    ['a custom error', '0x12345678', 'execution reverted'],
    ['no data', '0x', 'execution reverted'],
  ] as const)('%s: code 3 with the bytes as hex', async (_, data, message) => {
    expect((await run(reverter, { data })).error).toEqual({ code: 3, message, data })
    const estimate = await net.call('eth_estimateGas', { to: target, data }, 'latest', {
      [target]: { code: `0x${reverter}` },
    })
    expect(estimate.error).toEqual({ code: 3, message, data })
  })

  test('malformed strings have no reason', () => {
    expect(reason('')).toBeUndefined()
    expect(reason(word(32) + word(2n ** 200n))).toBeUndefined()
    expect(reason(word(2n ** 255n) + word(0))).toBeUndefined()
    expect(reason(word(32) + word(1))).toBeUndefined()
  })
})

describe('halts are -32000 in words graph-node knows', () => {
  test.each([
    ['fe', 'invalid opcode: INVALID'],
    ['600056', 'invalid jump destination'],
    ['50', 'stack underflow (0 <=> 1)'],
    ['5b600056', 'out of gas'],
  ])('%s: %s', async (code, message) => {
    const { error } = await run(code, { gas: '0x186a0' })
    expect(error).toEqual({ code: -32000, message })
  })
})

const errorAt = async (block: unknown) => (await net.call('eth_call', { to: target }, block)).error

describe('eth_call', () => {
  const gasLeft = '5a60005260206000f3'
  test('gets 50 M gas when it asks for none or more', async () => {
    for (const gas of [undefined, '0xffffffffffffffff']) {
      const left = BigInt((await run(gasLeft, { gas })).result as string)
      expect(left).toBeGreaterThan(49_900_000n)
      expect(left).toBeLessThan(50_000_000n)
    }
  })

  test('BASEFEE is 0 without a gas price, the block’s with one', async () => {
    const baseFee = '4860005260206000f3'
    expect(BigInt((await run(baseFee)).result as string)).toBe(0n)
    const priced = { from: aliceAddress, gas: '0x186a0', gasPrice: '0x77359400' }
    expect(BigInt((await run(baseFee, priced)).result as string)).toBe(1_000_000_000n)
  })

  test('pending is the next block', async () => {
    const number = { [target]: { code: '0x4360005260206000f3' } }
    const at = async (tag: string): Promise<bigint> =>
      BigInt(await net.ask<string>('eth_call', { to: target }, tag, number))
    expect((await at('pending')) - (await at('latest'))).toBe(1n)
  })

  test('block overrides are seen', async () => {
    const result = await net.ask<string>(
      'eth_call',
      { to: target },
      'latest',
      { [target]: { code: '0x4260005260206000f3' } },
      { time: '0x1234' },
    )
    expect(BigInt(result)).toBe(0x1234n)
  })

  test('storage overrides: all of it, or some slots', async () => {
    const load = (slots: object) =>
      net.ask<Hex>('eth_call', { to: target }, 'latest', {
        [target]: { code: '0x60005460005260206000f3', ...slots },
      })
    const slot = { [`0x${word(0)}`]: `0x${word(7)}` }
    expect(await load({ state: slot })).toBe(`0x${word(7)}`)
    expect(await load({ stateDiff: slot })).toBe(`0x${word(7)}`)
    const both = await net.call('eth_call', { to: target }, 'latest', {
      [target]: { state: slot, stateDiff: slot },
    })
    expect(both.error?.code).toBe(-32000)
  })

  test('without funds: the reason and the gas', async () => {
    const poor = { from: `0x${'99'.repeat(20)}`, to: target }
    const fee = await net.call('eth_call', { ...poor, gas: '0x5208', gasPrice: '0x77359400' })
    expect(fee.error?.code).toBe(-32000)
    expect(fee.error?.message).toMatch(
      /^err: insufficient funds for gas \* price \+ value: .*\(supplied gas 21000\)$/,
    )
    const value = await net.call('eth_call', { ...poor, value: '0x1' })
    expect(value.error?.message).toMatch(/^err: insufficient funds for gas \* price \+ value: /)
  })

  test('without `to` it runs init code; without anything it gives nothing', async () => {
    expect((await net.call('eth_call', { data: '0x602a60005260206000f3' })).result).toBe(
      `0x${word(42)}`,
    )
    expect((await net.call('eth_call', {})).result).toBe('0x')
  })

  test('unknown blocks', async () => {
    expect(await errorAt('0xffff')).toEqual({ code: -32000, message: 'header not found' })
    expect(await errorAt(`0x${'ab'.repeat(32)}`)).toEqual({
      code: -32000,
      message: 'header for hash not found',
    })
  })
})

describe('eth_estimateGas', () => {
  test('a plain transfer is 21000, also from an account without funds', async () => {
    const from = `0x${'99'.repeat(20)}`
    expect(await net.ask('eth_estimateGas', { from, to: `0x${'77'.repeat(20)}` })).toBe('0x5208')
    const tag = await net.ask('eth_estimateGas', { to: `0x${'77'.repeat(20)}` }, 'pending')
    expect(tag).toBe('0x5208')
  })

  test('what the cap does not cover', async () => {
    const { error } = await net.call('eth_estimateGas', { to: target, gas: '0x7530' }, 'latest', {
      [target]: { code: '0x5b600056' },
    })
    expect(error).toEqual({ code: -32000, message: 'gas required exceeds allowance (30000)' })
  })
})
