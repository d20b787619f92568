/** Catching up: what a lagging node keeps of an answer, and what one that answers sends. */
import { expect, test } from '@jest/globals'
import { createCatchUp } from '../../../consensus/catch-up.ts'
import {
  type Decision,
  decodePacket,
  encodePacket,
  type Message,
} from '../../../consensus/index.ts'
import { createHandClock } from '../../support/clock.ts'

const hash = `0x${'ab'.repeat(32)}` as const
const decision = (height: bigint, bytes: number): Decision => ({
  certificate: { type: 'commit', height, round: 0, blockHash: hash, seals: [] },
  block: new Uint8Array(bytes),
})

function setUp(blockBytes: number, inWork: readonly Message[] = []) {
  const clock = createHandClock()
  let sentBytes = 0
  let own = 1n
  const sent: string[] = []
  const catchUp = createCatchUp({
    app: { decision: (height) => decision(height, blockBytes) },
    network: {
      broadcast: () => undefined,
      send(peer, message) {
        sentBytes += message.length
        const packet = decodePacket(message)
        if (packet.type !== 'accept' || packet.value.type === 'decision') return
        const { value } = packet
        sent.push(
          value.type === 'want'
            ? `${peer}: want ${value.height}`
            : `${peer}: ${value.message.type} ${value.message.height}`,
        )
      },
      listen: () => undefined,
    },
    clock,
    ownHeight: () => own,
    encode: encodePacket,
    inWork: () => inWork,
  })
  const move = (to: bigint, isLate = true) => {
    own = to
    return catchUp.onHeight(isLate)
  }
  return { clock, catchUp, sent, move, sentBytes: () => sentBytes }
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

test('who is one height ahead may be so by a moment; who is two ahead is asked at once', async () => {
  const { clock, catchUp, sent } = setUp(0)
  catchUp.onClaim('peer', 2n)
  await clock.advance(200)
  expect(sent).toEqual([])
  catchUp.onClaim('peer', 3n)
  await clock.advance(0)
  expect(sent).toEqual(['peer: want 1'])
})

test('a peer whose answers take three seconds is given the time, after it was given too little', async () => {
  const { clock, catchUp, sent, move } = setUp(0)
  const ask = async (height: bigint): Promise<void> => {
    catchUp.onClaim('far', height)
    await clock.advance(0)
  }
  await ask(9n)
  await clock.advance(3_000)
  expect(catchUp.onDecision('far', decision(1n, 10))).toMatchObject({ code: 'DECISION_UNASKED' })
  await ask(10n)
  await clock.advance(3_000)
  expect(catchUp.onDecision('far', decision(1n, 10)).type).toBe('accept')
  move(2n)
  await clock.advance(3_000)
  expect(catchUp.onDecision('far', decision(2n, 10)).type).toBe('accept')
  expect(sent).toEqual(['far: want 1', 'far: want 1', 'far: want 2'])
})

test('who has caught up, or has just started, asks once for what was said at the height', async () => {
  const { clock, catchUp, sent, move } = setUp(0)
  catchUp.onClaim('peer', 1n)
  catchUp.onClaim('peer', 1n)
  expect(sent).toEqual(['peer: want 1'])
  catchUp.onClaim('other', 2n)
  move(2n)
  await clock.advance(5_000)
  expect(sent.slice(1)).toEqual(['other: want 2'])
  catchUp.onClaim('other', 3n)
  move(3n, false)
  await clock.advance(5_000)
  expect(sent.slice(2)).toEqual([])
})

test('a question for the height in work is answered with what is known of it', () => {
  const vote = {
    type: 'prevote',
    height: 1n,
    round: 0,
    blockHash: null,
    voter: `0x${'11'.repeat(20)}`,
    seal: `0x${'22'.repeat(65)}`,
  } as const
  const { catchUp, sent } = setUp(0, [vote])
  catchUp.onWant('late', 1n)
  catchUp.onWant('later', 2n)
  expect(sent).toEqual(['late: prevote 1'])
})

test('a liar that has been asked in vain holds up no question to an honest peer', async () => {
  const { clock, catchUp, sent } = setUp(0)
  for (let i = 0; i < 3; i++) {
    catchUp.onClaim('liar', 1_000_000n)
    await clock.advance(40_000)
  }
  catchUp.onClaim('liar', 2_000_000n)
  await clock.advance(0)
  catchUp.onClaim('honest', 2n)
  await clock.advance(400)
  expect(sent.at(-1)).toBe('honest: want 1')
})

/** `liar` claims the end of time and gives one block, `dripMs` late, later each time; `honest` gives 16 at once. */
async function heightsIn(seconds: number, firstMs?: number, growth = 2): Promise<number> {
  const clock = createHandClock()
  let own = 1n
  let dripMs = firstMs ?? 0
  const give = (peer: string, height: bigint): void => {
    const verdict = catchUp.onDecision(peer, decision(height, 10))
    let next = verdict.type === 'accept' ? verdict.value : undefined
    while (next?.certificate.height === own) {
      own++
      next = catchUp.onHeight(true)?.decision
    }
  }
  const catchUp = createCatchUp({
    app: { decision: () => undefined },
    network: {
      broadcast: () => undefined,
      listen: () => undefined,
      send(peer, message) {
        const packet = decodePacket(message)
        if (packet.type !== 'accept' || packet.value.type !== 'want') return
        const { height } = packet.value
        if (peer === 'honest')
          for (let at = height; at < height + 16n; at++) clock.after(20, () => give(peer, at))
        else {
          clock.after(dripMs, () => give(peer, height))
          dripMs = Math.min(31_000, growth * dripMs)
        }
      },
    },
    clock,
    ownHeight: () => own,
    encode: encodePacket,
    inWork: () => [],
  })
  for (let second = 0; second < seconds; second++) {
    if (firstMs !== undefined) catchUp.onClaim('liar', 10n ** 12n)
    catchUp.onClaim('honest', 1_000n + BigInt(second))
    // One by one: an answer of 16 blocks leads to the next question.
    for (let part = 0; part < 5; part++) await clock.advance(200)
  }
  return Number(own)
}

test('a peer that claims the end of time and drips does not keep a lagging node from an honest one', async () => {
  const alone = await heightsIn(20)
  expect(alone).toBeGreaterThan(200)
  expect(await heightsIn(20, 1_900)).toBe(alone)
  expect(await heightsIn(20, 850, 1)).toBeGreaterThan(0.8 * alone)
})

test('a false decision that waited for its turn is blamed on who sent it', async () => {
  const { clock, catchUp, sent, move } = setUp(0)
  catchUp.onClaim('liar', 5n)
  await clock.advance(0)
  expect(catchUp.onDecision('liar', decision(2n, 10)).type).toBe('accept')
  expect(catchUp.onDecision('liar', decision(1n, 10)).type).toBe('accept')
  catchUp.onClaim('honest', 9n)
  expect(move(2n)).toMatchObject({ from: 'liar', decision: { certificate: { height: 2n } } })
  catchUp.onFalse('liar')
  await clock.advance(0)
  expect(sent).toEqual(['liar: want 1', 'honest: want 2'])
})

test('what a peer claimed that has left is forgotten', async () => {
  const { clock, catchUp, sent } = setUp(0)
  catchUp.onClaim('gone', 2n)
  catchUp.onGone('gone')
  await clock.advance(5_000)
  expect(sent).toEqual([])
})

test('an answer whose blocks take long to execute is used to its end before anybody is asked again', async () => {
  const { clock, catchUp, sent, move } = setUp(0)
  catchUp.onClaim('peer', 20n)
  await clock.advance(0)
  for (let height = 1n; height <= 4n; height++) catchUp.onDecision('peer', decision(height, 10))
  for (let height = 2n; height <= 4n; height++) {
    await clock.advance(1_500)
    move(height)
  }
  expect(sent).toEqual(['peer: want 1'])
  move(5n)
  await clock.advance(0)
  expect(sent.slice(1)).toEqual(['peer: want 5'])
})

test('when the peer that was asked leaves, another is asked at once', async () => {
  const { clock, catchUp, sent } = setUp(0)
  catchUp.onClaim('first', 8n)
  await clock.advance(0)
  catchUp.onClaim('second', 9n)
  catchUp.onGone('first')
  await clock.advance(0)
  expect(sent).toEqual(['first: want 1', 'second: want 1'])
})
