/**
 * Traces of a devnet's own transactions: geth's tracers, Parity's trace_ methods, Otterscan's ots_
 * methods and what they find by address. Contracts are a few opcodes, so that every figure is known.
 */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { type Hex } from '../../../primitives/index.ts'
import {
  alice,
  aliceAddress,
  bob,
  deployer,
  type Devnet,
  startDevnet,
} from '../../unit/rpc/devnet.ts'

/** Sends what it got to the address in its first argument, and makes an empty contract. */
const forwarder = '6000600060006000346000355af15060006000600 0f0'.replaceAll(' ', '') + '00'
/** Stores 7 at slot 1, logs a byte under topic 9, and reverts when it gets arguments. */
const keeper = '60076001556009 60016000a1 36156016576000 6000fd5b00'.replaceAll(' ', '')

const bobAddress = bob.address.toLowerCase() as Hex
const word = (value: string | bigint): Hex =>
  `0x${(typeof value === 'bigint' ? value.toString(16) : value.slice(2)).padStart(64, '0')}`

let devnet: Devnet
let forward: Hex
let keep: Hex
let forwarding: Hex
let keeping: Hex
let failing: Hex
beforeAll(async () => {
  devnet = await startDevnet()
  const created = async (code: string): Promise<Hex> => {
    const hash = await devnet.send({ data: deployer(code), gas: 500_000n })
    const receipt = await devnet.ask<{ contractAddress: Hex }>('eth_getTransactionReceipt', hash)
    return receipt.contractAddress
  }
  forward = await created(forwarder)
  keep = await created(keeper)
  forwarding = await devnet.send({ to: forward, data: word(bobAddress), value: 5n, gas: 200_000n })
  keeping = await devnet.send({ to: keep, gas: 200_000n })
  failing = await devnet.send({ to: keep, data: '0x01', gas: 200_000n })
})
afterAll(() => devnet.stop())

interface Frame {
  readonly type: string
  readonly to: Hex
  readonly value?: Hex
  readonly error?: string
  readonly calls?: readonly Frame[]
  readonly logs?: readonly { readonly topics: readonly Hex[]; readonly position: Hex }[]
}
const trace = <result>(hash: Hex, tracer: string, tracerConfig?: object): Promise<result> =>
  devnet.ask('debug_traceTransaction', hash, { tracer, tracerConfig })

