/** A million blocks at once on a devnet: fast, and every one of them there. */
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import type { Hex } from '../../../../primitives/index.ts'
import { bob, type Devnet, startDevnet } from '../devnet.ts'

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
  readonly parentHash: Hex
  readonly timestamp: Hex
  readonly parentBeaconBlockRoot: Hex
}
const block = (at = 'latest') => net.ask<Block>('eth_getBlockByNumber', at, false)
const height = async () => Number(await net.ask<Hex>('eth_blockNumber'))

test('a million blocks at once: numbers, times, links and hashes of every one of them', async () => {
  const before = Number((await block()).timestamp)
  // Of the processor, for the machine may be busy with other things.
  const started = process.cpuUsage()
  await net.ask('hardhat_mine', '0xf4240', '0xc')
  const { user, system } = process.cpuUsage(started)
  expect((user + system) / 1e6).toBeLessThan(40)
  expect(await height()).toBe(1_000_000)
  expect(Number((await block()).timestamp)).toBe(before + 1 + 999_999 * 12)
  for (const at of [1, 2, 200, 513, 131_300, 131_400, 500_000, 777_777, 999_998, 999_999]) {
    const [one, two] = [
      await block(`0x${at.toString(16)}`),
      await block(`0x${(at + 1).toString(16)}`),
    ]
    expect(Number(one.number)).toBe(at)
    expect(two.parentHash).toBe(one.hash)
    expect(Number(two.timestamp) - Number(one.timestamp)).toBe(12)
    expect(await net.ask('eth_getBlockByHash', one.hash, false)).toEqual(one)
  }
  // Contracts see it too: BLOCKHASH, and the history contract for older ones (EIP-2935).
  const hash = (await block('0xf4200')).hash
  const ask = { to: nobody, data: `0x${(0xf4200).toString(16).padStart(64, '0')}` }
  expect(
    await net.ask('eth_call', ask, 'latest', { [nobody]: { code: '0x5f35405f5260205ff3' } }),
  ).toBe(hash)
  const old = (await block('0xf3000')).hash
  const history = '0x0000f90827f1c53a10cb7a02335b175320002935'
  const asked = { to: history, data: `0x${(0xf3000).toString(16).padStart(64, '0')}` }
  expect(await net.ask('eth_call', asked)).toBe(old)
  // And the beacon root of a block by its time (EIP-4788), as far back as the ring goes.
  const roots = '0x000f3df6d732807ef1319fb7b8bb8522d0beac02'
  const rootAt = (timestamp: Hex | number) =>
    net.call('eth_call', {
      to: roots,
      data: `0x${Number(timestamp).toString(16).padStart(64, '0')}`,
    })
  for (const at of [1_000_000, 999_999, 999_998, 995_000, 1_000_000 - 8_190]) {
    const one = await block(`0x${at.toString(16)}`)
    expect([at, await rootAt(one.timestamp)]).toMatchObject([
      at,
      { result: one.parentBeaconBlockRoot },
    ])
    // No block has the time between two.
    expect((await rootAt(Number(one.timestamp) - 1)).error).toMatchObject({ code: 3 })
  }
  const forgotten = await block(`0x${(1_000_000 - 8_191).toString(16)}`)
  expect((await rootAt(forgotten.timestamp)).error).toMatchObject({ code: 3 })
  // And it goes on as before: transactions, snapshots into the middle, rollbacks.
  const sent = await net.send({ to: bobAddress, value: 1n })
  expect(await net.ask('eth_getTransactionReceipt', sent)).toMatchObject({
    blockNumber: '0xf4241',
  })
  await net.ask('anvil_rollback', 400_000)
  expect(await height()).toBe(600_001)
  await net.ask('evm_mine')
  expect((await block()).parentHash).toBe((await block('0x927c1')).hash)
}, 120_000)
