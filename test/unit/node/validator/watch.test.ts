/** What an operator is told of a network that is not as it should be: words, pauses, and silence where all is well. */
import { beforeEach, describe, expect, test } from '@jest/globals'
import { createValidatorSet } from '../../../../consensus/index.ts'
import { createWatch, type Standstill, type WatchPorts } from '../../../../node/validator/watch.ts'
import type { Address, Logger } from '../../../../primitives/index.ts'
import { createHandClock, type HandClock } from '../../../support/clock.ts'

const addressOf = (index: number): Address => `0x${String(index).repeat(40)}`
const set = createValidatorSet(
  [1n, 1n, 2n, 4n].map((power, i) => ({ address: addressOf(i), power })),
)
const options = {
  self: addressOf(0),
  namedPeers: 1,
  blockTimeMs: 1_000,
  names: new Map([[addressOf(2), 'bolt']]),
} as const

let clock: HandClock
let lines: string[]
let facts: object[]
let news: Standstill[]
let peers: number
let core: ReturnType<WatchPorts['core']>

beforeEach(() => {
  clock = createHandClock()
  lines = []
  facts = []
  news = []
  peers = 3
  core = at('precommit', [0, 0, 0, 0])
})

const at = (step: 'precommit' | 'commit', highest: readonly number[]) => ({
  height: 7n,
  validators: set,
  highest,
  round: { round: 2, step },
})

const startWatch = (
  changes: Partial<Parameters<typeof createWatch>[0]> = {},
  isSyncing = false,
  ownCore?: typeof core,
) => {
  const beginMs = clock.nowMs()
  const note = (of: object, sentence: string): void => {
    facts.push(of)
    lines.push(`${(clock.nowMs() - beginMs) / 1_000} s: ${sentence}`)
  }
  const log: Logger = { error: note, warn: note, info: note, debug: note }
  const watch = createWatch(
    { ...options, ...changes },
    { clock, log, core: () => ownCore ?? core, peers: () => peers, isSyncing: () => isSyncing },
  )
  watch.onStandstill((each) => news.push(each))
  watch.start()
  return watch
}
/** A block a second, which keeps everybody content. */
const decide = async (watch: ReturnType<typeof startWatch>, blocks: number): Promise<void> => {
  for (let i = 0; i < blocks; i++) {
    await clock.advance(1_000)
    watch.onBlock(BigInt(i))
  }
}

describe('a chain that stands still', () => {
  test('is told with who is silent and how much power that is, with growing pauses, and when it goes on', async () => {
    const watch = startWatch()
    await decide(watch, 5)
    core = at('precommit', [0, 3, -1, -1])
    await clock.advance(100_000)
    core = at('precommit', [0, 3, 4, -1])
    watch.onBlock(7n)
    await clock.advance(9_000)
    const halted =
      '2 of 4 validators (power 75 %) have said nothing at height 7: ' +
      `bolt (${addressOf(2)}), ${addressOf(3)}`
    expect(lines).toEqual([
      '15 s: no block for a while',
      '25 s: no block for a while',
      '45 s: no block for a while',
      '85 s: no block for a while',
      '105 s: the chain goes on',
    ])
    expect(facts[0]).toEqual({
      height: 7,
      round: 2,
      forS: 10,
      silent: [`bolt (${addressOf(2)})`, addressOf(3)],
      silentPower: '75 %',
      validators: 4,
      peers: 3,
    })
    expect(facts.at(-1)).toEqual({ height: 7, forS: 100 })
    expect(news).toEqual([
      { height: 7, times: 1, sentence: `no block for 10 s: ${halted}` },
      { height: 7, times: 2, sentence: `no block for 20 s: ${halted}` },
      { height: 7, times: 3, sentence: `no block for 40 s: ${halted}` },
      { height: 7, times: 4, sentence: `no block for 80 s: ${halted}` },
      {
        height: 7,
        times: 0,
        sentence: 'the chain goes on with block 7, after 100 s without one',
      },
    ])
  })

  test('where all of them vote is told as that: the fault is another', async () => {
    startWatch()
    await clock.advance(10_000)
    expect(lines).toEqual(['10 s: no block for a while'])
    expect(news[0]?.sentence).toBe(
      'no block for 10 s, though all 4 validators vote at height 7 (round 2)',
    )
  })

  test('is none while blocks come, one is executed, blocks are fetched, or they are far apart', async () => {
    const standing = at('precommit', [0, -1, -1, -1])
    const watch = startWatch({}, false, at('commit', [0, -1, -1, -1]))
    startWatch({ blockTimeMs: 12_000 }, false, standing)
    startWatch({}, true, standing)
    await clock.advance(30_000)
    expect(lines).toEqual([])
    startWatch({}, false, standing)
    await clock.advance(10_000)
    expect(lines).toHaveLength(1)
    watch.stop()
  })

  test('is not what a process that slept itself tells of the others', async () => {
    const watch = startWatch()
    await decide(watch, 5)
    core = at('precommit', [0, -1, -1, -1])
    clock.sleep(60_000)
    await clock.advance(8_000)
    expect(lines).toEqual([])
  })
})

describe('a node without peers', () => {
  test('is told after 10 s and each 30 s, with the cure, until somebody is there', async () => {
    peers = 0
    startWatch({ self: undefined, namedPeers: 0 })
    await clock.advance(75_000)
    peers = 1
    core = at('commit', [])
    await clock.advance(100_000)
    expect(lines.map((line) => /^(\d+ s): no peers.* --peer /.exec(line)?.[1])).toEqual([
      '10 s',
      '40 s',
      '70 s',
    ])
  })

  test('that was given addresses is told that none of them answers', async () => {
    peers = 0
    startWatch({ self: undefined })
    await clock.advance(10_000)
    expect(lines).toEqual([
      expect.stringContaining('none of the addresses given with --peer answers'),
    ])
  })

  test('is as it should be where one validator is the whole network', async () => {
    peers = 0
    core = { ...core, validators: createValidatorSet([{ address: addressOf(0), power: 1n }]) }
    await decide(startWatch(), 60)
    expect(lines).toEqual([])
  })
})