describe('geth tracers', () => {
  test('callTracer: the transfer and the creation inside, gas as the receipt has it', async () => {
    const frame = await trace<Frame & { gasUsed: Hex; gas: Hex }>(forwarding, 'callTracer')
    const receipt = await devnet.ask<{ gasUsed: Hex }>('eth_getTransactionReceipt', forwarding)
    expect(frame).toMatchObject({
      type: 'CALL',
      from: aliceAddress,
      to: forward,
      value: '0x5',
      gas: '0x30d40',
      gasUsed: receipt.gasUsed,
      calls: [
        { type: 'CALL', from: forward, to: bobAddress, value: '0x5' },
        { type: 'CREATE', from: forward, value: '0x0' },
      ],
    })
    expect(
      (await trace<Frame>(forwarding, 'callTracer', { onlyTopCall: true })).calls,
    ).toBeUndefined()
  })

  test('callTracer withLog: logs where they were made, none of a failed frame', async () => {
    const kept = await trace<Frame>(keeping, 'callTracer', { withLog: true })
    expect(kept.logs).toMatchObject([{ topics: [word(9n)], position: '0x0' }])
    const failed = await trace<Frame>(failing, 'callTracer', { withLog: true })
    expect(failed).toMatchObject({ error: 'execution reverted' })
    expect(failed.logs).toBeUndefined()
  })

  test('prestateTracer: slots before, and with diffMode what changed', async () => {
    const pre = await trace<Record<Hex, { storage?: Record<Hex, Hex> }>>(keeping, 'prestateTracer')
    expect(pre[keep]?.storage).toEqual({ [word(1n)]: word(0n) })
    const diff = await trace<{
      pre: Record<Hex, unknown>
      post: Record<Hex, { storage?: object }>
    }>(keeping, 'prestateTracer', { diffMode: true })
    expect(diff.post[keep]).toEqual({ storage: { [word(1n)]: word(7n) } })
    expect(Object.keys(diff.post)).toContain(aliceAddress)
  })

  test('4byteTracer, noopTracer, muxTracer and one that does not exist', async () => {
    expect(await trace(forwarding, '4byteTracer')).toEqual({ '0x00000000-28': 1 })
    expect(await trace(forwarding, 'noopTracer')).toEqual({})
    const both = await trace(forwarding, 'muxTracer', { noopTracer: {}, '4byteTracer': {} })
    expect(both).toEqual({ noopTracer: {}, '4byteTracer': { '0x00000000-28': 1 } })
    const { error } = await devnet.call('debug_traceTransaction', forwarding, { tracer: 'none' })
    expect(error).toEqual({ code: -32000, message: 'tracer not found: none' })
  })

  test('the struct logger keeps to its limit, and the time-out to its text', async () => {
    const all = await devnet.ask<{ structLogs: unknown[] }>('debug_traceTransaction', keeping)
    const few = await devnet.ask<{ structLogs: unknown[] }>('debug_traceTransaction', keeping, {
      limit: 1,
    })
    expect(few.structLogs.length).toBe(1)
    expect(all.structLogs.length).toBeGreaterThan(5)
    const { error } = await devnet.call('debug_traceTransaction', keeping, { timeout: 'soon' })
    expect(error?.message).toBe('time: invalid duration "soon"')
  })

  test('debug_traceBlock: a block of the chain as text, and what is none', async () => {
    const { blockNumber } = await devnet.ask<{ blockNumber: Hex }>(
      'eth_getTransactionReceipt',
      forwarding,
    )
    const raw = await devnet.ask<Hex>('debug_getRawBlock', blockNumber)
    const config = { tracer: 'callTracer' }
    expect(await devnet.ask('debug_traceBlock', raw, config)).toEqual(
      await devnet.ask('debug_traceBlockByNumber', blockNumber, config),
    )
    const { error } = await devnet.call('debug_traceBlock', '0xc0')
    expect(error?.code).toBe(-32000)
    const forged = raw.replace(/([0-9a-f]{200})$/, (end) => end.replaceAll(/[1-9]/g, '7')) as Hex
    expect((await devnet.call('debug_traceBlock', forged)).error?.code).toBe(-32000)
  })

  test('debug_traceCall sees overrides of state and block', async () => {
    // TIMESTAMP; SLOAD(0); both returned
    const code = '0x426000526000546020526040 6000f3'.replace(' ', '')
    const to = `0x${'77'.repeat(20)}`
    const result = await devnet.ask<{ output: Hex }>('debug_traceCall', { to }, 'latest', {
      tracer: 'callTracer',
      stateOverrides: { [to]: { code, stateDiff: { [word(0n)]: word(3n) } } },
      blockOverrides: { time: '0x1234' },
    })
    expect(result.output).toBe(`${word(0x1234n)}${word(3n).slice(2)}`)
  })
})

