/** Catching up: what a lagging node keeps of an answer, and what one that answers sends. */
import { expect, test } from '@jest/globals'
import { createCatchUp } from '../../../consensus/catch-up.ts'
import type { Decision } from '../../../consensus/index.ts'
import { createHandClock } from '../../support/clock.ts'

const hash = `0x${'ab'.repeat(32)}` as const
const decision = (height: bigint, bytes: number): Decision => ({
  certificate: { type: 'commit', height, round: 0, blockHash: hash, seals: [] },
  block: new Uint8Array(bytes),
})

function setUp(blockBytes: number) {
  const clock = createHandClock()
  let sentBytes = 0
  const catchUp = createCatchUp({
    app: { decision: (height) => decision(height, blockBytes) },
    network: {
      broadcast: () => undefined,
      send: (_peer, message) => void (sentBytes += message.length),
      listen: () => undefined,
    },
    clock,
    ownHeight: () => 1n,
  })
  return { clock, catchUp, sentBytes: () => sentBytes }
}

test('a peer that asks for other heights all the time is served at a limited rate', async () => {
  const { clock, catchUp, sentBytes } = setUp(100_000)
  let refused = 0
  for (let height = 1n; height <= 100n; height++)
    if (catchUp.onWant('greedy', height).type !== 'accept') refused++
  expect(sentBytes()).toBeLessThan(10 * 2 ** 20)
  expect(refused).toBeGreaterThan(80)
  expect(catchUp.onWant('greedy', 200n)).toMatchObject({ type: 'ignore', code: 'WANT_TOO_MUCH' })
  expect(catchUp.onWant('honest', 1n)).toMatchObject({ type: 'accept' })
  const before = sentBytes()
  await clock.advance(1_000)
  expect(catchUp.onWant('greedy', 200n)).toMatchObject({ type: 'accept' })
  expect(sentBytes()).toBeGreaterThan(before)
})

test('of an answer no more waits for its turn than one who keeps the rules sends', async () => {
  const { clock, catchUp } = setUp(0)
  catchUp.onClaim('peer', 9n)
  await clock.advance(400)
  expect(catchUp.onDecision('peer', decision(2n, 600_000)).type).toBe('accept')
  expect(catchUp.onDecision('peer', decision(3n, 600_000))).toMatchObject({
    type: 'ignore',
    code: 'ANSWER_TOO_LONG',
  })
  expect(catchUp.onDecision('peer', decision(2n, 900_000)).type).toBe('accept')
  expect(catchUp.onDecision('peer', decision(3n, 1_000)).type).toBe('accept')
  expect(catchUp.onDecision('peer', decision(1n, 8_000_000))).toMatchObject({ type: 'accept' })
})
