/** Blocks, transactions, receipts, accounts, fees and the pool, field by field as geth has them. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { Hex } from '../../../primitives/index.ts'
import {
  alice,
  aliceAddress,
  bob,
  deployer,
  type Devnet,
  logger,
  startDevnet,
  word,
} from './devnet.ts'

type Fields = Readonly<Record<string, unknown>>

let net: Devnet
let created: Hex
let paid: Hex
const bobAddress = bob.address.toLowerCase() as Hex
beforeAll(async () => {
  net = await startDevnet()
  created = await net.send({ data: deployer(logger) })
  paid = await net.send({ to: bobAddress, value: 5n, gas: 21_000n })
})
afterAll(() => net.stop())

const headerFields = [
  'baseFeePerGas',
  'blobGasUsed',
  'difficulty',
  'excessBlobGas',
  'extraData',
  'gasLimit',
  'gasUsed',
  'hash',
  'logsBloom',
  'miner',
  'mixHash',
  'nonce',
  'number',
  'parentBeaconBlockRoot',
  'parentHash',
  'receiptsRoot',
  'requestsHash',
  'sha3Uncles',
  'stateRoot',
  'timestamp',
  'transactionsRoot',
  'withdrawalsRoot',
]
const typedFields =
  'accessList blockHash blockNumber blockTimestamp chainId from gas gasPrice hash input maxFeePerGas maxPriorityFeePerGas nonce r s to transactionIndex type v value yParity'.split(
    ' ',
  )
const receiptFields =
  'blockHash blockNumber contractAddress cumulativeGasUsed effectiveGasPrice from gasUsed logs logsBloom status to transactionHash transactionIndex type'.split(
    ' ',
  )
const unknownHash = `0x${'ab'.repeat(32)}`

describe('identity', () => {
  test('chain id, network, version, hash', async () => {
    expect(await net.ask('eth_chainId')).toBe('0xa77')
    expect(await net.ask('net_version')).toBe('2679')
    expect(await net.ask('net_listening')).toBe(true)
    expect(await net.ask('net_peerCount')).toBe('0x0')
    expect(await net.ask('web3_clientVersion')).toBe('anvil/v0.0.0-test')
    expect(await net.ask('web3_sha3', '0x')).toBe(
      '0xc5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470',
    )
    expect(await net.ask('eth_syncing')).toBe(false)
    expect(await net.ask('eth_accounts')).toEqual([aliceAddress])
  })
})

const byTag = (tag: string) => net.ask<Fields>('eth_getBlockByNumber', tag, true)

describe('blocks', () => {
  test('have exactly the fields of an Osaka block', async () => {
    const block = await net.ask<Fields>('eth_getBlockByNumber', 'latest', false)
    expect(Object.keys(block).toSorted()).toEqual(
      [...headerFields, 'size', 'transactions', 'uncles', 'withdrawals'].toSorted(),
    )
    expect(block['transactions']).toEqual([paid])
    const header = await net.ask<Fields>('eth_getHeaderByNumber', 'latest')
    expect(Object.keys(header).toSorted()).toEqual(headerFields)
    expect(block).toMatchObject(header)
    expect(await net.ask('eth_getHeaderByHash', block['hash'])).toEqual(header)
    expect(await net.ask('eth_getBlockByHash', block['hash'], false)).toEqual(block)
  })

  test('latest, safe and finalized are one; earliest is genesis', async () => {
    const head = await byTag('latest')
    expect(await byTag('safe')).toEqual(head)
    expect(await byTag('finalized')).toEqual(head)
    expect((await byTag('earliest'))['number']).toBe('0x0')
  })

  test('pending is the next block, undecided', async () => {
    const head = await net.ask<Fields>('eth_getBlockByNumber', 'latest', false)
    const pending = await net.ask<Fields>('eth_getBlockByNumber', 'pending', false)
    expect(pending).toMatchObject({
      number: '0x3',
      parentHash: head['hash'],
      hash: null,
      nonce: null,
      miner: null,
      transactions: [],
    })
    expect(BigInt(pending['timestamp'] as string)).toBeGreaterThan(
      BigInt(head['timestamp'] as string),
    )
  })

  test('counts and uncles', async () => {
    const { hash } = await net.ask<{ hash: Hex }>('eth_getBlockByNumber', '0x1', false)
    expect(await net.ask('eth_getBlockTransactionCountByNumber', '0x1')).toBe('0x1')
    expect(await net.ask('eth_getBlockTransactionCountByHash', hash)).toBe('0x1')
    expect(await net.ask('eth_getUncleCountByBlockNumber', '0x1')).toBe('0x0')
    expect(await net.ask('eth_getUncleCountByBlockHash', hash)).toBe('0x0')
    expect(await net.ask('eth_getUncleByBlockNumberAndIndex', '0x1', '0x0')).toBeNull()
    expect(await net.ask('eth_getUncleByBlockHashAndIndex', hash, '0x0')).toBeNull()
  })

  test.each([
    ['eth_getBlockByNumber', ['0xffff', true]],
    ['eth_getBlockByHash', [unknownHash, true]],
    ['eth_getHeaderByNumber', ['0xffff']],
    ['eth_getHeaderByHash', [unknownHash]],
    ['eth_getBlockReceipts', ['0xffff']],
    ['eth_getBlockReceipts', [unknownHash]],
    ['eth_getBlockTransactionCountByNumber', ['0xffff']],
    ['eth_getBlockTransactionCountByHash', [unknownHash]],
    ['eth_getUncleCountByBlockHash', [unknownHash]],
    ['eth_getTransactionByHash', [unknownHash]],
    ['eth_getTransactionReceipt', [unknownHash]],
    ['eth_getTransactionByBlockNumberAndIndex', ['0x1', '0x9']],
    ['eth_getTransactionByBlockNumberAndIndex', ['pending', '0x0']],
    ['eth_getTransactionByBlockHashAndIndex', [unknownHash, '0x0']],
  ])('%s of %j is null', async (name, params) => {
    expect(await net.ask(name, ...params)).toBeNull()
  })
})

describe('transactions', () => {
  test('a mined one, by hash, place and in its block', async () => {
    const tx = await net.ask<Fields>('eth_getTransactionByHash', paid)
    expect(Object.keys(tx).toSorted()).toEqual(typedFields)
    expect(tx).toMatchObject({
      type: '0x2',
      from: aliceAddress,
      to: bobAddress,
      value: '0x5',
      input: '0x',
      nonce: '0x1',
      blockNumber: '0x2',
      transactionIndex: '0x0',
      accessList: [],
    })
    const block = await net.ask<Fields>('eth_getBlockByNumber', '0x2', true)
    expect(block['transactions']).toEqual([tx])
    expect(BigInt(tx['gasPrice'] as string)).toBe(BigInt(block['baseFeePerGas'] as string) + 1000n)
    expect(await net.ask('eth_getTransactionByBlockNumberAndIndex', '0x2', '0x0')).toEqual(tx)
    const byHash = ['eth_getTransactionByBlockHashAndIndex', tx['blockHash'], '0x0'] as const
    expect(await net.ask(...byHash)).toEqual(tx)
  })

  test('raw bytes come back as they were sent', async () => {
    const raw = await net.ask<Hex>('eth_getRawTransactionByHash', paid)
    expect((await net.call('eth_sendRawTransaction', raw)).error).toMatchObject({ code: -32000 })
    expect(await net.ask('eth_getRawTransactionByBlockNumberAndIndex', '0x2', '0x0')).toBe(raw)
  })

  test('receipts', async () => {
    const receipt = await net.ask<Fields>('eth_getTransactionReceipt', created)
    expect(Object.keys(receipt).toSorted()).toEqual(receiptFields)
    expect(receipt).toMatchObject({
      status: '0x1',
      to: null,
      contractAddress: '0x5fbdb2315678afecb367f032d93f642f64180aa3',
      type: '0x2',
      logs: [],
      transactionHash: created,
    })
    expect(receipt['gasUsed']).toBe(receipt['cumulativeGasUsed'])
    expect(await net.ask('eth_getBlockReceipts', '0x1')).toEqual([receipt])
    expect(await net.ask('eth_getTransactionReceipt', paid)).toMatchObject({
      contractAddress: null,
      gasUsed: '0x5208',
    })
  })

  test.each([
    ['0x', -32000],
    ['0x05', -32000],
    ['0xc0', -32000],
    ['0x02f8', -32000],
    ['02', -32602],
  ])('eth_sendRawTransaction refuses %s with %i', async (raw, code) => {
    expect((await net.call('eth_sendRawTransaction', raw)).error?.code).toBe(code)
  })

  test('a used nonce is told in geth’s words', async () => {
    const raw = await alice.signTransaction({
      chainId: 2679,
      to: bobAddress,
      nonce: 0,
      gas: 21_000n,
      gasPrice: 3_000_000_000n,
    })
    expect((await net.call('eth_sendRawTransaction', raw)).error).toEqual({
      code: -32000,
      message: 'nonce too low: next nonce 2, tx nonce 0',
    })
  })
})

describe('accounts', () => {
  const contract = '0x5fbdb2315678afecb367f032d93f642f64180aa3'
  test('at latest when nothing is said, and at any past block', async () => {
    expect(await net.ask('eth_getTransactionCount', aliceAddress)).toBe('0x2')
    expect(await net.ask('eth_getTransactionCount', aliceAddress, '0x1')).toBe('0x1')
    expect(await net.ask('eth_getTransactionCount', aliceAddress, 'pending')).toBe('0x2')
    const before = BigInt(await net.ask<Hex>('eth_getBalance', bobAddress, 'earliest'))
    expect(BigInt(await net.ask<Hex>('eth_getBalance', bobAddress))).toBe(before + 5n)
    expect(await net.ask('eth_getCode', contract)).toBe(`0x${logger}`)
    expect(await net.ask('eth_getCode', contract, '0x0')).toBe('0x')
    expect(await net.ask('eth_getBalance', `0x${'99'.repeat(20)}`)).toBe('0x0')
    const { hash } = await net.ask<{ hash: Hex }>('eth_getBlockByNumber', '0x1', false)
    expect(await net.ask('eth_getTransactionCount', aliceAddress, { blockHash: hash })).toBe('0x1')
  })

  test('storage, and keys that are none', async () => {
    expect(await net.ask('eth_getStorageAt', contract, '0x0', 'latest')).toBe(`0x${word(0)}`)
    expect((await net.call('eth_getStorageAt', contract, '0xasdf')).error).toEqual({
      code: -32602,
      message: 'invalid hex in storage key: "0xasdf"',
    })
    expect((await net.call('eth_getStorageAt', contract, `0x${'0'.repeat(66)}`)).error?.code).toBe(
      -32602,
    )
  })

  test('proofs', async () => {
    const full = `0x${word(1)}`
    const proof = await net.ask<Fields>('eth_getProof', contract, ['0x0', full], 'latest')
    expect(proof).toMatchObject({
      address: contract,
      nonce: '0x1',
      balance: '0x0',
      storageHash: '0x56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421',
      storageProof: [
        { key: '0x0', value: '0x0', proof: [] },
        { key: full, value: '0x0', proof: [] },
      ],
    })
    expect((proof['accountProof'] as string[]).length).toBeGreaterThan(0)
  })
})

describe('fees', () => {
  test('gas price is base fee and tip, within 1.25 of the base fee', async () => {
    const baseFee = BigInt(await net.ask<Hex>('eth_baseFee'))
    const tip = BigInt(await net.ask<Hex>('eth_maxPriorityFeePerGas'))
    const price = BigInt(await net.ask<Hex>('eth_gasPrice'))
    expect(tip).toBe(1000n)
    expect(price).toBeGreaterThanOrEqual(baseFee + tip)
    expect(price * 4n).toBeLessThanOrEqual(baseFee * 5n + tip * 4n)
    expect(await net.ask('eth_blobBaseFee')).toBe('0x1')
  })

  test('feeHistory has n + 1 base fees, n ratios and n x p rewards', async () => {
    const history = await net.ask<Record<string, unknown[]>>(
      'eth_feeHistory',
      '0x3',
      'latest',
      [0, 50, 100],
    )
    expect(history['oldestBlock']).toBe('0x0')
    expect(history['baseFeePerGas']).toHaveLength(4)
    expect(history['gasUsedRatio']?.[2]).toBe(21_000 / 30_000_000)
    expect(history['reward']).toEqual([
      ['0x0', '0x0', '0x0'],
      ['0x3e8', '0x3e8', '0x3e8'],
      ['0x3e8', '0x3e8', '0x3e8'],
    ])
    expect(history['baseFeePerBlobGas']).toEqual(['0x1', '0x1', '0x1', '0x1'])
    expect(history['blobGasUsedRatio']).toEqual([0, 0, 0])
    expect(history['baseFeePerGas']?.[3]).toBe(await net.ask('eth_baseFee'))
    expect(await net.ask('eth_feeHistory', 1, '0x1')).not.toHaveProperty('reward')
    expect(await net.ask('eth_feeHistory', '4096', 'latest', [])).toMatchObject({
      oldestBlock: '0x0',
    })
  })

  test.each([
    [['0x1', '0xff', []], 'request beyond head block: requested 255, head 2'],
    [['0x1', 'latest', [101]], 'invalid reward percentile: 101.000000'],
    [['0x1', 'latest', [5, 5]], 'invalid reward percentile: #0:5.000000 >= #1:5.000000'],
    [['0x1', 'latest', Array(101).fill(1)], 'invalid reward percentile: over the query limit 100'],
  ])('feeHistory %#: %s', async (params, message) => {
    expect((await net.call('eth_feeHistory', ...params)).error).toEqual({ code: -32000, message })
  })
})

describe('the pool', () => {
  test('shows what waits behind a gap, by checksummed address', async () => {
    const hash = await net.send({ to: bobAddress, nonce: 9, gas: 21_000n })
    expect(await net.ask('txpool_status')).toEqual({ pending: '0x0', queued: '0x1' })
    const tx = await net.ask<Fields>('eth_getTransactionByHash', hash)
    expect(tx).toMatchObject({
      blockHash: null,
      blockNumber: null,
      transactionIndex: null,
      gasPrice: '0xb2d05e00',
    })
    expect(await net.ask('eth_getTransactionReceipt', hash)).toBeNull()
    expect(await net.ask('txpool_content')).toEqual({
      pending: {},
      queued: { [alice.address]: { '9': tx } },
    })
    expect(await net.ask('txpool_contentFrom', aliceAddress)).toEqual({
      pending: {},
      queued: { '9': tx },
    })
    expect(await net.ask('txpool_inspect')).toEqual({
      pending: {},
      queued: {
        [alice.address]: { '9': `${bob.address}: 0 wei + 21000 gas × 3000000000 wei` },
      },
    })
    expect(await net.ask('eth_getTransactionCount', aliceAddress, 'pending')).toBe('0x2')
  })
})
