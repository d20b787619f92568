/** A devnet in its owner's hands: time, accounts, blocks, snapshots, as anvil's and Hardhat's users know them. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { checkStore } from '../../../../state/index.ts'
import { fromHex, type Hex } from '../../../../primitives/index.ts'
import { aliceAddress, bob, deployer, type Devnet, startDevnet } from '../devnet.ts'

let net: Devnet
beforeEach(async () => {
  net = await startDevnet()
})
afterEach(() => net.stop())

const bobAddress = bob.address.toLowerCase() as Hex
const nobody: Hex = `0x${'ab'.repeat(20)}`
interface Block {
  readonly number: Hex
  readonly hash: Hex
  readonly timestamp: Hex
  readonly parentHash: Hex
  readonly transactions: readonly Hex[]
  readonly baseFeePerGas: Hex
  readonly gasLimit: Hex
  readonly miner: Hex
  readonly mixHash: Hex
  readonly stateRoot: Hex
}
const block = (at: Hex | 'latest' | 'pending' = 'latest') =>
  net.ask<Block>('eth_getBlockByNumber', at, false)
const height = async () => Number(await net.ask<Hex>('eth_blockNumber'))
const balance = async (who: Hex) => BigInt(await net.ask<Hex>('eth_getBalance', who, 'latest'))
const codeOf = async (method: string, ...params: readonly unknown[]) =>
  (await net.call(method, ...params)).error?.code
const sendFrom = (from: Hex) =>
  net.call('eth_sendTransaction', { from, to: bobAddress, value: '0x1' })
const soundStore = async () => {
  const { faults } = await checkStore(net.node.chain.store as Parameters<typeof checkStore>[0])
  expect(faults).toEqual([])
}

describe('time', () => {
  test('evm_increaseTime moves the next block, and what follows, and answers seconds in all', async () => {
    const before = Number((await block()).timestamp)
    expect(await net.ask('evm_increaseTime', 3600)).toBeGreaterThanOrEqual(3600)
    await net.ask('evm_increaseTime', '0x10')
    await net.ask('evm_mine')
    expect(Number((await block()).timestamp)).toBe(before + 3616)
    await net.clock.advance(5_000)
    await net.ask('evm_mine')
    expect(Number((await block()).timestamp)).toBe(before + 3621)
  })

  test('evm_setNextBlockTimestamp says one block’s time; later ones go on from it', async () => {
    const at = Number((await block()).timestamp) + 1_000_000
    expect(await net.ask('evm_setNextBlockTimestamp', at)).toBe(String(at))
    expect(Number((await block('pending')).timestamp)).toBe(at)
    await net.send({ to: bobAddress })
    expect(Number((await block()).timestamp)).toBe(at)
    await net.clock.advance(2_000)
    await net.send({ to: bobAddress })
    expect(Number((await block()).timestamp)).toBe(at + 2)
    const { error } = await net.call('evm_setNextBlockTimestamp', at)
    expect(error).toMatchObject({ code: -32602 })
    expect(error?.message).toContain(`the next block takes ${at + 3} at least`)
  })

  test('a timestamp interval; evm_setTime in seconds and milliseconds', async () => {
    await net.ask('anvil_setBlockTimestampInterval', 12)
    const before = Number((await block()).timestamp)
    await net.ask('evm_mine')
    await net.ask('evm_mine')
    expect(Number((await block()).timestamp)).toBe(before + 24)
    expect(await net.ask('anvil_removeBlockTimestampInterval')).toBe(true)
    expect(await net.ask('anvil_removeBlockTimestampInterval')).toBe(false)
    await net.ask('evm_setTime', 2_000_000_000)
    await net.ask('evm_mine')
    expect(Number((await block()).timestamp)).toBe(2_000_000_000)
    await net.ask('evm_setTime', 2_000_000_500_000)
    await net.ask('evm_mine', { timestamp: 2_000_001_000, blocks: 3 })
    expect(Number((await block()).timestamp)).toBe(2_000_001_002)
  })
})

describe('accounts', () => {
  test.each(['anvil_', 'hardhat_'])(
    '%ssetBalance, Nonce, Code, StorageAt show at once and in the next block',
    async (prefix) => {
      const blocks = await height()
      await net.ask(`${prefix}setBalance`, nobody, '0x0de0b6b3a7640000')
      await net.ask(`${prefix}setNonce`, nobody, '0x7')
      await net.ask(`${prefix}setCode`, nobody, '0x5f545f5260205ff3')
      await net.ask(`${prefix}setStorageAt`, nobody, '0x0', `0x${'2a'.padStart(64, '0')}`)
      expect(await height()).toBe(blocks)
      const see = async () => {
        expect(await balance(nobody)).toBe(10n ** 18n)
        expect(await net.ask('eth_getTransactionCount', nobody)).toBe('0x7')
        expect(await net.ask('eth_getCode', nobody)).toBe('0x5f545f5260205ff3')
        expect(BigInt(await net.ask<Hex>('eth_call', { to: nobody }))).toBe(42n)
      }
      await see()
      const { stateRoot } = await block()
      await net.ask('evm_mine')
      await see()
      expect((await block()).stateRoot).not.toBe(stateRoot)
      await net.ask(`${prefix}addBalance`, nobody, 5)
      expect(await balance(nobody)).toBe(10n ** 18n + 5n)
      await net.ask('evm_mine')
      await soundStore()
    },
  )

  test('money given by hand can be spent at once, with the nonce given by hand', async () => {
    await net.ask('anvil_setBalance', bobAddress, '0x0')
    await net.ask('anvil_setNonce', bobAddress, 5)
    await net.ask('anvil_setBalance', bobAddress, 10n ** 18n + '')
    const raw = await bob.signTransaction({
      chainId: 2679,
      type: 'eip1559',
      nonce: 5,
      gas: 21_000n,
      to: nobody,
      value: 1n,
      maxFeePerGas: 3_000_000_000n,
      maxPriorityFeePerGas: 1n,
    })
    const hash = await net.ask<Hex>('eth_sendRawTransaction', raw)
    expect(await net.ask('eth_getTransactionReceipt', hash)).toMatchObject({ status: '0x1' })
    expect(await balance(nobody)).toBe(1n)
  })

  test('bad values are -32602', async () => {
    expect(await codeOf('anvil_setBalance', nobody, `0x1${'0'.repeat(64)}`)).toBe(-32602)
    expect(await codeOf('anvil_setNonce', nobody, '0xffffffffffffffff')).toBe(-32602)
    expect(await codeOf('anvil_setCode', nobody, '0x0')).toBe(-32602)
    expect(await codeOf('anvil_setStorageAt', nobody, '0x0', `0x${'1'.repeat(65)}`)).toBe(-32602)
    expect(await codeOf('anvil_setBalance', '0x12', 1)).toBe(-32602)
  })
})

describe('impersonation', () => {
  test('acts for an account without its key, a contract too, until it is stopped', async () => {
    const sent = await net.ask<Hex>('eth_sendTransaction', { data: deployer('00') })
    const { contractAddress } = await net.ask<{ contractAddress: Hex }>(
      'eth_getTransactionReceipt',
      sent,
    )
    await net.ask('hardhat_setBalance', contractAddress, '0xde0b6b3a7640000')
    await net.ask('hardhat_impersonateAccount', contractAddress)
    expect(await net.ask('eth_accounts')).toContain(contractAddress)
    const { result } = await sendFrom(contractAddress)
    expect(await net.ask('eth_getTransactionReceipt', result)).toMatchObject({
      status: '0x1',
      from: contractAddress,
    })
    expect(await net.ask('eth_getTransactionByHash', result)).toMatchObject({
      from: contractAddress,
    })
    await net.ask('hardhat_stopImpersonatingAccount', contractAddress)
    expect((await sendFrom(contractAddress)).error?.message).toBe('unknown account')
    await soundStore()
  })

  test('auto-impersonation acts for everybody; equal transactions of two senders differ', async () => {
    await net.ask('anvil_autoImpersonateAccount', true)
    for (const who of [nobody, bobAddress])
      await net.ask('anvil_setBalance', who, '0xde0b6b3a7640000')
    const [one, two] = [await sendFrom(nobody), await sendFrom(bobAddress)]
    expect(one.result).not.toBe(two.result)
    await net.ask('anvil_autoImpersonateAccount', false)
    expect((await sendFrom(nobody)).error?.code).toBe(-32000)
  })

  test('nobody can pretend to be impersonated: the mark is no signature', async () => {
    await net.ask('anvil_setBalance', nobody, '0xde0b6b3a7640000')
    await net.ask('anvil_impersonateAccount', nobody)
    const raw = await net.ask<Hex>('eth_signTransaction', {
      from: nobody,
      to: bobAddress,
      gas: '0x5208',
    })
    expect(fromHex(raw).length).toBeGreaterThan(50)
    const { error } = await net.call('eth_sendRawTransaction', raw)
    expect(error?.code).toBe(-32000)
  })
})

describe('blocks', () => {
  test('anvil_mine and hardhat_mine make so many, so far apart', async () => {
    const before = Number((await block()).timestamp)
    await net.ask('hardhat_mine', '0x5', '0x3c')
    expect(await height()).toBe(5)
    expect(Number((await block()).timestamp)).toBe(before + 1 + 4 * 60)
    await net.ask('anvil_mine', 2)
    await net.ask('anvil_mine')
    expect(await height()).toBe(8)
  })

  test('without automine transactions wait for evm_mine; drops; and automine again', async () => {
    await net.ask('evm_setAutomine', false)
    expect(await net.ask('hardhat_getAutomine')).toBe(false)
    const hashes = [await net.send({ to: bobAddress }), await net.send({ to: bobAddress })]
    expect(await height()).toBe(0)
    const extra = await net.send({ to: bobAddress })
    expect(await net.ask('anvil_dropTransaction', extra)).toBe(extra)
    expect(await net.ask('anvil_dropTransaction', extra)).toBeNull()
    await net.ask('evm_mine')
    expect((await block()).transactions).toEqual(hashes)
    const late = await net.send({ to: bobAddress, nonce: 2 })
    expect(await height()).toBe(1)
    await net.ask('anvil_setAutomine', true)
    await net.ask('evm_mine')
    expect(await net.ask('eth_getTransactionReceipt', late)).not.toBeNull()
    expect(await net.ask('anvil_getAutomine')).toBe(true)
    await net.ask('anvil_setAutomine', false)
    await net.send({ to: bobAddress, nonce: 3 })
    await net.ask('anvil_removePoolTransactions', bobAddress)
    expect(await net.ask('txpool_status')).toEqual({ pending: '0x1', queued: '0x0' })
    await net.ask('hardhat_dropAllTransactions')
    expect(await net.ask('txpool_status')).toEqual({ pending: '0x0', queued: '0x0' })
  })

  test('interval mining beats in seconds (anvil) and from 1000 on in milliseconds (Hardhat)', async () => {
    await net.ask('evm_setIntervalMining', 2)
    expect(await net.ask('anvil_getIntervalMining')).toBe(2)
    expect(await net.ask('anvil_getAutomine')).toBe(false)
    await net.clock.advance(2_000)
    expect(await height()).toBe(1)
    await net.ask('evm_setIntervalMining', 3_000)
    await net.clock.advance(3_000)
    expect(await height()).toBe(2)
    await net.ask('anvil_setIntervalMining', 0)
    await net.clock.advance(60_000)
    expect(await height()).toBe(2)
    expect(await net.ask('anvil_getIntervalMining')).toBeNull()
  })

  test('header fields of the next block, and which of them last', async () => {
    await net.ask('anvil_setCoinbase', nobody)
    await net.ask('hardhat_setNextBlockBaseFeePerGas', '0x77359400')
    await net.ask('hardhat_setPrevRandao', '0x1234')
    await net.ask('evm_setBlockGasLimit', '0x1c9c381')
    const wanted = {
      miner: nobody,
      baseFeePerGas: '0x77359400',
      gasLimit: '0x1c9c381',
      mixHash: `0x${'1234'.padStart(64, '0')}`,
    }
    expect(await net.ask('eth_gasPrice')).toBe('0x77359401')
    expect(await net.ask('eth_getBlockByNumber', 'pending', false)).toMatchObject({
      baseFeePerGas: '0x77359400',
      gasLimit: '0x1c9c381',
    })
    await net.ask('evm_mine')
    expect(await block()).toMatchObject(wanted)
    await net.ask('evm_mine')
    const next = await block()
    expect(next).toMatchObject({ miner: nobody, gasLimit: '0x1c9c381' })
    expect(next.baseFeePerGas).toBe('0x684ee180') // an eighth less
    expect(next.mixHash).not.toBe(wanted.mixHash)
    expect(await codeOf('evm_setBlockGasLimit', 4_999)).toBe(-32602)
  })

  test('a minimum gas price keeps cheaper transactions out', async () => {
    await net.ask('hardhat_setMinGasPrice', '0x174876e800')
    const sent = await net.call('eth_sendTransaction', { to: bobAddress, gasPrice: '0x77359400' })
    expect(sent.error?.message).toContain('transaction underpriced')
    const dear = await net.call('eth_sendTransaction', { to: bobAddress, gasPrice: '0x174876e800' })
    expect(dear.error).toBeUndefined()
  })

  test('evm_mine_detailed tells what its transactions returned', async () => {
    await net.ask('evm_setAutomine', false)
    await net.ask('eth_sendTransaction', { data: deployer('60ff'), gas: '0x186a0' })
    const [mined] = await net.ask<[{ transactions: [{ output: Hex }] }]>('evm_mine_detailed')
    expect(mined.transactions[0].output).toBe('0x60ff')
  })
})

describe('snapshots', () => {
  test('revert brings back blocks, accounts, time, nonces and the pool', async () => {
    await net.send({ to: bobAddress, value: 1n })
    await net.ask('anvil_setBalance', nobody, 7)
    const [was, root] = [await block(), await balance(bobAddress)]
    const id = await net.ask('evm_snapshot')
    expect(id).toBe('0x0')
    const sent = await net.send({ to: bobAddress, value: 5n })
    await net.ask('evm_increaseTime', 1_000_000)
    await net.ask('anvil_setBalance', nobody, 8)
    await net.ask('hardhat_mine', 3)
    expect(await net.ask('evm_revert', id)).toBe(true)
    expect(await block()).toEqual(was)
    expect(await balance(bobAddress)).toBe(root)
    expect(await balance(nobody)).toBe(7n)
    expect(await net.ask('eth_getTransactionReceipt', sent)).toBeNull()
    expect(await net.ask('eth_getTransactionCount', aliceAddress)).toBe('0x1')
    await net.send({ to: bobAddress, nonce: 1 })
    expect(Number((await block()).timestamp) - Number(was.timestamp)).toBeLessThan(60)
    await soundStore()
  })

  test('a snapshot is used up by its revert, and later ones with it', async () => {
    const ids = [await net.ask('evm_snapshot'), await net.ask('anvil_snapshot')]
    expect(ids).toEqual(['0x0', '0x1'])
    expect(await net.ask('evm_revert', '0x0')).toBe(true)
    expect(await net.ask('evm_revert', '0x0')).toBe(false)
    expect(await net.ask('evm_revert', '0x1')).toBe(false)
    expect(await net.ask('anvil_revert', '0xffff')).toBe(false)
    expect(await net.ask('evm_snapshot')).toBe('0x2')
  })

  test('what waited in the pool waits again', async () => {
    await net.ask('evm_setAutomine', false)
    const waiting = await net.send({ to: bobAddress })
    const id = await net.ask('evm_snapshot')
    await net.ask('evm_mine')
    const later = await net.send({ to: bobAddress })
    await net.ask('evm_revert', id)
    expect(await net.ask('eth_getTransactionByHash', waiting)).toMatchObject({ blockNumber: null })
    expect(await net.ask('eth_getTransactionByHash', later)).toBeNull()
  })

  test('a filter and the fee oracle see the new history after a revert', async () => {
    const filter = await net.ask('eth_newBlockFilter')
    const id = await net.ask('evm_snapshot')
    await net.ask('evm_mine')
    await net.ask('evm_revert', id)
    await net.ask('evm_increaseTime', 77)
    await net.ask('evm_mine')
    expect(await net.ask('eth_getFilterChanges', filter)).toEqual([(await block()).hash])
  })

  test('three hundred snapshots and reverts cost little', async () => {
    const started = performance.now()
    for (let i = 0; i < 300; i++) {
      const id = await net.ask('evm_snapshot')
      await net.send({ to: bobAddress, nonce: 0 })
      await net.ask('evm_revert', id)
    }
    expect(await height()).toBe(0)
    expect(performance.now() - started).toBeLessThan(30_000)
  })
})

describe('the whole', () => {
  test('reset is a new beginning; a fork is refused', async () => {
    const first = await block()
    await net.ask('anvil_setBalance', nobody, 7)
    await net.send({ to: bobAddress })
    const id = await net.ask('evm_snapshot')
    await net.ask('anvil_setAutomine', false)
    await net.ask('hardhat_reset')
    expect(await block()).toEqual(first)
    expect(await balance(nobody)).toBe(0n)
    expect(await net.ask('evm_revert', id)).toBe(false)
    expect(await net.ask('anvil_getAutomine')).toBe(true)
    const { error } = await net.call('hardhat_reset', { forking: { jsonRpcUrl: 'http://x' } })
    expect(error?.message).toContain('forking is not available')
  })

  test('anvil_rollback takes blocks back', async () => {
    await net.ask('anvil_mine', 5)
    await net.ask('anvil_rollback', 2)
    expect(await height()).toBe(3)
    await net.ask('anvil_rollback')
    expect(await height()).toBe(2)
    expect(await codeOf('anvil_rollback', 3)).toBe(-32602)
  })

  test('what it says of itself', async () => {
    await net.ask('evm_snapshot')
    const { hash } = await block()
    expect(await net.ask('hardhat_metadata')).toMatchObject({
      clientVersion: 'anvil/v0.0.0-test',
      chainId: 2679,
      latestBlockNumber: 0,
      latestBlockHash: hash,
      snapshots: { '0x0': [0, hash] },
    })
    expect(await net.ask('anvil_nodeInfo')).toMatchObject({
      currentBlockNumber: '0x0',
      currentBlockHash: hash,
      hardFork: 'osaka',
      environment: { baseFee: '0x342770c0', chainId: 2679, gasLimit: '0x1c9c380' },
    })
  })
})
