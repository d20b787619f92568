/** A call that never ends must not hold up the node: others are served, it is ended, SIGINT works. */
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

test('SIGINT during endless calls stops the node within a second', async () => {
  const calls = Promise.allSettled([call(), call()])
  await new Promise((resolve) => setTimeout(resolve, 300))
  const beforeMs = performance.now()
  expect((await node.stop()).code).toBe(0)
  expect(performance.now() - beforeMs).toBeLessThan(1_500)
  await calls
}, 30_000)
