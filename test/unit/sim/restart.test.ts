/** How soon a validator that was killed votes again, from the greetings of its peers on. */
import { expect, test } from '@jest/globals'
import { decodeOnce } from '../../sim/curve.ts'
import type { SimNode } from '../../sim/node.ts'
import type { SimOptions } from '../../sim/options.ts'
import { simulate } from '../../sim/simulation.ts'

const nodes = 4
const victim = 3
const killedMs = 10_000

const options = (downMs: number): SimOptions => ({
  seed: downMs,
  nodes,
  seconds: 40,
  healMs: 30_000,
  loss: 0,
  duplication: 0,
  minDelayMs: 5,
  meanDelayMs: 5,
  slowMs: 0,
  slowChance: 0,
  workMs: 20,
  blockTimeMs: 1_000,
  byzantine: [],
  happenings: [
    { type: 'crash', atMs: killedMs, node: victim, operation: 1, isPowerLoss: true, downMs },
  ],
})

/** Heights from the one in work when it is up again to the first that it votes for a block in. */
async function heightsUntilVote(downMs: number): Promise<number> {
  let all: readonly SimNode[] = []
  let hasDied = false
  let upAt: bigint | undefined
  let votedAt: bigint | undefined
  const tip = (): bigint =>
    all.reduce((top, node) => (node.height() > top ? node.height() : top), 0n)
  await simulate(options(downMs), {
    onReady: (created) => void (all = created),
    delayMs(from, _to, bytes) {
      const packet = decodeOnce(bytes)
      if (from !== victim || upAt === undefined || packet.type !== 'accept') return 0
      if (packet.value.type !== 'message') return 0
      const { message } = packet.value
      const isVote = message.type === 'prevote' || message.type === 'precommit'
      if (isVote && message.blockHash !== null && message.height >= upAt) votedAt ??= message.height
      return 0
    },
    isOver() {
      const isUp = all[victim]?.isUp() === true
      if (!isUp) hasDied = true
      else if (hasDied && upAt === undefined) {
        upAt = tip()
        for (const peer of all)
          if (peer.index !== victim) all[victim]?.greet(peer.index, peer.height())
      }
      return votedAt !== undefined
    },
  })
  return Number((votedAt ?? 1_000n) - (upAt ?? 0n))
}

test('a validator that was down votes for a block within two heights of the tip', async () => {
  const took: number[] = []
  // Not in step with the blocks, so that it comes back at every moment of a height.
  for (let downMs = 300; downMs < 9_000; downMs += 590) took.push(await heightsUntilVote(downMs))
  // The height in work when it is up is 0, the one after the tip: so this is the second.
  expect(Math.max(...took)).toBeLessThanOrEqual(1)
  expect(took.filter((heights) => heights === 0).length).toBeGreaterThan(took.length / 2)
})
