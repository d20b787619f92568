/** Every action of viem's test client against a devnet, as anvil's users and as Hardhat's call it. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import {
  createTestClient,
  http,
  parseEther,
  publicActions,
  toHex,
  walletActions,
  zeroAddress,
} from 'viem'
import { alice, bob, type Devnet, startDevnet } from '../devnet.ts'

let net: Devnet
beforeEach(async () => {
  net = await startDevnet()
})
afterEach(() => net.stop())

const connect = (mode: 'anvil' | 'hardhat') =>
  createTestClient({ mode, cacheTime: 0, transport: http(net.httpUrl) })
    .extend(publicActions)
    .extend(walletActions)
const whale = `0x${'ab'.repeat(20)}` as const

describe.each(['anvil', 'hardhat'] as const)('in %s mode', (mode) => {
  test('accounts', async () => {
    const client = connect(mode)
    await client.setBalance({ address: whale, value: parseEther('2') })
    expect(await client.getBalance({ address: whale })).toBe(parseEther('2'))
    await client.setNonce({ address: whale, nonce: 9 })
    expect(await client.getTransactionCount({ address: whale })).toBe(9)
    await client.setCode({ address: whale, bytecode: '0x00' })
    expect(await client.getCode({ address: whale })).toBe('0x00')
    await client.setStorageAt({ address: whale, index: 2, value: toHex(7, { size: 32 }) })
    expect(await client.getStorageAt({ address: whale, slot: toHex(2) })).toBe(
      toHex(7, { size: 32 }),
    )
    await client.impersonateAccount({ address: whale })
    const hash = await client.sendTransaction({
      account: whale,
      to: bob.address,
      value: 1n,
      chain: null,
    })
    expect((await client.getTransactionReceipt({ hash })).from).toBe(whale)
    await client.stopImpersonatingAccount({ address: whale })
    await expect(
      client.sendTransaction({ account: whale, to: bob.address, value: 1n, chain: null }),
    ).rejects.toThrow('unknown account')
  })

  test('blocks and time', async () => {
    const client = connect(mode)
    await client.mine({ blocks: 3, interval: 10 })
    expect(await client.getBlockNumber()).toBe(3n)
    await client.increaseTime({ seconds: 420 })
    const { timestamp } = await client.getBlock()
    await client.setNextBlockTimestamp({ timestamp: timestamp + 10_000n })
    await client.setNextBlockBaseFeePerGas({ baseFeePerGas: 20n })
    await client.setCoinbase({ address: whale })
    await client.setBlockGasLimit({ gasLimit: 20_000_000n })
    await client.mine({ blocks: 1 })
    expect(await client.getBlock()).toMatchObject({
      timestamp: timestamp + 10_000n,
      baseFeePerGas: 20n,
      miner: whale,
      gasLimit: 20_000_000n,
    })
    await client.setMinGasPrice({ gasPrice: 1n })
    await client.setLoggingEnabled(false)
    await client.setIntervalMining({ interval: 1 })
    await net.clock.advance(1_000)
    expect(await client.getBlockNumber()).toBe(5n)
    await client.setIntervalMining({ interval: 0 })
  })

  test('the pool', async () => {
    const client = connect(mode)
    expect(await client.getAutomine()).toBe(true)
    await client.setAutomine(false)
    const request = { account: alice.address, to: zeroAddress, chain: null } as const
    const hash = await client.sendTransaction(request)
    const kept = await client.sendTransaction({ ...request, nonce: 1 })
    expect(await client.getTxpoolStatus()).toEqual({ pending: 2, queued: 0 })
    expect(Object.keys((await client.getTxpoolContent()).pending)).toHaveLength(1)
    expect(Object.keys((await client.inspectTxpool()).pending)).toHaveLength(1)
    await client.dropTransaction({ hash: kept })
    await client.mine({ blocks: 1 })
    expect((await client.getBlock()).transactions).toEqual([hash])
  })

  test('snapshots and a new beginning', async () => {
    const client = connect(mode)
    const id = await client.snapshot()
    await client.mine({ blocks: 2 })
    await client.revert({ id })
    expect(await client.getBlockNumber()).toBe(0n)
    await client.mine({ blocks: 2 })
    await client.reset()
    expect(await client.getBlockNumber()).toBe(0n)
  })
})

test('what only anvil has', async () => {
  const client = connect('anvil')
  await client.setBlockTimestampInterval({ interval: 5 })
  const { timestamp } = await client.getBlock()
  await client.mine({ blocks: 1 })
  expect((await client.getBlock()).timestamp).toBe(timestamp + 5n)
  await client.removeBlockTimestampInterval()
  expect(await net.ask('dev_faucet', whale)).toBe(toHex(parseEther('100')))
  expect(await client.getBalance({ address: whale })).toBe(parseEther('100'))
})

test('a dapp that reads right after it has sent sees its own write, a hundred times of a hundred', async () => {
  const client = connect('anvil')
  /** Adds one to slot 0 and answers it. */
  await client.setCode({ address: whale, bytecode: '0x5f54600101805f555f5260205ff3' })
  for (let nonce = 0; nonce < 100; nonce++) {
    const raw = await alice.signTransaction({
      chainId: 2679,
      type: 'eip1559',
      nonce,
      gas: 100_000n,
      to: whale,
      maxFeePerGas: 3_000_000_000n,
      maxPriorityFeePerGas: 1n,
    })
    const hash = await client.sendRawTransaction({ serializedTransaction: raw })
    const [slot, count, receipt, block] = await Promise.all([
      client.getStorageAt({ address: whale, slot: '0x0' }),
      client.getTransactionCount({ address: alice.address }),
      client.getTransactionReceipt({ hash }),
      client.getBlock(),
    ])
    expect(Number(slot)).toBe(nonce + 1)
    expect(count).toBe(nonce + 1)
    expect(receipt.blockHash).toBe(block.hash)
  }
})
