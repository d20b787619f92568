/** One-way messages from peers that send as many as they can. */
import { expect, test } from '@jest/globals'
import { type ChannelOptions, createChannel } from '../../../p2p/channel.ts'
import type { Host } from '../../../p2p/host.ts'
import { type ByteStream, frame } from '../../../p2p/stream.ts'
import { type Clock, concat, silentLogger } from '../../../primitives/index.ts'
import { createHandClock } from '../../support/clock.ts'

/** Small messages are a hundred units; ten of them come at once, one more each 100 ms. */
const options: ChannelOptions = {
  protocol: '/votes/1',
  maxBytes: 1_024,
  lanes: [{ maxMessages: 8, maxBytes: 1_024 }],
  budget: { perSecond: 1_000, burst: 1_000, least: 100 },
}

/** The side that reads. */
async function reading(clock: Clock, budget: ChannelOptions['budget'], onMessage = () => {}) {
  const heard: string[] = []
  let serve: Parameters<Host['serve']>[2] | undefined
  const host = { serve: async (_protocol, _most, on) => void (serve = on) } as Host
  await createChannel(
    { ...options, budget },
    {
      host,
      clock,
      log: silentLogger,
      isFriend: () => true,
      onMessage({ peerId }) {
        heard.push(peerId)
        onMessage()
      },
      onFault: () => undefined,
    },
  )
  return {
    heard,
    /** A stream with so many messages of one byte, all of them here already. */
    open: (peerId: string, messages: number): void => {
      const frames = concat(...Array.from({ length: messages }, () => frame(new Uint8Array(2))))
      const stream = { chunks: [frames], abort: () => undefined } as unknown as ByteStream
      serve?.(stream, peerId)
    },
  }
}

test('a message counts as more than its few bytes, and a second stream of a peer gives it no more', async () => {
  const clock = createHandClock()
  const { heard, open } = await reading(clock, options.budget)
  for (const peerId of ['flood', 'flood', 'flood', 'other']) open(peerId, 20)
  const count = (peerId: string) => heard.filter((other) => other === peerId).length
  await clock.advance(0)
  expect([count('flood'), count('other')]).toEqual([10, 10])
  await clock.advance(1_000)
  expect([count('flood'), count('other')]).toEqual([20, 20])
})

test('while a flood is read timers ring, and other peers are heard between its messages', async () => {
  let nowMs = 0
  const clock: Clock = { nowMs: () => nowMs, after: () => () => undefined }
  const each = () => void (nowMs += 1) // a millisecond of work
  const { heard, open } = await reading(clock, { perSecond: 1e9, burst: 1e9 }, each)
  open('flood', 1_000)
  open('other', 10)
  await new Promise<void>((resolve) => void setImmediate(resolve))
  expect(heard.length).toBeLessThan(20)
  for (let i = 0; i < 1_000 && heard.length < 1_010; i++)
    await new Promise<void>((resolve) => void setImmediate(resolve))
  expect(heard).toHaveLength(1_010)
  expect(heard.lastIndexOf('other')).toBeLessThan(100)
})
