/** Events: searched, polled and pushed; their limits; and what happens to them when time passes. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { Hex } from '../../../primitives/index.ts'
import {
  aliceAddress,
  deployer,
  type Devnet,
  logger,
  openSocket,
  startDevnet,
  word,
} from './devnet.ts'

interface FoundLog {
  readonly topics: readonly Hex[]
  readonly blockNumber: Hex
  readonly logIndex: Hex
  readonly [field: string]: unknown
}

interface Receipt {
  readonly transactionIndex: Hex
  readonly gasUsed: Hex
  readonly cumulativeGasUsed: Hex
  readonly logs: readonly FoundLog[]
}

let net: Devnet
const contract: Hex = '0x5fbdb2315678afecb367f032d93f642f64180aa3'
const emit = (count: number, gas = 16_000_000n): Promise<Hex> =>
  net.send({ to: contract, data: `0x${word(count)}`, gas })
const getLogs = (filter: object) => net.ask<FoundLog[]>('eth_getLogs', filter)
const topic = (n: number): Hex => `0x${word(n)}`

beforeAll(async () => {
  net = await startDevnet()
  await net.send({ data: deployer(logger) }) // block 1
  await emit(3) // block 2
  await emit(2) // block 3
})
afterAll(() => net.stop())

describe('eth_getLogs', () => {
  test('gives logs in order, with every field', async () => {
    const logs = await getLogs({ fromBlock: 'earliest', toBlock: '0x3' })
    expect(logs.map(({ topics }) => BigInt(topics[0] ?? 0))).toEqual([3n, 2n, 1n, 2n, 1n])
    expect(logs.map(({ logIndex }) => logIndex)).toEqual(['0x0', '0x1', '0x2', '0x0', '0x1'])
    expect(Object.keys(logs[0] ?? {}).toSorted()).toEqual([
      'address',
      'blockHash',
      'blockNumber',
      'blockTimestamp',
      'data',
      'logIndex',
      'removed',
      'topics',
      'transactionHash',
      'transactionIndex',
    ])
    expect(logs[0]).toMatchObject({ address: contract, data: topic(3), removed: false })
    const receipt = await net.ask<{ logs: FoundLog[] }>(
      'eth_getTransactionReceipt',
      logs[0]?.['transactionHash'],
    )
    expect(receipt.logs).toEqual(logs.slice(0, 3))
  })

  test.each([
    [{ topics: [topic(2)] }, 2],
    [{ topics: [[topic(3), topic(1)]] }, 3],
    [{ topics: [null] }, 5],
    [{ topics: [null, null] }, 0],
    [{ topics: [topic(9)] }, 0],
    [{ address: contract }, 5],
    [{ address: [contract, aliceAddress] }, 5],
    [{ address: [] }, 5],
    [{ address: aliceAddress }, 0],
  ])('%j matches %i', async (filter, count) => {
    expect(await getLogs({ fromBlock: '0x0', toBlock: '0x3', ...filter })).toHaveLength(count)
  })

  test('reads the latest block when no range is said, or one block by hash', async () => {
    const { hash } = await net.ask<{ hash: Hex }>('eth_getBlockByNumber', '0x2', false)
    expect(await getLogs({ blockHash: hash })).toHaveLength(3)
    const { number } = await net.ask<{ number: Hex }>('eth_getBlockByNumber', 'latest', false)
    expect(await getLogs({})).toEqual(await getLogs({ fromBlock: number, toBlock: number }))
  })

  test.each([
    [{ fromBlock: '0x3', toBlock: '0x2' }, -32602, 'invalid block range params'],
    [
      { fromBlock: '0x1', toBlock: '0xffff' },
      -32602,
      'block range extends beyond current head block',
    ],
    [{ blockHash: topic(7) }, -32000, 'unknown block'],
    [{ topics: [null, null, null, null, null] }, -32000, 'exceed max topics'],
    [
      { blockHash: topic(7), fromBlock: '0x1' },
      -32602,
      'invalid argument 0: cannot specify both BlockHash and FromBlock/ToBlock, choose one or the other',
    ],
  ])('%j is refused', async (filter, code, message) => {
    expect((await net.call('eth_getLogs', filter)).error).toEqual({ code, message })
  })

  test('more than 10,000 are refused with a range that works', async () => {
    const { blockNumber } = await net.ask<{ blockNumber: Hex }>(
      'eth_getTransactionReceipt',
      await emit(6_000),
    )
    await emit(6_000)
    const all = { fromBlock: '0x0', toBlock: 'latest', address: contract }
    expect((await net.call('eth_getLogs', all)).error).toEqual({
      code: -32005,
      message: `query returned more than 10000 results. Try with this block range [0x0, ${blockNumber}].`,
    })
    const part = await getLogs({ ...all, toBlock: blockNumber })
    expect(part.length).toBeGreaterThan(6_000)
  }, 30_000)
})

describe('a block of several transactions', () => {
  let manual: Devnet
  beforeAll(async () => {
    manual = await startDevnet({ type: 'manual' })
  })
  afterAll(() => manual.stop())

  test('indexes run through the block, gas is told apart', async () => {
    await manual.send({ data: deployer(logger) })
    const hashes = [3, 2].map((count) =>
      manual.send({ to: contract, data: `0x${word(count)}`, gas: 200_000n }),
    )
    await Promise.all(hashes)
    expect(await manual.ask('txpool_status')).toEqual({ pending: '0x3', queued: '0x0' })
    await manual.node.sealer.seal()
    const receipts = await manual.ask<Receipt[]>('eth_getBlockReceipts', 'latest')
    expect(receipts.map(({ transactionIndex }) => transactionIndex)).toEqual(['0x0', '0x1', '0x2'])
    const logs = receipts.flatMap((receipt) => receipt.logs)
    expect(logs.map(({ logIndex }) => logIndex)).toEqual(['0x0', '0x1', '0x2', '0x3', '0x4'])
    expect(await manual.ask('eth_getLogs', {})).toEqual(logs)
    expect(await manual.ask('eth_getTransactionReceipt', await hashes[1])).toEqual(receipts[2])
    let gasUsed = 0n
    for (const receipt of receipts) {
      gasUsed += BigInt(receipt.gasUsed)
      expect(BigInt(receipt.cumulativeGasUsed)).toBe(gasUsed)
    }
  })
})

describe('filters', () => {
  test('give each log once, and all of them on request', async () => {
    const id = await net.ask<Hex>('eth_newFilter', { address: contract, topics: [[topic(1)]] })
    expect(await net.ask('eth_getFilterChanges', id)).toEqual([])
    await emit(2)
    await emit(1)
    const changes = await net.ask<FoundLog[]>('eth_getFilterChanges', id)
    expect(changes).toHaveLength(2)
    expect(await net.ask('eth_getFilterChanges', id)).toEqual([])
    expect(await net.ask('eth_getFilterLogs', id)).toEqual(changes.slice(1)) // latest
    expect(await net.ask('eth_uninstallFilter', id)).toBe(true)
    expect(await net.ask('eth_uninstallFilter', id)).toBe(false)
  })

  test('two polls at once never give a log twice', async () => {
    const id = await net.ask<Hex>('eth_newFilter', { address: contract })
    await emit(5)
    const polls = await Promise.all(
      [1, 2, 3].map(() => net.ask<FoundLog[]>('eth_getFilterChanges', id)),
    )
    expect(polls.flat()).toHaveLength(5)
  })

  test('name new blocks and pending transactions', async () => {
    const blocks = await net.ask<Hex>('eth_newBlockFilter')
    const pending = await net.ask<Hex>('eth_newPendingTransactionFilter')
    const sent = await emit(1)
    const head = await net.ask<{ hash: Hex }>('eth_getBlockByNumber', 'latest', false)
    expect(await net.ask('eth_getFilterChanges', blocks)).toEqual([head.hash])
    expect(await net.ask('eth_getFilterChanges', pending)).toEqual([sent])
    expect(await net.ask('eth_getFilterChanges', pending)).toEqual([])
    expect((await net.call('eth_getFilterLogs', blocks)).error?.message).toBe('filter not found')
  })

  test('live five minutes after the last poll, and no longer', async () => {
    const id = await net.ask<Hex>('eth_newBlockFilter')
    for (let i = 0; i < 3; i++) {
      await net.clock.advance(299_000)
      expect((await net.call('eth_getFilterChanges', id)).error).toBeUndefined()
    }
    await net.clock.advance(301_000)
    expect((await net.call('eth_getFilterChanges', id)).error).toEqual({
      code: -32000,
      message: 'filter not found',
    })
  })
})

describe('subscriptions', () => {
  test('push heads, logs and pending transactions in the order of events', async () => {
    const socket = await openSocket(net.wsUrl)
    const subscribe = async (...params: readonly unknown[]): Promise<string> => {
      socket.send({ jsonrpc: '2.0', id: 1, method: 'eth_subscribe', params })
      return String((await socket.next()).result)
    }
    const heads = await subscribe('newHeads')
    const logs = await subscribe('logs', { address: contract, topics: [topic(2)] })
    const hashes = await subscribe('newPendingTransactions')
    const full = await subscribe('newPendingTransactions', true)
    await subscribe('logs', { address: aliceAddress }) // hears nothing
    const sent = await emit(2)
    const events = [
      await socket.next(),
      await socket.next(),
      await socket.next(),
      await socket.next(),
    ]
    const of = (id: string) =>
      events.find(({ params }) => params?.subscription === id)?.params?.result
    const head = await net.ask('eth_getHeaderByNumber', 'latest')
    expect(of(heads)).toEqual(head)
    expect(of(logs)).toEqual((await getLogs({ topics: [topic(2)] }))[0])
    expect(of(hashes)).toBe(sent)
    expect(of(full)).toMatchObject({ hash: sent, blockHash: null, from: aliceAddress })
    expect(socket.waiting()).toBe(0)

    socket.send({ jsonrpc: '2.0', id: 2, method: 'eth_unsubscribe', params: [heads] })
    expect(await socket.next()).toEqual({ jsonrpc: '2.0', id: 2, result: true })
    socket.send({ jsonrpc: '2.0', id: 3, method: 'eth_unsubscribe', params: [heads] })
    expect((await socket.next()).error).toEqual({ code: -32000, message: 'subscription not found' })
    socket.ws.close()
  })

  test('die with their socket, and cannot be had over HTTP or by other names', async () => {
    expect((await net.call('eth_subscribe', 'newHeads')).error).toEqual({
      code: -32601,
      message: 'notifications not supported',
    })
    const socket = await openSocket(net.wsUrl)
    socket.send({ jsonrpc: '2.0', id: 1, method: 'eth_subscribe', params: ['newCars'] })
    expect((await socket.next()).error).toEqual({
      code: -32601,
      message: 'no "newCars" subscription in eth namespace',
    })
    socket.send({ jsonrpc: '2.0', id: 1, method: 'eth_subscribe', params: ['newHeads'] })
    await socket.next()
    socket.ws.terminate()
    await emit(1)
    expect(await net.ask('eth_chainId')).toBe('0xa77')
  })
})