describe('Parity traces', () => {
  test('trace_transaction: flat frames with their places, precompiled gas left out', async () => {
    const traces = await devnet.ask<Record<string, unknown>[]>('trace_transaction', forwarding)
    expect(
      traces.map(({ type, traceAddress, subtraces }) => [type, traceAddress, subtraces]),
    ).toEqual([
      ['call', [], 2],
      ['call', [0], 0],
      ['create', [1], 0],
    ])
    expect(traces[1]).toMatchObject({
      action: { callType: 'call', from: forward, to: bobAddress, value: '0x5' },
      transactionHash: forwarding,
      transactionPosition: 0,
    })
    expect(await devnet.ask('trace_get', forwarding, ['0x1'])).toEqual(traces[2])
    const failed = await devnet.ask<object[]>('trace_transaction', failing)
    expect(failed).toMatchObject([{ error: 'Reverted' }])
  })

  test('trace_block and trace_filter agree with trace_transaction', async () => {
    const { blockNumber } = await devnet.ask<{ blockNumber: Hex }>(
      'eth_getTransactionReceipt',
      forwarding,
    )
    const whole = await devnet.ask('trace_transaction', forwarding)
    expect(await devnet.ask('trace_block', blockNumber)).toEqual(whole)
    const filter = { fromBlock: '0x0', toBlock: 'latest', toAddress: [bobAddress] }
    expect(await devnet.ask<object[]>('trace_filter', filter)).toEqual([(whole as object[])[1]])
    expect(await devnet.ask('trace_filter', { ...filter, after: '0x1' })).toEqual([])
  })

  test('trace_replayTransaction: the state it changed', async () => {
    const replay = await devnet.ask<{
      stateDiff: Record<Hex, Record<string, unknown>>
      trace: object[]
    }>('trace_replayTransaction', keeping, ['stateDiff'])
    expect(replay.trace).toEqual([])
    expect(replay.stateDiff[keep]).toMatchObject({
      balance: '=',
      code: '=',
      storage: { [word(1n)]: { '*': { from: word(0n), to: word(7n) } } },
    })
    const { error } = await devnet.call('trace_replayTransaction', keeping, ['vmTrace'])
    expect(error).toMatchObject({ code: -32000 })
  })

  test('trace_callMany: a call sees what the one before it changed', async () => {
    const call = { from: aliceAddress, to: keep }
    const [first, second] = await devnet.ask<{ stateDiff: Record<Hex, object | undefined> }[]>(
      'trace_callMany',
      [
        [{ ...call, to: forward, data: word(keep), value: '0x1' }, ['stateDiff']],
        [{ from: aliceAddress, to: bobAddress, value: '0x1' }, ['stateDiff']],
      ],
      'latest',
    )
    expect(first?.stateDiff[aliceAddress]).toMatchObject({ nonce: { '*': {} } })
    expect(second?.stateDiff[bobAddress]).toMatchObject({ balance: { '*': {} } })
  })
})

describe('Otterscan', () => {
  interface Page {
    readonly txs: readonly { readonly hash: Hex }[]
    readonly firstPage: boolean
    readonly lastPage: boolean
  }
  test('finds an address by the internal calls it appears in, newest first, page by page', async () => {
    const all = await devnet.ask<Page>('ots_searchTransactionsBefore', bobAddress, 0, 25)
    expect(all).toMatchObject({ txs: [{ hash: forwarding }], firstPage: true, lastPage: true })
    const page = await devnet.ask<Page>('ots_searchTransactionsBefore', aliceAddress, 0, 2)
    expect(page.txs.map(({ hash }) => hash)).toEqual([failing, keeping])
    expect(page).toMatchObject({ firstPage: true, lastPage: false })
    const last = await devnet.ask<Page>('ots_searchTransactionsAfter', aliceAddress, 4, 25)
    expect(last.txs.map(({ hash }) => hash)).toEqual([failing])
  })

  test('knows who made a contract, inside another one too', async () => {
    expect(await devnet.ask('ots_getContractCreator', keep)).toMatchObject({
      creator: aliceAddress,
    })
    expect(await devnet.ask('ots_getContractCreator', aliceAddress)).toBeNull()
    expect(await devnet.ask('ots_getInternalOperations', forwarding)).toMatchObject([
      { type: 0, from: forward, to: bobAddress, value: '0x5' },
      { type: 2, from: forward, value: '0x0' },
    ])
  })

  test('finds the transaction that spent a nonce', async () => {
    expect(await devnet.ask('ots_getTransactionBySenderAndNonce', alice.address, 2)).toBe(
      forwarding,
    )
    expect(await devnet.ask('ots_getTransactionBySenderAndNonce', alice.address, 99)).toBeNull()
  })

  test('forgets what a rollback took back', async () => {
    const before = devnet.node.chain.head().header.number
    const extra = await devnet.send({ to: bobAddress, value: 1n })
    const found = () => devnet.ask<Page>('ots_searchTransactionsBefore', bobAddress, 0, 25)
    expect((await found()).txs.map(({ hash }) => hash)).toContain(extra)
    await devnet.node.chain.rollback(before)
    expect((await found()).txs.map(({ hash }) => hash)).not.toContain(extra)
  })
})
