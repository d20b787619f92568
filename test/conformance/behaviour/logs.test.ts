/** notes/rpc.md, section 6, getLogs and filters: what indexers ask, and how limits are told. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { Hex } from '../../../primitives/index.ts'
import { deployer, type Devnet, logger, startDevnet, word } from '../../unit/rpc/devnet.ts'

interface Log {
  readonly address: Hex
  readonly topics: readonly Hex[]
  readonly blockNumber: Hex
  readonly logIndex: Hex
  readonly removed: boolean
}

let net: Devnet
const contracts: Hex[] = []
const logsOf = (filter: object) => net.ask<Log[]>('eth_getLogs', filter)
beforeAll(async () => {
  net = await startDevnet()
  for (let i = 0; i < 2; i++) {
    const hash = await net.send({ data: deployer(logger) })
    contracts.push(
      (await net.ask<{ contractAddress: Hex }>('eth_getTransactionReceipt', hash)).contractAddress,
    )
  }
  for (const to of [...contracts, contracts[0]!]) await net.send({ to, data: `0x${word(2)}` })
})
afterAll(() => net.stop())

describe('eth_getLogs', () => {
  test('address as text, as list, as an empty list', async () => {
    const range = { fromBlock: 'earliest', toBlock: 'latest' }
    expect(await logsOf({ ...range, address: contracts[0] })).toHaveLength(4)
    expect(await logsOf({ ...range, address: [contracts[1]] })).toHaveLength(2)
    expect(await logsOf({ ...range, address: contracts })).toHaveLength(6)
    expect(await logsOf({ ...range, address: [] })).toHaveLength(6)
  })

  test('topics: null, one, several', async () => {
    const range = { fromBlock: 'earliest' }
    const [one, two] = [`0x${word(1)}`, `0x${word(2)}`]
    expect(await logsOf({ ...range, topics: [null] })).toHaveLength(6)
    expect(await logsOf({ ...range, topics: [one] })).toHaveLength(3)
    expect(await logsOf({ ...range, topics: [[one, two]] })).toHaveLength(6)
    expect(await logsOf({ ...range, topics: [null, one] })).toEqual([])
  })

  test('the latest block when nothing is said; ordered; indexes run through the block', async () => {
    const head = await net.ask<Hex>('eth_blockNumber')
    const latest = await logsOf({})
    expect(latest.map(({ blockNumber }) => blockNumber)).toEqual([head, head])
    const all = await logsOf({ fromBlock: '0x0' })
    const places = all.map((log) => Number(log.blockNumber) * 1000 + Number(log.logIndex))
    expect(places).toEqual(places.toSorted((a, b) => a - b))
    expect(all.every(({ removed }) => !removed)).toBe(true)
  })

  test('over 10,000 results: -32005 and a smaller range that works', async () => {
    for (let i = 0; i < 9; i++)
      await net.send({ to: contracts[0]!, data: `0x${word(1250)}`, gas: 4_000_000n })
    const { error } = await net.call('eth_getLogs', { fromBlock: '0x0', toBlock: 'latest' })
    expect(error?.code).toBe(-32005)
    const match =
      /^query returned more than 10000 results\. Try with this block range \[(0x[0-9a-f]+), (0x[0-9a-f]+)\]\.$/.exec(
        error?.message ?? '',
      )
    const [, fromBlock, toBlock] = match ?? []
    expect(Number(toBlock)).toBeLessThan(Number(await net.ask<Hex>('eth_blockNumber')))
    const part = await logsOf({ fromBlock, toBlock })
    expect(part.length).toBeGreaterThan(0)
    expect(part.length).toBeLessThanOrEqual(10_000)
  })

  test.each<[string, object, number]>([
    ['a reversed range', { fromBlock: '0x2', toBlock: '0x1' }, -32602],
    ['a range ahead of the head', { fromBlock: '0x1', toBlock: '0xffff' }, -32602],
    ['a hash and a range', { blockHash: `0x${word(1)}`, fromBlock: '0x1' }, -32602],
    ['an unknown block', { blockHash: `0x${word(1)}` }, -32000],
    ['five topics', { topics: [null, null, null, null, null] }, -32000],
    ['a topic that is none', { topics: ['0x1'] }, -32602],
  ])('%s is refused', async (_, filter, code) => {
    expect((await net.call('eth_getLogs', filter)).error?.code).toBe(code)
  })
})

test('a filter lives five minutes after the last poll', async () => {
  const id = await net.ask<Hex>('eth_newFilter', { address: contracts[1] })
  await net.send({ to: contracts[1]!, data: `0x${word(1)}` })
  await net.clock.advance(299_000)
  expect(await net.ask('eth_getFilterChanges', id)).toHaveLength(1)
  await net.clock.advance(299_000)
  expect(await net.ask('eth_getFilterChanges', id)).toEqual([])
  await net.clock.advance(301_000)
  expect((await net.call('eth_getFilterChanges', id)).error).toEqual({
    code: -32000,
    message: 'filter not found',
  })
})
