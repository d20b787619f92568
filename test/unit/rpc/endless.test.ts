/**
 * Loops whose every round has an opcode that the library runs (writes, logs, other accounts): each way to run
 * a call ends them in time and answers others meanwhile. The node's clock counts CPU time, twenty times as fast.
 */
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { systemClock } from '../../../node/system.ts'
import type { Clock } from '../../../primitives/index.ts'
import { type Devnet, startDevnet } from './devnet.ts'

const startMs = Date.now()
const fastClock: Clock = {
  ...systemClock,
  nowMs: () => {
    const { user, system } = process.cpuUsage()
    return startMs + ((user + system) / 1_000) * 20
  },
}

/** Creations that go on for ever. */
const loops = {
  SSTORE: '0x5b600054600101600055600056',
  TSTORE: '0x5b600160005d600056',
  BALANCE: '0x5b303150600056',
  LOG0: '0x5b60006000a0600056',
  CALL: '0x5b60006000600060006000305af150600056',
} as const

const native = { timeout: '5s', tracer: 'callTracer' }
type Case = readonly [method: string, loop: keyof typeof loops, params: (data: string) => unknown[]]
const cases: readonly Case[] = [
  ['eth_call', 'SSTORE', onLatest],
  ['eth_call', 'TSTORE', onLatest],
  ['eth_call', 'BALANCE', onLatest],
  ['eth_call', 'LOG0', onLatest],
  ['eth_call', 'CALL', onLatest],
  ['eth_estimateGas', 'SSTORE', onLatest],
  ['eth_createAccessList', 'TSTORE', onLatest],
  ['debug_traceCall', 'SSTORE', (data) => [{ data }, 'latest', native]],
  ['debug_traceCall', 'BALANCE', (data) => [{ data }, 'latest', { timeout: '5s' }]],
  ['trace_call', 'TSTORE', (data) => [{ data }, ['trace'], 'latest']],
  ['eth_simulateV1', 'SSTORE', (data) => [{ blockStateCalls: [{ calls: [{ data }] }] }, 'latest']],
]

function onLatest(data: string): unknown[] {
  return [{ data }, 'latest']
}

let net: Devnet
beforeAll(async () => {
  net = await startDevnet({ type: 'automine' }, fastClock)
  // Compiles what the first case would pay for from its quarter of a second.
  await net.call('eth_call', ...onLatest(loops.SSTORE))
})
afterAll(async () => {
  await net.stop()
})

test.each(cases)(
  '%s of a loop with %s is ended in time, and others are answered meanwhile',
  async (method, loop, paramsOf) => {
    const progress = { isDone: false }
    const call = net.call(method, ...paramsOf(loops[loop])).finally(() => (progress.isDone = true))
    let answered = -1 // the first may have been before
    while (!progress.isDone) {
      await net.ask('eth_blockNumber')
      answered++
    }
    const { error } = await call
    expect(error?.message).toMatch(/execution aborted \(timeout = 5s\)|execution timeout/)
    expect(answered).toBeGreaterThan(0)
  },
  30_000,
)
