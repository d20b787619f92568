/** notes/rpc.md, sections 5 and 6, errors: codes, texts and data as tools match on them. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { Hex } from '../../../primitives/index.ts'
import { methodsOf } from '../../../rpc/methods/index.ts'
import {
  alice,
  aliceAddress,
  type Devnet,
  reverter,
  startDevnet,
  word,
} from '../../unit/rpc/devnet.ts'

let net: Devnet
beforeAll(async () => {
  net = await startDevnet()
})
afterAll(() => net.stop())

const target: Hex = `0x${'c0'.repeat(20)}`
const errorOf = async (method: string, ...params: readonly unknown[]) =>
  (await net.call(method, ...params)).error

test.each<[string, readonly unknown[], number, RegExp]>([
  ['eth_nothing', [], -32601, /^the method eth_nothing does not exist\/is not available$/],
  ['eth_getBalance', [], -32602, /^missing value for required argument 0$/],
  ['eth_chainId', [1], -32602, /^too many arguments, want at most 0$/],
  ['eth_getBalance', ['0x1'], -32602, /^invalid argument 0: /],
  ['eth_getBlockByNumber', ['2', false], -32602, /hex string without 0x prefix$/],
  ['eth_getBlockByNumber', ['0x01', false], -32602, /hex number with leading zero digits$/],
  ['eth_getBlockByNumber', ['0x', false], -32602, /hex string "0x"$/],
  ['eth_call', [{ data: '0x1' }], -32602, /hex string of odd length/],
  ['eth_getCode', [target, '0xffff'], -32000, /^header not found$/],
  ['eth_getCode', [target, `0x${word(1)}`], -32000, /^header for hash not found$/],
  [
    'eth_feeHistory',
    ['0x1', '0xffff', []],
    -32000,
    /^request beyond head block: requested 65535, head \d+$/,
  ],
  ['eth_feeHistory', ['0x1', 'latest', [101]], -32000, /^invalid reward percentile: /],
  ['eth_getFilterChanges', ['0x1'], -32000, /^filter not found$/],
  ['eth_subscribe', ['newHeads'], -32601, /^notifications not supported$/],
  ['eth_sendRawTransaction', ['0x'], -32000, /./],
  [
    'eth_sendRawTransaction',
    ['0x05'],
    -32000,
    /typed transaction too short|transaction type not supported/,
  ],
])('%s %j', async (method, params, code, message) => {
  const error = await errorOf(method, ...params)
  expect(error?.code).toBe(code)
  expect(error?.message).toMatch(message)
})

const errorBytes = (text: string): Hex =>
  `0x08c379a0${word(32)}${word(text.length)}${Buffer.from(text).toString('hex').padEnd(64, '0')}`

describe('reverts: code 3, the reason, and the bytes as hex', () => {
  test.each<[string, Hex, string]>([
    ['Error(string)', errorBytes('not today'), 'execution reverted: not today'],
    [
      'Panic(0x11)',
      `0x4e487b71${word(0x11)}`,
      'execution reverted: arithmetic underflow or overflow',
    ],
    ['a custom error', '0x12345678', 'execution reverted'],
    ['nothing', '0x', 'execution reverted'],
  ])('%s', async (_, data, message) => {
    const code = { [target]: { code: `0x${reverter}` } }
    for (const method of ['eth_call', 'eth_estimateGas'])
      expect(await errorOf(method, { to: target, data }, 'latest', code)).toEqual({
        code: 3,
        message,
        data,
      })
  })
})

describe('eth_sendRawTransaction: -32000 and geth’s words', () => {
  const base = {
    chainId: 2679,
    type: 'eip1559',
    nonce: 0,
    gas: 21_000n,
    maxFeePerGas: 3_000_000_000n,
    maxPriorityFeePerGas: 1_000n,
    to: target,
  } as const
  const sendWith = async (change: object) =>
    errorOf('eth_sendRawTransaction', await alice.signTransaction({ ...base, ...change }))

  test.each<[object, RegExp]>([
    [{ gas: 20_000n }, /^intrinsic gas too low: gas 20000, minimum needed 21000$/],
    [
      { value: 10n ** 30n },
      /^insufficient funds for gas \* price \+ value: balance \d+, tx cost \d+, overshot \d+$/,
    ],
    [{ gas: 16_777_217n }, /^transaction gas limit too high \(cap: 16777216, tx: 16777217\)$/],
    [{ gas: 31_000_000n }, /^exceeds block gas limit$/],
    [{ maxPriorityFeePerGas: 0n }, /^transaction underpriced/],
    [{ chainId: 1 }, /^invalid sender: invalid chain id for signer/],
  ])('%o', async (change, message) => {
    const error = await sendWith(change)
    expect(error?.code).toBe(-32000)
    expect(error?.message).toMatch(message)
  })

  test('a nonce that is used, one that is known, one that is not bumped enough', async () => {
    await net.send({ to: target })
    expect((await sendWith({}))?.message).toBe('nonce too low: next nonce 1, tx nonce 0')
    const waiting = { nonce: 3 }
    expect(await sendWith(waiting)).toBeUndefined()
    expect((await sendWith(waiting))?.message).toBe('already known')
    expect((await sendWith({ ...waiting, maxFeePerGas: 3_000_000_001n }))?.message).toBe(
      'replacement transaction underpriced',
    )
  })

  test('an unprotected legacy transaction', async () => {
    const raw = await alice.signTransaction({
      type: 'legacy',
      nonce: 1,
      gas: 21_000n,
      gasPrice: 3_000_000_000n,
      to: target,
    })
    expect((await errorOf('eth_sendRawTransaction', raw))?.message).toBe(
      'only replay-protected (EIP-155) transactions allowed over RPC',
    )
  })
})

test('no method answers -32603, whatever little it is given', async () => {
  const little = [
    [],
    [null],
    ['0x0'],
    ['latest'],
    [{}],
    [aliceAddress, 'latest'],
    [[], []],
    [`0x${word(1)}`, '0x0'],
  ]
  const internal: string[] = []
  // Methods that end or hold the node are for its owner.
  const left = /^(evm_|anvil_|hardhat_|debug_setHead)/
  for (const method of Object.keys(methodsOf(true)).filter((name) => !left.test(name)))
    for (const params of little)
      if ((await errorOf(method, ...params))?.code === -32603)
        internal.push(`${method} ${JSON.stringify(params)}`)
  expect(internal).toEqual([])
})
