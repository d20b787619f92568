/**
 * What rpc.discover says of results, held against answers of a running devnet: each described, no field
 * unnamed. attr_ methods are held to it in test/e2e/attr, recorded answers in test/conformance/openrpc.
 */
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import type { Hex } from '../../../primitives/index.ts'
import { methodsOf } from '../../../rpc/methods/index.ts'
import { openRpcDocument } from '../../../rpc/openrpc.ts'
import { resultSchemas } from '../../../rpc/results/index.ts'
import { schemaFaults } from '../../support/json-schema.ts'
import { aliceAddress, bob, deployer, type Devnet, logger, startDevnet, word } from './devnet.ts'

const { methods } = openRpcDocument(methodsOf(true), resultSchemas, 'x')
const schemas = new Map(methods.map(({ name, result }) => [name, result.schema]))
const bobAddress = bob.address.toLowerCase() as Hex

let net: Devnet
beforeAll(async () => {
  net = await startDevnet()
})
afterAll(() => net.stop())

test('every method says what it answers, and nothing is said of one that is not there', () => {
  const silent = [...schemas].filter(([, schema]) => Object.keys(schema).length === 0)
  expect(silent.map(([name]) => name)).toEqual([])
  expect(Object.keys(resultSchemas).filter((name) => !schemas.has(name))).toEqual([])
})

test('a schema finds what does not fit it', () => {
  const log = schemas.get('eth_getLogs') ?? {}
  expect(schemaFaults(log, [])).toEqual([])
  expect(schemaFaults(log, {})).toEqual(['result: {} is no array'])
  const faults = schemaFaults(log, [{ address: '0x12', extra: 1 }])
  expect(faults).toContain('result[0].extra: not described')
  expect(faults).toContain('result[0].topics: missing')
  expect(faults.some((fault) => fault.startsWith('result[0].address: "0x12" does not fit'))).toBe(
    true,
  )
})

