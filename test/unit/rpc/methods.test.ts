/** Methods beyond the common ones: access lists, filling, forks, raw bytes, senders' histories, building. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { parseTransaction } from 'viem'
import {
  decodeBlock,
  decodeReceipt,
  fromHex,
  hashHeader,
  headerFromRlp,
  decodeRlp,
  type Hex,
  keccakHex,
} from '../../../primitives/index.ts'
import { turn } from '../../support/clock.ts'
import { alice, aliceAddress, type Devnet, startDevnet, word } from './devnet.ts'

let net: Devnet
let sent: Hex
beforeAll(async () => {
  net = await startDevnet()
  sent = await net.send({ to: `0x${'aa'.repeat(20)}`, value: 5n })
})
afterAll(() => net.stop())

const target: Hex = `0x${'c0'.repeat(20)}`
const other: Hex = `0x${'b0'.repeat(20)}`
const errorOf = async (method: string, ...params: readonly unknown[]) =>
  (await net.call(method, ...params)).error

const listOf = (code: string, call: object = {}, more: object = {}) =>
  net.ask<{ accessList: unknown; gasUsed: Hex; error?: string }>(
    'eth_createAccessList',
    { to: target, ...call },
    'latest',
    { [target]: { code: `0x${code}` }, ...more },
  )

const at = (nonce: string) =>
  net.ask<{ hash: Hex; blockHash: Hex | null } | null>(
    'eth_getTransactionBySenderAndNonce',
    aliceAddress,
    nonce,
  )

const build = async (transactions: unknown, change: object = {}) => {
  const head = await net.ask<{ hash: Hex; timestamp: Hex }>('eth_getBlockByNumber', 'latest', false)
  return net.call(
    'testing_buildBlockV1',
    head.hash,
    {
      timestamp: `0x${(BigInt(head.timestamp) + 5n).toString(16)}`,
      prevRandao: `0x${word(1)}`,
      suggestedFeeRecipient: other,
      withdrawals: [],
      parentBeaconBlockRoot: `0x${word(2)}`,
      ...change,
    },
    transactions,
    '0x1234',
  )
}

const transferOf = (nonce: number) =>
  alice.signTransaction({
    chainId: 2679,
    type: 'eip1559',
    nonce,
    gas: 21_000n,
    maxFeePerGas: 3_000_000_000n,
    maxPriorityFeePerGas: 7n,
    to: target,
  })

describe('eth_createAccessList', () => {
  test('names slots of the callee and addresses it looks at, not itself or precompiles', async () => {
    const code = `60055450600a600b5573${other.slice(2)}3150600431505900`
    expect(await listOf(code)).toMatchObject({
      accessList: [
        { address: other, storageKeys: [] },
        { address: target, storageKeys: [`0x${word(5)}`, `0x${word(11)}`] },
      ],
    })
  })

  test('a slot read only when another is warm is found in a later run', async () => {
    // Reads slot 1, measures what that cost, and reads slot 2 only when it was cheap.
    const code = '5a600154505a90036103e811601057005b60025450'
    const { accessList, gasUsed } = await listOf(code)
    expect(accessList).toEqual([{ address: target, storageKeys: [`0x${word(1)}`, `0x${word(2)}`] }])
    expect(Number(gasUsed)).toBeGreaterThan(21_000 + 2_400 + 2 * 1_900)
  })

  test('a revert is told in the result', async () => {
    expect(await listOf('60006000fd')).toMatchObject({
      accessList: [],
      error: 'execution reverted',
    })
  })

  test('the list makes the call cheaper than none', async () => {
    const inner = { [other]: { code: '0x600154600254600354505050' } }
    const code = `6000600060006000600073${other.slice(2)}5af1`
    const { accessList, gasUsed } = await listOf(code, {}, inner)
    expect(accessList).toHaveLength(1)
    expect(Number(gasUsed)).toBeGreaterThan(21_000 + 2_400 + 3 * 1_900)
  })
})

type Filled = { raw: Hex; tx: Record<string, unknown> }
const typeOf = async (args: object) =>
  (await net.ask<Filled>('eth_fillTransaction', args)).tx['type']

describe('eth_fillTransaction', () => {
  test('fills nonce, gas and fees, and shows the bytes to sign', async () => {
    const { raw, tx } = await net.ask<Filled>('eth_fillTransaction', {
      from: aliceAddress,
      to: target,
      value: '0x1',
    })
    expect(tx).toMatchObject({
      type: '0x2',
      nonce: await net.ask('eth_getTransactionCount', aliceAddress, 'pending'),
      gas: '0x5208',
      gasPrice: null,
      chainId: '0xa77',
      accessList: [],
      r: '0x0',
      hash: keccakHex(fromHex(raw)),
    })
    expect(parseTransaction(raw as `0x02${string}`)).toMatchObject({ to: target, value: 1n })
  })

  test('a gas price makes it legacy, an access list as well type 1', async () => {
    const from = { from: aliceAddress, to: target, gasPrice: '0x77359400' }
    expect(await typeOf(from)).toBe('0x0')
    expect(await typeOf({ ...from, accessList: [] })).toBe('0x1')
  })

  test('refuses a creation of nothing', async () => {
    expect(await errorOf('eth_fillTransaction', { from: aliceAddress })).toEqual({
      code: -32000,
      message: 'contract creation without any data provided',
    })
  })
})

describe('eth_getStorageValues', () => {
  test('many slots of many accounts at once', async () => {
    const slot = `0x${word(0)}`
    expect(
      await net.ask('eth_getStorageValues', { [target]: [slot, slot], [other]: [slot] }),
    ).toEqual({ [target]: [slot, slot], [other]: [slot] })
  })
  test('nothing asked and too much asked', async () => {
    expect((await errorOf('eth_getStorageValues', {}))?.code).toBe(-32602)
    const keys = Array.from({ length: 1025 }, (_, i) => `0x${word(i)}`)
    expect(await errorOf('eth_getStorageValues', { [target]: keys })).toEqual({
      code: -38026,
      message: 'too many slots (max 1024)',
    })
    expect((await errorOf('eth_getStorageValues', { [target]: ['0xyz'] }))?.code).toBe(-32602)
  })
})

test('eth_getAccountInfo and eth_getAccount', async () => {
  const balance = await net.ask('eth_getBalance', aliceAddress)
  expect(await net.ask('eth_getAccountInfo', aliceAddress)).toEqual({
    balance,
    nonce: '0x1',
    code: '0x',
  })
  expect(await net.ask('eth_getAccount', aliceAddress)).toMatchObject({ balance, nonce: '0x1' })
  expect(await net.ask('eth_getAccount', other)).toBeNull()
})

test('eth_config tells the forks; eth_capabilities what can be asked', async () => {
  const config = await net.ask<Record<string, Record<string, unknown>>>('eth_config')
  expect(config['next']).toBeNull()
  expect(config['current']).toMatchObject({ activationTime: 0, chainId: '0xa77' })
  expect(config['current']?.['forkId']).toMatch(/^0x[0-9a-f]{8}$/)
  expect(config['current']?.['precompiles']).toMatchObject({
    P256VERIFY: '0x0000000000000000000000000000000000000100',
  })
  expect(await net.ask('eth_capabilities')).toMatchObject({
    state: { disabled: false, oldestBlock: '0x0' },
  })
})

describe('debug_getRaw*: bytes that hash to what they are', () => {
  test('block and header', async () => {
    const { hash } = await net.ask<{ hash: Hex }>('eth_getBlockByNumber', '0x1', false)
    const block = decodeBlock(fromHex(await net.ask<Hex>('debug_getRawBlock', '0x1')))
    expect(block.type === 'accept' && block.value.hash).toBe(hash)
    const header = fromHex(await net.ask<Hex>('debug_getRawHeader', hash))
    expect(hashHeader(headerFromRlp(decodeRlp(header)))).toBe(hash)
  })
  test('receipts and transactions', async () => {
    const [raw] = await net.ask<Hex[]>('debug_getRawReceipts', '0x1')
    expect(decodeReceipt(fromHex(raw!))).toMatchObject({ status: 1, cumulativeGasUsed: 21_000n })
    expect(keccakHex(fromHex(await net.ask<Hex>('debug_getRawTransaction', sent)))).toBe(sent)
    expect(await net.ask('debug_getRawTransaction', `0x${word(1)}`)).toBe('0x')
  })
  test('unknown blocks are errors', async () => {
    expect(await errorOf('debug_getRawBlock', '0xff')).toEqual({
      code: -32000,
      message: 'block #255 not found',
    })
  })
})

describe('eth_getTransactionBySenderAndNonce', () => {
  test('finds mined and waiting ones', async () => {
    await net.node.sealer.seal()
    expect(await at('0x0')).toMatchObject({ hash: sent, blockNumber: '0x1' })
    const waiting = await net.send({ to: target, nonce: 7 })
    expect(await at('0x7')).toMatchObject({ hash: waiting, blockHash: null })
    expect(await at('0x9')).toBeNull()
  })
})

describe('eth_sendRawTransactionSync', () => {
  test('answers with the receipt', async () => {
    const raw = await alice.signTransaction({
      chainId: 2679,
      type: 'eip1559',
      nonce: 1,
      gas: 21_000n,
      maxFeePerGas: 3_000_000_000n,
      maxPriorityFeePerGas: 7n,
      to: target,
    })
    expect(await net.ask('eth_sendRawTransactionSync', raw)).toMatchObject({
      status: '0x1',
      transactionHash: keccakHex(fromHex(raw)),
    })
  })
  test('one that waits too long is error 4 with its hash', async () => {
    const raw = await alice.signTransaction({
      chainId: 2679,
      type: 'eip1559',
      nonce: 5,
      gas: 21_000n,
      maxFeePerGas: 3_000_000_000n,
      maxPriorityFeePerGas: 7n,
      to: target,
    })
    const answer = errorOf('eth_sendRawTransactionSync', raw, '0x3e8')
    while (net.clock.waiting() === 0) await turn(1)
    await net.clock.advance(1_000)
    expect(await answer).toEqual({
      code: 4,
      message: "The transaction was added to the transaction pool but wasn't processed in 1s",
      data: keccakHex(fromHex(raw)),
    })
  })
})

describe('testing_buildBlockV1', () => {
  test('shows the block, and leaves the chain as it was', async () => {
    const before = await net.ask('eth_blockNumber')
    const { result } = await build([await transferOf(2)])
    expect(result).toMatchObject({
      executionPayload: { gasUsed: '0x5208', extraData: '0x1234', feeRecipient: other },
      blockValue: `0x${(7 * 21_000).toString(16)}`,
      executionRequests: [],
    })
    expect(await net.ask('eth_blockNumber')).toBe(before)
  })
  test('takes a list whole or not at all', async () => {
    expect((await build([await transferOf(9)])).error?.message).toMatch(/^nonce too high/)
    expect((await build(['0x02'])).error?.code).toBe(-32000)
    expect((await build([], { timestamp: '0x1' })).error?.message).toMatch(/invalid timestamp/)
  })
})

test('rpc_modules lists the namespaces', async () => {
  expect(await net.ask('rpc_modules')).toMatchObject({ eth: '1.0', debug: '1.0', testing: '1.0' })
})
