/** The state out of one devnet and into another, and anvil's own dumps. */
import { gunzipSync, gzipSync } from 'node:zlib'
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { fromHex, type Hex, toHex } from '../../../../primitives/index.ts'
import { bob, deployer, type Devnet, startDevnet } from '../devnet.ts'

let [one, two]: Devnet[] = []
const nets = (): readonly [Devnet, Devnet] => {
  if (!one || !two) throw new Error('not started')
  return [one, two]
}
beforeEach(async () => {
  one = await startDevnet()
  two = await startDevnet()
})
afterEach(async () => {
  for (const net of nets()) await net.stop()
})

const bobAddress = bob.address.toLowerCase() as Hex
const nobody: Hex = `0x${'ab'.repeat(20)}`
const pack = (value: unknown): Hex => toHex(new Uint8Array(gzipSync(JSON.stringify(value))))

test('accounts, code, storage and height go over, what was set by hand last included', async () => {
  const [from, to] = nets()
  /** Writes 42 into slot 7 when it is deployed, and leaves STOP as code. */
  await from.ask('eth_sendTransaction', { data: '0x602a600755600160005360016000f3' })
  await from.ask('eth_sendTransaction', { to: bobAddress, value: '0x64' })
  await from.ask('anvil_mine', 600)
  await from.ask('anvil_setBalance', nobody, 5)
  await from.ask('evm_mine')
  await from.ask('anvil_setStorageAt', nobody, '0x9', '0x8')
  const [tx] = (await from.ask<{ transactions: [Hex] }>('eth_getBlockByNumber', '0x1', false))
    .transactions
  const { contractAddress } = await from.ask<{ contractAddress: Hex }>(
    'eth_getTransactionReceipt',
    tx,
  )

  const dump = await from.ask<Hex>('anvil_dumpState')
  expect(await to.ask('anvil_loadState', dump)).toBe(true)
  for (const net of [from, to]) {
    expect(await net.ask('eth_blockNumber')).toBe('0x25b')
    expect(await net.ask('eth_getBalance', nobody)).toBe('0x5')
    expect(BigInt(await net.ask<Hex>('eth_getStorageAt', nobody, '0x9'))).toBe(8n)
    expect(await net.ask('eth_getCode', contractAddress)).toBe('0x01')
    expect(BigInt(await net.ask<Hex>('eth_getStorageAt', contractAddress, '0x7'))).toBe(42n)
  }
  const balance = await from.ask('eth_getBalance', bobAddress)
  expect(await to.ask('eth_getBalance', bobAddress)).toBe(balance)
  await to.ask('eth_sendTransaction', { data: deployer('00') })
  expect(await to.ask('anvil_dumpState')).not.toBe(dump)
})

test('the dump has anvil’s fields', async () => {
  const [net] = nets()
  const dump = await net.ask<Hex>('anvil_dumpState')
  const parsed = JSON.parse(gunzipSync(fromHex(dump)).toString()) as { accounts: object }
  expect(Object.keys(parsed)).toEqual([
    'block',
    'accounts',
    'best_block_number',
    'blocks',
    'transactions',
    'historical_states',
  ])
  expect(parsed.accounts).toMatchObject({
    [bobAddress]: { nonce: 0, balance: '0x21e19e0c9bab2400000', code: '0x', storage: {} },
  })
})

test('anything else is refused and sets nothing', async () => {
  const [net] = nets()
  const good = { nonce: 1, balance: '0x1', code: '0x', storage: {} }
  for (const bad of [
    '0x',
    '0x1f8b00',
    pack([]),
    pack({}),
    pack({ accounts: { [nobody]: { ...good, code: '0x1' } } }),
    pack({ accounts: { [nobody]: good, '0x12': good } }),
    pack({ accounts: { [nobody]: { ...good, storage: { x: '0x1' } } } }),
    pack({ accounts: { [nobody]: good }, best_block_number: 1e15 }),
  ])
    expect((await net.call('anvil_loadState', bad)).error?.code).toBe(-32602)
  expect(await net.ask('eth_getTransactionCount', nobody)).toBe('0x0')
  expect(await net.ask('anvil_loadState', pack({ accounts: { [nobody]: good } }))).toBe(true)
  expect(await net.ask('eth_getTransactionCount', nobody)).toBe('0x1')
})
