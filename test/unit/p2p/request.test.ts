/** Answers over streams of which the other end is not as it should be. */
import { expect, test } from '@jest/globals'
import type { Host } from '../../../p2p/host.ts'
import { createRequests } from '../../../p2p/request.ts'
import { type ByteStream, frame } from '../../../p2p/stream.ts'
import { NodeError, silentLogger } from '../../../primitives/index.ts'
import { createHandClock } from '../../support/clock.ts'

const options = {
  protocol: '/rows/1',
  maxRequestBytes: 64,
  maxFrameBytes: 1_024,
  maxResponseBytes: 4_096,
  timeoutMs: 10_000,
  budget: { perSecond: 10, burst: 10 },
}

/** The side that answers, with a stream to it whose reader takes `read` frames and then none. */
async function answering(read: number) {
  const clock = createHandClock()
  const faults: string[] = []
  let serve: Parameters<Host['serve']>[2] | undefined
  const host = { serve: async (_protocol, _most, on) => void (serve = on) } as Host
  let made = 0
  await createRequests(options, {
    host,
    clock,
    log: silentLogger,
    isFriend: () => true,
    async *answer() {
      for (; made < 4; made++) yield new Uint8Array(512)
    },
    onFault: (_peerId, code) => void faults.push(code),
  })
  const stream = { sent: 0, aborted: '', closed: false }
  serve?.(
    {
      chunks: [frame(new Uint8Array([1]))] as unknown as ByteStream['chunks'],
      send: () => ++stream.sent <= read,
      drained: () => new Promise<never>(() => undefined),
      abort: ({ message }) => void (stream.aborted = message),
      close: async () => void (stream.closed = true),
    },
    'peer',
  )
  return { clock, stream, faults }
}

test('a peer that does not read its answer is let go, and what the answer held with it', async () => {
  const { clock, stream, faults } = await answering(2)
  await clock.advance(0) // it begins
  await clock.advance(options.timeoutMs - 1)
  expect(stream).toEqual({ sent: 3, aborted: '', closed: false })
  await clock.advance(1)
  expect(stream).toMatchObject({ sent: 3, aborted: 'a peer does not read its answer' })
  expect(faults).toEqual([]) // slow is no fault
  expect(clock.waiting()).toBe(0)
})

test('a peer that reads gets all of it, and no timer stays', async () => {
  const { clock, stream } = await answering(4)
  await clock.advance(0)
  expect(stream).toEqual({ sent: 4, aborted: '', closed: true })
  expect(clock.waiting()).toBe(0)
})

/** The side that asks; the answer's frames come `everyMs`, without end. */
async function asking(everyMs: number, frameBytes: number) {
  const clock = createHandClock()
  let ended: ((reason?: Error) => void) | undefined
  let reason: Error | undefined
  async function* chunks() {
    for (;;) {
      await new Promise<void>((resolve, refuse) => {
        clock.after(everyMs, resolve)
        ended = refuse
      })
      yield frame(new Uint8Array(frameBytes))
    }
  }
  const stream: ByteStream = {
    chunks: chunks(),
    send: () => true,
    drained: async () => undefined,
    close: async () => undefined,
    abort(error) {
      reason ??= error
      ended?.(error)
    },
  }
  const host = { serve: async () => undefined, open: async () => stream } as unknown as Host
  const large = { ...options, maxFrameBytes: 2 ** 20, maxResponseBytes: 2 ** 23 }
  const ask = await createRequests(large, {
    host,
    clock,
    log: silentLogger,
    isFriend: () => true,
    async *answer() {
      // Nobody asks here.
    },
    onFault: () => undefined,
  })
  return { clock, ask: () => ask('peer', new Uint8Array([1])), reason: () => reason }
}

async function framesOf(answer: AsyncIterable<Uint8Array>, most = Infinity) {
  let frames = 0
  try {
    for await (const _ of answer) if (++frames === most) break
  } catch (error) {
    return { frames, code: error instanceof NodeError ? error.code : String(error) }
  }
  return { frames, code: undefined }
}

test('an answer that comes in drops is given up when its bytes should long have been there', async () => {
  const { clock, ask } = await asking(9_900, 100)
  const read = framesOf(ask())
  await clock.advance(0) // it begins
  await clock.advance(60_000)
  expect(await read).toEqual({ frames: 1, code: 'REQUEST_TIMEOUT' })
})

test('a long answer has the time that its bytes need', async () => {
  const { clock, ask } = await asking(7_000, 2 ** 19)
  const read = framesOf(ask(), 8)
  await clock.advance(0)
  await clock.advance(60_000)
  expect(await read).toEqual({ frames: 8, code: undefined })
})

test('who needs no more of an answer ends the stream, and nobody goes on to make it', async () => {
  const { clock, ask, reason } = await asking(10, 10)
  const read = framesOf(ask(), 3)
  await clock.advance(0)
  await clock.advance(1_000)
  expect(await read).toEqual({ frames: 3, code: undefined })
  expect(reason()?.message).toBe('the rest of an answer is not needed')
})
