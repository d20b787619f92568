/**
 * A call that never ends must not hold up the node: others are served, it is ended, SIGINT works. Nor do
 * traces, simulations and searches that run while blocks are sealed.
 */
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { type Devnet, rpcCall, startDevnet } from '../support/node.ts'

let node: Devnet
beforeAll(async () => {
  node = await startDevnet(['--ephemeral'])
}, 30_000)
afterAll(async () => {
  await node.kill()
})

/** JUMPDEST PUSH1 0 JUMP, as the init code of a creation. */
const endless = { data: '0x5b600056', gas: '0x2faf080' }
const call = (): Promise<string> =>
  rpcCall(node.httpUrl, 'eth_call', [endless, 'latest']).then(
    () => 'an answer',
    (error: unknown) => String(error),
  )

test('while endless calls run, other requests and blocks go on; the calls are ended', async () => {
  const calls = [call(), call(), call()]
  let worstMs = 0
  let asked = 0
  const progress = { isDone: false }
  const done = Promise.all(calls).finally(() => {
    progress.isDone = true
  })
  while (!progress.isDone) {
    const beforeMs = performance.now()
    await rpcCall(node.httpUrl, 'eth_blockNumber')
    worstMs = Math.max(worstMs, performance.now() - beforeMs)
    asked++
  }
  expect(asked).toBeGreaterThan(10)
  expect(worstMs).toBeLessThan(2_000)
  // Out of gas on a fast machine, out of time on a slow one; never an answer.
  for (const end of await done) expect(end).toMatch(/out of gas|execution aborted \(timeout = 5s\)/)
}, 60_000)

/** JUMPDEST, then 1 off the counter until it is 0: about 30 gas a round, `rounds` in the call data. */
const loop = '6000355b600190038060035700'
/** Emits as many logs as the call data says (test/unit/rpc/devnet.ts). */
const logger = '6000355b8015601a57806000528060206000a1600190036003565b00'
const deployed = (runtime: string): string =>
  `0x60${(runtime.length / 2).toString(16).padStart(2, '0')}80600b6000396000f3${runtime}`
const word = (value: number): string => `0x${value.toString(16).padStart(64, '0')}`

test('traces, simulations and eth_getLogs over many blocks hold up neither answers nor blocks', async () => {
  const [alice, bob] = node.accounts
  const ask = <result>(method: string, ...params: readonly unknown[]) =>
    rpcCall<result>(node.httpUrl, method, params)
  const send = (from: string | undefined, tx: object) =>
    ask<string>('eth_sendTransaction', { from, gas: '0x1e8480', ...tx })
  const deploy = async (runtime: string) => {
    const hash = await send(alice?.address, { data: deployed(runtime) })
    const receipt = await ask<{ contractAddress: string }>('eth_getTransactionReceipt', hash)
    return receipt.contractAddress
  }
  const [looping, logging] = [await deploy(loop), await deploy(logger)]
  for (let i = 0; i < 20; i++) await send(alice?.address, { to: logging, data: word(200) })
  await ask('anvil_mine', 2_000)
  /** The number of a block with one long transaction. */
  const blockWith = async (rounds: number): Promise<string> => {
    const hash = await send(alice?.address, { to: looping, data: word(rounds), gas: '0xf42400' })
    return (await ask<{ blockNumber: string }>('eth_getTransactionReceipt', hash)).blockNumber
  }
  const [long, short] = [await blockWith(500_000), await blockWith(10_000)]

  /** All at once; the first alone has more work than any pause may be long. How long that took. */
  const heavy = async (): Promise<number> => {
    const startedMs = performance.now()
    const trace = (block: string, tracer: string) =>
      ask<readonly unknown[]>('debug_traceBlockByNumber', block, { tracer, timeout: '25s' })
    const longest = trace(long, 'callTracer').then(() => performance.now() - startedMs)
    const calls = [{ to: looping, data: word(2_000) }]
    const everything = { fromBlock: '0x0', toBlock: 'latest' }
    const answers = await Promise.all([
      trace(short, 'prestateTracer'),
      ask<readonly unknown[]>('eth_simulateV1', { blockStateCalls: [{ calls }, { calls }] }),
      ask<readonly unknown[]>('eth_getLogs', everything),
      ask<readonly unknown[]>('eth_getLogs', { ...everything, address: logging }),
    ])
    expect(answers.map(({ length }) => length)).toEqual([1, 2, 4_000, 4_000])
    return longest
  }
  const progress = { isDone: false, worstMs: 0 }
  /** Again and again, one after the other, until the heavy rounds are done; how often. */
  const meanwhile = async (task: () => Promise<unknown>): Promise<number> => {
    let count = 0
    for (; !progress.isDone; count++) {
      const beforeMs = performance.now()
      await task()
      progress.worstMs = Math.max(progress.worstMs, performance.now() - beforeMs)
    }
    return count
  }
  const startedMs = performance.now()
  const [asked, sealed, longestMs] = await Promise.all([
    meanwhile(() => ask('eth_blockNumber')),
    // Automine: each answer is a block.
    meanwhile(() => send(bob?.address, { to: alice?.address, value: '0x1', gas: '0x5208' })),
    heavy().finally(() => (progress.isDone = true)),
  ])
  const tookS = (performance.now() - startedMs) / 1_000
  // A call that keeps the turn holds the others up for as long as it runs, and several run at a time.
  expect(progress.worstMs).toBeLessThan(longestMs)
  // On a machine that does ten things at once; alone it is hundreds.
  expect(asked).toBeGreaterThan(tookS * 3)
  expect(sealed).toBeGreaterThan(tookS)
}, 60_000)

test('SIGINT during endless calls stops the node within a second', async () => {
  // One is out of gas within a second: these have work for several.
  const calls = Promise.all(Array.from({ length: 6 }, call))
  await new Promise((resolve) => setTimeout(resolve, 300))
  const beforeMs = performance.now()
  expect((await node.stop()).code).toBe(0)
  expect(performance.now() - beforeMs).toBeLessThan(1_500)
  // Cut off: they had not come to their own end.
  const cut = (await calls).filter((end) => !/out of gas|timeout = 5s/.test(end))
  expect(cut.length).toBeGreaterThan(0)
}, 30_000)
