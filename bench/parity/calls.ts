/**
 * The questions: every method that both nodes serve, with good parameters and with bad ones. Pure data
 * over the chain of chain.ts.
 */
import { type Abi, encodeFunctionData, type Hex } from 'viem'
import { readFileSync } from 'node:fs'
import { people, places, type Sent } from './chain.ts'

export interface Call {
  readonly method: string
  readonly params: readonly unknown[]
}

const artifacts = JSON.parse(
  readFileSync(new URL('../../test/fixtures/contracts.json', import.meta.url), 'utf8'),
) as Record<string, { readonly abi: Abi }>
const data = (name: string, functionName: string, args: readonly unknown[] = []): Hex =>
  encodeFunctionData({ abi: artifacts[name]?.abi ?? [], functionName, args })

const unknownHash = `0x${'ab'.repeat(32)}`
const nobody = `0x${'12'.repeat(20)}`
const { alice, bob } = people

/** Parameters that fit no method of this shape. */
const badHashes: readonly (readonly unknown[])[] = [[], ['0x12'], [12], ['latest'], [null]]
const badBlocks: readonly (readonly unknown[])[] = [[], ['0x'], ['0x01'], ['12'], ['newest'], [{}]]
const badAddresses: readonly unknown[] = ['0x12', 'alice', 12, null]

export function callsFor(sent: readonly Sent[]): readonly Call[] {
  const calls: Call[] = []
  const add = (method: string, ...list: readonly (readonly unknown[])[]): void => {
    for (const params of list) calls.push({ method, params })
  }
  const hashOf = (name: string): Hex => sent.find((tx) => tx.name === name)?.hash ?? '0x'
  addBlocks(add)
  addTransactions(
    add,
    sent.map(({ hash }) => hash),
  )
  addState(add)
  addCalls(add)
  addLogs(add)
  addTraces(add, hashOf, sent)
  addExplorers(add, hashOf)
  addRest(add)
  return calls
}

type Add = (method: string, ...list: readonly (readonly unknown[])[]) => void

function addBlocks(add: Add): void {
  const tags = ['latest', 'earliest', 'safe', 'finalized', '0x1', '0xd', '0xffff']
  add('eth_getBlockByNumber', ...tags.map((tag) => [tag, false]), ['0x1', true], ['0xd', true])
  add('eth_getBlockByNumber', ...badBlocks, ['0x1'], ['0x1', 'yes'], ['0x1', true, 1])
  add('eth_getBlockByHash', [unknownHash, true], ...badHashes.map((bad) => [...bad, false]))
  add('eth_getBlockTransactionCountByNumber', ['0x1'], ['0xffff'], ['latest'], ...badBlocks)
  add('eth_getUncleCountByBlockNumber', ['0x1'], ['0xffff'])
  add('eth_getUncleByBlockNumberAndIndex', ['0x1', '0x0'], ['0xffff', '0x0'])
  add('eth_getBlockReceipts', ['0xd'], ['latest'], ['0xffff'], [unknownHash], ...badBlocks)
  add('eth_getTransactionByBlockNumberAndIndex', ['0xd', '0x0'], ['0xd', '0x5'], ['0xd', 0])
  add('eth_getHeaderByNumber', ['0xd'], ['0xffff'])
}

function addTransactions(add: Add, hashes: readonly Hex[]): void {
  const some = hashes.slice(5)
  add('eth_getTransactionByHash', ...some.map((hash) => [hash]), [unknownHash], ...badHashes)
  add('eth_getTransactionReceipt', ...some.map((hash) => [hash]), [unknownHash], ...badHashes)
  add('eth_getRawTransactionByHash', [hashes[0]], [unknownHash])
  add('eth_sendRawTransaction', [], ['0x'], ['0x00'], ['0xc0'], ['0x02'], ['0x05c0'], ['zz'], [12])
}

function addState(add: Add): void {
  for (const method of ['eth_getBalance', 'eth_getCode', 'eth_getTransactionCount']) {
    add(method, [alice, 'latest'], [places.gold, 'latest'], [nobody, '0x1'], [alice, 'pending'])
    add(
      method,
      [alice, '0xffff'],
      [alice, { blockNumber: '0x1' }],
      [alice, { blockHash: unknownHash }],
    )
    add(method, [], ...badAddresses.map((bad) => [bad, 'latest']))
  }
  add('eth_getStorageAt', [places.gold, '0x0', 'latest'], [places.gold, '0x2', 'latest'])
  add('eth_getStorageAt', [nobody, '0x0', 'latest'], [places.gold, '0xzz', 'latest'], [places.gold])
  add('eth_getProof', [nobody, [], 'latest'], [alice, ['0x0']], [alice])
  add('eth_getAccountInfo', [alice, 'latest'])
}

