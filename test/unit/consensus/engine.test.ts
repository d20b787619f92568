/** The engine where the simulator cannot see it: what it asks of the application, and when. */
import { expect, test } from '@jest/globals'
import {
  createEngine,
  type Decision,
  defaultParams,
  encodePacket,
  type Network,
  proposerOf,
  type Wal,
} from '../../../consensus/index.ts'
import { ignore, keccakHex, silentLogger } from '../../../primitives/index.ts'
import { createLone, hashOf, signedIn } from '../../support/consensus-lone.ts'
import { createHandClock, turn } from '../../support/clock.ts'
import { certified, checkerOf, keysOf, setOfKeys } from '../../support/consensus-keys.ts'

const keys = keysOf(4)
const set = setOfKeys(keys)
const memory: Wal = { begin: () => [], append: () => undefined, flush: () => undefined }
const blockOf = (height: bigint): Uint8Array => new TextEncoder().encode(`block ${height}`)

const deaf: Parameters<Network['listen']>[0] = () => ignore('NOT_STARTED', 'nobody listens')

/** A node whose turn it is to propose at the first height it works on. */
function createProposer(committing: () => Promise<void> = async () => undefined) {
  const clock = createHandClock()
  const committed: bigint[] = []
  const proposed: bigint[] = []
  const signed: string[] = []
  /** Peers that were sent something, in order. */
  const asked: string[] = []
  let receive = deaf
  const address = proposerOf(set, 1n, 0)
  const engine = createEngine(
    { params: defaultParams },
    {
      app: {
        next: () => ({
          height: BigInt(committed.length) + 1n,
          validators: set,
          nextValidators: set,
          dueMs: clock.nowMs() + 1_000,
        }),
        async propose(height) {
          proposed.push(height)
          const block = blockOf(height)
          return { blockHash: keccakHex(block), timeMs: clock.nowMs(), block }
        },
        identify: keccakHex,
        validate: async (_height, block) => ({
          valid: true,
          blockHash: keccakHex(block),
          timeMs: clock.nowMs(),
        }),
        async commit({ certificate }) {
          await committing()
          committed.push(certificate.height)
        },
        decision: () => undefined,
      },
      signer: {
        address,
        last: () => undefined,
        raise: () => undefined,
        confirm: () => undefined,
        sign({ step }) {
          signed.push(step)
          return { type: 'accept', value: `0x${'00'.repeat(65)}` }
        },
      },
      wal: memory,
      network: {
        broadcast: () => undefined,
        send: (peer) => void asked.push(peer),
        listen: (listener) => void (receive = listener),
      },
      checker: checkerOf(),
      clock,
      log: silentLogger,
      onFault(error) {
        throw error
      },
    },
  )
  const hear = (decision: Decision, from: string) =>
    receive(encodePacket({ type: 'decision', ...decision }), from)
  return { engine, clock, committed, proposed, signed, asked, hear }
}

const decisionOf = (height: bigint): Decision => {
  const block = blockOf(height)
  const fields = { height, round: 0, blockHash: keccakHex(block) }
  return { certificate: certified('commit', keys, set, [0, 1, 2], fields), block }
}

test('a height that starts because its decided block has come is neither built nor voted for', async () => {
  const node = createProposer()
  node.engine.start()
  expect((await node.engine.offer(decisionOf(1n))).type).toBe('accept')
  expect(node.committed).toEqual([1n])
  expect(node.proposed).toEqual([])
  expect(node.signed).toEqual([])
})

test('who brings a block while it is being committed is told when that is over', async () => {
  let finish: (() => void) | undefined
  const node = createProposer(() => new Promise((resolve) => (finish = resolve)))
  node.engine.start()
  const first = node.engine.offer(decisionOf(1n))
  await turn() // it is valid, and decided
  let second: unknown
  const offerAgain = async () => {
    second = await node.engine.offer(decisionOf(1n))
  }
  const again = offerAgain()
  await turn()
  expect([second, node.engine.height()]).toEqual([undefined, 1n])
  finish?.()
  await Promise.all([first, again])
  expect(second).toMatchObject({ type: 'ignore', code: 'DECISION_KNOWN' })
  expect(node.engine.height()).toBe(2n)
})

test('a block that is decided while a peer brings it again takes nothing from what it brought with it', async () => {
  let finish: (() => void) | undefined
  const node = createProposer(async () => {
    if (node.committed.length === 0) await new Promise<void>((resolve) => (finish = resolve))
  })
  node.engine.start()
  node.engine.hear('peer', 3n)
  await node.clock.advance(0)
  for (const height of [1n, 2n]) expect(node.hear(decisionOf(height), 'peer').type).toBe('accept')
  await turn()
  expect(node.hear(decisionOf(1n), 'peer')).toMatchObject({ type: 'ignore', code: 'HEIGHT_PAST' })
  finish?.()
  await turn()
  expect(node.committed).toEqual([1n, 2n])
  await node.engine.stop()
})

test('a false block that waited behind a good one is its sender’s: another is asked at once', async () => {
  const node = createProposer()
  node.engine.start()
  node.engine.hear('liar', 3n)
  await node.clock.advance(0)
  node.engine.hear('honest', 4n)
  node.hear({ ...decisionOf(2n), block: blockOf(3n) }, 'liar')
  node.hear(decisionOf(1n), 'liar')
  await turn()
  expect(node.committed).toEqual([1n])
  await node.clock.advance(0)
  expect(node.asked).toEqual(['liar', 'honest'])
  await node.engine.stop()
})

test('a false decision begins no height before its time, and takes nobody’s turn', async () => {
  const node = createProposer()
  node.engine.start()
  const { certificate } = decisionOf(1n)
  const unsealed = { ...certificate, seals: [] }
  for (const [bad, block, code] of [
    [certificate, blockOf(2n), 'BLOCK_MISMATCH'],
    [unsealed, blockOf(1n), 'NO_QUORUM'],
  ] as const)
    expect(await node.engine.offer({ certificate: bad, block })).toMatchObject({ code })
  await node.clock.advance(999)
  expect(node.proposed).toEqual([])
  await node.clock.advance(1)
  expect(node.proposed).toEqual([1n])
  await node.engine.stop()
})

test('a height that is due is built by whose turn it is', async () => {
  const node = createProposer()
  node.engine.start()
  await node.clock.advance(1_000)
  expect(node.proposed).toEqual([1n])
  expect(node.signed).toContain('proposal')
  await node.engine.stop()
})

test('whoever has a decided block and its certificate signs nothing more at its height', () => {
  const me = createLone({ isSlow: true })
  const seals = [0, 1, 2].map((index) => ({ index, seal: `0x0${index}` as const }))
  const certificate = {
    type: 'commit',
    height: 1n,
    round: 0,
    blockHash: hashOf('a'),
    seals,
  } as const
  me.feed({ type: 'synced', certificate, block: new TextEncoder().encode('a') })
  expect(signedIn(me.expire('propose', 0))).toEqual([])
  expect(me.state.unsigned).toEqual([])
})
