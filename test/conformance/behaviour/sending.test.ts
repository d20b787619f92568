/** notes/rpc.md, section 6, Nonces, Sending and Fees: what a wallet does between sending and the receipt. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { Hex } from '../../../primitives/index.ts'
import { alice, aliceAddress, type Devnet, startDevnet } from '../../unit/rpc/devnet.ts'

let net: Devnet
beforeAll(async () => {
  net = await startDevnet({ type: 'manual' })
})
afterAll(() => net.stop())

const nowhere: Hex = `0x${'aa'.repeat(20)}`
const nonceAt = (tag: string) => net.ask<Hex>('eth_getTransactionCount', aliceAddress, tag)

describe('before its block', () => {
  test('is found at once, has no receipt, and counts for the pending nonce', async () => {
    const hash = await net.send({ to: nowhere, value: 1n })
    expect(await net.ask('eth_getTransactionByHash', hash)).toMatchObject({
      hash,
      blockHash: null,
      blockNumber: null,
      transactionIndex: null,
    })
    expect(await net.ask('eth_getTransactionReceipt', hash)).toBeNull()
    expect([await nonceAt('latest'), await nonceAt('pending')]).toEqual(['0x0', '0x1'])
    await net.ask('evm_mine')
    expect(await nonceAt('latest')).toBe('0x1')
  })

  test('one behind a gap does not count for the pending nonce', async () => {
    await net.send({ to: nowhere, nonce: 5 })
    expect(await nonceAt('pending')).toBe('0x1')
  })
})

test('a receipt that can be seen goes with the state after it', async () => {
  const to: Hex = `0x${'bb'.repeat(20)}`
  const hash = await net.send({ to, value: 7n, nonce: 1 })
  await net.ask('evm_mine')
  expect(await net.ask('eth_getTransactionReceipt', hash)).toMatchObject({ status: '0x1' })
  expect(await net.ask('eth_getBalance', to, 'latest')).toBe('0x7')
})

describe('fees', () => {
  test('gas price covers base fee and a tip that is mined; at most 1.25 times as much', async () => {
    const [price, baseFee, tip] = await Promise.all([
      net.ask<Hex>('eth_gasPrice'),
      net.ask<Hex>('eth_baseFee'),
      net.ask<Hex>('eth_maxPriorityFeePerGas'),
    ])
    expect(BigInt(price)).toBeGreaterThanOrEqual(BigInt(baseFee) + BigInt(tip))
    expect(BigInt(price) * 4n).toBeLessThanOrEqual((BigInt(baseFee) + BigInt(tip)) * 5n)
    const raw = await alice.signTransaction({
      chainId: 2679,
      type: 'eip1559',
      nonce: 2,
      gas: 21_000n,
      to: nowhere,
      // MetaMask, on a chain it does not know: eth_gasPrice for both.
      maxFeePerGas: BigInt(price),
      maxPriorityFeePerGas: BigInt(price),
    })
    const hash = await net.ask<Hex>('eth_sendRawTransaction', raw)
    await net.ask('evm_mine')
    expect(await net.ask('eth_getTransactionReceipt', hash)).toMatchObject({ status: '0x1' })
  })

  test('the suggested tip is at least what the pool takes', async () => {
    expect(BigInt(await net.ask<Hex>('eth_maxPriorityFeePerGas'))).toBeGreaterThanOrEqual(1n)
  })

  test('feeHistory: n + 1, n and n x p entries; empty blocks pay zeros, not null', async () => {
    await net.ask('evm_mine')
    const history = await net.ask<Record<string, readonly unknown[]>>(
      'eth_feeHistory',
      '0x2',
      'latest',
      [10, 50, 90],
    )
    expect(history['baseFeePerGas']).toHaveLength(3)
    expect(history['baseFeePerBlobGas']).toHaveLength(3)
    expect(history['gasUsedRatio']).toHaveLength(2)
    expect(history['reward']).toHaveLength(2)
    expect(history['reward']![1]).toEqual(['0x0', '0x0', '0x0'])
    for (const list of history['reward']!) expect(list).toHaveLength(3)
  })

  test('the base fee is never 0', async () => {
    const { baseFeePerGas } = await net.ask<{ baseFeePerGas: Hex }>(
      'eth_getBlockByNumber',
      'latest',
      false,
    )
    expect(BigInt(baseFeePerGas)).toBeGreaterThan(0n)
  })
})

test('with automine, state and receipt are there when the sending call returns: 100 of 100', async () => {
  const instant = await startDevnet()
  try {
    for (let round = 1n; round <= 100n; round++) {
      const to: Hex = `0x${round.toString(16).padStart(40, 'b')}`
      const hash = await instant.send({ to, value: round, gas: 21_000n })
      const [balance, receipt, nonce, height] = await Promise.all([
        instant.ask('eth_getBalance', to, 'latest'),
        instant.ask('eth_getTransactionReceipt', hash),
        instant.ask('eth_getTransactionCount', aliceAddress, 'latest'),
        instant.ask('eth_blockNumber'),
      ])
      const count = `0x${round.toString(16)}`
      expect([balance, nonce, height]).toEqual([count, count, count])
      expect(receipt).toMatchObject({ status: '0x1', blockNumber: count })
    }
  } finally {
    await instant.stop()
  }
})