function addCalls(add: Add): void {
  const read = { to: places.gold, data: data('Token', 'totalSupply') }
  const fail = (name: string, args: readonly unknown[] = []) => ({
    from: bob,
    to: places.reverter,
    data: data('Reverter', name, args),
  })
  const calls: readonly unknown[] = [
    read,
    { ...read, from: alice, gas: '0x186a0' },
    { ...read, input: read.data },
    { to: nobody, value: '0x1', from: alice },
    { from: nobody, to: alice, value: '0x1' },
    { to: null, data: '0x00' },
    { data: '0xfe' },
    { from: alice, to: bob, gas: '0x1' },
    { from: alice, to: bob, gasPrice: '0x1' },
    { from: alice, to: bob, gasPrice: '0x1', maxFeePerGas: '0x1' },
    { from: alice, to: bob, maxFeePerGas: '0x1', maxPriorityFeePerGas: '0x2' },
    fail('reason', ['no luck']),
    fail('bare'),
    fail('custom', [7n]),
    fail('panicAssert'),
    fail('panicDivide', [0n]),
    fail('invalid'),
    fail('burn'),
  ]
  for (const method of ['eth_call', 'eth_estimateGas'])
    add(method, ...calls.map((call) => [call, 'latest']), [], [12], [read, '0xffff'], [{ to: 'x' }])
  add('eth_call', [
    read,
    'latest',
    { [places.gold]: { code: '0x60016000526020600 0f3'.replace(' ', '') } },
  ])
  add('eth_call', [read, 'latest', { [places.gold]: { state: {}, stateDiff: {} } }])
  add('eth_call', [{ data: '0x4360005260206000f3' }, 'latest', {}, { number: '0x10' }])
  add('eth_createAccessList', [read, 'latest'], [fail('bare'), 'latest'])
  add('eth_simulateV1', [{ blockStateCalls: [{ calls: [read, fail('bare')] }] }, 'latest'])
  add('eth_simulateV1', [{ blockStateCalls: [] }], [{}], [])
  add('eth_simulateV1', [{ blockStateCalls: [{ blockOverrides: { number: '0x1' } }] }, 'latest'])
}

function addLogs(add: Add): void {
  const ping = { fromBlock: '0x0', toBlock: 'latest' }
  add('eth_getLogs', [ping], [{ ...ping, address: places.gold }], [{ ...ping, address: [] }])
  add('eth_getLogs', [{ ...ping, topics: [null] }], [{ ...ping, topics: [[unknownHash]] }], [{}])
  add('eth_getLogs', [{ fromBlock: '0x9', toBlock: '0x1' }], [{ fromBlock: '0xffff' }], [])
  add('eth_getLogs', [{ blockHash: unknownHash }], [{ blockHash: unknownHash, fromBlock: '0x1' }])
  add('eth_getLogs', [{ ...ping, address: '0x12' }], [{ ...ping, topics: ['0x12'] }])
  add('eth_getFilterChanges', ['0xabc'], [])
  add('eth_uninstallFilter', ['0xabc'])
}

const tracer = (name: string, tracerConfig?: object) => ({
  tracer: name,
  ...(tracerConfig && { tracerConfig }),
})

function addTraces(add: Add, hashOf: (name: string) => Hex, sent: readonly Sent[]): void {
  const traced = sent.map(({ hash }) => hash)
  const method = 'debug_traceTransaction'
  for (const hash of traced.slice(2)) {
    add(method, [hash, tracer('callTracer', { withLog: true })])
    add(
      method,
      [hash, tracer('prestateTracer')],
      [hash, tracer('prestateTracer', { diffMode: true })],
    )
  }
  const swap = hashOf('swap')
  add(method, [swap], [swap, { disableStack: true, disableStorage: true }], [hashOf('burn')])
  add(method, [swap, tracer('callTracer', { onlyTopCall: true })], [swap, tracer('4byteTracer')])
  add(method, [swap, tracer('noopTracer')], [swap, tracer('flatCallTracer')])
  add(method, [swap, tracer('noSuchTracer')], [swap, { timeout: 'soon' }], [unknownHash], [])
  add('debug_traceBlockByNumber', ['0xd', tracer('callTracer')], ['0x0'], ['0xffff'], [12])
  add('debug_traceBlockByHash', [unknownHash, tracer('callTracer')])
  const read = { from: alice, to: places.gold, data: data('Token', 'totalSupply') }
  add('debug_traceCall', [read, 'latest', tracer('callTracer')], [read, 'latest'], [])
  add('debug_traceCall', [read, '0xffff', tracer('callTracer')])
}

function addExplorers(add: Add, hashOf: (name: string) => Hex): void {
  const swap = hashOf('swap')
  for (const name of ['swap', 'revert', 'gold', 'transfer', 'burn', 'delegation'])
    add('trace_transaction', [hashOf(name)])
  add('trace_transaction', [unknownHash], [])
  add('trace_block', ['0xd'], ['0xffff'])
  add('trace_replayTransaction', [swap, ['trace', 'stateDiff']], [unknownHash, ['trace']])
  add('trace_filter', [{ fromBlock: '0x1', toBlock: '0xd', toAddress: [places.pair] }])
  add('ots_getApiLevel', [])
  add('ots_hasCode', [places.gold, 'latest'], [alice, 'latest'])
  for (const name of ['swap', 'revert', 'gold']) {
    add('ots_traceTransaction', [hashOf(name)])
    add('ots_getTransactionError', [hashOf(name)])
    add('ots_getInternalOperations', [hashOf(name)])
  }
  add('ots_getContractCreator', [places.pair], [alice])
  add('ots_getTransactionBySenderAndNonce', [alice, 1], [alice, 1_000])
  add('ots_getBlockDetails', [13], ['0xd'])
  add('ots_getBlockTransactions', [13, 0, 10])
  add('ots_searchTransactionsBefore', [bob, 0, 5], [places.gold, 0, 5])
  add('ots_searchTransactionsAfter', [bob, 0, 5])
  add('erigon_getHeaderByNumber', ['0xd'])
}

function addRest(add: Add): void {
  add('eth_chainId', [], ['x'])
  add('eth_blockNumber', [])
  add('eth_gasPrice', [])
  add('eth_maxPriorityFeePerGas', [])
  add('eth_blobBaseFee', [])
  add('eth_syncing', [])
  add('eth_accounts', [])
  add('net_version', [])
  add('net_listening', [])
  add('web3_sha3', ['0x'], ['0x68656c6c6f'], ['zz'], [])
  add('eth_feeHistory', ['0x2', 'latest', [50]], [2, 'latest', []], ['0x2', 'latest', [101]], [])
  add('txpool_status', [])
  add('txpool_content', [])
  add('eth_noSuchMethod', [], [1])
}
