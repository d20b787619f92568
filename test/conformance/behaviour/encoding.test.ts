/** notes/rpc.md, section 6, Encoding, Identity and Blocks: how values are spelled, and which are there. */
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import type { Hex } from '../../../primitives/index.ts'
import {
  aliceAddress,
  deployer,
  type Devnet,
  logger,
  startDevnet,
  word,
} from '../../unit/rpc/devnet.ts'

let net: Devnet
let sent: Hex
let logged: Hex
let contract: Hex
beforeAll(async () => {
  net = await startDevnet()
  sent = await net.send({ to: `0x${'aa'.repeat(20)}`, value: 0n })
  const created = await net.send({ data: deployer(logger) })
  contract = (await net.ask<{ contractAddress: Hex }>('eth_getTransactionReceipt', created))
    .contractAddress
  logged = await net.send({ to: contract, data: `0x${word(2)}` })
})
afterAll(() => net.stop())

type Json = Record<string, unknown>
const zeroHash = `0x${'00'.repeat(32)}`

/** Fields that are data, not numbers: even, and of their own length. */
const data = new Set(
  (
    'hash parentHash nonce mixHash sha3Uncles logsBloom stateRoot miner extraData transactionsRoot receiptsRoot ' +
    'withdrawalsRoot parentBeaconBlockRoot requestsHash transactions blockHash from to input transactionHash ' +
    'contractAddress address topics data'
  ).split(' '),
)

/** Faults of spelling in an answer, by path. */
function faultsOf(value: unknown, name: string, inTransaction: boolean): string[] {
  if (Array.isArray(value)) return value.flatMap((entry) => faultsOf(entry, name, inTransaction))
  if (typeof value === 'object' && value !== null)
    return Object.entries(value).flatMap(([key, entry]) =>
      faultsOf(entry, key, 'gasPrice' in value),
    )
  if (typeof value !== 'string') return []
  const isData = data.has(name) && !(inTransaction && name === 'nonce')
  const isFine = isData ? /^0x([0-9a-f]{2})*$/.test(value) : /^0x(0|[1-9a-f][0-9a-f]*)$/.test(value)
  return isFine ? [] : [`${name}: ${value}`]
}

test('quantities are minimal hex, data is even, addresses are lower case', async () => {
  const answers = await Promise.all([
    net.ask('eth_getBlockByNumber', 'latest', true),
    net.ask('eth_getBlockByNumber', '0x0', false),
    net.ask('eth_getTransactionByHash', sent),
    net.ask('eth_getTransactionReceipt', logged),
    net.ask('eth_getBlockReceipts', 'latest'),
    net.ask('eth_getLogs', { fromBlock: 'earliest' }),
    net.ask('eth_feeHistory', '0x3', 'latest', []),
  ])
  const ignored = new Set(['gasUsedRatio', 'blobGasUsedRatio'])
  expect(
    answers.flatMap((answer) => faultsOf(answer, '', false)).filter((f) => !ignored.has(f)),
  ).toEqual([])
})

test('zero is 0x0', async () => {
  expect(await net.ask('eth_getBalance', `0x${'01'.repeat(20)}`)).toBe('0x0')
  expect(await net.ask('eth_getTransactionCount', contract, 'earliest')).toBe('0x0')
  expect(await net.ask<Json>('eth_getTransactionByHash', sent)).toMatchObject({ value: '0x0' })
})

test('addresses are taken in mixed case', async () => {
  const mixed = `0x${aliceAddress.slice(2).toUpperCase()}`
  expect(await net.ask('eth_getBalance', mixed)).toBe(await net.ask('eth_getBalance', aliceAddress))
})

test.each([
  ['eth_getBlockByNumber', ['0xffff', false]],
  ['eth_getBlockByHash', [zeroHash, true]],
  ['eth_getTransactionByHash', [zeroHash]],
  ['eth_getTransactionReceipt', [zeroHash]],
  ['eth_getBlockReceipts', ['0xffff']],
  ['eth_getTransactionByBlockNumberAndIndex', ['0x1', '0x9']],
  ['eth_getTransactionByBlockHashAndIndex', [zeroHash, '0x0']],
  ['eth_getBlockTransactionCountByHash', [zeroHash]],
  ['eth_getUncleByBlockNumberAndIndex', ['0x1', '0x0']],
  ['eth_getHeaderByNumber', ['0xffff']],
])('%s of something unknown is null', async (method, params) => {
  expect(await net.call(method, ...params)).toEqual({ jsonrpc: '2.0', id: 1, result: null })
})

test('chain id: hex of net_version, small enough for MetaMask', async () => {
  const id = await net.ask<Hex>('eth_chainId')
  expect(id).toBe('0xa77')
  expect(await net.ask('net_version')).toBe(BigInt(id).toString())
  expect(BigInt(id)).toBeLessThanOrEqual(4_503_599_627_370_476n)
})

test('a block has all header fields in their lengths, and none that geth leaves out', async () => {
  const block = await net.ask<Record<string, string>>('eth_getBlockByNumber', 'latest', false)
  const lengths = { nonce: 8, mixHash: 32, logsBloom: 256, miner: 20, sha3Uncles: 32, hash: 32 }
  for (const [name, length] of Object.entries(lengths))
    expect(`${name} ${block[name]!.length}`).toBe(`${name} ${2 + 2 * length}`)
  expect(block).toMatchObject({ uncles: [], difficulty: '0x0', withdrawals: [] })
  expect(block['sha3Uncles']).toMatch(/^0x1dcc4d/)
  expect(Number(block['size'])).toBeGreaterThan(500)
  expect(block).not.toHaveProperty('totalDifficulty')
  expect(Object.values(block)).not.toContain(null)
})

test('pending: head + 1, with hash, nonce and miner open; earliest: 0', async () => {
  const head = Number(await net.ask<Hex>('eth_blockNumber'))
  const pending = await net.ask<Json>('eth_getBlockByNumber', 'pending', false)
  expect(pending).toMatchObject({ hash: null, nonce: null, number: `0x${(head + 1).toString(16)}` })
  expect(await net.ask<Json>('eth_getBlockByNumber', 'earliest', false)).toMatchObject({
    number: '0x0',
  })
})

test('latest = safe = finalized, everywhere a block is named', async () => {
  for (const [method, ...first] of [
    ['eth_getBalance', aliceAddress],
    ['eth_getTransactionCount', aliceAddress],
    ['eth_getCode', contract],
  ] as const) {
    const latest = await net.ask(method, ...first, 'latest')
    for (const tag of ['safe', 'finalized'])
      expect(await net.ask(method, ...first, tag)).toEqual(latest)
  }
  const latest = await net.ask('eth_getBlockByNumber', 'latest', true)
  expect(await net.ask('eth_getBlockByNumber', 'safe', true)).toEqual(latest)
  expect(await net.ask('eth_getBlockByNumber', 'finalized', true)).toEqual(latest)
})

test('no transaction has a field that is null where geth leaves it out', async () => {
  const tx = await net.ask<Json>('eth_getTransactionByHash', sent)
  expect(Object.entries(tx).filter(([, value]) => value === null)).toEqual([])
  expect(tx).toMatchObject({ type: '0x2', accessList: [], yParity: tx['v'] })
})