test('answers are what is said of them', async () => {
  const deployed = await net.send({ data: deployer(logger) })
  const { contractAddress: to } = await net.ask<{ contractAddress: Hex }>(
    'eth_getTransactionReceipt',
    deployed,
  )
  const hash = await net.send({ to, data: `0x${word(2)}` })
  const { blockHash } = await net.ask<{ blockHash: Hex }>('eth_getTransactionReceipt', hash)
  const call = { from: aliceAddress, to, data: `0x${word(1)}` }
  const none = `0x${'ab'.repeat(32)}`
  const all = { fromBlock: '0x0', toBlock: 'latest' }
  const calls: readonly (readonly [string, ...unknown[]])[] = [
    ...['web3_clientVersion', 'net_version', 'net_listening', 'net_peerCount'].map(bare),
    ...['eth_chainId', 'eth_blockNumber', 'eth_gasPrice', 'eth_baseFee', 'eth_syncing'].map(bare),
    ...['eth_maxPriorityFeePerGas', 'eth_blobBaseFee', 'eth_coinbase', 'eth_mining'].map(bare),
    ...['eth_hashrate', 'eth_accounts', 'eth_config', 'eth_capabilities'].map(bare),
    ...['eth_newBlockFilter', 'eth_newPendingTransactionFilter', 'rpc_modules'].map(bare),
    ...['txpool_content', 'txpool_inspect', 'txpool_status', 'rpc.discover'].map(bare),
    ...['admin_nodeInfo', 'admin_peers', 'admin_datadir', 'attr_modules'].map(bare),
    ...['eth_getBlockByNumber', 'erigon_getBlockByTimestamp'].map(
      (name) => [name, '0x2', true] as const,
    ),
    ...['eth_getBlockByHash'].flatMap((name) => [
      [name, blockHash, false] as const,
      [name, none, true] as const,
    ]),
    ...['eth_getHeaderByNumber', 'eth_getBlockReceipts', 'erigon_getHeaderByNumber'].map(at2),
    ...['eth_getUncleCountByBlockNumber', 'eth_getBlockTransactionCountByNumber'].map(at2),
    ...['debug_getRawBlock', 'debug_getRawHeader', 'debug_getRawReceipts', 'trace_block'].map(at2),
    ...['eth_getTransactionByHash', 'eth_getTransactionReceipt'].flatMap((name) => [
      [name, hash] as const,
      [name, none] as const,
      [name, deployed] as const,
    ]),
    ...['eth_getRawTransactionByHash', 'debug_getRawTransaction', 'trace_transaction'].map(
      (name) => [name, hash] as const,
    ),
    ...['eth_getBalance', 'eth_getCode', 'eth_getTransactionCount', 'eth_getAccount'].map(
      (name) => [name, to, 'latest'] as const,
    ),
    ['eth_getAccountInfo', to, 'latest'],
    ['eth_getStorageAt', to, '0x0', 'latest'],
    ['eth_getStorageValues', { [to]: ['0x0'] }, 'latest'],
    ['eth_getProof', to, ['0x0'], 'latest'],
    ['eth_getProof', none.slice(0, 42), [], 'latest'],
    ['eth_feeHistory', '0x2', 'latest', [50]],
    ['eth_feeHistory', '0x2', 'latest', []],
    ['eth_call', call, 'latest'],
    ['eth_estimateGas', call],
    ['eth_createAccessList', call, 'latest'],
    ['eth_fillTransaction', call],
    ['eth_simulateV1', { blockStateCalls: [{ calls: [call, { data: '0xfe' }] }] }, 'latest'],
    ['eth_getLogs', all],
    ['eth_newFilter', all],
    ['eth_sign', aliceAddress, '0x00'],
    ['eth_signTransaction', { ...call, gas: '0x186a0' }],
    ['web3_sha3', '0x00'],
    ['debug_traceTransaction', hash],
    ['debug_getRawTransactions', '0x2'],
    ['debug_getBadBlocks'],
    ['eth_sendTransactionSync', { from: aliceAddress, to: bobAddress }],
    ['debug_traceTransaction', hash, { tracer: 'flatCallTracer' }],
    ['debug_traceBlockByNumber', '0x2', { tracer: 'callTracer' }],
    ['debug_traceCall', call, 'latest', { tracer: 'prestateTracer' }],
    ['trace_replayTransaction', hash, ['trace', 'stateDiff']],
    ['trace_replayTransaction', deployed, ['trace', 'stateDiff']],
    ['trace_replayBlockTransactions', '0x1', ['trace']],
    ['trace_filter', all],
    ['trace_get', deployed, ['0x0']],
    ['trace_call', call, ['trace', 'stateDiff'], 'latest'],
    ['trace_callMany', [[call, ['trace']]], 'latest'],
    ['ots_getApiLevel'],
    ['ots_hasCode', to, 'latest'],
    ['ots_getBlockDetails', 2],
    ['ots_getBlockDetailsByHash', blockHash],
    ['ots_getBlockTransactions', 2, 0, 5],
    ['ots_getContractCreator', to],
    ['ots_getInternalOperations', deployed],
    ['ots_getTransactionBySenderAndNonce', aliceAddress, 0],
    ['ots_getTransactionError', hash],
    ['ots_traceTransaction', deployed],
    ['ots_searchTransactionsBefore', aliceAddress, 0, 5],
    ['ots_searchTransactionsAfter', aliceAddress, 0, 5],
    ['anvil_nodeInfo'],
    ['evm_snapshot'],
    ['anvil_metadata'],
    ['anvil_setBalance', to, '0x1'],
    ['hardhat_setBalance', to, '0x1'],
    ['evm_increaseTime', 5],
    ['evm_setNextBlockTimestamp', 4_000_000_000],
    ['evm_mine'],
    ['anvil_getIntervalMining'],
    ['dev_faucet', bobAddress],
    ['anvil_dumpState'],
    ['anvil_setAutomine', false],
    ['eth_sendTransaction', { ...call, gas: '0x186a0' }],
    ['txpool_content'],
    ['txpool_contentFrom', aliceAddress],
    ['eth_pendingTransactions'],
    ['anvil_mine_detailed', { blocks: 1 }],
    ['evm_revert', '0x0'],
  ]
  const faults: string[] = []
  for (const [name, ...params] of calls) {
    const { result, error } = await net.call(name, ...params)
    const found = error
      ? [`${error.code} ${error.message}`]
      : schemaFaults(schemas.get(name) ?? {}, result)
    faults.push(...found.map((fault) => `${name} ${JSON.stringify(params).slice(0, 80)} ${fault}`))
  }
  expect(faults).toEqual([])
  expect(new Set(calls.map(([name]) => name)).size).toBeGreaterThan(90)
})

const bare = (name: string): readonly [string] => [name]
const at2 = (name: string): readonly [string, string] => [name, '0x2']
